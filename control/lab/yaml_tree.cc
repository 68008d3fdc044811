#include "control/lab/yaml_tree.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

namespace skyhop::lab {
namespace {

struct TooLarge {
  Mark mark;
};

/// Builds the tree from the parser's events.
class Builder final : public YAML::EventHandler {
 public:
  Builder(const std::string& file, Diagnostics& diagnostics)
      : file_(file), diagnostics_(diagnostics) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    // Nothing stands after the key, so the key is the place.
    const bool is_value = !open_.empty() && open_.back().has_key;
    open(Node::Kind::null, is_value ? open_.back().key_mark : place(mark), "", anchor);
    close();
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node& node = open(Node::Kind::scalar, place(mark), tag, anchor);
    node.quoted = tag == "!";
    node.text = value;
    if (tag == "?" && (value == "~" || value == "null")) node.kind = Node::Kind::null;
    close();
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Node::Kind::list, place(mark), tag, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Node::Kind::map, place(mark), tag, anchor);
  }
  void OnMapEnd() override { close(); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {  // still open: the alias stands inside its own anchor
      report(place(mark), "an alias inside the value it stands for");
      open(Node::Kind::null, place(mark), "", YAML::NullAnchor);
      close();
      return;
    }
    add(found->second, place(mark));
  }

  [[nodiscard]] NodePtr root() const { return root_; }
  [[nodiscard]] Mark place(const YAML::Mark& mark) const {
    return {mark.line + 1, mark.column + 1, file_};
  }
  void report(Mark mark, std::string message) {
    if (diagnostics_.size() >= kMaxDiagnostics) return;
    diagnostics_.push_back({Severity::error, "", std::move(message), "", std::move(mark)});
  }

 private:
  struct Open {
    std::shared_ptr<Node> node;
    YAML::anchor_t anchor;
    // The key that waits for its value; a map's children alternate.
    std::string key;
    Mark key_mark;
    bool has_key = false;
    bool key_is_usable = false;
    std::map<std::string, Mark, std::less<>> seen;
  };

  Node& open(Node::Kind kind, Mark mark, const std::string& tag, YAML::anchor_t anchor) {
    if (!tag.empty() && tag != "?" && tag != "!") {
      report(mark, fmt::format("tag {} is not supported; write the plain value", tag));
    }
    auto node = std::make_shared<Node>();
    node->kind = kind;
    node->mark = std::move(mark);
    open_.push_back({std::move(node), anchor, {}, {}});
    return *open_.back().node;
  }

  void close() {
    const Open done = std::move(open_.back());
    open_.pop_back();
    if (done.anchor != YAML::NullAnchor) anchors_[done.anchor] = done.node;
    add(done.node, done.node->mark);
  }

  /// `value` is complete: it becomes the root, an item, a key or a key's value.
  void add(const NodePtr& value, const Mark& mark) {
    if (open_.empty()) {
      root_ = value;
      return;
    }
    Open& parent = open_.back();
    parent.node->expanded += value->expanded;
    if (parent.node->expanded > kMaxNodes) throw TooLarge{mark};
    if (parent.node->kind == Node::Kind::list) {
      parent.node->items.push_back(value);
    } else if (!parent.has_key) {
      take_key(parent, *value, mark);
    } else {
      if (parent.key_is_usable) {
        parent.node->entries.push_back({std::move(parent.key), parent.key_mark, value});
      }
      parent.has_key = false;
    }
  }

  void take_key(Open& parent, const Node& key, const Mark& mark) {
    parent.has_key = true;
    parent.key_is_usable = false;
    parent.key = key.text;
    parent.key_mark = mark;
    if (key.kind != Node::Kind::scalar) {
      report(mark, fmt::format("a key must be a word, found {}", describe(key)));
      return;
    }
    if (key.text == "<<" && !key.quoted) {
      report(mark, "merge key << is not supported; give an alias as the whole value instead");
      return;
    }
    const auto [first, is_new] = parent.seen.emplace(key.text, mark);
    if (!is_new) {
      report(mark, fmt::format("duplicate key \"{}\"; the first is at line {}", key.text,
                               first->second.line));
      return;
    }
    parent.key_is_usable = true;
  }

  const std::string& file_;
  Diagnostics& diagnostics_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, NodePtr> anchors_;
  NodePtr root_;
};

