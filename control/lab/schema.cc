// The key tables as JSON Schema and as the reference page of the file format.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "control/lab/keys.h"
#include "control/lab/reader.h"

namespace skyhop::lab {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kAddressPattern =
    R"(((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9]))";
constexpr const char* kLengthPattern = "/(3[0-2]|[12]?[0-9])";
constexpr const char* kNamePattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$";

/// How a table's map is written where it stands.
enum class Form {
  complete,  ///< with all its required keys
  change,    ///< of a lab that extends another: what is required may be there already
  item,      ///< of a list, with its own `name`
};

Json pattern(const std::string& text) { return {{"type", "string"}, {"pattern", text}}; }
std::string whole(const std::string& text) { return "^" + text + "$"; }

class SchemaWriter {
 public:
  Json write() {
    Json schema;
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema";
    schema["title"] = "skyhop lab";
    schema["description"] =
        "A network with its traffic, timeline and checks. Made from the key tables of "
        "control/lab.";
    schema["if"] = {{"type", "object"}, {"required", Json::array({"extends"})}};
    schema["then"] = reference(table_of<Lab>(), Form::change);
    schema["else"] = reference(table_of<Lab>(), Form::complete);
    schema["$defs"] = std::move(defs_);
    return schema;
  }

 private:
  Json reference(const ObjectTable& table, Form form) {
    const std::string name = table.name + (form == Form::change ? "-change"
                                           : form == Form::item ? "-item"
                                                                : "");
    if (!defs_.contains(name)) {
      defs_[name] = nullptr;  // tables do not contain themselves; this keeps the order
      defs_[name] = object(table, form);
    }
    return {{"$ref", "#/$defs/" + name}};
  }

  Json object(const ObjectTable& table, Form form) {
    Json schema = {{"type", "object"}, {"description", table.doc}};
    Json properties = Json::object();
    Json rules = Json::array();
    if (form == Form::item) properties["name"] = pattern(kNamePattern);
    for (const Key& key : table.keys) {
      Json property = value(key.shape, form == Form::change ? Form::change : Form::complete);
      property["description"] = key.doc;
      if (!key.default_json.empty()) property["default"] = Json::parse(key.default_json);
      properties[key.name] = std::move(property);
    }
    Json required = Json::array();
    if (form == Form::item) required.push_back("name");
    std::set<std::string> done;
    for (const Key& key : table.keys) {
      if (!done.insert(key.slot).second) continue;
      std::vector<std::string> spellings;
      bool is_required = false;
      for (const Key& other : table.keys) {
        if (other.slot != key.slot) continue;
        spellings.push_back(other.name);
        is_required = is_required || other.is_required;
      }
      // A merged-in name is never given by what is extended.
      const bool must_be_there = is_required && (form != Form::change || key.name == "lab");
      if (spellings.size() == 1) {
        if (must_be_there) required.push_back(key.name);
        continue;
      }
      Json one_of = Json::array();
      for (const std::string& spelling : spellings) {
        one_of.push_back({{"required", Json::array({spelling})}});
      }
      if (!must_be_there) {
        Json any = {{"anyOf", one_of}};
        one_of.push_back({{"not", std::move(any)}});
      }
      rules.push_back({{"oneOf", std::move(one_of)}});
    }
    schema["properties"] = std::move(properties);
    schema["additionalProperties"] = false;
    if (!required.empty()) schema["required"] = std::move(required);
    if (!rules.empty()) schema["allOf"] = std::move(rules);
    return schema;
  }

