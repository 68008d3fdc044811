#include "control/bgp/speaker.h"

#include <algorithm>
#include <map>

#include "control/bgp/exporter.h"
#include "control/bgp/peer.h"
#include "control/bgp/rib/attribute_pool.h"
#include "control/bgp/rib/loc_rib.h"

namespace skyhop::bgp {

class Speaker::Impl : public PeerHost {
 public:
  Impl(SpeakerConfig config, Scheduler& scheduler, Transport& transport)
      : config_(std::move(config)),
        scheduler_(scheduler),
        transport_(transport),
        exporter_(*this),
        flush_(scheduler, [this] { flush(); }),
        deferral_(scheduler, [this] { end_deferral(); }),
        advertisement_(scheduler, [this] { flush(); }),
        jitter_state_(config_.jitter_seed.value_or(0)) {}

  PeerId add_peer(PeerConfig config) {
    const PeerId id{static_cast<uint32_t>(peers_.size())};
    peers_.push_back(
        std::make_unique<Peer>(id, std::move(config), config_, scheduler_, transport_, *this));
    pending_.emplace_back();
    if (running_) {
      listen_for(*peers_.back());
      peers_.back()->start();
    }
    return id;
  }

  void add_range(PeerRange range) {
    range.peer.passive = true;
    ranges_.push_back({std::move(range), {}});
    if (running_) listen_for(ranges_.back());
  }

  void remove_peer(PeerId id) {
    at(id).stop(CeaseSubcode::peer_deconfigured, {});
    const IpAddress local = at(id).config().local_address;
    const IpAddress remote = at(id).config().remote_address;
    removed_.push_back(std::move(peers_[index(id)]));  // may be on the stack
    const bool is_used =
        std::ranges::any_of(
            peers_,
            [&](const auto& peer) { return peer && peer->config().local_address == local; }) ||
        std::ranges::any_of(
            ranges_, [&](const Range& range) { return range.config.peer.local_address == local; });
    const auto listener = listeners_.find(local);
    if (listener == listeners_.end()) return;
    listener->second->dismiss(remote);
    if (!is_used) listeners_.erase(listener);
  }

  void start() {
    if (running_) return;
    running_ = true;
    if (std::exchange(has_run_, true)) begin_deferral();
    for_each_peer([&](Peer& peer) { listen_for(peer); });
    for (const Range& range : ranges_) listen_for(range);
    for_each_peer([](Peer& peer) { peer.start(); });
  }

  void stop() {
    if (!running_) return;
    for_each_peer([](Peer& peer) { peer.stop(CeaseSubcode::administrative_shutdown, {}); });
    running_ = false;
    has_run_ = false;  // nobody waits for it: the next start is no restart
    deferral_.stop();
    listeners_.clear();
  }

  void crash() {
    running_ = false;
    deferral_.stop();
    for_each_peer([](Peer& peer) { peer.crash(); });
    listeners_.clear();
  }

  void originate(const Prefix& prefix, PathAttributes attributes) {
    AttributesPtr shared = intern(std::move(attributes));
    originated_[prefix] = shared;
    set_path(prefix, std::nullopt, 0, std::move(shared));
  }

  void withdraw_originated(const Prefix& prefix) {
    if (originated_.erase(prefix) != 0) set_path(prefix, std::nullopt, 0, nullptr);
  }

  void reevaluate_export(PeerId id) {
    pending_[index(id)].all = true;
    flush_.start(Duration{0});
  }

  void reevaluate_decision() {
    loc_rib_.touch_all();
    flush_.start(Duration{0});
  }

  AttributesPtr intern(PathAttributes attributes) override {
    return pool_.intern(std::move(attributes));
  }
  AttributesPtr intern(const AttributesPtr& attributes) override {
    return pool_.intern(attributes);
  }

  void on_path(const Peer& peer, const RouteKey& route, AttributesPtr attributes) override {
    set_path(route.prefix, peer.id(), route.path_id, std::move(attributes));
  }

  void on_peer_state(Peer& peer, SessionState from, SessionState to) override {
    pending_[index(peer.id())] = {};
    if (to == SessionState::established) {
      pending_[index(peer.id())].is_initial = true;
      reevaluate_export(peer.id());
    }
    if (on_session_state_) on_session_state_(peer.id(), from, to, to < from ? peer.reason() : "");
  }

