// `terraform show -json`: the resources of a plan or a state, whatever the provider, and what a
// plan says of values that are not known yet.
//
// A plan lacks what the clouds will choose. What refers to what stands in its `configuration`,
// which speaks of modules, variables and outputs; a reference is followed through them to the
// resource and attribute it ends at.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lpm/error.h"

namespace skyhop::lab::terraform {

using Json = nlohmann::json;

struct Resource {
  std::string address;              ///< "module.mc-spoke1.aviatrix_vpc.default[0]"
  std::string type;                 ///< "aviatrix_vpc"
  std::string module;               ///< "module.mc-spoke1"; empty: the root
  std::string key;                  ///< its count or for_each index as JSON; empty: none
  const Json* values = nullptr;     ///< null: nothing is known of it
  const Json* unknown = nullptr;    ///< true where a value is not known yet
  const Json* sensitive = nullptr;  ///< true where a value is a secret
};

/// Where a reference ends: an attribute of a resource.
struct Target {
  const Resource* resource = nullptr;
  std::string attribute;  ///< "public_ip", "public_subnets[0].subnet_id"; may be empty
};

class Document {
 public:
  /// Fails with what is wrong: no JSON, no plan or state, a format of another major version.
  static Result<Document> parse(std::string_view text);

  [[nodiscard]] const std::vector<Resource>& resources() const { return resources_; }
  [[nodiscard]] std::vector<const Resource*> of_type(std::string_view type) const;
  [[nodiscard]] bool is_plan() const { return configuration_ != nullptr || is_plan_; }

  /// The attribute's value: as planned, else a constant of the configuration. Null when it is not
  /// known, absent, or a secret. `path` is a name, or "ip_configuration/0/subnet_id".
  [[nodiscard]] const Json* value(const Resource& resource, std::string_view path) const;
  /// Its text; numbers and booleans become text too. Empty when there is none.
  [[nodiscard]] std::string text(const Resource& resource, std::string_view path) const;
  [[nodiscard]] bool flag(const Resource& resource, std::string_view path) const;
  /// It will have a value, but which is not known.
  [[nodiscard]] bool is_unknown(const Resource& resource, std::string_view path) const;
  /// What an attribute's expression refers to, the most specific first.
  [[nodiscard]] std::vector<Target> references(const Resource& resource,
                                               std::string_view path) const;
  /// The resource whose `id` this is, of one of these types.
  [[nodiscard]] const Resource* with_id(std::string_view id) const;

 private:
  struct Scope;
  Document() = default;
  void read_module(const Json& module, const std::string& address, unsigned depth);
  void read_changes();
  [[nodiscard]] const Json* configuration_of(const Resource& resource, Scope& scope) const;
  [[nodiscard]] const Json* expression(const Resource& resource, std::string_view path,
                                       Scope& scope) const;
  void follow(const Json& expression, const Scope& scope, const Resource& from, unsigned depth,
              std::vector<Target>& targets) const;
  void follow_one(const std::string& reference, const Scope& scope, const Resource& from,
                  unsigned depth, std::vector<Target>& targets) const;
  [[nodiscard]] const Json* constant(const Json& expression, const Scope& scope,
                                     unsigned depth) const;
  [[nodiscard]] const Resource* find(const std::string& address, const Resource& from) const;

  std::shared_ptr<const Json> root_;
  const Json* configuration_ = nullptr;  ///< its root_module
  bool is_plan_ = false;
  std::vector<Resource> resources_;
};

}  // namespace skyhop::lab::terraform
