// Key tables: one description of every key of the lab file (name, type, default, what it means).
// The reader, the JSON Schema and the reference page of the format are all made from it.
//
// A table describes one kind of map and fills one C++ struct. Types and defaults come from the
// struct's members, so that they are said once: in lab.h.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "control/lab/references.h"
#include "control/lab/scalar.h"
#include "control/lab/yaml_tree.h"

namespace skyhop::lab {

/// What a value is; each kind of scalar has its parser in scalar.h.
enum class Kind {
  boolean,
  integer,
  number,
  text,
  name,
  location,
  address,
  prefix,
  interface_cidr,
  asn,
  duration,
  rate,
  percent,
  choice,
  port_range,
  address_selector,
  frame_size,
  as_path,
  community,
  reference,
  list,    ///< of `element`
  object,  ///< one map described by `table`
  named,   ///< a map from names to maps described by `table`
};

struct ObjectTable;

struct Shape {
  Kind kind = Kind::text;
  uint64_t min = 0;                      ///< integer; duration in seconds
  uint64_t max = 0;                      ///< 0: no bound; of a list: its number of items
  std::vector<std::string> words;        ///< of a choice
  ReferenceType reference;               ///< of a reference
  std::shared_ptr<const Shape> element;  ///< of a list
  bool may_be_list = false;              ///< named: also a list of maps with the key `name`
  const ObjectTable& (*table)() = nullptr;
};

class Reader;

struct Key {
  std::string name;
  std::string
      slot;  ///< keys of one slot are spellings of, or choices for, one thing: only one is given
  std::string doc;
  std::string default_json;  ///< empty: none
  bool is_required = false;  ///< one key of the slot must be there
  std::string path;          ///< replaces the key's path in marks, if not empty
  Shape shape;
  std::function<void(Reader&, const Node&, const std::string& path, const Shape&, void* object)>
      read;
};

struct ObjectTable {
  std::string name;  ///< "azurerm_route_table"
  std::string doc;
  std::vector<Key> keys;
};

/// Reads nodes by shape; collects what is wrong, where values stand, and who names whom.
class Reader {
 public:
  Reader(Diagnostics& diagnostics, Marks& marks, std::vector<Reference>& references)
      : diagnostics_(diagnostics), marks_(marks), references_(references) {}

  void error(const Mark& mark, const std::string& path, std::string message);
  void mark(const std::string& path, const Mark& mark) { marks_[path] = mark; }

  /// Fills `object` by `table`. With `name` the map also holds its own key `name`.
  void object(const Node& node, const std::string& path, const ObjectTable& table, void* object,
              std::string* name = nullptr);
  /// The text of a scalar, if it is one.
  const std::string* text(const Node& node, const std::string& path, std::string_view expected);
  /// The items of a list, or of a text with commas.
  std::vector<std::pair<NodePtr, std::string>> items(const Node& node, const std::string& path,
                                                     const Shape& shape);
  struct NamedItem {
    std::string name;  ///< empty: given by the key `name` inside
    NodePtr node;
    std::string path;
  };
  std::vector<NamedItem> named_items(const Node& node, const std::string& path, const Shape& shape);
  /// Takes a parser's value, or reports its message.
  template <typename T, typename Out>
  bool take(const Node& node, const std::string& path, Parsed<T> parsed, Out& out) {
    if (!parsed) {
      error(node.mark, path, std::move(parsed.error()));
      return false;
    }
    out = static_cast<Out>(*std::move(parsed));
    return true;
  }
  bool read_text(const Node& node, const std::string& path, const Shape& shape, std::string& out);
  bool read_choice(const Node& node, const std::string& path, const std::vector<std::string>& words,
                   size_t& index);
  bool read_duration(const Node& node, const std::string& path, const Shape& shape, Seconds& out);