  void on_refresh_requested(Peer& peer, AddressFamily family) override {
    Pending& pending = pending_[index(peer.id())];
    (family == kIpv4Unicast ? pending.refresh_ipv4 : pending.refresh_ipv6) = true;
    flush_.start(Duration{0});
  }

  void on_peer_drained(Peer& peer) override {
    if (pending_[index(peer.id())].is_any()) flush_.start(Duration{0});
  }

  void on_end_of_rib(Peer&) override {
    if (deferral_.is_running()) flush_.start(Duration{0});
  }

  Restarting restarting() const override {
    return deferral_.is_running() ? Restarting::yes : Restarting::no;
  }

  uint32_t next_discriminator() override { return ++discriminator_; }

  void on_peer_message(const Peer& peer, MessageDirection direction, Octets octets) override {
    if (!on_message_) return;
    on_message_({scheduler_.now(), config_.name, peer.id(), peer.config().name, direction, octets});
  }

  // RFC 4271 10: between 0.75 and 1 of it.
  Duration jitter(Duration delay) override {
    if (!config_.jitter_seed) return delay;
    jitter_state_ = jitter_state_ * 6364136223846793005ull + 1442695040888963407ull;
    const int64_t part = static_cast<int64_t>(jitter_state_ >> 54);  // 0..1023
    return delay - delay / 4096 * part;
  }

  // Once per turn of the event loop: decide what was touched, then tell each peer the difference.
  void flush() {
    removed_.clear();
    if (deferral_.is_running()) {
      if (is_awaiting_peers()) return;
      deferral_.stop();
    }
    const std::vector<Prefix> changed = loc_rib_.decide_dirty(
        [this](const LocRib::Path& path) { return describe(path); }, config_.decision);
    const Exporter::BestOf best_of = [this](const Prefix& prefix, PathSource& source) {
      return best_path(prefix, source);
    };
    for_each_peer([&](Peer& peer) { tell(peer, changed, best_of); });
    if (!changed.empty() && on_best_change_) on_best_change_(changed);
  }

  const LocRib::Path* best_path(const Prefix& prefix, PathSource& source) const {
    const LocRib::Entry* entry = loc_rib_.find(prefix);
    if (entry == nullptr || entry->used.empty()) return nullptr;
    const LocRib::Path& best = entry->used.front();
    if (best.peer) {
      source = at(*best.peer).source();
    } else {
      source.is_local = true;
    }
    return &best;
  }

  Candidate describe(const LocRib::Path& path) const {
    Candidate candidate;
    candidate.peer = path.peer;
    candidate.path_id = path.path_id;
    candidate.attributes = path.attributes;
    if (path.peer) {
      const Peer& peer = at(*path.peer);
      candidate.peer_address = peer.config().remote_address;
      candidate.peer_router_id = peer.remote_router_id();
      candidate.is_ebgp = peer.is_ebgp();
    } else {
      candidate.peer_router_id = config_.router_id;
    }
    return candidate;
  }

  std::optional<BestRoute> best(const Prefix& prefix) const {
    const LocRib::Entry* entry = loc_rib_.find(prefix);
    if (entry == nullptr || entry->used.empty()) return {};
    BestRoute route{prefix, {}};
    for (const LocRib::Path& path : entry->used) route.paths.push_back(describe(path));
    return route;
  }

  static size_t index(PeerId id) { return static_cast<size_t>(id); }
  [[nodiscard]] Peer& at(PeerId id) const { return *peers_[index(id)]; }

  template <typename Visit>
  void for_each_peer(Visit visit) const {
    for (const auto& peer : peers_) {
      if (peer) visit(*peer);
    }
  }

  SpeakerConfig config_;
  Scheduler& scheduler_;
  Transport& transport_;
  AttributePool pool_;
  LocRib loc_rib_;
  std::map<Prefix, AttributesPtr> originated_;
  std::vector<std::unique_ptr<Peer>> peers_;  ///< by id; null once removed
  OnBestChange on_best_change_;
  OnSessionState on_session_state_;
  OnMessage on_message_;
  bool running_ = false;

