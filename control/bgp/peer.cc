#include "control/bgp/peer.h"

#include <fmt/format.h>

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
      since_(scheduler.now()),
      remote_asn_(config_.remote_asn),
      restart_timer_(scheduler, [this] { on_restart_timer(); }),
      stale_timer_(scheduler, [this] { drop_all_stale(); }),
      long_lived_timer_(scheduler, [this] { drop_all_stale(); }),
      refresh_timer_(scheduler, [this] { drop_all_stale(); }) {
  if (config_.bfd) {
    bfd_ = std::make_unique<bfd::Session>(
        *config_.bfd, host_.next_discriminator(), scheduler_,
        [this](bfd::State from, bfd::State to) { on_bfd_state(from, to); },
        [this](Duration interval) { return host_.jitter(interval); });
  }
}

std::unique_ptr<Session> Peer::make_session(Session::Side side) {
  return std::make_unique<Session>(SessionParameters{config_, speaker_}, scheduler_, transport_,
                                   *this, side);
}

void Peer::bury(std::unique_ptr<Session> session) {
  session->retire();
  buried_.push_back(std::move(session));
  burial_.start(Duration{0});
}

void Peer::start() {
  started_ = true;
  falls_ = 0;
  sends_plain_open_ = false;
  start_bfd();
  session_->handle(config_.passive ? Event::manual_start_with_passive_tcp_establishment
                                   : Event::manual_start);
}

void Peer::stop(CeaseSubcode subcode, const std::string& text) {
  started_ = false;
  if (colliding_) bury(std::move(colliding_));
  session_->stop(Event::manual_stop, Notification(subcode, text), std::nullopt);
  drop_all_stale();
  if (bfd_) bfd_->stop();
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
  if (is_established()) on_routes_lost(*session_, SessionLoss::final);
  session_->vanish();
  if (bfd_) bfd_->vanish();
  drop_all_stale();
  started_ = false;
  last_reason_ = "host is down";
  report_state();
}

void Peer::take_incoming(std::unique_ptr<Connection> connection) {
  if (!started_) return;
  // RFC 4724 4.2: a peer that opens a new connection has restarted, whatever became of the old one.
  if (is_established() && session_->negotiated().graceful_restart) {
    session_->handle(Event::tcp_connection_fails);
  }
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
      if (config_.collides_when_established) break;
      // RFC 4271 6.8: the new one goes.
      connection->send(encode(Notification(CeaseSubcode::connection_collision_resolution)));
      return;
  }
  if (colliding_) return;
  colliding_ = make_session(Session::Side::acceptor);
  colliding_->handle(Event::manual_start_with_passive_tcp_establishment);
  colliding_->accept(std::move(connection));
}

Capabilities Peer::offer() const {
  return sends_plain_open_ ? Capabilities{} : offered(config_, host_.restarting());
}

std::optional<Notification> Peer::on_open(Session&, const Open& open) {
  return refused(speaker_, config_, open);
}

// RFC 4271 6.8: of two connections the one stays that the higher identifier opened (RFC 6286: the
// higher AS for equal identifiers). Both ends know the peer's identifier once they have its OPEN on
// either connection, so both decide alike, whichever OPEN came first.
void Peer::on_open_accepted(Session& session) {
  Session* other = &session == session_.get() ? colliding_.get() : session_.get();
  if (other == nullptr || !other->has_tcp()) return;
  const auto theirs = std::pair(session.remote_open()->router_id, session.remote_open()->asn);
  const auto ours = std::pair(speaker_.router_id, asn_towards(speaker_, config_));
  const Session::Side kept = ours > theirs ? Session::Side::initiator : Session::Side::acceptor;
  const bool is_other_safe =
      other->state() == SessionState::established && !config_.collides_when_established;
  const bool other_stays =
      is_other_safe || session.side() != kept || session.side() == other->side();
  (other_stays ? session : *other).handle(Event::open_collision_dump);
}

