#include "control/lab/terraform/yaml_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace skyhop::lab::terraform {
namespace {

/// Text that YAML reads back as this text: quoted unless it is of plain letters.
std::string quoted(const std::string& text) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/";
  const bool is_plain = !text.empty() && text.front() != '-' && text.front() != '.' &&
                        text.find_first_not_of(kPlain) == std::string::npos && text != "null";
  if (is_plain) return text;
  std::string out = "\"";
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (octet < 0x20 || octet == 0x7f) {
      out += fmt::format("\\x{:02x}", octet);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

}  // namespace

Yaml& Yaml::operator[](const std::string& key) {
  if (!std::holds_alternative<Map>(value_)) value_ = Map{};
  auto& map = std::get<Map>(value_);
  const auto found = std::ranges::find(map, key, &std::pair<std::string, Yaml>::first);
  if (found != map.end()) return found->second;
  return map.emplace_back(key, Yaml()).second;
}

bool Yaml::has(const std::string& key) const {
  const auto* map = std::get_if<Map>(&value_);
  return map != nullptr &&
         std::ranges::find(*map, key, &std::pair<std::string, Yaml>::first) != map->end();
}

bool Yaml::is_empty() const {
  if (const auto* list = std::get_if<List>(&value_)) return list->empty();
  if (const auto* map = std::get_if<Map>(&value_)) return map->empty();
  return std::get<std::string>(value_).empty();
}

std::string Yaml::flow() const {
  if (is_scalar()) return quoted(std::get<std::string>(value_));
  std::string out;
  if (const auto* list = std::get_if<List>(&value_)) {
    for (const Yaml& item : *list) out += (out.empty() ? "" : ", ") + item.flow();
    return "[" + out + "]";
  }
  for (const auto& [key, value] : std::get<Map>(value_)) {
    out += (out.empty() ? "" : ", ") + quoted(key) + ": " + value.flow();
  }
  return "{" + out + "}";
}

void Yaml::write(std::string& out, unsigned indent) const {
  constexpr size_t kLineLength = 100;
  for (const auto& [key, value] : std::get<Map>(value_)) {
    const std::string head = std::string(indent, ' ') + quoted(key) + ":";
    const bool is_map = std::holds_alternative<Map>(value.value_) && !value.is_empty();
    const std::string in_line = head + " " + value.flow();
    const auto* list = std::get_if<List>(&value.value_);
    const bool fits = in_line.size() <= kLineLength;
    if (is_map && (indent < 2 || !fits)) {
      out += head + "\n";
      value.write(out, indent + 2);
    } else if (fits || list == nullptr) {
      out += in_line + "\n";
    } else {
      out += head + "\n";
      for (const Yaml& item : *list) {
        out += std::string(indent + 2, ' ') + "- " + item.flow() + "\n";
      }
    }
  }
}

std::string Yaml::text() const {
  std::string out;
  write(out, 0);
  return out;
}

}  // namespace skyhop::lab::terraform