 private:
  const Key* find_key(const Entry& entry, const std::string& path, const ObjectTable& table,
                      bool has_name);
  Diagnostics& diagnostics_;
  Marks& marks_;
  std::vector<Reference>& references_;
};

/// What is expected of a value, in words: "a prefix such as 10.0.0.0/24".
[[nodiscard]] std::string expected_form(const Shape& shape);

// ---- From C++ types to shapes and values --------------------------------------------------------

/// Specialised for every struct that a table fills.
template <typename T>
const ObjectTable& table_of();
template <typename T>
inline constexpr bool kIsObject = false;
/// The member that takes the name by which the resource stands in its map; null: it has none.
template <typename T>
inline constexpr std::string T::* kNameMember = nullptr;
/// The words of an enum, in the order of the file format's documentation.
template <typename E>
inline constexpr std::nullptr_t kWords = nullptr;

template <typename T>
struct Value {  // scalars and enums
  static Shape shape() {
    Shape shape;
    if constexpr (std::is_same_v<T, bool>) {
      shape.kind = Kind::boolean;
    } else if constexpr (std::is_integral_v<T>) {
      shape.kind = Kind::integer;
      shape.max = std::numeric_limits<T>::max();
    } else if constexpr (std::is_same_v<T, double>) {
      shape.kind = Kind::number;
    } else if constexpr (std::is_same_v<T, std::string>) {
      shape.kind = Kind::text;
    } else if constexpr (std::is_same_v<T, Ipv4Address>) {
      shape.kind = Kind::address;
    } else if constexpr (std::is_same_v<T, Ipv4Prefix>) {
      shape.kind = Kind::prefix;
    } else if constexpr (std::is_same_v<T, Seconds>) {
      shape.kind = Kind::duration;
    } else if constexpr (std::is_same_v<T, Rate>) {
      shape.kind = Kind::rate;
    } else if constexpr (std::is_same_v<T, Percent>) {
      shape.kind = Kind::percent;
    } else if constexpr (std::is_same_v<T, PortRange>) {
      shape.kind = Kind::port_range;
    } else if constexpr (kIsObject<T>) {
      shape.kind = Kind::object;
      shape.table = table_of<T>;
    } else {
      static_assert(std::is_enum_v<T>);
      shape.kind = Kind::choice;
      for (const auto& [word, value] : kWords<T>) shape.words.emplace_back(word);
    }
    return shape;
  }

  static bool read(Reader& reader, const Node& node, const std::string& path, const Shape& shape,
                   T& out) {
    if constexpr (std::is_same_v<T, std::string>) {
      return reader.read_text(node, path, shape, out);
    } else if constexpr (std::is_same_v<T, Seconds>) {
      return reader.read_duration(node, path, shape, out);
    } else if constexpr (kIsObject<T>) {
      reader.object(node, path, shape.table(), &out);
      return true;
    } else if constexpr (std::is_enum_v<T>) {
      size_t index = 0;
      if (!reader.read_choice(node, path, shape.words, index)) return false;
      out = kWords<T>[index].second;
      return true;
    } else {
      const std::string* text = reader.text(node, path, expected_form(shape));
      if (text == nullptr) return false;
      if constexpr (std::is_same_v<T, bool>) {
        return reader.take(node, path, parse_boolean(*text), out);
      } else if constexpr (std::is_same_v<T, double>) {
        return reader.take(node, path, parse_number(*text), out);
      } else if constexpr (std::is_same_v<T, Ipv4Address>) {
        return reader.take(node, path, parse_address(*text), out);
      } else if constexpr (std::is_same_v<T, Ipv4Prefix>) {
        return reader.take(node, path, parse_prefix(*text), out);
      } else if constexpr (std::is_same_v<T, PortRange>) {
        return reader.take(node, path, parse_port_range(*text), out);
      } else if constexpr (std::is_same_v<T, Rate>) {
        return reader.take(node, path, parse_rate(*text), out);
      } else if constexpr (std::is_same_v<T, Percent>) {
        return reader.take(node, path, parse_percent(*text), out);
      } else {
        return shape.kind == Kind::asn
                   ? reader.take(node, path, parse_asn(*text), out)
                   : reader.take(node, path, parse_integer(*text, shape.min, shape.max), out);
      }
    }
  }

