// A YAML document as a tree that forgets nothing: every key with its place, duplicates included.
// yaml-cpp scans and parses; its own node tree is not used because it merges duplicate keys.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "control/lab/diagnostic.h"
#include "control/lab/lab.h"

namespace skyhop::lab {

struct Node;
using NodePtr = std::shared_ptr<const Node>;  ///< shared by an anchor and its aliases

struct Entry {
  std::string key;
  Mark mark;  ///< of the key
  NodePtr value;
};

struct Node {
  enum class Kind { null, scalar, list, map };
  Kind kind = Kind::null;
  bool quoted = false;  ///< scalar: written in quotes
  Mark mark;
  std::string text;            ///< of a scalar
  std::vector<NodePtr> items;  ///< of a list
  std::vector<Entry> entries;  ///< of a map; a key appears once, the first one stays
  size_t expanded = 1;         ///< nodes under and including this one, aliases counted each time
};

/// Bounds on hostile input.
inline constexpr size_t kMaxFileBytes = 8u << 20;
inline constexpr size_t kMaxNodes = 1u << 20;    ///< with aliases expanded
inline constexpr size_t kMaxDiagnostics = 1000;  ///< of one run; nobody reads more

/// The one document of `text`, or null with the syntax error in `diagnostics`. Duplicate keys,
/// tags, merge keys and keys that are not words are reported, and the rest of the document is still
/// read. `file` is written into every mark; empty means the lab file itself.
[[nodiscard]] NodePtr parse_yaml(const std::string& text, const std::string& file,
                                 Diagnostics& diagnostics);

/// "a list", "a map", "nothing", or the text in quotes: what stands there, for messages.
[[nodiscard]] std::string describe(const Node& node);

}  // namespace skyhop::lab
