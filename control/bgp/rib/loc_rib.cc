#include "control/bgp/rib/loc_rib.h"

#include <algorithm>

#include "control/bgp/rib/adj_rib.h"

namespace skyhop::bgp {

void LocRib::set_path(const Prefix& prefix, std::optional<PeerId> peer, PathId path_id,
                      AttributesPtr attributes) {
  auto& paths = entries_[prefix].paths;
  const auto key_of = [](const Path& path) { return std::pair(path.peer, path.path_id); };
  const auto at = std::ranges::lower_bound(paths, std::pair(peer, path_id), {}, key_of);
  const bool known = at != paths.end() && key_of(*at) == std::pair(peer, path_id);
  if (known && attributes) {
    at->attributes = std::move(attributes);
  } else if (known) {
    paths.erase(at);
  } else if (attributes) {
    paths.insert(at, {peer, path_id, std::move(attributes)});
  }
  dirty_.push_back(prefix);
}

void LocRib::touch_all() {
  for (const auto& [prefix, entry] : entries_) dirty_.push_back(prefix);
}

std::vector<Prefix> LocRib::decide_dirty(const Describe& describe, const DecisionOptions& options) {
  std::vector<Prefix> touched = std::move(dirty_);
  dirty_.clear();
  std::ranges::sort(touched);
  const auto repeated = std::ranges::unique(touched);
  touched.erase(repeated.begin(), repeated.end());
  std::erase_if(touched, [&](const Prefix& prefix) {
    const auto found = entries_.find(prefix);
    const bool was_used = !found->second.used.empty();
    const bool changed = decide_one(found->second, describe, options);
    const bool is_used = !found->second.used.empty();
    used_ = used_ + (is_used ? 1 : 0) - (was_used ? 1 : 0);
    if (found->second.paths.empty()) entries_.erase(found);
    return !changed;
  });
  return touched;
}

bool LocRib::decide_one(Entry& entry, const Describe& describe, const DecisionOptions& options) {
  candidates_.clear();
  for (const Path& path : entry.paths) {
    candidates_.push_back(describe(path));
    candidates_.back().is_current = !entry.used.empty() && entry.used.front().peer == path.peer;
  }
  const Decision decision = decide(candidates_, options);
  std::vector<Path> used;
  if (decision.best) {
    used.reserve(decision.multipath.size());
    used.push_back(entry.paths[*decision.best]);
    for (const size_t member : decision.multipath) {
      if (member != *decision.best) used.push_back(entry.paths[member]);
    }
  }
  if (used == entry.used) return false;
  entry.used = std::move(used);
  return true;
}

const LocRib::Entry* LocRib::find(const Prefix& prefix) const {
  const auto found = entries_.find(prefix);
  return found == entries_.end() ? nullptr : &found->second;
}

std::vector<Prefix> LocRib::prefixes() const { return sorted_keys(entries_); }

}  // namespace skyhop::bgp
