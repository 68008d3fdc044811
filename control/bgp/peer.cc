#include "control/bgp/peer.h"

#include <fmt/core.h>

#include <algorithm>

namespace skyhop::bgp {

Peer::Peer(PeerId id, PeerConfig config, const SpeakerConfig& speaker, Scheduler& scheduler,
           Transport& transport, PeerHost& host)
    : id_(id),
      config_(std::move(config)),
      speaker_(speaker),
      scheduler_(scheduler),
      transport_(transport),
      host_(host),
      session_(make_session(Session::Side::initiator)),
      burial_(scheduler, [this] { buried_.clear(); }),
      since_(scheduler.now()) {}

std::unique_ptr<Session> Peer::make_session(Session::Side side) {
  return std::make_unique<Session>(SessionParameters{config_, speaker_.asn, speaker_.router_id},
                                   scheduler_, transport_, *this, side);
}

void Peer::bury(std::unique_ptr<Session> session) {
  session->retire();
  buried_.push_back(std::move(session));
  burial_.start(Duration{0});
}

void Peer::start() {
  started_ = true;
  session_->handle(config_.passive ? Event::manual_start_with_passive_tcp_establishment
                                   : Event::manual_start);
}

void Peer::stop(CeaseSubcode subcode, const std::string& text) {
  started_ = false;
  if (colliding_) bury(std::move(colliding_));
  session_->stop(Event::manual_stop, Notification(subcode, text), std::nullopt);
}

void Peer::reset(const std::string& text) {
  if (!started_) return;
  if (colliding_) bury(std::move(colliding_));
  session_->stop(Event::automatic_stop, Notification(CeaseSubcode::administrative_reset, text),
                 config_.idle_hold);
}

void Peer::crash() {
  if (colliding_) {
    colliding_->vanish();
    bury(std::move(colliding_));
  }
  const bool had_routes = is_established();
  session_->vanish();
  started_ = false;
  last_reason_ = "host is down";
  if (had_routes) on_routes_lost(*session_);
  report_state();
}

void Peer::take_incoming(std::unique_ptr<Connection> connection) {
  if (!started_) return;
  switch (session_->state()) {
    case SessionState::idle:
      // RFC 4271 8.2.2: Idle refuses all. But waiting to try again is no reason to send away the
      // peer that comes by itself, unless it was we who ended the last session.
      if (session_->can_be_woken()) {
        session_->handle(Event::automatic_start_with_passive_tcp_establishment);
        session_->accept(std::move(connection));
      }
      return;
    case SessionState::active:
      if (session_->is_waiting_for_connection()) {
        session_->accept(std::move(connection));
        return;
      }
      break;  // DelayOpen runs on a connection of its own
    case SessionState::connect:
    case SessionState::open_sent:
    case SessionState::open_confirm:
      break;
    case SessionState::established:
      // RFC 4271 6.8: the new one goes.
      connection->send(encode(Notification(CeaseSubcode::connection_collision_resolution)));
      return;
  }
  if (colliding_) return;
  colliding_ = make_session(Session::Side::acceptor);
  colliding_->handle(Event::manual_start_with_passive_tcp_establishment);
  colliding_->accept(std::move(connection));
}

std::optional<Notification> Peer::on_open(Session&, const Open& open) {
  // Without RFC 6793 the capability means nothing to us.
  const bool is_hidden = !config_.four_octet_as && open.asn > 0xFFFF;
  if ((is_hidden ? kAsTrans : open.asn) != config_.remote_asn) {
    return Notification(OpenError::bad_peer_as);
  }
  // RFC 6286: inside one AS the identifier is unique.
  if (!is_ebgp() && open.router_id == speaker_.router_id) {
    return Notification(OpenError::bad_bgp_identifier);
  }
  if (!open.speaks(kIpv4Unicast)) {
    return Notification(OpenError::unsupported_capability, {1, 4, 0, 1, 0, 1});
  }
  return {};
}

// RFC 4271 6.8: of two connections the one stays that the higher identifier opened (RFC 6286: the
// higher AS for equal identifiers). Both ends know the peer's identifier once they have its OPEN on
// either connection, so both decide alike, whichever OPEN came first.
void Peer::on_open_accepted(Session& session) {
  Session* other = &session == session_.get() ? colliding_.get() : session_.get();
  if (other == nullptr || !other->has_tcp()) return;
  const auto theirs = std::pair(session.remote_open()->router_id, session.remote_open()->asn);
  const auto ours = std::pair(speaker_.router_id, speaker_.asn);
  const Session::Side kept = ours > theirs ? Session::Side::initiator : Session::Side::acceptor;
  const bool other_stays = other->state() == SessionState::established || session.side() != kept ||
                           session.side() == other->side();
  (other_stays ? session : *other).handle(Event::open_collision_dump);
}

void Peer::on_state(Session& session, SessionState, SessionState to) {
  if (to == SessionState::idle) {
    last_reason_ = session.reason();
    if (&session == colliding_.get()) {
      bury(std::move(colliding_));
    } else if (colliding_) {
      bury(std::exchange(session_, std::move(colliding_)));
    }
  } else if (to == SessionState::established) {
    if (&session == colliding_.get()) std::swap(session_, colliding_);
    if (colliding_) bury(std::move(colliding_));
    remote_router_id_ = session.remote_open()->router_id;
    ++counters_.established;
    burst_base_ = 0;
    burst_announced_ = 0;
    last_announcement_.reset();
  }
  report_state();
}

void Peer::report_state() {
  SessionState now = session_->state();
  if (colliding_) now = std::max(now, colliding_->state());
  if (now == reported_) return;
  const SessionState from = std::exchange(reported_, now);
  since_ = scheduler_.now();
  host_.on_peer_state(*this, from, now);
}

void Peer::on_update(Session&, Update update) {
  count_problems(update);
  const auto forget_all = [this](const auto& family) {
    for (const auto& [prefix, path_id] : family.withdrawn) forget({prefix, path_id});
  };
  forget_all(update.ipv4);
  forget_all(update.mp_ipv4);
  forget_all(update.ipv6);
  if (exceeds_limit_at_once(update.announced_count()) || !learn_all(update.ipv4) ||
      !learn_all(update.mp_ipv4) || !learn_all(update.ipv6)) {
    cease_over_limit();
  }
}

template <typename P>
bool Peer::learn_all(const FamilyUpdate<P>& update) {
  if (update.announced.empty()) return true;
  const AttributesPtr shared = host_.intern(update.attributes);
  for (const auto& [prefix, path_id] : update.announced) {
    if (exceeds_limit_with({prefix, path_id})) return false;
    learn({prefix, path_id}, shared);
  }
  return true;
}

void Peer::count_problems(const Update& update) {
  if (update.treated_as_withdraw) ++counters_.treated_as_withdraw;
  counters_.attributes_discarded += static_cast<uint64_t>(
      std::ranges::count(update.problems, Outcome::attribute_discard, &AttributeProblem::outcome));
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

bool Peer::exceeds_limit_with(const RouteKey& route) const {
  const PrefixLimit& limit = config_.prefix_limit;
  return limit.maximum != 0 && limit.counting == PrefixLimit::Counting::table &&
         adj_in_.size() >= limit.maximum && adj_in_.find(route) == nullptr;
}

void Peer::cease_over_limit() {
  // RFC 4486 4: address family and the limit.
  Notification notification(CeaseSubcode::maximum_prefixes_reached);
  Writer writer(notification.data);
  writer.u16(kIpv4Unicast.afi);
  writer.u8(kIpv4Unicast.safi);
  writer.u32(config_.prefix_limit.maximum);
  if (!config_.prefix_limit.restart_after) started_ = false;
  session_->stop(Event::automatic_stop, std::move(notification),
                 config_.prefix_limit.restart_after);
}

// What no policy may allow (RFC 4271 6.3, 9.1.2; RFC 4456 8).
std::optional<Explanation> Peer::refusal(const PathAttributes& received) const {
  size_t own = 0;
  for (const AsSegment& segment : received.as_path.segments) {
    own += static_cast<size_t>(std::ranges::count(segment.asns, speaker_.asn));
  }
  if (own > config_.allow_as_in) {
    return Explanation{"RFC 4271 9.1.2", fmt::format("AS_PATH holds our AS {}", speaker_.asn)};
  }
  if (is_ebgp() && config_.enforce_first_as &&
      received.as_path.first() != std::optional(config_.remote_asn)) {
    return Explanation{"RFC 4271 6.3", fmt::format("AS_PATH does not begin with the peer's AS {}",
                                                   config_.remote_asn)};
  }
  if (received.next_hop == config_.local_address) {
    return Explanation{"RFC 4271 6.3", "NEXT_HOP is our own address"};
  }
  if (received.originator_id == std::optional(speaker_.router_id)) {
    return Explanation{"RFC 4456 8", "ORIGINATOR_ID is ours"};
  }
  if (std::ranges::find(received.cluster_list, speaker_.router_id) != received.cluster_list.end()) {
    return Explanation{"RFC 4456 8", "CLUSTER_LIST holds our cluster"};
  }
  return {};
}

// The policy first: where it has a rule of its own for what is refused anyway, its name is shown.
AdjRibIn::Entry Peer::evaluate(const Prefix& prefix, const AttributesPtr& received) {
  AdjRibIn::Entry entry{received, received, nullptr, scheduler_.now()};
  PolicyVerdict verdict;
  if (config_.import_policy) {
    verdict = config_.import_policy({prefix, *received, config_.group, false, is_ebgp()});
  }
  if (verdict.accepted) {
    if (auto refused = refusal(*received)) {
      entry.accepted = nullptr;
      entry.why = std::make_shared<const Explanation>(std::move(*refused));
      return entry;
    }
    if (verdict.changed) entry.accepted = host_.intern(std::move(*verdict.changed));
  } else {
    entry.accepted = nullptr;
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

void Peer::drop_stale(AddressFamily family) {
  for (const RouteKey& route : adj_in_.keys()) {
    if (route.prefix.family() == family && adj_in_.find(route)->is_stale) forget(route);
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

void Peer::on_route_refresh(Session&, const RouteRefresh& refresh) {
  ++counters_.refreshes_in;
  const bool is_request = refresh.subtype == static_cast<uint8_t>(RouteRefresh::Subtype::request);
  if (is_request && refresh.family == kIpv4Unicast) host_.on_refresh_requested(*this);
}

void Peer::on_routes_lost(Session&) {
  lose_routes(kIpv4Unicast);
  lose_routes(kIpv6Unicast);
  adj_out_.clear();
}

void Peer::on_drained(Session& session) {
  if (&session == session_.get() && is_established()) host_.on_peer_drained(*this);
}

void Peer::on_message(MessageDirection direction, Octets octets) {
  const bool is_update = octets[kHeaderLength - 1] == static_cast<uint8_t>(MessageType::update);
  if (direction == MessageDirection::sent) {
    ++counters_.messages_out;
    counters_.updates_out += is_update ? 1 : 0;
    counters_.octets_out += octets.size();
  } else {
    ++counters_.messages_in;
    counters_.updates_in += is_update ? 1 : 0;
    counters_.octets_in += octets.size();
  }
  host_.on_peer_message(*this, direction, octets);
}

void Peer::on_notification(MessageDirection direction, const Notification& notification) {
  if (direction == MessageDirection::sent) {
    ++counters_.notifications_out;
    last_notification_out_ = notification;
  } else {
    ++counters_.notifications_in;
    last_notification_in_ = notification;
  }
}

Duration Peer::jitter(Duration delay) { return host_.jitter(delay); }

Speaker::RefreshOutcome Peer::request_refresh() {
  if (!is_established()) return Speaker::RefreshOutcome::not_established;
  if (!session_->can_refresh()) return Speaker::RefreshOutcome::peer_lacks_capability;
  ++counters_.refreshes_out;
  session_->send_route_refresh();
  return Speaker::RefreshOutcome::sent;
}

void Peer::send(Octets update) { session_->send_update(update); }

bool Peer::is_established() const { return reported_ == SessionState::established; }

SessionContext Peer::context() const { return session_->context(); }

PeerStatus Peer::status() const {
  PeerStatus status;
  status.id = id_;
  status.state = reported_;
  status.since = since_;
  status.admin_down = !started_;
  status.counters = counters_;
  status.prefixes_received = adj_in_.size();
  status.prefixes_accepted = adj_in_.accepted_count();
  status.prefixes_advertised = adj_out_.size();
  status.last_reason = last_reason_;
  status.last_notification_in = last_notification_in_;
  status.last_notification_out = last_notification_out_;
  if (reported_ >= SessionState::open_confirm && session_->remote_open()) {
    status.remote_router_id = session_->remote_open()->router_id;
    status.hold_time = session_->hold_time();
    status.keepalive = session_->keepalive();
    status.four_octet_as = session_->context().four_octet_as;
    status.route_refresh = session_->can_refresh();
  }
  return status;
}

bool Peer::speaks(AddressFamily family) const {
  const SessionContext context = session_->context();
  return (family == kIpv4Unicast ? context.ipv4 : context.ipv6).is_agreed;
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