 private:
  struct Pending {
    bool all = false;           ///< not only what has changed in the Loc-RIB
    bool is_initial = false;    ///< the first of a session: End-of-RIB follows
    bool refresh_ipv4 = false;  ///< also what the peer has already
    bool refresh_ipv6 = false;
    [[nodiscard]] bool is_any() const { return all || refresh_ipv4 || refresh_ipv6; }
  };

  // RFC 4724 4.1: a restarted speaker decides once its peers have told what they have.
  void begin_deferral() {
    Duration longest{0};
    for_each_peer([&](Peer& peer) {
      const GracefulRestartConfig& restart = peer.config().graceful_restart;
      if (restart.mode == GracefulRestartConfig::Mode::full) {
        longest = std::max(longest, restart.selection_deferral);
      }
    });
    if (longest > Duration{0}) deferral_.start(longest);
  }
  void end_deferral() { flush_.start(Duration{0}); }
  [[nodiscard]] bool is_awaiting_peers() const {
    return std::ranges::any_of(peers_, [](const auto& peer) { return peer && peer->is_awaited(); });
  }

  void tell(Peer& peer, const std::vector<Prefix>& changed, const Exporter::BestOf& best_of) {
    using Extent = Exporter::Extent;
    const size_t at = index(peer.id());
    const Pending pending = std::exchange(pending_[at], {});
    if (!peer.is_established() || (changed.empty() && !pending.is_any())) return;
    // It gets the difference once it has taken what is on its way, or its interval is over: a peer
    // that does not read costs no more memory, whatever changes meanwhile.
    if (peer.is_congested() || is_too_early(peer)) {
      pending_[at] = pending;
      pending_[at].all = true;
      return;
    }
    for (const AddressFamily family : {kIpv4Unicast, kIpv6Unicast}) {
      if (!(family == kIpv4Unicast ? pending.refresh_ipv4 : pending.refresh_ipv6)) continue;
      peer.begin_refresh(family);
      exporter_.advertise(peer, everything_for(peer, family), best_of, Extent::everything);
      peer.end_refresh(family);
    }
    if (pending.all) {
      for (const AddressFamily family : {kIpv4Unicast, kIpv6Unicast}) {
        exporter_.advertise(peer, everything_for(peer, family), best_of, Extent::changes);
      }
    } else {
      exporter_.advertise(peer, changed, best_of, Extent::changes);
    }
    if (pending.is_initial) peer.end_initial_update();
  }

  // MinRouteAdvertisementInterval (RFC 4271 9.2.1.1): what changes within it goes out together.
  bool is_too_early(const Peer& peer) {
    const Duration interval = peer.config().advertisement_interval;
    if (interval <= Duration{0}) return false;
    Time& next = next_advertisement_[peer.id()];
    const Time now = scheduler_.now();
    if (now >= next) {
      next = now + jitter(interval);
      return false;
    }
    if (!advertisement_.is_running() || advertisement_.deadline() > next) {
      advertisement_.start(next - now);
    }
    return true;
  }

  void set_path(const Prefix& prefix, std::optional<PeerId> peer, PathId path_id,
                AttributesPtr attributes) {
    loc_rib_.set_path(prefix, peer, path_id, std::move(attributes));
    flush_.start(Duration{0});
  }

  // What is in the Loc-RIB, and what the peer was told of what no longer is.
  std::vector<Prefix> everything_for(const Peer& peer, AddressFamily family) const {
    std::vector<Prefix> all = loc_rib_.prefixes();
    const std::vector<Prefix> told = sorted_keys(peer.adj_out());
    std::vector<Prefix> both;
    std::ranges::set_union(all, told, std::back_inserter(both));
    std::erase_if(both, [family](const Prefix& prefix) { return prefix.family() != family; });
    return both;
  }

  struct Range {
    PeerRange config;
    std::vector<PeerId> peers;  ///< that came from it
  };

  Listener& listener_at(const IpAddress& local) {
    std::unique_ptr<Listener>& listener = listeners_[local];
    if (!listener) {
      listener = transport_.listen(
          local, [this](std::unique_ptr<Connection> connection) { accept(std::move(connection)); });
    }
    return *listener;
  }

