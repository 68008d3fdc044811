#include "control/lab/key_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace skyhop::lab {
namespace {

std::string quoted_list(const std::vector<std::string>& words, std::string_view last) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i != 0) text += i + 1 == words.size() ? fmt::format(" {} ", last) : std::string(", ");
    text += words[i];
  }
  return text;
}

std::string did_you_mean(const std::string& name, const std::vector<std::string>& candidates) {
  const std::string near = nearest(name, candidates);
  return near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near);
}

}  // namespace

std::string expected_form(const Shape& shape) {
  switch (shape.kind) {
    case Kind::boolean:
      return "true or false";
    case Kind::integer:
      return fmt::format("a whole number from {} to {}", shape.min, shape.max);
    case Kind::number:
      return "a number";
    case Kind::text:
      return "a text";
    case Kind::name:
      return "a name";
    case Kind::location:
      return "an Azure region such as East US";
    case Kind::address:
      return "an IPv4 address such as 10.0.0.4";
    case Kind::prefix:
      return "a prefix such as 10.0.0.0/24";
    case Kind::interface_cidr:
      return "an address with its prefix length such as 169.254.21.2/30";
    case Kind::asn:
      return "an AS number from 1 to 4294967294";
    case Kind::duration:
      return shape.max == 0 ? "a duration such as 10s, 2m, 1h, 250ms or a number of seconds"
                            : fmt::format("a duration from {}s to {}s", shape.min, shape.max);
    case Kind::rate:
      return "a rate per second such as 550M, 1.25G or 52k";
    case Kind::percent:
      return "a percentage from 0 to 100";
    case Kind::choice:
      return quoted_list(shape.words, "or");
    case Kind::port_range:
      return "a port, a range such as 8000-8080, or \"*\"";
    case Kind::address_selector:
      return "a prefix, an address, \"*\", VirtualNetwork, AzureLoadBalancer or Internet";
    case Kind::frame_size:
      return "a frame size from 60 to 9214 or imix";
    case Kind::as_path:
      return "AS numbers separated by single blanks";
    case Kind::community:
      return "a community such as 65535:65282";
    case Kind::reference:
      return describe(shape.reference);
    case Kind::list:
      return shape.element->kind == Kind::object ? "a list of maps"
                                                 : "a list of: " + expected_form(*shape.element);
    case Kind::object:
      return "a map";
    case Kind::named:
      return shape.may_be_list ? "a map from names to maps, or a list of maps"
                               : "a map from names to maps";
  }
  return "";
}

void Reader::error(const Mark& mark, const std::string& path, std::string message) {
  if (diagnostics_.size() >= kMaxDiagnostics) return;
  diagnostics_.push_back({Severity::error, path, std::move(message), "", mark});
}

const Key* Reader::find_key(const Entry& entry, const std::string& path, const ObjectTable& table,
                            bool has_name) {
  std::vector<std::string> known;
  for (const Key& key : table.keys) {
    if (key.name == entry.key) return &key;
    known.push_back(key.name);
  }
  if (has_name) known.emplace_back("name");
  std::string message = fmt::format("unknown key \"{}\"", entry.key.substr(0, 100));
  const std::string near = did_you_mean(entry.key, known);
  constexpr size_t kFewKeys = 12;
  if (!near.empty()) {
    message += near;
  } else if (known.size() <= kFewKeys) {
    message += fmt::format("; known here: {}", quoted_list(known, "and"));
  }
  error(entry.mark, path, std::move(message));
  return nullptr;
}

