#include "control/bgp/speaker.h"

#include <algorithm>
#include <map>

#include "control/bgp/advertiser.h"
#include "control/bgp/peer.h"
#include "control/bgp/rib/ribs.h"

namespace skyhop::bgp {

namespace {

// Routes decided, and nodes walked over, before the event loop has its turn: some milliseconds.
constexpr size_t kSlice = 8192;

}  // namespace

class Speaker::Impl : public PeerHost, public ImportJudge {
 public:
  Impl(SpeakerConfig config, Scheduler& scheduler, Transport& transport)
      : config_(std::move(config)),
        scheduler_(scheduler),
        transport_(transport),
        flush_(scheduler, [this] { flush(); }),
        deferral_(scheduler, [this] { wake(); }),
        advertiser_(
            ribs_, scheduler, [this] { wake(); }, [this](Duration delay) { return jitter(delay); }),
        jitter_state_(config_.jitter_seed.value_or(0)) {
    ribs_.shared.router_id = config_.router_id;
  }

  PeerId add_peer(PeerConfig config) {
    const PeerId id{static_cast<uint32_t>(peers_.size())};
    ribs_.shared.peers.push_back({.name = config.name, .group = config.group});
    peers_.push_back(
        std::make_unique<Peer>(id, std::move(config), config_, scheduler_, transport_, *this));
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
    const AttributesPtr shared = ribs_.shared.attributes.intern(std::move(attributes));
    prefix.visit([&]<typename P>(const P& own) {
      ribs_.of<P>().announce(0, own, shared, 0, scheduler_.now());
    });
    wake();
  }

  void withdraw_originated(const Prefix& prefix) {
    prefix.visit([&]<typename P>(const P& own) { ribs_.of<P>().withdraw(0, own); });
    wake();
  }

  void reevaluate_export(PeerId id) {
    advertiser_.reconsider(at(id));
    wake();
  }

  void reevaluate_decision() {
    ribs_.ipv4.touch_all();
    ribs_.ipv6.touch_all();
    wake();
  }

  Ribs& ribs() override { return ribs_; }

  void on_routes_changed() override { wake(); }

  // Small tables are walked at once; the rest of large ones waits for its turns.
  void on_walk() override {
    walk();
    wake();
  }

  Judgement judge(PeerId peer, const Prefix& prefix, AttributesPtr received,
                  bool is_stale) override {
    return at(peer).judge(prefix, std::move(received), is_stale);
  }

  size_t told_count(const Peer& peer) const override { return advertiser_.told_count(peer); }
  [[nodiscard]] std::vector<AdvertisedRoute> told(const Peer& peer) const {
    return advertiser_.told(peer);
  }
  [[nodiscard]] TableSizes sizes() const {
    return {.prefixes = ribs_.ipv4.size() + ribs_.ipv6.size(),
            .best = ribs_.ipv4.used_count() + ribs_.ipv6.used_count(),
            .attribute_sets = ribs_.shared.attributes.size(),
            .verdicts = ribs_.shared.verdicts.size(),
            .sources = ribs_.shared.sources.size(),
            .export_groups = advertiser_.group_count()};
  }

  void on_peer_state(Peer& peer, SessionState from, SessionState to) override {
    if (from == SessionState::established) advertiser_.remove(peer);
    if (to == SessionState::established) {
      RibShared::Peer& facts = ribs_.shared.peer(peer.id());
      facts.address = peer.config().remote_address;
      facts.router_id = peer.remote_router_id();
      facts.is_ebgp = peer.is_ebgp();
      facts.is_client = peer.config().route_reflector_client;
      advertiser_.add(peer);
      wake();
    }
    if (on_session_state_) on_session_state_(peer.id(), from, to, to < from ? peer.reason() : "");
  }

  void on_refresh_requested(Peer& peer, AddressFamily family) override {
    advertiser_.repeat(peer, family);
    wake();
  }

  void on_peer_drained(Peer&) override { wake(); }