  Json value(const Shape& shape, Form form) {
    switch (shape.kind) {
      case Kind::list: {
        // What is in a list replaces, so it is always complete.
        Json list = {{"type", "array"}, {"items", value(*shape.element, Form::complete)}};
        if (shape.max != 0) list["maxItems"] = shape.max;
        if (shape.element->table != nullptr || shape.element->kind == Kind::list) return list;
        Json either = Json::array({std::move(list), value(*shape.element, Form::complete)});
        either.push_back({{"type", "string"}, {"pattern", ","}});
        either.push_back({{"const", ""}});
        return {{"anyOf", std::move(either)}};
      }
      case Kind::object:
        return reference(shape.table(), form);
      case Kind::named: {
        Json map = {{"type", "object"},
                    {"propertyNames", {{"pattern", kNamePattern}}},
                    {"additionalProperties", reference(shape.table(), form)}};
        if (!shape.may_be_list) return map;
        Json list = {{"type", "array"}, {"items", reference(shape.table(), Form::item)}};
        return {{"anyOf", Json::array({std::move(map), std::move(list)})}};
      }
      default:
        return scalar_reference(shape);
    }
  }

  /// Kinds without bounds or words of their own are written once.
  Json scalar_reference(const Shape& shape) {
    const char* name = shared_name(shape.kind);
    if (name == nullptr) return scalar(shape);
    if (!defs_.contains(name)) {
      defs_[name] = scalar(shape);
      defs_[name]["description"] = expected_form(shape);
    }
    return {{"$ref", std::string("#/$defs/") + name}};
  }

  static const char* shared_name(Kind kind) {
    switch (kind) {
      case Kind::boolean:
        return "BOOLEAN";
      case Kind::asn:
        return "ASN";
      case Kind::name:
        return "NAME";
      case Kind::location:
        return "LOCATION";
      case Kind::address:
        return "ADDRESS";
      case Kind::prefix:
        return "PREFIX";
      case Kind::interface_cidr:
        return "INTERFACE_CIDR";
      case Kind::rate:
        return "RATE";
      case Kind::percent:
        return "PERCENT";
      case Kind::port_range:
        return "PORT_RANGE";
      case Kind::address_selector:
        return "ADDRESS_SELECTOR";
      default:
        return nullptr;
    }
  }

  static Json number(const char* type, uint64_t min, uint64_t max) {
    Json bounded = {{"type", type}, {"minimum", min}};
    if (max != 0) bounded["maximum"] = max;
    Json text = pattern(type == std::string("integer") ? "^[0-9]+$" : R"(^[0-9]+(\.[0-9]*)?$)");
    return {{"anyOf", Json::array({std::move(bounded), std::move(text)})}};
  }

  static Json scalar(const Shape& shape) {
    switch (shape.kind) {
      case Kind::boolean:
        return {{"enum", Json::array({true, false, "true", "false"})}};
      case Kind::integer:
        return number("integer", shape.min, shape.max);
      case Kind::asn:
        return number("integer", 1, 4294967294u);
      case Kind::number:
        return number("number", 0, 0);
      case Kind::duration: {
        Json seconds = {{"type", "number"}, {"minimum", shape.min}};
        if (shape.max != 0) seconds["maximum"] = shape.max;
        return {{"anyOf", Json::array({std::move(seconds),
                                       pattern(R"(^[0-9]+(\.[0-9]*)?(us|ms|s|m|h)?$)")})}};
      }
      case Kind::rate:
        return {{"anyOf", Json::array({{{"type", "number"}, {"minimum", 0}},
                                       pattern(R"(^[0-9]+(\.[0-9]*)?[kMG]?$)")})}};
      case Kind::percent:
        return {{"anyOf", Json::array({{{"type", "number"}, {"minimum", 0}, {"maximum", 100}},
                                       pattern(R"(^[0-9]+(\.[0-9]*)?%?$)")})}};
      case Kind::choice: {
        Json words = Json::array();
        for (const std::string& word : shape.words) {
          words.push_back(word);
          if (word.find_first_not_of("0123456789") == std::string::npos) {
            words.push_back(std::stoi(word));
          }
        }
        return {{"enum", std::move(words)}};
      }
      case Kind::name:
        return {{"type", Json::array({"string", "number"})}, {"pattern", kNamePattern}};
      case Kind::location:
        return pattern("^[A-Za-z0-9 ]+$");
      case Kind::address:
        return pattern(whole(kAddressPattern));
      case Kind::prefix:
      case Kind::interface_cidr:
        return pattern(whole(std::string(kAddressPattern) + kLengthPattern));
      case Kind::port_range:
        return {{"anyOf", Json::array({{{"type", "integer"}, {"minimum", 0}, {"maximum", 65535}},
                                       pattern(R"(^(\*|[0-9]+(-[0-9]+)?)$)")})}};
      case Kind::address_selector:
        return pattern(fmt::format(R"(^(\*|VirtualNetwork|AzureLoadBalancer|Internet|{}({})?)$)",
                                   kAddressPattern, kLengthPattern));
      case Kind::frame_size:
        return {{"anyOf", Json::array({{{"type", "integer"}, {"minimum", 60}, {"maximum", 9214}},
                                       pattern("^([0-9]+|imix)$")})}};
      case Kind::as_path:
        return {{"type", Json::array({"string", "integer"})}};
      case Kind::community:
        return pattern("^[0-9]{1,5}:[0-9]{1,5}$");
      case Kind::reference:
        return {{"type", Json::array({"string", "number"})}};
      default:
        return {{"type", Json::array({"string", "number", "boolean"})}};
    }
  }