void Reader::object(const Node& node, const std::string& path, const ObjectTable& table,
                    void* object, std::string* name) {
  if (node.kind != Node::Kind::map) {
    error(node.mark, path, fmt::format("expected a map, found {}", describe(node)));
    return;
  }
  const std::string prefix = path.empty() ? "" : path + ".";
  const auto known = marks_.find(path);  // a resource is placed at its name
  const Mark place = known == marks_.end() ? node.mark : known->second;
  std::map<std::string, const Entry*> given;  // by slot
  for (const Entry& entry : node.entries) {
    if (name != nullptr && entry.key == "name") {
      mark(prefix + "name", entry.value->mark);
      given["name"] = &entry;
      Shape shape;
      shape.kind = Kind::name;
      if (read_text(*entry.value, prefix + "name", shape, *name)) {
        // Both forms of the path lead to an item: by index and by name.
        if (const size_t index = path.rfind('['); index != std::string::npos) {
          mark(path.substr(0, index) + "." + *name, node.mark);
        }
      }
      continue;
    }
    const Key* key = find_key(entry, path, table, name != nullptr);
    if (key == nullptr) continue;
    if (const auto [first, is_new] = given.emplace(key->slot, &entry); !is_new) {
      error(entry.mark, prefix + entry.key,
            fmt::format("\"{}\" is already given by \"{}\" at line {}; keep one", entry.key,
                        first->second->key, first->second->mark.line));
      continue;
    }
    mark(prefix + key->name, entry.value->mark);
    if (key->slot != key->name) mark(prefix + key->slot, entry.value->mark);
    key->read(*this, *entry.value, key->path.empty() ? prefix + key->name : key->path, key->shape,
              object);
  }
  if (name != nullptr && !given.contains("name")) {
    error(place, path, "missing key \"name\"");
  }
  for (size_t i = 0; i < table.keys.size(); ++i) {
    const Key& key = table.keys[i];
    if (!key.is_required || given.contains(key.slot)) continue;
    given[key.slot] = nullptr;  // said once
    std::vector<std::string> choices;
    for (const Key& other : table.keys) {
      if (other.slot == key.slot && other.is_required) choices.push_back(other.name);
    }
    error(place, path,
          choices.size() == 1
              ? fmt::format("missing key \"{}\": {}", key.name, expected_form(key.shape))
              : fmt::format("missing one of {}", quoted_list(choices, "and")));
  }
}

const std::string* Reader::text(const Node& node, const std::string& path,
                                std::string_view expected) {
  if (node.kind == Node::Kind::scalar) return &node.text;
  error(node.mark, path, fmt::format("expected {}, found {}", expected, describe(node)));
  return nullptr;
}

std::vector<std::pair<NodePtr, std::string>> Reader::items(const Node& node,
                                                           const std::string& path,
                                                           const Shape& shape) {
  std::vector<std::pair<NodePtr, std::string>> items;
  const auto add = [&](NodePtr item) {
    std::string item_path = fmt::format("{}[{}]", path, items.size());
    mark(item_path, item->mark);
    items.emplace_back(std::move(item), std::move(item_path));
  };
  const bool is_of_scalars = shape.element->table == nullptr && shape.element->kind != Kind::list;
  if (node.kind == Node::Kind::list) {
    for (const NodePtr& item : node.items) add(item);
  } else if (node.kind == Node::Kind::scalar && is_of_scalars) {
    // Terraform's comma-separated lists; a single value is a list of one.
    if (node.text.empty()) return items;
    for (size_t begin = 0; begin <= node.text.size();) {
      const size_t end = std::min(node.text.find(',', begin), node.text.size());
      auto item = std::make_shared<Node>();
      item->kind = Node::Kind::scalar;
      item->mark = node.mark;
      const size_t first = std::min(node.text.find_first_not_of(" \t\n", begin), end);
      size_t last = end;
      while (last > first && (node.text[last - 1] == ' ' || node.text[last - 1] == '\n')) --last;
      if (node.text.find('\n') == std::string::npos) {
        item->mark.column += static_cast<int>(first) + (node.quoted ? 1 : 0);
      }
      item->text = node.text.substr(first, last - first);
      add(std::move(item));
      begin = end + 1;
    }
  } else {
    error(node.mark, path,
          fmt::format("expected {}, found {}", expected_form(shape), describe(node)));
  }
  if (shape.max != 0 && items.size() > shape.max) {
    error(node.mark, path,
          fmt::format("{} entries; at most {} are possible", items.size(), shape.max));
  }
  return items;
}

