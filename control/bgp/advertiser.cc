#include "control/bgp/advertiser.h"

#include <algorithm>

namespace skyhop::bgp {
namespace {

// So long the members of a group wait for those of them that do not read.
constexpr Duration kPatience = std::chrono::seconds(1);

}  // namespace

Advertiser::Advertiser(Ribs& ribs, Scheduler& scheduler, std::function<void()> wake,
                       ExportGroup::Jitter jitter)
    : ribs_(ribs),
      scheduler_(scheduler),
      jitter_(std::move(jitter)),
      alarm_(scheduler, std::move(wake)) {}

Advertiser::Groups::const_iterator Advertiser::group_of(const Peer& peer) const {
  return std::ranges::find_if(groups_, [&](const auto& group) { return group->has(peer); });
}

void Advertiser::add(Peer& peer) {
  const auto find = [&](bool was_split_off) {
    return std::ranges::find_if(groups_, [&](const auto& group) {
      return group->was_split_off() == was_split_off && group->suits(peer);
    });
  };
  auto group = find(false);
  if (group == groups_.end()) group = find(true);
  if (group == groups_.end()) {
    groups_.push_back(std::make_unique<ExportGroup>(peer, ribs_));
    group = groups_.end() - 1;
  }
  (*group)->join(peer);
}

void Advertiser::remove(const Peer& peer) {
  const auto group = group_of(peer);
  if (group == groups_.end()) return;
  (*group)->leave(peer);
  if ((*group)->is_empty()) groups_.erase(group);
}

void Advertiser::repeat(const Peer& peer, AddressFamily family) {
  const auto group = group_of(peer);
  if (group != groups_.end()) (*group)->repeat(peer, family);
}

void Advertiser::reconsider(const Peer& peer) {
  const auto group = group_of(peer);
  if (group == groups_.end()) return;
  if ((*group)->suits(peer)) {
    (*group)->reconsider();
    return;
  }
  auto own = (*group)->split_off(peer);
  if ((*group)->is_empty()) groups_.erase(group);
  groups_.push_back(std::move(own));
}

bool Advertiser::advance() {
  bool has_more = false;
  for (const auto& group : groups_) has_more |= group->advance(scheduler_.now(), jitter_);
  has_more |= split_off_slow();
  rejoin();
  for (const auto& group : groups_) {
    if (const auto due = group->due(); due && *due > scheduler_.now()) wake_at(*due);
    if (const auto since = group->held_up_since()) wake_at(*since + kPatience);
  }
  return has_more;
}

void Advertiser::wake_at(Time time) {
  if (alarm_.is_running() && alarm_.deadline() <= time) return;
  alarm_.start(time - scheduler_.now());
}

bool Advertiser::split_off_slow() {
  const Time now = scheduler_.now();
  Groups slow;
  for (const auto& group : groups_) {
    const auto since = group->held_up_since();
    if (!since || now - *since < kPatience) continue;
    if (auto members = group->split_off_slow(now)) slow.push_back(std::move(members));
  }
  const bool have_left = !slow.empty();
  std::ranges::move(slow, std::back_inserter(groups_));
  return have_left;
}

void Advertiser::rejoin() {
  for (size_t i = 0; i < groups_.size();) {
    ExportGroup& group = *groups_[i];
    const bool has_rejoined =
        group.was_split_off() && std::ranges::any_of(groups_, [&](const auto& other) {
          return other.get() != &group && other->absorb(group);
        });
    if (has_rejoined) {
      groups_.erase(groups_.begin() + static_cast<ptrdiff_t>(i));
    } else {
      ++i;
    }
  }
}

size_t Advertiser::told_count(const Peer& peer) const {
  const auto group = group_of(peer);
  return group == groups_.end() ? 0 : (*group)->told_count(peer);
}

std::vector<AdvertisedRoute> Advertiser::told(const Peer& peer) const {
  std::vector<AdvertisedRoute> routes;
  const auto group = group_of(peer);
  if (group != groups_.end()) (*group)->add_told(peer, routes);
  return routes;
}

}  // namespace skyhop::bgp
