// A gateway as far as its routes go: TCP, sessions, decision, the router's RIB, its forwarding
// table.
//
//   bgp_router --local ADDRESS --remote ADDRESS [--peers N] [--routes N] [--asn N] [--peer-asn N]
//              [--sink ADDRESS --sink-local ADDRESS]
//
// Neighbour i has the address after --remote by i and AS --peer-asn + i, the sink the AS after all
// of them. Says on standard output, one line of JSON each with the monotonic clock's seconds, when
// all neighbours are Established, when all routes are in the forwarding table, and when none is
// left.
#include <fmt/core.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>

#include "control/bgp/event_loop.h"
#include "control/bgp/speaker.h"
#include "control/bgp/tcp_transport.h"
#include "control/routing/bgp_routes.h"
#include "lpm/popline_table.h"

using namespace skyhop;

namespace {

struct Arguments {
  lpm::Ipv4Address local;
  lpm::Ipv4Address remote;
  uint32_t peers = 1;
  uint32_t routes = 500000;
  bgp::Asn asn = 65000;
  bgp::Asn peer_asn = 65001;
  std::optional<lpm::Ipv4Address> sink;
  lpm::Ipv4Address sink_local;
};

double clock_seconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

uint64_t resident() {
  std::ifstream statm("/proc/self/statm");
  uint64_t size = 0;
  uint64_t pages = 0;
  statm >> size >> pages;
  return pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

// The data plane's side: next-hop groups and a forwarding table.
class Fib final : public routing::FibSink {
 public:
  void edge_added(routing::RouterId, lpm::EdgeId, const routing::Edge&) override {}
  void route_set(routing::RouterId, lpm::Ipv4Prefix prefix, const lpm::NextHopSet& set) override {
    check(table.set(prefix, groups.find_or_add(set)));
  }
  void route_erased(routing::RouterId, lpm::Ipv4Prefix prefix) override { table.erase(prefix); }
  void edge_alive(routing::RouterId, lpm::EdgeId, bool) override {}
  void link_state(routing::LinkId, bool) override {}
  void router_state(routing::RouterId, bool) override {}
  void channel_conditions(routing::Channel, const lab::LinkConditions&) override {}

  lpm::GroupTable groups;
  lpm::PoplineTable table{lpm::PoplineOptions{}, nullptr};

 private:
  static void check(const Result<void>& result) {
    if (result) return;
    fmt::print(stderr, "{}\n", result.error().to_string());
    std::exit(1);
  }
};

class Router {
 public:
  explicit Router(const Arguments& arguments)
      : arguments_(arguments),
        transport_(loop_, {.exposure = bgp::TcpOptions::Exposure::any_address}),
        table_(routing::RouterId(0), &fib_),
        routes_(table_, "bgp",
                [this](std::span<const bgp::UsedPath> used) { return offers(used); }),
        speaker_(
            {.name = "gateway", .asn = arguments.asn, .router_id = arguments.local, .decision = {}},
            loop_, transport_) {
    for (uint32_t i = 0; i < arguments.peers; ++i) {
      add(arguments.local, arguments.remote + i, arguments.peer_asn + i);
    }
    if (arguments.sink) {
      add(arguments.sink_local, *arguments.sink, arguments.peer_asn + arguments.peers);
    }
    speaker_.on_best_change([this](std::span<const bgp::BestChange> changes) {
      routes_.change(changes);
      look();
    });
    speaker_.on_session_state(
        [this](bgp::PeerId, bgp::SessionState, bgp::SessionState to, const std::string& reason) {
          if (to == bgp::SessionState::established && ++established_ == speaker_.peers().size()) {
            say("established");
          }
          if (!reason.empty()) fmt::print(stderr, "{}\n", reason);
        });
  }

  void run() {
    speaker_.start();
    say("ready");
    loop_.run();
  }

 private:
  void add(lpm::Ipv4Address local, lpm::Ipv4Address remote, bgp::Asn asn) {
    bgp::PeerConfig peer;
    peer.name = remote.to_string();
    peer.local_address = local;
    peer.remote_address = remote;
    peer.remote_asn = asn;
    peer.passive = true;
    peer.enhanced_route_refresh = true;
    speaker_.add_peer(peer);
  }

  std::vector<routing::Offer> offers(std::span<const bgp::UsedPath> used) {
    routing::Offer offer{.source = routing::Source::bgp, .preference = 100};
    for (const bgp::UsedPath& path : used) {
      if (!path.peer) continue;
      const cloud::LinkId link(static_cast<size_t>(*path.peer));
      offer.primary.push_back({.edge = table_.edge(routing::Edge::over({link, table_.router()})),
                               .via = path.attributes->next_hop,
                               .name = {}});
    }
    return {offer};
  }

  void look() {
    const size_t routes = fib_.table.size();
    if (!is_loaded_ && routes == arguments_.routes && speaker_.best_count() == routes) {
      is_loaded_ = true;
      say("loaded");
    } else if (is_loaded_ && routes == 0) {
      is_loaded_ = false;
      say("emptied");
    }
  }

  void say(const char* event) const {
    fmt::print("{{\"event\": \"{}\", \"at\": {:.6f}, \"rss\": {}, \"fib\": {}}}\n", event,
               clock_seconds(), resident(), fib_.table.bytes());
    std::fflush(stdout);
  }

  const Arguments& arguments_;
  bgp::EventLoop loop_;
  bgp::TcpTransport transport_;
  Fib fib_;
  routing::RouterTable table_;
  routing::BgpRoutes routes_;
  bgp::Speaker speaker_;
  size_t established_ = 0;
  bool is_loaded_ = false;
};

Arguments parse(int argc, char** argv) {
  Arguments a;
  const auto address = [](const char* text) {
    const auto parsed = lpm::Ipv4Address::parse(text);
    if (!parsed) {
      fmt::print(stderr, "'{}' is no IPv4 address\n", text);
      std::exit(2);
    }
    return *parsed;
  };
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view key = argv[i];
    const char* value = argv[i + 1];
    const auto number = [value] { return static_cast<uint32_t>(std::atoll(value)); };
    if (key == "--local") a.local = address(value);
    if (key == "--remote") a.remote = address(value);
    if (key == "--peers") a.peers = number();
    if (key == "--routes") a.routes = number();
    if (key == "--asn") a.asn = number();
    if (key == "--peer-asn") a.peer_asn = number();
    if (key == "--sink") a.sink = address(value);
    if (key == "--sink-local") a.sink_local = address(value);
  }
  return a;
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments = parse(argc, argv);
  Router(arguments).run();
}