void Peer::on_state(Session& session, SessionState from, SessionState to) {
  if (to == SessionState::idle) {
    last_reason_ = session.reason();
    if (&session == colliding_.get()) {
      bury(std::move(colliding_));
    } else if (colliding_) {
      bury(std::exchange(session_, std::move(colliding_)));
    }
    // One that stood for long enough ends a row of falls.
    if (from == SessionState::established &&
        scheduler_.now() - since_ >= config_.longest_idle_hold) {
      falls_ = 0;
    }
  } else if (to == SessionState::established) {
    if (&session == colliding_.get()) std::swap(session_, colliding_);
    if (colliding_) bury(std::move(colliding_));
    begin_established(session);
  }
  report_state();
}

void Peer::begin_established(const Session& session) {
  remote_router_id_ = session.remote_open()->router_id;
  remote_asn_ = session.remote_open()->asn;
  ++counters_.established;
  burst_base_ = 0;
  burst_announced_ = 0;
  last_announcement_.reset();
  std::ranges::fill(is_near_limit_, false);
  resume(session);
}

void Peer::report_state() {
  SessionState now = session_->state();
  if (colliding_) now = std::max(now, colliding_->state());
  if (now == reported_) return;
  const SessionState from = std::exchange(reported_, now);
  since_ = scheduler_.now();
  host_.on_peer_state(*this, from, now);
}

// ---- BFD (RFC 5882) -----------------------------------------------------------------------------

void Peer::start_bfd() {
  if (!bfd_) return;
  const bool is_single_hop = config_.bfd->reach == bfd::Config::Reach::single_hop;
  DatagramOptions options;
  options.local = config_.local_address;
  options.remote = config_.remote_address;
  options.port = is_single_hop ? bfd::kSingleHopPort : bfd::kMultihopPort;
  options.minimum_ttl = is_single_hop ? 255 : 0;
  bfd_->start(transport_.open_datagrams(
      options, [this](std::span<const uint8_t> datagram) { bfd_->receive(datagram); }));
}

void Peer::on_bfd_state(bfd::State from, bfd::State to) {
  // RFC 5882 3.2: a peer that switches BFD off says nothing of the path.
  const bool is_path_down = from == bfd::State::up && to == bfd::State::down &&
                            bfd_->status().remote_state != bfd::State::admin_down;
  if (!is_path_down || !started_ || !session_->has_tcp()) return;
  ++counters_.bfd_downs;
  if (colliding_) bury(std::move(colliding_));
  session_->stop(Event::automatic_stop, Notification(CeaseSubcode::bfd_down), idle_hold());
}

// ---- What sessions tell, and what users ask -----------------------------------------------------

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

void Peer::on_notification(MessageDirection direction, const Notification& notification,
                           Octets offending) {
  NotificationRecord record{notification, scheduler_.now(), {offending.begin(), offending.end()}};
  if (direction == MessageDirection::sent) {
    ++counters_.notifications_out;
    last_notification_out_ = std::move(record);
    return;
  }
  ++counters_.notifications_in;
  constexpr size_t kShown = 64;
  const auto& data = notification.data;
  record.offending.assign(data.begin(),
                          data.begin() + static_cast<ptrdiff_t>(std::min(data.size(), kShown)));
  last_notification_in_ = std::move(record);
  // RFC 5492 3: a peer that knows no optional parameters gets an OPEN without them.
  if (notification == Notification(OpenError::unsupported_optional_parameter)) {
    sends_plain_open_ = true;
  }
}

// DampPeerOscillations: each fall in a row waits twice as long as the one before.
Duration Peer::idle_hold() {
  const uint32_t doublings = std::min(falls_++, 30u);
  return std::min(config_.idle_hold * (int64_t{1} << doublings),
                  std::max(config_.longest_idle_hold, config_.idle_hold));
}

