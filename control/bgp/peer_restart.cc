// What stays of a peer's routes when its session is gone or its table comes again.
//
// RFC 4724: a peer that said so keeps forwarding while its speaker restarts, so its routes stand,
// marked stale, for as long as it said it takes; when it is back, what it has not told again by its
// End-of-RIB goes. RFC 8538 does the same over NOTIFICATIONs. RFC 9494 keeps them longer, as a last
// resort. RFC 7313 marks and sweeps within a session, between BoRR and EoRR.
#include <algorithm>

#include "control/bgp/peer.h"

namespace skyhop::bgp {

void Peer::on_routes_lost(Session& session, SessionLoss loss) {
  refresh_timer_.stop();
  stale_timer_.stop();
  for (const AddressFamily family : kFamilies) keep_or_lose(family, session, loss);
  host_.on_walk();
  std::ranges::fill(end_of_rib_received_, false);
  if (has_stale()) {
    restart_timer_.start(std::chrono::seconds(remote_restart_->restart_time));
  }
}

void Peer::keep_or_lose(AddressFamily family, const Session& session, SessionLoss loss) {
  const Negotiated& agreed = session.negotiated();
  const bool is_awaited =
      agreed.graceful_restart && remote_restart_ && remote_restart_->find(family) != nullptr &&
      (loss == SessionLoss::connection || (loss == SessionLoss::notified && agreed.notification));
  is_long_lived_[index_of(family)] = false;
  // RFC 4724 4.2: what was stale before a second restart goes.
  host_.ribs().with(family, [&](auto& rib) { is_awaited ? rib.mark_stale(id_) : rib.lose(id_); });
}

void Peer::resume(const Session& session) {
  restart_timer_.stop();
  long_lived_timer_.stop();
  const Negotiated& agreed = session.negotiated();
  remote_restart_ = session.remote_open()->graceful_restart;
  remote_long_lived_ = session.remote_open()->long_lived;
  for (const AddressFamily family : kFamilies) {
    const auto* preserved = remote_restart_ ? remote_restart_->find(family) : nullptr;
    const bool is_kept = agreed.graceful_restart && preserved != nullptr &&
                         preserved->forwarding_preserved && speaks(family);
    if (!is_kept) drop_stale(family);
  }
  std::ranges::fill(is_long_lived_, false);
  if (has_stale()) stale_timer_.start(config_.graceful_restart.stale_time);
}

void Peer::on_restart_timer() {
  for (const AddressFamily family : kFamilies) {
    const auto offered_to_us =
        std::ranges::find(remote_long_lived_, family, &LongLivedFamily::family);
    const bool is_long_lived = config_.graceful_restart.long_lived_stale_time > Duration{0} &&
                               offered_to_us != remote_long_lived_.end() &&
                               offered_to_us->stale_time > 0;
    if (!is_long_lived) {
      drop_stale(family);
      continue;
    }
    make_long_lived(family);
    if (stale_count(family) == 0) continue;
    // One timer for both families: the longer of their times.
    const Duration stale_time = std::min<Duration>(std::chrono::seconds(offered_to_us->stale_time),
                                                   config_.graceful_restart.long_lived_stale_time);
    const Time until = scheduler_.now() + stale_time;
    if (!long_lived_timer_.is_running() || long_lived_timer_.deadline() < until) {
      long_lived_timer_.start(stale_time);
    }
  }
}

void Peer::make_long_lived(AddressFamily family) {
  is_long_lived_[index_of(family)] = true;
  host_.ribs().with(family, [this](auto& rib) { rib.reevaluate(id_); });
  host_.on_walk();
}

// RFC 9494 4.2: marked for everybody to see, but for those that asked not to be kept.
AttributesPtr Peer::long_lived(const AttributesPtr& received) {
  if (received->carries(kNoLlgr)) return nullptr;
  if (received->carries(kLlgrStale)) return received;
  PathAttributes marked = *received;
  marked.add(kLlgrStale);
  return host_.ribs().shared.attributes.intern(std::move(marked));
}

size_t Peer::stale_count(AddressFamily family) const {
  return host_.ribs().with(family, [this](const auto& rib) { return rib.stale_count(id_); });
}

bool Peer::has_stale() const {
  return std::ranges::any_of(kFamilies,
                             [this](AddressFamily family) { return stale_count(family) > 0; });
}

void Peer::drop_stale(AddressFamily family) {
  if (stale_count(family) == 0) return;
  host_.ribs().with(family, [this](auto& rib) { rib.drop_stale(id_); });
  host_.on_walk();
}

void Peer::drop_all_stale() {
  for (Timer* timer : {&restart_timer_, &stale_timer_, &long_lived_timer_, &refresh_timer_}) {
    timer->stop();
  }
  for (const AddressFamily family : kFamilies) drop_stale(family);
}

// ---- End-of-RIB ---------------------------------------------------------------------------------

void Peer::on_end_of_rib(AddressFamily family) {
  end_of_rib_received_[index_of(family)] = true;
  drop_stale(family);
  if (!has_stale()) stale_timer_.stop();
  host_.on_end_of_rib(*this);
}

void Peer::end_initial_update() {
  if (!session_->negotiated().graceful_restart) return;
  for (const AddressFamily family : kFamilies) {
    if (speaks(family)) send(encode_end_of_rib(family));
  }
}

bool Peer::is_awaited() const {
  if (!started_ || config_.graceful_restart.mode == GracefulRestartConfig::Mode::off) return false;
  if (!is_established()) return true;
  // RFC 4724 4.1: not for who has restarted itself, nor for who never says it.
  if (!remote_restart_ || remote_restart_->has_restarted) return false;
  return std::ranges::any_of(kFamilies, [this](AddressFamily family) {
    return speaks(family) && !end_of_rib_received_[index_of(family)];
  });
}

// ---- Route refresh ------------------------------------------------------------------------------

void Peer::on_route_refresh(Session& session, const RouteRefresh& refresh) {
  ++counters_.refreshes_in;
  if (!speaks(refresh.family)) return;
  switch (static_cast<RouteRefresh::Subtype>(refresh.subtype)) {
    case RouteRefresh::Subtype::request:
      return host_.on_refresh_requested(*this, refresh.family);
    case RouteRefresh::Subtype::begin:
      if (!session.negotiated().enhanced_route_refresh) return;
      host_.ribs().with(refresh.family, [this](auto& rib) { rib.mark_stale(id_); });
      host_.on_walk();
      refresh_timer_.start(config_.graceful_restart.stale_time);
      return;
    case RouteRefresh::Subtype::end:
      if (!session.negotiated().enhanced_route_refresh || !refresh_timer_.is_running()) return;
      drop_stale(refresh.family);
      if (!has_stale()) refresh_timer_.stop();
      return;
  }
}

Speaker::RefreshOutcome Peer::request_refresh() {
  if (!is_established()) return Speaker::RefreshOutcome::not_established;
  if (!session_->negotiated().route_refresh) return Speaker::RefreshOutcome::peer_lacks_capability;
  for (const AddressFamily family : kFamilies) {
    if (!speaks(family)) continue;
    ++counters_.refreshes_out;
    session_->send_route_refresh({family, static_cast<uint8_t>(RouteRefresh::Subtype::request)});
  }
  return Speaker::RefreshOutcome::sent;
}

void Peer::send(Octets update) { session_->send_update(update); }

void Peer::begin_refresh(AddressFamily family) {
  if (!session_->negotiated().enhanced_route_refresh) return;
  session_->send_route_refresh({family, static_cast<uint8_t>(RouteRefresh::Subtype::begin)});
}

void Peer::end_refresh(AddressFamily family) {
  if (!session_->negotiated().enhanced_route_refresh) return;
  session_->send_route_refresh({family, static_cast<uint8_t>(RouteRefresh::Subtype::end)});
}

}  // namespace skyhop::bgp
