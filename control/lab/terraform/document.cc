#include "control/lab/terraform/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

namespace skyhop::lab::terraform {
namespace {

// Modules in modules, and references through them; Terraform itself goes nowhere near that deep.
constexpr unsigned kDeepest = 32;
// A document of a lab is small; a reference through variables that fan out is not.
constexpr size_t kMostTargets = 256;

const Json* member(const Json* object, std::string_view name) {
  if (object == nullptr || !object->is_object()) return nullptr;
  const auto found = object->find(name);
  return found == object->end() || found->is_null() ? nullptr : &*found;
}

const Json* element(const Json* list, size_t index) {
  if (list == nullptr || !list->is_array() || index >= list->size()) return nullptr;
  return &(*list)[index];
}

std::string string_of(const Json* value) {
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

/// "ip_configuration/0/subnet_id", step by step.
const Json* at(const Json* value, std::string_view path) {
  while (value != nullptr && !path.empty()) {
    const size_t slash = path.find('/');
    const std::string_view step = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    size_t index = 0;
    const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
    const bool is_index = error == std::errc() && end == step.data() + step.size();
    value = is_index && value->is_array() ? element(value, index) : member(value, step);
  }
  return value != nullptr && value->is_null() ? nullptr : value;
}

/// True at the place, or at something that holds it: a secret list makes its elements secret.
bool marked(const Json* marks, std::string_view path) {
  for (;;) {
    if (marks == nullptr) return false;
    if (marks->is_boolean()) return marks->get<bool>();
    if (path.empty()) return false;
    const size_t slash = path.find('/');
    marks = at(marks, path.substr(0, slash));
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
}

/// "module.a[0].module.b" -> {"a", "b"}
std::vector<std::string> module_names(std::string_view address) {
  std::vector<std::string> names;
  constexpr std::string_view kModule = "module.";
  while (address.starts_with(kModule)) {
    address.remove_prefix(kModule.size());
    const size_t end = address.find_first_of(".[");
    names.emplace_back(address.substr(0, end));
    if (end == std::string_view::npos) break;
    address.remove_prefix(end);
    if (address.starts_with('[')) {
      const size_t close = address.find(']');
      if (close == std::string_view::npos) break;
      address.remove_prefix(close + 1);
    }
    if (address.starts_with('.')) address.remove_prefix(1);
  }
  return names;
}

std::string without_index(std::string_view address) {
  return address.ends_with(']') ? std::string(address.substr(0, address.rfind('[')))
                                : std::string(address);
}

std::string index_of(std::string_view address) {
  if (!address.ends_with(']')) return {};
  const size_t open = address.rfind('[');
  return open == std::string_view::npos
             ? std::string()
             : std::string(address.substr(open + 1, address.size() - open - 2));
}

}  // namespace

/// A module of the configuration, with the way to it from the root.
struct Document::Scope {
  std::vector<const Json*> modules;  ///< the root first
  std::vector<const Json*> calls;    ///< module_calls entries; one less
  std::string address;               ///< "module.a.module.b"
  [[nodiscard]] const Json* module() const { return modules.back(); }
};

Result<Document> Document::parse(std::string_view text) {
  Document document;
  auto root = std::make_shared<Json>(Json::parse(text, nullptr, false));
  if (root->is_discarded() || !root->is_object()) {
    return fail("this is no JSON document", {}, "terraform show -json PLAN > plan.json");
  }
  document.root_ = root;
  if (root->contains("version") && root->contains("resources")) {
    return fail("this is Terraform's own state file", {}, "terraform show -json > state.json");
  }
  const Json* planned = member(root.get(), "planned_values");
  const Json* values = member(root.get(), "values");
  if (planned == nullptr && values == nullptr) {
    return fail("this is neither a plan nor a state of Terraform", {},
                "terraform show -json PLAN > plan.json");
  }
  const std::string version = string_of(member(root.get(), "format_version"));
  unsigned major = 0;
  const auto [end, error] = std::from_chars(version.data(), version.data() + version.size(), major);
  const bool has_version =
      error == std::errc() && (end == version.data() + version.size() || *end == '.');
  if (!has_version || major > 1) {
    return fail(
        fmt::format("format_version \"{}\" is not one of 0.1 to 1.x", version.substr(0, 20)), {},
        "another version of Terraform's JSON may mean other things (V57)");
  }
  document.is_plan_ = planned != nullptr;
  document.configuration_ = at(root.get(), "configuration/root_module");
  const Json* module = member(planned != nullptr ? planned : values, "root_module");
  if (module != nullptr) document.read_module(*module, "", 0);
  document.read_changes();
  return document;
}

void Document::read_module(const Json& module, const std::string& address, unsigned depth) {
  if (depth > kDeepest) return;
  if (const Json* resources = member(&module, "resources"); resources && resources->is_array()) {
    for (const Json& entry : *resources) {
      const std::string mode = string_of(member(&entry, "mode"));
      const std::string type = string_of(member(&entry, "type"));
      const std::string its = string_of(member(&entry, "address"));
      if (mode == "data" || type.empty() || its.empty()) continue;
      resources_.push_back({.address = its,
                            .type = type,
                            .module = address,
                            .key = index_of(its),
                            .values = member(&entry, "values"),
                            .sensitive = member(&entry, "sensitive_values")});
    }
  }
  if (const Json* children = member(&module, "child_modules"); children && children->is_array()) {
    for (const Json& child : *children) {
      read_module(child, string_of(member(&child, "address")), depth + 1);
    }
  }
}

void Document::read_changes() {
  const Json* changes = member(root_.get(), "resource_changes");
  if (changes == nullptr || !changes->is_array()) return;
  std::set<std::string> deleted;
  for (const Json& change : *changes) {
    const std::string address = string_of(member(&change, "address"));
    const Json* what = member(&change, "change");
    const Json* actions = member(what, "actions");
    if (actions != nullptr && actions->is_array() && actions->size() == 1 &&
        string_of(element(actions, 0)) == "delete") {
      deleted.insert(address);
    }
    const auto resource = std::ranges::find(resources_, address, &Resource::address);
    if (resource == resources_.end()) continue;
    resource->unknown = member(what, "after_unknown");
    if (const Json* secret = member(what, "after_sensitive")) resource->sensitive = secret;
    if (resource->values == nullptr) resource->values = member(what, "after");
  }
  std::erase_if(resources_, [&](const Resource& each) { return deleted.contains(each.address); });
}

std::vector<const Resource*> Document::of_type(std::string_view type) const {
  std::vector<const Resource*> found;
  for (const Resource& resource : resources_) {
    if (resource.type == type) found.push_back(&resource);
  }
  return found;
}

const Json* Document::value(const Resource& resource, std::string_view path) const {
  if (marked(resource.sensitive, path)) return nullptr;
  if (const Json* known = at(resource.values, path)) return known;
  Scope scope;
  const Json* written = expression(resource, path, scope);
  return written == nullptr ? nullptr : constant(*written, scope, 0);
}

std::string Document::text(const Resource& resource, std::string_view path) const {
  const Json* known = value(resource, path);
  if (known == nullptr) return {};
  if (known->is_string()) return known->get<std::string>();
  if (known->is_number_integer() || known->is_boolean()) return known->dump();
  return {};
}

bool Document::flag(const Resource& resource, std::string_view path) const {
  const Json* known = value(resource, path);
  return known != nullptr && known->is_boolean() && known->get<bool>();
}

bool Document::is_unknown(const Resource& resource, std::string_view path) const {
  return value(resource, path) == nullptr && marked(resource.unknown, path);
}

const Resource* Document::with_id(std::string_view id) const {
  if (id.empty()) return nullptr;
  const auto found = std::ranges::find_if(resources_, [&](const Resource& resource) {
    const Json* its = at(resource.values, "id");
    return its != nullptr && its->is_string() && its->get_ref<const std::string&>() == id;
  });
  return found == resources_.end() ? nullptr : &*found;
}

// ---- references ---------------------------------------------------------------------------------

const Json* Document::configuration_of(const Resource& resource, Scope& scope) const {
  if (configuration_ == nullptr) return nullptr;
  scope = {.modules = {configuration_}, .calls = {}, .address = resource.module};
  for (const std::string& name : module_names(resource.module)) {
    const Json* call = member(member(scope.module(), "module_calls"), name);
    const Json* module = member(call, "module");
    if (module == nullptr) return nullptr;
    scope.calls.push_back(call);
    scope.modules.push_back(module);
  }
  std::string local = without_index(resource.address);
  if (!resource.module.empty() && local.starts_with(resource.module + ".")) {
    local.erase(0, resource.module.size() + 1);
  }
  const Json* resources = member(scope.module(), "resources");
  if (resources == nullptr || !resources->is_array()) return nullptr;
  const auto found = std::ranges::find_if(
      *resources, [&](const Json& entry) { return string_of(member(&entry, "address")) == local; });
  return found == resources->end() ? nullptr : &*found;
}

const Json* Document::expression(const Resource& resource, std::string_view path,
                                 Scope& scope) const {
  const Json* entry = configuration_of(resource, scope);
  const Json* expressions = member(entry, "expressions");
  const Json* found = at(expressions, path);
  if (found != nullptr) return found;
  // A single nested block stands without its list.
  const size_t slash = path.find("/0/");
  if (slash == std::string_view::npos) return nullptr;
  return at(at(expressions, path.substr(0, slash)), path.substr(slash + 3));
}

const Json* Document::constant(const Json& expression, const Scope& scope, unsigned depth) const {
  if (depth > kDeepest) return nullptr;
  if (const Json* value = member(&expression, "constant_value")) return value;
  const Json* references = member(&expression, "references");
  if (references == nullptr || !references->is_array() || references->size() != 1) return nullptr;
  const std::string reference = string_of(&(*references)[0]);
  constexpr std::string_view kVariable = "var.";
  if (!reference.starts_with(kVariable)) return nullptr;
  const std::string name = reference.substr(kVariable.size());
  if (scope.calls.empty()) {
    return at(member(member(root_.get(), "variables"), name), "value");
  }
  const Json* argument = member(member(scope.calls.back(), "expressions"), name);
  if (argument == nullptr) {
    return at(member(member(scope.module(), "variables"), name), "default");
  }
  Scope parent = scope;
  parent.modules.pop_back();
  parent.calls.pop_back();
  return constant(*argument, parent, depth + 1);
}

std::vector<Target> Document::references(const Resource& resource, std::string_view path) const {
  std::vector<Target> targets;
  Scope scope;
  if (const Json* written = expression(resource, path, scope)) {
    follow(*written, scope, resource, 0, targets);
  }
  return targets;
}

void Document::follow(const Json& expression, const Scope& scope, const Resource& from,
                      unsigned depth, std::vector<Target>& targets) const {
  const Json* references = member(&expression, "references");
  if (depth > kDeepest || references == nullptr || !references->is_array()) return;
  std::string previous;
  for (const Json& entry : *references) {
    const std::string reference = string_of(&entry);
    // The less specific ones that follow say nothing new: "a.b.c", "a.b", "a".
    if (!previous.empty() && previous.starts_with(reference)) continue;
    previous = reference;
    follow_one(reference, scope, from, depth, targets);
  }
}

void Document::follow_one(const std::string& reference, const Scope& scope, const Resource& from,
                          unsigned depth, std::vector<Target>& targets) const {
  if (targets.size() >= kMostTargets) return;
  const auto head = [&](size_t parts) {
    size_t end = 0;
    for (size_t i = 0; i < parts; ++i) {
      end = reference.find('.', end + (i == 0 ? 0 : 1));
      if (end == std::string::npos) return reference.size();
    }
    return end;
  };
  const auto rest_after = [&](size_t end) {
    return end < reference.size() ? reference.substr(end + 1) : std::string();
  };
  if (reference.starts_with("var.")) {
    if (scope.calls.empty()) return;
    const size_t end = head(2);
    const Json* argument =
        member(member(scope.calls.back(), "expressions"), reference.substr(4, end - 4));
    if (argument == nullptr) return;
    Scope parent = scope;
    parent.modules.pop_back();
    parent.calls.pop_back();
    const auto names = module_names(scope.address);
    parent.address.clear();
    for (size_t i = 0; i + 1 < names.size(); ++i) {
      parent.address += (i == 0 ? "module." : ".module.") + names[i];
    }
    follow(*argument, parent, from, depth + 1, targets);
    return;
  }
  if (reference.starts_with("module.")) {
    const size_t call_end = head(2);
    const std::string name = without_index(reference.substr(7, call_end - 7));
    const std::string output = rest_after(call_end);
    const size_t output_end = output.find_first_of(".[");
    const Json* call = member(member(scope.module(), "module_calls"), name);
    const Json* module = member(call, "module");
    if (module == nullptr || output.empty()) return;
    const Json* value =
        at(member(member(module, "outputs"), output.substr(0, output_end)), "expression");
    if (value == nullptr) return;
    Scope child = scope;
    child.calls.push_back(call);
    child.modules.push_back(module);
    child.address += (child.address.empty() ? "module." : ".module.") + name;
    const size_t before = targets.size();
    follow(*value, child, from, depth + 1, targets);
    if (output_end == std::string::npos) return;
    // The way goes on behind what the output is: ".public_subnets[0].subnet_id".
    const std::string more = output.substr(output_end);
    for (size_t i = before; i < targets.size(); ++i) {
      std::string& attribute = targets[i].attribute;
      attribute += attribute.empty() && more.starts_with('.') ? more.substr(1) : more;
    }
    return;
  }
  if (reference.starts_with("data.") || reference.starts_with("local.") ||
      reference.starts_with("each.") || reference.starts_with("count.") ||
      reference.starts_with("path.") || reference.starts_with("self.")) {
    return;
  }
  const size_t end = head(2);
  const std::string address =
      (scope.address.empty() ? std::string() : scope.address + ".") + reference.substr(0, end);
  const Resource* resource = find(address, from);
  if (resource != nullptr) targets.push_back({resource, rest_after(end)});
}

/// Indexes of modules and resources are not in references: the one with the index of `from`, else
/// the first.
const Resource* Document::find(const std::string& address, const Resource& from) const {
  const auto plain = [](std::string_view text) {
    std::string out;
    int depth = 0;
    for (const char c : text) {
      if (c == '[') ++depth;
      if (depth == 0) out += c;
      if (c == ']') --depth;
    }
    return out;
  };
  const std::string wanted = plain(address);
  const Resource* first = nullptr;
  for (const Resource& resource : resources_) {
    if (plain(resource.address) != wanted) continue;
    if (resource.module == from.module && resource.key == from.key) return &resource;
    if (first == nullptr || (first->module != from.module && resource.module == from.module)) {
      first = &resource;
    }
  }
  return first;
}

}  // namespace skyhop::lab::terraform