Duration Peer::jitter(Duration delay) { return host_.jitter(delay); }

bool Peer::speaks(AddressFamily family) const {
  return (family == kIpv4Unicast ? context().ipv4 : context().ipv6).is_agreed;
}

ExportSession Peer::export_session() const {
  const Negotiated& agreed = session_->negotiated();
  return {speaker_,
          config_,
          id_,
          remote_asn_,
          is_ebgp(),
          agreed.long_lived,
          agreed.context.ipv4.ipv6_next_hops};
}

PathSource Peer::source() const {
  return {id_,
          config_.group,
          config_.name,
          false,
          is_ebgp(),
          config_.route_reflector_client,
          remote_router_id_};
}

ImportSession Peer::import_session() const { return {speaker_, config_, remote_asn_, is_ebgp()}; }

bool Peer::is_dormant() const {
  return reported_ <= SessionState::active && received_count() == 0 && buried_.empty() &&
         !session_->has_tcp();
}

namespace {

std::vector<std::string> agreed_on(const Negotiated& agreed) {
  std::vector<std::string> texts;
  const auto add = [&](bool is_set, std::string text) {
    if (is_set) texts.push_back(std::move(text));
  };
  for (const AddressFamily family : kFamilies) {
    const FamilyContext& context =
        family == kIpv4Unicast ? agreed.context.ipv4 : agreed.context.ipv6;
    const std::string name = to_string(family);
    add(context.is_agreed, name);
    add(context.path_ids_in, "add-path receive " + name);
    add(context.path_ids_out, "add-path send " + name);
    add(context.ipv6_next_hops, name + " over IPv6 next hops");
  }
  add(agreed.context.four_octet_as, "4-octet AS");
  add(agreed.route_refresh, "route refresh");
  add(agreed.enhanced_route_refresh, "enhanced route refresh");
  add(agreed.context.longest_message > kMaxMessageLength, "extended messages");
  add(agreed.graceful_restart,
      agreed.notification ? "graceful restart, also after NOTIFICATION" : "graceful restart");
  add(agreed.long_lived, "long-lived graceful restart");
  return texts;
}

}  // namespace

PeerStatus Peer::status() const {
  PeerStatus status;
  status.id = id_;
  status.state = reported_;
  status.since = since_;
  status.admin_down = !started_;
  status.counters = counters_;
  status.connect_retries = session_->connect_retry_counter();
  const Ribs& ribs = host_.ribs();
  status.prefixes_received = received_count();
  status.prefixes_accepted = ribs.ipv4.accepted_count(id_) + ribs.ipv6.accepted_count(id_);
  status.prefixes_advertised = host_.told_count(*this);
  status.last_reason = last_reason_;
  status.last_notification_in = last_notification_in_;
  status.last_notification_out = last_notification_out_;
  status.restart.stale_routes = stale_count(kIpv4Unicast) + stale_count(kIpv6Unicast);
  status.restart.is_awaited = restart_timer_.is_running() || long_lived_timer_.is_running();
  status.restart.is_long_lived = long_lived_timer_.is_running();
  if (status.restart.is_awaited) {
    status.restart.until =
        (status.restart.is_long_lived ? long_lived_timer_ : restart_timer_).deadline();
  }
  if (bfd_) status.bfd = bfd_->status();
  if (reported_ >= SessionState::open_confirm && session_->remote_open()) {
    const Negotiated& agreed = session_->negotiated();
    status.remote_router_id = session_->remote_open()->router_id;
    status.remote_asn = session_->remote_open()->asn;
    status.hold_time = session_->hold_time();
    status.keepalive = session_->keepalive();
    status.four_octet_as = agreed.context.four_octet_as;
    status.route_refresh = agreed.route_refresh;
    status.offered = session_->offered();
    status.received = *session_->remote_open();
    status.agreed = agreed_on(agreed);
  }
  return status;
}

}  // namespace skyhop::bgp