  // Passive or not: a peer may always open the connection (RFC 4271 8.2.1).
  void listen_for(const Peer& peer) {
    listener_at(peer.config().local_address).admit(connect_options(peer.config()));
  }
  void listen_for(const Range& range) {
    listener_at(range.config.peer.local_address)
        .admit_range(range.config.range, connect_options(range.config.peer));
  }

  // Only configured neighbours and those of a range; anyone else's connection ends here.
  void accept(std::unique_ptr<Connection> connection) {
    for (const auto& peer : peers_) {
      if (peer && peer->config().local_address == connection->local() &&
          peer->config().remote_address == connection->remote()) {
        peer->take_incoming(std::move(connection));
        return;
      }
    }
    for (Range& range : ranges_) {
      if (range.config.peer.local_address != connection->local() ||
          !range.config.range.contains(connection->remote())) {
        continue;
      }
      if (!make_room(range)) return;
      PeerConfig config = range.config.peer;
      config.name += (config.name.empty() ? "" : " ") + connection->remote().to_string();
      config.remote_address = connection->remote();
      const PeerId id = add_peer(std::move(config));
      range.peers.push_back(id);
      at(id).take_incoming(std::move(connection));
      return;
    }
  }

  // Those that have gone make room for others.
  bool make_room(Range& range) {
    std::erase_if(range.peers, [this](PeerId id) { return !peers_[index(id)]; });
    if (range.peers.size() < range.config.maximum_peers) return true;
    const auto gone =
        std::ranges::find_if(range.peers, [this](PeerId id) { return at(id).is_dormant(); });
    if (gone == range.peers.end()) return false;
    remove_peer(*gone);
    range.peers.erase(gone);
    return true;
  }