  void on_end_of_rib(Peer&) override {
    if (deferral_.is_running()) wake();
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

  void wake() { flush_.start(Duration{0}); }

  // Once per turn of the event loop: decide what was touched, then tell each peer the difference.
  // What does not fit into a turn waits for the next one, so that timers and sockets have theirs.
  void flush() {
    removed_.clear();
    bool has_more = walk();
    if (deferral_.is_running()) {
      if (is_awaiting_peers()) return has_more ? wake() : void();
      deferral_.stop();
    }
    Rib<Ipv4Prefix>::Decisions ipv4;
    Rib<Ipv6Prefix>::Decisions ipv6;
    has_more |= decide(ribs_.ipv4, ipv4);
    has_more |= decide(ribs_.ipv6, ipv6);
    if (on_best_change_) {
      remember(ribs_.ipv4, ipv4.changed);
      remember(ribs_.ipv6, ipv6.changed);
    }
    has_more |= advertiser_.advance();
    for (const NodeId id : ipv4.touched) ribs_.ipv4.recycle(id);
    for (const NodeId id : ipv6.touched) ribs_.ipv6.recycle(id);
    if (has_more) wake();
    tell_observer();
  }

  template <typename P>
  bool decide(Rib<P>& rib, typename Rib<P>::Decisions& decisions) {
    if (!rib.is_dirty()) return false;
    rib.decide(kSlice, config_.decision, decisions);
    advertiser_.changed<P>(decisions);
    return rib.is_dirty();
  }

  // For the observer, who is told when the peers have been.
  template <typename P>
  void remember(const Rib<P>& rib, const std::vector<NodeId>& nodes) {
    for (const NodeId id : nodes) {
      const size_t before = used_.size();
      rib.for_each_used(id, [&](const RibChoice& path) {
        used_.push_back({ribs_.shared.peer_of(path.source), AttributesPtr(path.attributes)});
      });
      changes_.push_back({rib.prefix(id), {}});
      used_counts_.push_back(used_.size() - before);
    }
  }

  void tell_observer() {
    if (changes_.empty()) return;
    size_t at = 0;
    for (size_t i = 0; i < changes_.size(); ++i) {
      changes_[i].used = std::span(used_).subspan(at, used_counts_[i]);
      at += used_counts_[i];
    }
    if (on_best_change_) on_best_change_(changes_);
    changes_.clear();
    used_.clear();
    used_counts_.clear();
  }

  // True: there is more to walk.
  bool walk() {
    const bool ipv4 = ribs_.ipv4.walk(kSlice, *this);
    return ribs_.ipv6.walk(kSlice, *this) || ipv4;
  }

  // `visit` sees table and node of the prefix, if it is there.
  template <typename Visit>
  void with_node(const Prefix& prefix, Visit visit) const {
    prefix.visit([&]<typename P>(const P& own) {
      const Rib<P>& rib = ribs_.of<P>();
      if (const NodeId id = rib.find(own); id != 0) visit(rib, id);
    });
  }

  template <typename P>
  static BestRoute best_route(const Rib<P>& rib, NodeId id) {
    BestRoute route{rib.prefix(id), {}};
    rib.for_each_path(id, [&](const auto& path) {
      if (!path.is_used) return;
      const auto at = path.is_best ? route.paths.begin() : route.paths.end();
      route.paths.insert(at, rib.candidate(path.source, path.accepted));
    });
    return route;
  }

  LearnedRoute learned_route(const Prefix& prefix, const auto& path) const {
    LearnedRoute route{prefix,
                       ribs_.shared.sources[path.source].path_id,
                       AttributesPtr(path.received),
                       AttributesPtr(path.accepted),
                       {},
                       {},
                       path.learned,
                       path.is_stale};
    if (path.verdict != 0) {
      route.rule = ribs_.shared.verdicts[path.verdict].rule;
      route.reason = ribs_.shared.verdicts[path.verdict].reason;
    }
    return route;
  }

  [[nodiscard]] bool is_from(PeerId peer, uint32_t source) const {
    return source != 0 && ribs_.shared.sources[source].peer == peer;
  }

  template <typename P>
  void add_learned(const Rib<P>& rib, PeerId peer, std::vector<LearnedRoute>& routes) const {
    std::vector<NodeId> nodes;
    for (NodeId id = 1; id < rib.limit(); ++id) {
      if (!rib.is_live(id)) continue;
      bool has_one = false;
      rib.for_each_path(id, [&](const auto& path) { has_one |= is_from(peer, path.source); });
      if (has_one) nodes.push_back(id);
    }
    rib.sort_by_prefix(nodes);
    for (const NodeId id : nodes) {
      rib.for_each_path(id, [&](const auto& path) {
        if (is_from(peer, path.source)) routes.push_back(learned_route(rib.prefix(id), path));
      });
    }
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
  Ribs ribs_;
  std::vector<std::unique_ptr<Peer>> peers_;  ///< by id; null once removed
  OnBestChange on_best_change_;
  OnSessionState on_session_state_;
  OnMessage on_message_;
  bool running_ = false;

 private:
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
  [[nodiscard]] bool is_awaiting_peers() const {
    return std::ranges::any_of(peers_, [](const auto& peer) { return peer && peer->is_awaited(); });
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

  std::vector<std::unique_ptr<Peer>> removed_;
  std::vector<Range> ranges_;
  std::map<IpAddress, std::unique_ptr<Listener>> listeners_;
  Timer flush_;
  Timer deferral_;  ///< runs while a restarted speaker waits for its peers
  Advertiser advertiser_;
  std::vector<BestChange> changes_;  ///< of this turn
  std::vector<UsedPath> used_;
  std::vector<size_t> used_counts_;
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

std::vector<Prefix> Speaker::originated() const {
  std::vector<Prefix> prefixes;
  const auto add = [&](const auto& rib) {
    const auto nodes = rib.sorted([&](NodeId id) {
      bool is_ours = false;
      rib.for_each_path(id, [&](const auto& path) { is_ours |= path.source == 0; });
      return is_ours;
    });
    for (const NodeId id : nodes) prefixes.emplace_back(rib.prefix(id));
  };
  add(impl_->ribs_.ipv4);
  add(impl_->ribs_.ipv6);
  return prefixes;
}

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

std::vector<LearnedRoute> Speaker::learned(PeerId peer) const {
  std::vector<LearnedRoute> routes;
  impl_->add_learned(impl_->ribs_.ipv4, peer, routes);
  impl_->add_learned(impl_->ribs_.ipv6, peer, routes);
  return routes;
}

std::optional<LearnedRoute> Speaker::learned(PeerId peer, const Prefix& prefix) const {
  std::optional<LearnedRoute> first;
  impl_->with_node(prefix, [&](const auto& rib, NodeId id) {
    rib.for_each_path(id, [&](const auto& path) {
      if (!first && impl_->is_from(peer, path.source)) first = impl_->learned_route(prefix, path);
    });
  });
  return first;
}

std::vector<AdvertisedRoute> Speaker::advertised(PeerId peer) const {
  return impl_->told(impl_->at(peer));
}

PolicyVerdict Speaker::explain_export(PeerId peer, const Prefix& prefix) const {
  PolicyVerdict verdict = PolicyVerdict::reject("RFC 4271 9.1.3", "no usable route");
  impl_->with_node(prefix, [&](const auto& rib, NodeId id) {
    const RibChoice best = rib.best(id);
    if (best.attributes == nullptr) return;
    verdict = may_tell(impl_->at(peer).export_session(), prefix, best.attributes->value(),
                       path_source(impl_->ribs_.shared, best.source));
  });
  return verdict;
}

std::optional<BestRoute> Speaker::best(const Prefix& prefix) const {
  std::optional<BestRoute> best;
  impl_->with_node(prefix, [&](const auto& rib, NodeId id) { best = Impl::best_route(rib, id); });
  return best && best->paths.empty() ? std::nullopt : best;
}

std::vector<Decided> Speaker::explain(const Prefix& prefix) const {
  std::vector<Candidate> candidates;
  impl_->with_node(prefix, [&](const auto& rib, NodeId id) {
    rib.for_each_path(id, [&](const auto& path) {
      if (path.accepted != nullptr) {
        candidates.push_back(rib.candidate(path.source, path.accepted));
        candidates.back().is_current = path.is_best;
      }
    });
  });
  return bgp::explain(candidates, impl_->config_.decision);
}

void Speaker::for_each_best(const std::function<void(const BestRoute&)>& visit) const {
  const auto visit_all = [&](const auto& rib) {
    const auto nodes = rib.sorted([&](NodeId id) { return rib.best(id).attributes != nullptr; });
    for (const NodeId id : nodes) visit(Impl::best_route(rib, id));
  };
  visit_all(impl_->ribs_.ipv4);
  visit_all(impl_->ribs_.ipv6);
}

TableSizes Speaker::sizes() const { return impl_->sizes(); }

size_t Speaker::best_count() const {
  return impl_->ribs_.ipv4.used_count() + impl_->ribs_.ipv6.used_count();
}

}  // namespace skyhop::bgp
