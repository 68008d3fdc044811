#include "control/lab/extends.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <vector>

namespace skyhop::lab {
namespace {

constexpr std::string_view kKey = "extends";

const Entry* find(const Node& map, std::string_view key) {
  const auto found = std::find_if(map.entries.begin(), map.entries.end(),
                                  [key](const Entry& entry) { return entry.key == key; });
  return found == map.entries.end() ? nullptr : &*found;
}

NodePtr without_extends(const NodePtr& root) {
  auto copy = std::make_shared<Node>(*root);
  std::erase_if(copy->entries, [](const Entry& entry) { return entry.key == kKey; });
  return copy;
}

NodePtr merge(const NodePtr& base, const NodePtr& change) {
  if (base->kind != Node::Kind::map || change->kind != Node::Kind::map) return change;
  auto merged = std::make_shared<Node>(*change);
  merged->entries = base->entries;
  for (const Entry& entry : change->entries) {
    const auto same = std::find_if(merged->entries.begin(), merged->entries.end(),
                                   [&entry](const Entry& e) { return e.key == entry.key; });
    if (same == merged->entries.end()) {
      merged->entries.push_back(entry);
    } else {
      *same = {entry.key, entry.mark, merge(same->value, entry.value)};
    }
  }
  return merged;
}

std::string identity(const std::string& file) {
  std::error_code error;
  const auto canonical = std::filesystem::weakly_canonical(file, error);
  return error ? file : canonical.string();
}

}  // namespace

std::expected<std::string, std::string> read_lab_text(const std::string& file) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (!fs::exists(status)) return std::unexpected("there is no such file");
  if (!fs::is_regular_file(status)) return std::unexpected("this is not a regular file");
  const auto size = fs::file_size(file, error);
  if (error) return std::unexpected(error.message());
  if (size > kMaxFileBytes) {
    return std::unexpected(
        fmt::format("the file has {} bytes; a lab has at most {}", size, kMaxFileBytes));
  }
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return std::unexpected("the file cannot be opened");
  std::string text(size, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(size));
  if (stream.bad()) return std::unexpected("the file cannot be read");
  text.resize(static_cast<size_t>(stream.gcount()));
  return text;
}

NodePtr resolve_extends(NodePtr root, const std::string& file, Diagnostics& diagnostics) {
  std::vector<NodePtr> chain;  // the lab first, then what it extends
  std::vector<std::string> files = {identity(file)};
  std::string current_file = file;
  for (NodePtr current = std::move(root); current;) {
    const Entry* extends = current->kind == Node::Kind::map ? find(*current, kKey) : nullptr;
    chain.push_back(extends == nullptr ? current : without_extends(current));
    if (extends == nullptr) break;
    const auto report = [&](std::string message) {
      diagnostics.push_back(
          {Severity::error, std::string(kKey), std::move(message), "", extends->value->mark});
    };
    if (extends->value->kind != Node::Kind::scalar || extends->value->text.empty()) {
      report(fmt::format("expected a lab file, found {}", describe(*extends->value)));
      break;
    }
    const std::string base_file =
        (std::filesystem::path(current_file).parent_path() / extends->value->text)
            .lexically_normal()
            .string();
    const std::string base_identity = identity(base_file);
    if (std::find(files.begin(), files.end(), base_identity) != files.end()) {
      report(fmt::format("{} extends itself", base_file));
      break;
    }
    if (files.size() == kMaxExtends) {
      report(fmt::format("a chain of more than {} labs", kMaxExtends));
      break;
    }
    const auto text = read_lab_text(base_file);
    if (!text) {
      report(fmt::format("{}: {}", base_file, text.error()));
      break;
    }
    NodePtr base = parse_yaml(*text, base_file, diagnostics);
    if (base && base->kind != Node::Kind::map) {
      report(fmt::format("{} is not a lab: expected a map, found {}", base_file, describe(*base)));
      break;
    }
    files.push_back(base_identity);
    current_file = base_file;
    current = std::move(base);
  }
  if (chain.empty()) return nullptr;
  NodePtr merged = chain.back();
  for (size_t i = chain.size() - 1; i-- > 0;) merged = merge(merged, chain[i]);
  return merged;
}

}  // namespace skyhop::lab