  Exporter exporter_;
  std::vector<Pending> pending_;  ///< by peer
  std::vector<std::unique_ptr<Peer>> removed_;
  std::vector<Range> ranges_;
  std::map<IpAddress, std::unique_ptr<Listener>> listeners_;
  Timer flush_;
  Timer deferral_;       ///< runs while a restarted speaker waits for its peers
  Timer advertisement_;  ///< until the next peer may be told more
  std::map<PeerId, Time> next_advertisement_;
  bool has_run_ = false;
  uint32_t discriminator_ = 0;
  uint64_t jitter_state_;
};

Speaker::Speaker(SpeakerConfig config, Scheduler& scheduler, Transport& transport)
    : impl_(std::make_unique<Impl>(std::move(config), scheduler, transport)) {}
Speaker::~Speaker() = default;

PeerId Speaker::add_peer(PeerConfig config) { return impl_->add_peer(std::move(config)); }
void Speaker::add_range(PeerRange range) { impl_->add_range(std::move(range)); }
void Speaker::remove_peer(PeerId peer) { impl_->remove_peer(peer); }
void Speaker::start() { impl_->start(); }
void Speaker::stop() { impl_->stop(); }
void Speaker::crash() { impl_->crash(); }
bool Speaker::is_running() const { return impl_->running_; }

void Speaker::start_peer(PeerId peer) {
  if (impl_->running_) impl_->at(peer).start();
}
void Speaker::stop_peer(PeerId peer, CeaseSubcode subcode, const std::string& text) {
  impl_->at(peer).stop(subcode, text);
}
void Speaker::reset_peer(PeerId peer, const std::string& text) { impl_->at(peer).reset(text); }

void Speaker::originate(const Prefix& prefix, PathAttributes attributes) {
  impl_->originate(prefix, std::move(attributes));
}
void Speaker::withdraw_originated(const Prefix& prefix) { impl_->withdraw_originated(prefix); }
std::vector<Prefix> Speaker::originated() const { return sorted_keys(impl_->originated_); }

void Speaker::set_import_policy(PeerId peer, Policy policy) {
  impl_->at(peer).config().import_policy = std::move(policy);
  reevaluate_import(peer);
}
void Speaker::set_export_policy(PeerId peer, Policy policy) {
  impl_->at(peer).config().export_policy = std::move(policy);
  reevaluate_export(peer);
}
void Speaker::reevaluate_import(PeerId peer) { impl_->at(peer).reevaluate_import(); }
void Speaker::reevaluate_export(PeerId peer) { impl_->reevaluate_export(peer); }
void Speaker::reevaluate_decision() { impl_->reevaluate_decision(); }
void Speaker::set_prefix_limit(PeerId peer, PrefixLimit limit) {
  impl_->at(peer).config().prefix_limit = limit;
}
void Speaker::set_graceful_shutdown(PeerId peer, bool is_being_shut) {
  impl_->at(peer).config().is_being_shut = is_being_shut;
  reevaluate_export(peer);
}
Speaker::RefreshOutcome Speaker::request_refresh(PeerId peer) {
  return impl_->at(peer).request_refresh();
}

void Speaker::on_best_change(OnBestChange observer) {
  impl_->on_best_change_ = std::move(observer);
}
void Speaker::on_session_state(OnSessionState observer) {
  impl_->on_session_state_ = std::move(observer);
}
void Speaker::on_message(OnMessage observer) { impl_->on_message_ = std::move(observer); }

const SpeakerConfig& Speaker::config() const { return impl_->config_; }

std::vector<PeerId> Speaker::peers() const {
  std::vector<PeerId> ids;
  impl_->for_each_peer([&](const Peer& peer) { ids.push_back(peer.id()); });
  return ids;
}

const PeerConfig& Speaker::peer_config(PeerId peer) const { return impl_->at(peer).config(); }
PeerStatus Speaker::status(PeerId peer) const { return impl_->at(peer).status(); }

std::optional<PeerId> Speaker::find_peer(const IpAddress& remote_address) const {
  for (const auto& peer : impl_->peers_) {
    if (peer && peer->config().remote_address == remote_address) return peer->id();
  }
  return {};
}

std::vector<LearnedRoute> Speaker::learned(PeerId id) const {
  const Peer& peer = impl_->at(id);
  std::vector<LearnedRoute> routes;
  for (const RouteKey& key : peer.adj_in().keys()) {
    routes.push_back(Peer::learned(key, *peer.adj_in().find(key)));
  }
  return routes;
}

std::optional<LearnedRoute> Speaker::learned(PeerId id, const Prefix& prefix) const {
  const AdjRibIn& adj_in = impl_->at(id).adj_in();
  if (const AdjRibIn::Entry* entry = adj_in.find({prefix, 0})) {
    return Peer::learned({prefix, 0}, *entry);
  }
  for (const RouteKey& key : adj_in.keys()) {
    if (key.prefix == prefix) return Peer::learned(key, *adj_in.find(key));
  }
  return {};
}

std::vector<AdvertisedRoute> Speaker::advertised(PeerId id) const {
  const AdjRibOut& adj_out = impl_->at(id).adj_out();
  std::vector<AdvertisedRoute> routes;
  for (const Prefix& prefix : sorted_keys(adj_out)) {
    routes.push_back({prefix, adj_out.at(prefix)});
  }
  return routes;
}

PolicyVerdict Speaker::explain_export(PeerId peer, const Prefix& prefix) const {
  PathSource source;
  const LocRib::Path* path = impl_->best_path(prefix, source);
  if (path == nullptr) return PolicyVerdict::reject("RFC 4271 9.1.3", "no usable route");
  return may_tell(impl_->at(peer).export_session(), prefix, *path->attributes, source);
}

std::optional<BestRoute> Speaker::best(const Prefix& prefix) const { return impl_->best(prefix); }

std::vector<Decided> Speaker::explain(const Prefix& prefix) const {
  const LocRib::Entry* entry = impl_->loc_rib_.find(prefix);
  if (entry == nullptr) return {};
  std::vector<Candidate> candidates;
  for (const LocRib::Path& path : entry->paths) candidates.push_back(impl_->describe(path));
  return bgp::explain(candidates, impl_->config_.decision);
}

void Speaker::for_each_best(const std::function<void(const BestRoute&)>& visit) const {
  for (const Prefix& prefix : impl_->loc_rib_.prefixes()) {
    if (const auto route = impl_->best(prefix)) visit(*route);
  }
}

size_t Speaker::best_count() const { return impl_->loc_rib_.used_count(); }

}  // namespace skyhop::bgp
