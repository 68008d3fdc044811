// What a peer tells: the limit on it, the rules and the policy, and the counting of what is
// malformed.
#include <fmt/format.h>

#include <algorithm>

#include "control/bgp/peer.h"

namespace skyhop::bgp {
namespace {

size_t index_of(AddressFamily family) { return family == kIpv4Unicast ? 0 : 1; }

}  // namespace

void Peer::on_update(Session&, Update update) {
  count_problems(update);
  const auto forget_all = [this](const auto& family) {
    for (const auto& [prefix, path_id] : family.withdrawn) forget({prefix, path_id});
  };
  forget_all(update.ipv4);
  forget_all(update.mp_ipv4);
  forget_all(update.ipv6);
  if (exceeds_limit_at_once(update.announced_count())) {
    return cease_over_limit(update.ipv6.announced.empty() ? kIpv4Unicast : kIpv6Unicast);
  }
  if (!learn_all(update.ipv4) || !learn_all(update.mp_ipv4)) return cease_over_limit(kIpv4Unicast);
  if (!learn_all(update.ipv6)) return cease_over_limit(kIpv6Unicast);
  if (update.end_of_rib) on_end_of_rib(*update.end_of_rib);
}

template <typename P>
bool Peer::learn_all(const FamilyUpdate<P>& update) {
  if (update.announced.empty()) return true;
  const AttributesPtr shared = host_.intern(update.attributes);
  for (const auto& [prefix, path_id] : update.announced) {
    const Room room = room_for({prefix, path_id});
    if (room == Room::no) return false;
    if (room == Room::yes) learn({prefix, path_id}, shared);
  }
  warn_near_limit(kFamilyOf<P>);
  return true;
}

void Peer::count_problems(const Update& update) {
  if (update.treated_as_withdraw) ++counters_.treated_as_withdraw;
  for (const AttributeProblem& problem : update.problems) {
    AttributeFaults& faults = counters_.faults[problem.type];
    if (problem.outcome == bgp::Outcome::attribute_discard) {
      ++counters_.attributes_discarded;
      ++faults.discarded;
    } else {
      ++faults.treated_as_withdraw;
    }
  }
}

void Peer::on_update_error(uint8_t attribute_type) {
  ++counters_.update_errors;
  ++counters_.faults[attribute_type].session_resets;
}

// Azure's counting: what was learned before a burst plus all that is announced in it, so that a
// table sent twice counts twice (A16, A17).
bool Peer::exceeds_limit_at_once(size_t announced) {
  const PrefixLimit& limit = config_.prefix_limit;
  if (announced == 0 || limit.counting != PrefixLimit::Counting::cumulative) return false;
  const Time now = scheduler_.now();
  if (!last_announcement_ || now - *last_announcement_ > limit.burst_gap) {
    burst_base_ = adj_in_.size();
    burst_announced_ = 0;
  }
  last_announcement_ = now;
  burst_announced_ += announced;
  return limit.maximum != 0 && burst_base_ + burst_announced_ > limit.maximum;
}

Peer::Room Peer::room_for(const RouteKey& route) {
  const PrefixLimit& limit = config_.prefix_limit;
  if (limit.maximum == 0 || limit.counting != PrefixLimit::Counting::table ||
      adj_in_.size(route.prefix.family()) < limit.maximum || adj_in_.find(route) != nullptr) {
    return Room::yes;
  }
  switch (limit.action) {
    case PrefixLimit::Action::cease:
      return Room::no;
    case PrefixLimit::Action::drop:
      ++counters_.dropped_over_limit;
      return Room::dropped;
    case PrefixLimit::Action::warn:
      break;
  }
  return Room::yes;
}

void Peer::warn_near_limit(AddressFamily family) {
  const PrefixLimit& limit = config_.prefix_limit;
  if (limit.maximum == 0) return;
  const uint64_t threshold = uint64_t{limit.maximum} * limit.warn_at_percent / 100;
  bool& is_near = is_near_limit_[index_of(family)];
  if (adj_in_.size(family) < std::max<uint64_t>(threshold, 1)) {
    is_near = false;
  } else if (!std::exchange(is_near, true)) {
    ++counters_.limit_warnings;
  }
}

void Peer::cease_over_limit(AddressFamily family) {
  // RFC 4486 4: address family and the limit.
  Notification notification(CeaseSubcode::maximum_prefixes_reached);
  Writer writer(notification.data);
  writer.u16(family.afi);
  writer.u8(family.safi);
  writer.u32(config_.prefix_limit.maximum);
  if (!config_.prefix_limit.restart_after) started_ = false;
  session_->stop(Event::automatic_stop, std::move(notification),
                 config_.prefix_limit.restart_after);
}

// The policy first: where it has a rule of its own for what is refused anyway, its name is shown.
AdjRibIn::Entry Peer::evaluate(const Prefix& prefix, const AttributesPtr& received) {
  const ImportSession session = import_session();
  AdjRibIn::Entry entry{received, received, nullptr, scheduler_.now()};
  if (auto changed = marked(session, *received)) entry.accepted = host_.intern(std::move(*changed));
  PolicyVerdict verdict;
  if (config_.import_policy) {
    verdict = config_.import_policy(
        {prefix, *entry.accepted, config_.group, false, session.is_ebgp, config_.name});
  }
  if (verdict.accepted) {
    if (auto refused = refusal(session, prefix, *received)) {
      verdict = PolicyVerdict::reject(refused->rule, std::move(refused->reason));
    }
  }
  if (!verdict.accepted) {
    entry.accepted = nullptr;
  } else if (verdict.changed) {
    entry.accepted = host_.intern(std::move(*verdict.changed));
  }
  if (!verdict.rule.empty() || !verdict.reason.empty()) {
    entry.why = std::make_shared<const Explanation>(
        Explanation{std::move(verdict.rule), std::move(verdict.reason)});
  }
  return entry;
}

void Peer::learn(const RouteKey& route, const AttributesPtr& received) {
  AdjRibIn::Entry entry = evaluate(route.prefix, received);
  const AdjRibIn::Entry* known = adj_in_.find(route);
  const AttributesPtr before = known != nullptr ? known->accepted : nullptr;
  if (known != nullptr && known->received == received) entry.learned = known->learned;
  AttributesPtr accepted = entry.accepted;
  adj_in_.set(route, std::move(entry));
  if (accepted != before) host_.on_path(*this, route, std::move(accepted));
}

void Peer::forget(const RouteKey& route) {
  const AdjRibIn::Entry* known = adj_in_.find(route);
  if (known == nullptr) return;
  const bool was_accepted = known->accepted != nullptr;
  adj_in_.erase(route);
  if (was_accepted) host_.on_path(*this, route, nullptr);
}

void Peer::lose_routes(AddressFamily family) {
  for (const RouteKey& route : adj_in_.keys()) {
    if (route.prefix.family() == family) forget(route);
  }
}

void Peer::reevaluate_import() {
  for (const RouteKey& route : adj_in_.keys()) {
    const AttributesPtr received = adj_in_.find(route)->received;
    const bool is_stale = adj_in_.find(route)->is_stale;
    learn(route, received);
    if (is_stale) adj_in_.mark_stale(route);
  }
}

LearnedRoute Peer::learned(const RouteKey& key, const AdjRibIn::Entry& entry) {
  LearnedRoute route{key.prefix, key.path_id, entry.received, entry.accepted,
                     {},         {},          entry.learned,  entry.is_stale};
  if (entry.why) {
    route.rule = entry.why->rule;
    route.reason = entry.why->reason;
  }
  return route;
}

}  // namespace skyhop::bgp
