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
        exporter_(config_, *this),
        flush_(scheduler, [this] { flush(); }),
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

  void remove_peer(PeerId id) {
    at(id).stop(CeaseSubcode::peer_deconfigured, {});
    const Ipv4Address local = at(id).config().local_address;
    const Ipv4Address remote = at(id).config().remote_address;
    removed_.push_back(std::move(peers_[index(id)]));  // may be on the stack
    const bool is_used = std::ranges::any_of(
        peers_, [&](const auto& peer) { return peer && peer->config().local_address == local; });
    const auto listener = listeners_.find(local);
    if (listener == listeners_.end()) return;
    listener->second->dismiss(remote);
    if (!is_used) listeners_.erase(listener);
  }

  void start() {
    if (running_) return;
    running_ = true;
    for_each_peer([&](Peer& peer) { listen_for(peer); });
    for_each_peer([](Peer& peer) { peer.start(); });
  }

  void stop() {
    if (!running_) return;
    for_each_peer([](Peer& peer) { peer.stop(CeaseSubcode::administrative_shutdown, {}); });
    running_ = false;
    listeners_.clear();
  }

  void crash() {
    running_ = false;
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
    if (to == SessionState::established) reevaluate_export(peer.id());
    if (on_session_state_) on_session_state_(peer.id(), from, to, to < from ? peer.reason() : "");
  }

  void on_refresh_requested(Peer& peer) override {
    pending_[index(peer.id())].refresh = true;
    reevaluate_export(peer.id());
  }

  void on_peer_drained(Peer& peer) override {
    const Pending& pending = pending_[index(peer.id())];
    if (pending.all || pending.refresh) flush_.start(Duration{0});
  }

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
    const std::vector<Prefix> changed = loc_rib_.decide_dirty(
        [this](const LocRib::Path& path) { return describe(path); }, config_.decision);
    const Exporter::BestOf best_of = [this](const Prefix& prefix, PathSource& source) {
      return best_path(prefix, source);
    };
    for_each_peer([&](Peer& peer) {
      const Pending pending = std::exchange(pending_[index(peer.id())], {});
      if (!peer.is_established()) return;
      if (peer.is_congested()) {
        // It gets the difference once it has taken what is on its way: a peer that does not read
        // costs no more memory, whatever changes meanwhile.
        pending_[index(peer.id())] = {true, pending.refresh};
        return;
      }
      const auto extent =
          pending.refresh ? Exporter::Extent::everything : Exporter::Extent::changes;
      if (pending.all) {
        exporter_.advertise(peer, everything_for(peer), best_of, extent);
      } else {
        exporter_.advertise(peer, changed, best_of, extent);
      }
    });
    if (!changed.empty() && on_best_change_) on_best_change_(changed);
  }

  const LocRib::Path* best_path(const Prefix& prefix, PathSource& source) const {
    const LocRib::Entry* entry = loc_rib_.find(prefix);
    if (entry == nullptr || entry->used.empty()) return nullptr;
    const LocRib::Path& best = entry->used.front();
    if (!best.peer) {
      source.is_local = true;
    } else {
      source.group = at(*best.peer).config().group;
      source.is_ebgp = at(*best.peer).is_ebgp();
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
    bool all = false;      ///< not only what has changed in the Loc-RIB
    bool refresh = false;  ///< also what the peer has already
  };

  void set_path(const Prefix& prefix, std::optional<PeerId> peer, PathId path_id,
                AttributesPtr attributes) {
    loc_rib_.set_path(prefix, peer, path_id, std::move(attributes));
    flush_.start(Duration{0});
  }

  // What is in the Loc-RIB, and what the peer was told of what no longer is.
  std::vector<Prefix> everything_for(const Peer& peer) const {
    std::vector<Prefix> all = loc_rib_.prefixes();
    const std::vector<Prefix> told = sorted_keys(peer.adj_out());
    std::vector<Prefix> both;
    std::ranges::set_union(all, told, std::back_inserter(both));
    return both;
  }

  // Passive or not: a peer may always open the connection (RFC 4271 8.2.1).
  void listen_for(const Peer& peer) {
    std::unique_ptr<Listener>& listener = listeners_[peer.config().local_address];
    if (!listener) {
      listener = transport_.listen(
          peer.config().local_address,
          [this](std::unique_ptr<Connection> connection) { accept(std::move(connection)); });
    }
    listener->admit(connect_options(peer.config()));
  }

  // Only configured neighbours; anyone else's connection ends here.
  void accept(std::unique_ptr<Connection> connection) {
    for (const auto& peer : peers_) {
      if (peer && peer->config().local_address == connection->local() &&
          peer->config().remote_address == connection->remote()) {
        peer->take_incoming(std::move(connection));
        return;
      }
    }
  }

  Exporter exporter_;
  std::vector<Pending> pending_;  ///< by peer
  std::vector<std::unique_ptr<Peer>> removed_;
  std::map<Ipv4Address, std::unique_ptr<Listener>> listeners_;
  Timer flush_;
  uint64_t jitter_state_;
};

Speaker::Speaker(SpeakerConfig config, Scheduler& scheduler, Transport& transport)
    : impl_(std::make_unique<Impl>(std::move(config), scheduler, transport)) {}
Speaker::~Speaker() = default;

PeerId Speaker::add_peer(PeerConfig config) { return impl_->add_peer(std::move(config)); }
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

std::optional<PeerId> Speaker::find_peer(Ipv4Address remote_address) const {
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
  return Exporter(impl_->config_, *impl_).verdict(impl_->at(peer), prefix, *path, source);
}

std::optional<BestRoute> Speaker::best(const Prefix& prefix) const { return impl_->best(prefix); }

std::vector<Decided> Speaker::explain(const Prefix& prefix) const {
  const LocRib::Entry* entry = impl_->loc_rib_.find(prefix);
  if (entry == nullptr) return {};
  std::vector<Candidate> candidates;
  for (const LocRib::Path& path : entry->paths) {
    candidates.push_back(impl_->describe(path));
    candidates.back().is_current = !entry->used.empty() && entry->used.front().peer == path.peer;
  }
  return bgp::explain(candidates, impl_->config_.decision);
}

void Speaker::for_each_best(const std::function<void(const BestRoute&)>& visit) const {
  for (const Prefix& prefix : impl_->loc_rib_.prefixes()) {
    if (const auto route = impl_->best(prefix)) visit(*route);
  }
}

size_t Speaker::best_count() const { return impl_->loc_rib_.used_count(); }

}  // namespace skyhop::bgp
