// What a peer tells: the limit on it, the rules and the policy, and the counting of what is
// malformed.
#include <fmt/format.h>

#include <algorithm>

#include "control/bgp/peer.h"

namespace skyhop::bgp {

// The import rules for the routes of one peer. Many routes share a set, and without a policy all of
// a set fare alike: what was found out about the last one is kept.
class Peer::Import {
 public:
  Import(const Peer& peer, Ribs& ribs)
      : config_(peer.config_), session_(peer.import_session()), ribs_(ribs) {}

  // The number of what becomes of the route; valid until the next one.
  uint32_t judge(const Prefix& prefix, const AttributesPtr& received) {
    const bool is_known = received_ == received && is_ipv4_ == prefix.is_ipv4();
    if (is_known && !config_.import_policy) return verdict_.id();
    if (!is_known) look_at(prefix, received);
    PolicyVerdict verdict;
    // The policy first: where it has a rule of its own for what is refused anyway, its name is
    // shown.
    if (config_.import_policy) {
      verdict = config_.import_policy(
          {prefix, *marked_, config_.group, false, session_.is_ebgp, config_.name});
    }
    if (verdict.accepted && refusal_) {
      verdict = PolicyVerdict::reject(refusal_->rule, refusal_->reason);
    }
    verdict_ = {};
    const bool is_as_it_came = verdict.accepted && !verdict.changed && marked_ == received &&
                               verdict.rule.empty() && verdict.reason.empty();
    if (is_as_it_came) return 0;
    AttributesPtr accepted;
    if (verdict.accepted) {
      accepted =
          verdict.changed ? ribs_.shared.attributes.intern(std::move(*verdict.changed)) : marked_;
    }
    verdict_ = VerdictRef(ribs_.shared.verdicts, {std::move(accepted), std::move(verdict.rule),
                                                  std::move(verdict.reason)});
    return verdict_.id();
  }
  VerdictRef take() { return std::move(verdict_); }

 private:
  void look_at(const Prefix& prefix, const AttributesPtr& received) {
    received_ = received;
    is_ipv4_ = prefix.is_ipv4();
    refusal_ = refusal(session_, prefix, *received);
    auto changed = marked(session_, *received);
    marked_ = changed ? ribs_.shared.attributes.intern(std::move(*changed)) : received;
  }

  const PeerConfig& config_;
  ImportSession session_;
  Ribs& ribs_;
  AttributesPtr received_;  // whose rules these are:
  bool is_ipv4_ = true;
  AttributesPtr marked_;
  std::optional<Refusal> refusal_;
  VerdictRef verdict_;
};

void Peer::on_update(Session&, const Update& update) {
  count_problems(update);
  forget_all(update.ipv4);
  forget_all(update.mp_ipv4);
  forget_all(update.ipv6);
  host_.on_routes_changed();
  if (exceeds_limit_at_once(update.announced_count())) {
    return cease_over_limit(update.ipv6.announced.empty() ? kIpv4Unicast : kIpv6Unicast);
  }
  if (!learn_all(update.ipv4) || !learn_all(update.mp_ipv4)) return cease_over_limit(kIpv4Unicast);
  if (!learn_all(update.ipv6)) return cease_over_limit(kIpv6Unicast);
  if (update.end_of_rib) on_end_of_rib(*update.end_of_rib);
}

template <typename P>
void Peer::forget_all(const FamilyUpdate<P>& update) {
  Rib<P>& rib = host_.ribs().of<P>();
  const SourcePool& sources = host_.ribs().shared.sources;
  for (const auto& [prefix, path_id] : update.withdrawn) {
    const uint32_t source = sources.find(id_, path_id);
    if (source != 0) rib.withdraw(source, prefix);
  }
}

template <typename P>
bool Peer::learn_all(const FamilyUpdate<P>& update) {
  if (update.announced.empty()) return true;
  Ribs& ribs = host_.ribs();
  Rib<P>& rib = ribs.of<P>();
  const Time now = scheduler_.now();
  Import import(*this, ribs);
  // Nearly always all paths have the same id: none.
  SourceRef source;
  // The table is larger than the caches: it is asked for what comes next.
  constexpr size_t kAhead = 8;
  const std::vector<Nlri<P>>& routes = update.announced;
  for (size_t i = 0; i < std::min(kAhead, routes.size()); ++i) rib.prefetch(routes[i].prefix);
  for (size_t i = 0; i < routes.size(); ++i) {
    if (i + kAhead < routes.size()) rib.prefetch(routes[i + kAhead].prefix);
    const auto& [prefix, path_id] = routes[i];
    if (!source.is(id_, path_id)) source = SourceRef(ribs.shared.sources, id_, path_id);
    const Room room = room_for(source.id(), prefix);
    if (room == Room::no) return false;
    if (room == Room::dropped) continue;
    const uint32_t verdict = import.judge(prefix, update.attributes);
    rib.announce(source.id(), prefix, update.attributes, verdict, now);
  }
  warn_near_limit(kFamilyOf<P>);
  return true;
}

ImportJudge::Judgement Peer::judge(const Prefix& prefix, AttributesPtr received, bool is_stale) {
  if (is_stale && is_long_lived_[index_of(prefix.family())]) {
    received = long_lived(received);
    if (!received) return {};
  }
  Import import(*this, host_.ribs());
  import.judge(prefix, received);
  return {std::move(received), import.take()};
}

void Peer::reevaluate_import() {
  host_.ribs().ipv4.reevaluate(id_);
  host_.ribs().ipv6.reevaluate(id_);
  host_.on_walk();
}

size_t Peer::received_count(AddressFamily family) const {
  return host_.ribs().with(family, [this](const auto& rib) { return rib.received_count(id_); });
}

size_t Peer::received_count() const {
  return received_count(kIpv4Unicast) + received_count(kIpv6Unicast);
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
    burst_base_ = received_count();
    burst_announced_ = 0;
  }
  last_announcement_ = now;
  burst_announced_ += announced;
  return limit.maximum != 0 && burst_base_ + burst_announced_ > limit.maximum;
}

template <typename P>
Peer::Room Peer::room_for(uint32_t source, const P& prefix) {
  const PrefixLimit& limit = config_.prefix_limit;
  const Rib<P>& rib = host_.ribs().of<P>();
  if (limit.maximum == 0 || limit.counting != PrefixLimit::Counting::table ||
      rib.received_count(id_) < limit.maximum || rib.has(source, prefix)) {
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
  if (received_count(family) < std::max<uint64_t>(threshold, 1)) {
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

}  // namespace skyhop::bgp