  static std::string default_json(const T& value, const Shape& shape) {
    if constexpr (std::is_same_v<T, bool>) {
      return value ? "true" : "false";
    } else if constexpr (std::is_integral_v<T>) {
      return shape.kind == Kind::asn && value == 0 ? "" : std::to_string(value);
    } else if constexpr (std::is_same_v<T, double>) {
      return std::to_string(static_cast<int64_t>(value));
    } else if constexpr (std::is_same_v<T, std::string>) {
      return value.empty() ? "" : "\"" + value + "\"";
    } else if constexpr (std::is_same_v<T, Seconds>) {
      return "\"" + to_string(value) + "\"";
    } else if constexpr (std::is_enum_v<T>) {
      for (const auto& [word, known] : kWords<T>) {
        if (known == value) return "\"" + std::string(word) + "\"";
      }
      return "";
    } else {
      return "";
    }
  }
};

template <typename T>
struct Value<std::optional<T>> {
  static Shape shape() { return Value<T>::shape(); }
  static bool read(Reader& reader, const Node& node, const std::string& path, const Shape& shape,
                   std::optional<T>& out) {
    T value{};
    if (!Value<T>::read(reader, node, path, shape, value)) return false;
    out = std::move(value);
    return true;
  }
  static std::string default_json(const std::optional<T>&, const Shape&) { return ""; }
};

template <typename T>
struct Value<std::vector<T>> {
  static Shape shape() {
    Shape shape;
    if constexpr (kIsObject<T>) {
      if constexpr (kNameMember<T> != nullptr) {
        shape.kind = Kind::named;
        shape.table = table_of<T>;
        return shape;
      }
    }
    shape.kind = Kind::list;
    shape.element = std::make_shared<Shape>(Value<T>::shape());
    return shape;
  }

  static bool read(Reader& reader, const Node& node, const std::string& path, const Shape& shape,
                   std::vector<T>& out) {
    if constexpr (kIsObject<T>) {
      if constexpr (kNameMember<T> != nullptr) {
        for (const auto& item : reader.named_items(node, path, shape)) {
          T value{};
          std::string& name = value.*kNameMember<T>;
          name = item.name;
          reader.object(*item.node, item.path, shape.table(), &value,
                        item.name.empty() ? &name : nullptr);
          out.push_back(std::move(value));
        }
        return true;
      }
    }
    for (const auto& [item, item_path] : reader.items(node, path, shape)) {
      T value{};
      // A list of maps keeps the broken ones: indexes are part of paths.
      if (Value<T>::read(reader, *item, item_path, *shape.element, value) || kIsObject<T>) {
        out.push_back(std::move(value));
      }
    }
    return true;
  }
  static std::string default_json(const std::vector<T>&, const Shape&) { return ""; }
};

// ---- Writing tables -----------------------------------------------------------------------------

/// Refines the key that was added last.
class KeyEditor {
 public:
  explicit KeyEditor(Key& key) : key_(key) {}
  KeyEditor& required() { return key_.is_required = true, *this; }
  /// The kind of the value, or of the items of a list.
  KeyEditor& as(Kind kind);
  KeyEditor& range(uint64_t min, uint64_t max);
  KeyEditor& at_most(uint64_t items) { return key_.shape.max = items, *this; }
  KeyEditor& words(const std::vector<std::string>& words);
  KeyEditor& refers_to(ReferenceType type);
  KeyEditor& same_as(const char* slot) { return key_.slot = slot, *this; }
  KeyEditor& may_be_list() { return key_.shape.may_be_list = true, *this; }
  KeyEditor& at_path(const char* path) { return key_.path = path, *this; }
  KeyEditor& without_default() { return key_.default_json.clear(), *this; }

 private:
  /// A copy of the shape of the innermost items, put in place.
  Shape& scalar();
  Key& key_;
};

template <typename T>
class TableWriter {
 public:
  TableWriter(const char* name, const char* doc) : table_{name, doc, {}} {}

  /// A key whose value is kept in a member.
  template <typename M>
  KeyEditor member(const char* name, M T::* member, const char* doc) {
    Key& key = add<M>(name, doc);
    static const T defaults{};
    key.default_json = Value<M>::default_json(defaults.*member, key.shape);
    key.read = [member](Reader& reader, const Node& node, const std::string& path,
                        const Shape& shape, void* object) {
      Value<M>::read(reader, node, path, shape, static_cast<T*>(object)->*member);
    };
    return KeyEditor(key);
  }

  /// A key whose value of type V is handed to `set`.
  template <typename V, typename Set>
  KeyEditor setter(const char* name, Set set, const char* doc) {
    Key& key = add<V>(name, doc);
    key.read = [set](Reader& reader, const Node& node, const std::string& path, const Shape& shape,
                     void* object) {
      V value{};
      if (Value<V>::read(reader, node, path, shape, value)) {
        set(*static_cast<T*>(object), std::move(value));
      }
    };
    return KeyEditor(key);
  }

  [[nodiscard]] ObjectTable table() && { return std::move(table_); }

 private:
  template <typename V>
  Key& add(const char* name, const char* doc) {
    return table_.keys.emplace_back(Key{name, name, doc, "", false, "", Value<V>::shape(), {}});
  }
  ObjectTable table_;
};

}  // namespace skyhop::lab