std::vector<Reader::NamedItem> Reader::named_items(const Node& node, const std::string& path,
                                                   const Shape& shape) {
  std::vector<NamedItem> items;
  if (node.kind == Node::Kind::map) {
    for (const Entry& entry : node.entries) {
      std::string item_path = path + "." + entry.key;
      mark(item_path, entry.mark);
      auto name = parse_resource_name(entry.key);
      if (!name) {
        error(entry.mark, path, std::move(name.error()));
        continue;
      }
      items.push_back({entry.key, entry.value, std::move(item_path)});
    }
  } else if (node.kind == Node::Kind::list && shape.may_be_list) {
    for (const NodePtr& item : node.items) {
      std::string item_path = fmt::format("{}[{}]", path, items.size());
      mark(item_path, item->mark);
      items.push_back({"", item, std::move(item_path)});
    }
  } else {
    error(node.mark, path,
          fmt::format("expected {}, found {}", expected_form(shape), describe(node)));
  }
  return items;
}

bool Reader::read_text(const Node& node, const std::string& path, const Shape& shape,
                       std::string& out) {
  if (shape.kind == Kind::choice) {
    size_t index = 0;
    if (!read_choice(node, path, shape.words, index)) return false;
    out = shape.words[index];
    return true;
  }
  const std::string* words = text(node, path, expected_form(shape));
  if (words == nullptr) return false;
  switch (shape.kind) {
    case Kind::name:
      return take(node, path, parse_resource_name(*words), out);
    case Kind::location:
      return take(node, path, parse_location(*words), out);
    case Kind::interface_cidr:
      return take(node, path, parse_interface_cidr(*words), out);
    case Kind::address_selector:
      return take(node, path, parse_address_selector(*words), out);
    case Kind::frame_size:
      return take(node, path, parse_frame_size(*words), out);
    case Kind::as_path:
      return take(node, path, parse_as_path(*words), out);
    case Kind::community:
      return take(node, path, parse_community(*words), out);
    case Kind::reference:
      out = *words;
      if (shape.reference.or_address && Ipv4Address::parse(out)) return true;
      if (shape.reference.form == ReferenceForm::vnet_id) out = out.substr(0, out.find(':'));
      references_.push_back({shape.reference, out, path, node.mark});
      return true;
    default:
      out = *words;
      return true;
  }
}

bool Reader::read_choice(const Node& node, const std::string& path,
                         const std::vector<std::string>& words, size_t& index) {
  const std::string* word = text(node, path, quoted_list(words, "or"));
  if (word == nullptr) return false;
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == *word) {
      index = i;
      return true;
    }
  }
  error(node.mark, path,
        fmt::format("expected {}, found {}{}", quoted_list(words, "or"), describe(node),
                    did_you_mean(*word, words)));
  return false;
}

bool Reader::read_duration(const Node& node, const std::string& path, const Shape& shape,
                           Seconds& out) {
  const std::string* words = text(node, path, expected_form(shape));
  if (words == nullptr) return false;
  auto parsed = parse_duration(*words);
  if (parsed && shape.max != 0 &&
      (parsed->count() < static_cast<double>(shape.min) ||
       parsed->count() > static_cast<double>(shape.max))) {
    error(node.mark, path,
          fmt::format("expected {}, found {}", expected_form(shape), describe(node)));
    return false;
  }
  return take(node, path, std::move(parsed), out);
}

Shape& KeyEditor::scalar() {
  if (!key_.shape.element) return key_.shape;
  auto element = std::make_shared<Shape>(*key_.shape.element);
  Shape* innermost = element.get();
  while (innermost->element) {
    auto copy = std::make_shared<Shape>(*innermost->element);
    Shape* next = copy.get();
    innermost->element = std::move(copy);
    innermost = next;
  }
  key_.shape.element = std::move(element);
  return *innermost;
}

KeyEditor& KeyEditor::as(Kind kind) {
  scalar().kind = kind;
  if (kind == Kind::asn && key_.default_json == "0") key_.default_json.clear();  // 0: not given
  return *this;
}

KeyEditor& KeyEditor::range(uint64_t min, uint64_t max) {
  Shape& shape = scalar();
  shape.min = min;
  shape.max = max;
  return *this;
}

KeyEditor& KeyEditor::words(const std::vector<std::string>& words) {
  Shape& shape = scalar();
  shape.kind = Kind::choice;
  shape.words = words;
  return *this;
}

KeyEditor& KeyEditor::refers_to(ReferenceType type) {
  Shape& shape = scalar();
  shape.kind = Kind::reference;
  shape.reference = type;
  return *this;
}

}  // namespace skyhop::lab