  Json defs_ = Json::object();
};

/// Writes a table's page and then those of the tables its keys lead to, each once.
class PageWriter {
 public:
  void table(const ObjectTable& table) {
    if (!done_.insert(table.name).second) return;
    text_ += fmt::format("\n## {}\n\n{}\n\n", table.name, table.doc);
    text_ += "| key | value | default | meaning |\n|---|---|---|---|\n";
    for (const Key& key : table.keys) {
      std::string value = form(key.shape);
      // The pipe separates alternatives in the text and cells in the page.
      for (size_t at = 0; (at = value.find('|', at)) != std::string::npos; at += 2) {
        value.replace(at, 1, "\\|");
      }
      std::string doc = key.doc;
      for (size_t at = 0; (at = doc.find('|', at)) != std::string::npos; at += 2) {
        doc.replace(at, 1, "\\|");
      }
      text_ +=
          fmt::format("| `{}` | {} | {} | {} |\n", key.name, value, default_of(table, key), doc);
    }
    for (const Key& key : table.keys) {
      const Shape* shape = key.shape.element ? key.shape.element.get() : &key.shape;
      if (shape->table != nullptr) this->table(shape->table());
    }
  }
  [[nodiscard]] std::string text() && { return std::move(text_); }

 private:
  static std::string link(const ObjectTable& table) {
    return fmt::format("[{0}](#{0})", table.name);
  }
  static std::string form(const Shape& shape) {
    if (shape.kind == Kind::object) return link(shape.table());
    if (shape.kind == Kind::named) {
      return fmt::format("{} from names to {}", shape.may_be_list ? "map (or list)" : "map",
                         link(shape.table()));
    }
    if (shape.kind == Kind::list) {
      return shape.element->table != nullptr ? "list of " + link(shape.element->table())
                                             : "list: " + expected_form(*shape.element);
    }
    return expected_form(shape);
  }
  static std::string default_of(const ObjectTable& table, const Key& key) {
    if (key.is_required) {
      const auto in_slot = std::count_if(
          table.keys.begin(), table.keys.end(),
          [&key](const Key& other) { return other.slot == key.slot && other.is_required; });
      return in_slot > 1 ? "**one of them**" : "**required**";
    }
    std::string text = key.default_json;
    std::erase(text, '"');
    return text;
  }

  std::set<std::string> done_;
  std::string text_;
};

}  // namespace

std::string json_schema() {
  SchemaWriter writer;
  return writer.write().dump(2) + "\n";
}

std::string format_reference() {
  PageWriter writer;
  writer.table(table_of<Lab>());
  return "# The lab file, key by key\n\n"
         "Made from the key tables of `control/lab`; do not edit. Names are Terraform's; where "
         "Terraform\nrefers to another resource, its name stands here. A list of plain values may "
         "also be written as\none text with commas.\n" +
         std::move(writer).text();
}

}  // namespace skyhop::lab
