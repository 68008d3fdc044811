// Ordered YAML to be written: maps, lists and scalars.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace skyhop::lab::terraform {

class Yaml {
 public:
  using List = std::vector<Yaml>;
  using Map = std::vector<std::pair<std::string, Yaml>>;

  Yaml() : value_(Map{}) {}
  Yaml(std::string scalar) : value_(std::move(scalar)) {}    // NOLINT
  Yaml(const char* scalar) : value_(std::string(scalar)) {}  // NOLINT
  Yaml(List list) : value_(std::move(list)) {}               // NOLINT

  /// The value of the key in a map, made when it is not there.
  Yaml& operator[](const std::string& key);
  void set(const std::string& key, Yaml value) { (*this)[key] = std::move(value); }
  [[nodiscard]] bool has(const std::string& key) const;
  [[nodiscard]] bool is_empty() const;
  /// As a document of its own.
  [[nodiscard]] std::string text() const;

 private:
  void write(std::string& out, unsigned indent) const;
  [[nodiscard]] bool is_scalar() const { return std::holds_alternative<std::string>(value_); }
  [[nodiscard]] std::string flow() const;

  std::variant<std::string, List, Map> value_;
};

}  // namespace skyhop::lab::terraform