/// The place of the first byte that no YAML text holds (control characters, broken UTF-8).
struct BadByte {
  size_t offset;
  const char* what;
};

std::optional<BadByte> find_bad_byte(const std::string& text) {
  for (size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x80) {
      if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) {
        return BadByte{i, "a control character"};
      }
      ++i;
      continue;
    }
    const size_t length = c >= 0xf0 && c < 0xf5 ? 4 : c >= 0xe0 ? 3 : c >= 0xc2 ? 2 : 0;
    if (length == 0 || c >= 0xf5 || i + length > text.size()) {
      return BadByte{i, "a byte that is not UTF-8"};
    }
    for (size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) {
        return BadByte{i, "a byte that is not UTF-8"};
      }
    }
    i += length;
  }
  return std::nullopt;
}

Mark mark_at(const std::string& text, size_t offset, const std::string& file) {
  Mark mark{1, 1, file};
  for (size_t i = 0; i < offset; ++i) {
    if (text[i] == '\n') {
      ++mark.line;
      mark.column = 1;
    } else {
      ++mark.column;
    }
  }
  return mark;
}

/// The tab in the indentation of the line of `mark`, if there is one.
std::optional<Mark> tab_in_indentation(const std::string& text, const Mark& mark) {
  size_t begin = 0;
  for (int line = 1; line < mark.line; ++line) {
    begin = text.find('\n', begin);
    if (begin == std::string::npos) return std::nullopt;
    ++begin;
  }
  const size_t end = std::min(text.find_first_not_of(" \t", begin), text.size());
  const size_t tab = text.find('\t', begin);
  if (tab >= end) return std::nullopt;
  return Mark{mark.line, static_cast<int>(tab - begin) + 1, mark.file};
}

}  // namespace

std::string describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::map:
      return "a map";
    case Node::Kind::scalar:
      break;
  }
  constexpr size_t kLongest = 60;
  if (node.text.size() <= kLongest) return fmt::format("\"{}\"", node.text);
  size_t cut = kLongest;
  while (cut > 0 && (static_cast<unsigned char>(node.text[cut]) & 0xc0) == 0x80) --cut;
  return fmt::format("\"{}...\"", node.text.substr(0, cut));
}

NodePtr parse_yaml(const std::string& text, const std::string& file, Diagnostics& diagnostics) {
  Builder builder(file, diagnostics);
  if (text.size() > kMaxFileBytes) {
    builder.report({1, 1, file}, fmt::format("the file has {} bytes; a lab has at most {}",
                                             text.size(), kMaxFileBytes));
    return nullptr;
  }
  if (const auto bad = find_bad_byte(text)) {
    builder.report(mark_at(text, bad->offset, file),
                   fmt::format("{} (0x{:02x}): this is not a YAML text", bad->what,
                               static_cast<unsigned char>(text[bad->offset])));
    return nullptr;
  }
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder) || !builder.root() ||
        builder.root()->kind == Node::Kind::null) {
      builder.report({1, 1, file}, "the file is empty; a lab starts with \"lab: NAME\"");
      return nullptr;
    }
    const NodePtr root = builder.root();
    Diagnostics ignored;
    Builder second(file, ignored);
    if (parser.HandleNextDocument(second)) {
      const Mark mark = second.root() ? second.root()->mark : Mark{1, 1, file};
      builder.report(mark, "a second document; a lab file has one");
    }
    return root;
  } catch (const TooLarge& error) {
    builder.report(error.mark,
                   fmt::format("the file holds more than {} values, aliases expanded", kMaxNodes));
  } catch (const YAML::Exception& error) {
    const Mark mark = error.mark.is_null() ? Mark{1, 1, file} : builder.place(error.mark);
    if (auto tab = tab_in_indentation(text, mark)) {
      builder.report(*std::move(tab), "a tab in the indentation; YAML wants spaces");
    } else {
      builder.report(mark, fmt::format("YAML syntax: {}", error.msg));
    }
  } catch (const std::exception& error) {  // yaml-cpp reports some broken input by other types
    builder.report({1, 1, file}, fmt::format("YAML syntax: {}", error.what()));
  }
  return nullptr;
}

}  // namespace skyhop::lab
