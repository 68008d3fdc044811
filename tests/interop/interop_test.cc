// Our speaker and the BGP daemons that people run, over real links: what is promised, with each.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>

#include "control/bgp/event_loop.h"
#include "control/bgp/speaker.h"
#include "control/bgp/tcp_transport.h"
#include "tests/interop/daemon.h"

namespace skyhop::interop {
namespace {

using bgp::PeerId;
using bgp::PeerStatus;
using bgp::SessionState;
using lpm::Ipv4Address;
using lpm::Ipv4Prefix;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr bgp::Duration kLimit = seconds(100);
constexpr uint32_t kRoutes = 10000;

/// The nth /24 of 20.0.0.0/6 and beyond.
Ipv4Prefix nth_prefix(uint32_t n) { return {Ipv4Address(0x14000000 + n * 256), 24}; }

/// Everything that a route may carry through another AS.
bgp::PathAttributes attributes_of(uint32_t n) {
  bgp::PathAttributes attributes;
  attributes.origin = static_cast<bgp::Origin>(n % 3);
  attributes.as_path = bgp::AsPath::sequence({64600u + n % 50, 4200001000u + n % 7});
  attributes.communities = {(64600u << 16) | (n % 100), (64601u << 16) | (n % 3)};
  attributes.extended_communities = {0x0002FC5800000000ull | (n % 10)};  // a route target
  attributes.large_communities = {{64600, n % 5, 7}, {4200001000, 1, n % 11}};
  return attributes;
}

class Interop : public testing::TestWithParam<const DaemonKind*> {
 protected:
  void SetUp() override {
    if (!enter_own_network().empty()) GTEST_SKIP() << enter_own_network();
    if (!std::filesystem::exists(GetParam()->program)) {
      GTEST_SKIP() << "Debian's " << GetParam()->package << " is not installed";
    }
    folder_ = std::filesystem::temp_directory_path() /
              fmt::format("skyhop-interop-{}-{}", getpid(), GetParam()->name);
    std::filesystem::create_directories(folder_);
    network_ = std::make_unique<Network>();
    for (size_t i = 0; i < kNeighbours.size(); ++i) {
      network_->link("peer" + std::to_string(i), kNeighbours[i].ours + "/30",
                     kNeighbours[i].theirs + "/30");
    }
    transport_ = std::make_unique<bgp::TcpTransport>(
        loop_, bgp::TcpOptions{.exposure = bgp::TcpOptions::Exposure::any_address});
    daemon_ = GetParam()->make(*network_, folder_);
  }
  void TearDown() override {
    if (HasFailure() && daemon_) {
      const std::string log = daemon_->log();
      ADD_FAILURE() << "the daemon says:\n"
                    << log.substr(log.size() - std::min<size_t>(log.size(), 4000));
    }
    speakers_.clear();
    daemon_.reset();
    transport_.reset();
    network_.reset();
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  template <typename Tune>
  void start(const Configuration& configuration, Tune tune) {
    for (const Neighbour& neighbour : kNeighbours) {
      bgp::SpeakerConfig config;
      config.name = "as" + std::to_string(neighbour.asn);
      config.asn = neighbour.asn;
      config.router_id = *Ipv4Address::parse(neighbour.ours);
      bgp::PeerConfig peer;
      peer.name = GetParam()->name;
      peer.local_address = *Ipv4Address::parse(neighbour.ours);
      peer.remote_address = *Ipv4Address::parse(neighbour.theirs);
      peer.remote_asn = kDaemonAsn;
      peer.passive = !configuration.daemon_is_passive;
      peer.ttl = 1;
      peer.connect_retry = seconds(1);
      peer.idle_hold = milliseconds(200);
      peer.md5_key = configuration.md5_key;
      tune(peer);
      auto& speaker =
          speakers_.emplace_back(std::make_unique<bgp::Speaker>(config, loop_, *transport_));
      speaker->add_peer(peer);
      speaker->start();
    }
    daemon_->start(configuration);
  }
  void start(const Configuration& configuration) {
    start(configuration, [](bgp::PeerConfig&) {});
  }
  /// Sessions are up, and have been told all that there is.
  void start_and_establish(const Configuration& configuration = {}) {
    start(configuration);
    ASSERT_TRUE(wait_for_sessions()) << speakers_[0]->status(kPeer).last_reason;
  }

  PeerStatus status(size_t n) { return speakers_[n]->status(kPeer); }
  bool is_up(size_t n) { return status(n).state == SessionState::established; }
  bool wait_for(const std::function<bool()>& done, bgp::Duration limit = kLimit) {
    return loop_.run_until(done, limit);
  }
  bool wait_for_sessions() {
    return wait_for([&] { return is_up(0) && is_up(1); });
  }
  /// Speaker n announces the prefixes n * kRoutes and on.
  void originate(uint32_t n, uint32_t count) {
    for (uint32_t i = n * kRoutes; i < n * kRoutes + count; ++i) {
      speakers_[n]->originate(nth_prefix(i), attributes_of(i));
    }
  }
  bool wait_for_routes(uint64_t at_first, uint64_t at_second) {
    return wait_for([&] {
      return status(0).prefixes_accepted == at_first && status(1).prefixes_accepted == at_second;
    });
  }
  /// FRR also sends back what it has from us; the loop check refuses that, and it is left out here.
  std::vector<bgp::LearnedRoute> routes(size_t n) {
    std::vector<bgp::LearnedRoute> learned = speakers_[n]->learned(kPeer);
    std::erase_if(learned, [](const bgp::LearnedRoute& route) { return !route.accepted; });
    return learned;
  }
  /// Speaker `at` has the routes of the other one, as the daemon must have passed them on.
  void expect_routes_of_the_other(size_t at) {
    const size_t from = 1 - at;
    const auto learned = routes(at);
    ASSERT_EQ(learned.size(), kRoutes);
    for (uint32_t i = 0; i < kRoutes; ++i) {
      const uint32_t n = static_cast<uint32_t>(from) * kRoutes + i;
      bgp::PathAttributes expected = attributes_of(n);
      expected.as_path.prepend(kNeighbours[from].asn);
      expected.as_path.prepend(kDaemonAsn);
      expected.next_hop = *Ipv4Address::parse(kNeighbours[at].theirs);
      ASSERT_EQ(learned[i].prefix, nth_prefix(n));
      bgp::PathAttributes received = *learned[i].received;
      received.med.reset();  // optional: an AS may add its own
      ASSERT_EQ(received.as_path.to_string(), expected.as_path.to_string());
      ASSERT_EQ(received.next_hop, expected.next_hop);
      ASSERT_EQ(received.communities, expected.communities);
      ASSERT_EQ(received.extended_communities, expected.extended_communities);
      ASSERT_EQ(received.large_communities, expected.large_communities);
      ASSERT_EQ(received, expected) << learned[i].prefix.to_string();
    }
  }

  static constexpr PeerId kPeer{0};
  std::filesystem::path folder_;
  std::unique_ptr<Network> network_;
  bgp::EventLoop loop_;
  std::unique_ptr<bgp::TcpTransport> transport_;
  std::vector<std::unique_ptr<bgp::Speaker>> speakers_;
  std::unique_ptr<Daemon> daemon_;
};

TEST_P(Interop, EstablishesWhenWeOpen) {
  ASSERT_NO_FATAL_FAILURE(start_and_establish({.daemon_is_passive = true}));
  EXPECT_EQ(status(0).remote_router_id, Ipv4Address(10, 91, 1, 2));
  EXPECT_EQ(status(0).hold_time, seconds(90));
  EXPECT_TRUE(status(0).four_octet_as);
  EXPECT_TRUE(status(0).route_refresh);
}

TEST_P(Interop, EstablishesWhenTheyOpen) {
  ASSERT_NO_FATAL_FAILURE(start_and_establish({.daemon_is_passive = false}));
  EXPECT_EQ(status(1).counters.established, 1u);
}

TEST_P(Interop, TenThousandRoutesBothWaysWithEqualAttributes) {
  ASSERT_NO_FATAL_FAILURE(start_and_establish());
  originate(0, kRoutes);
  originate(1, kRoutes);
  ASSERT_TRUE(wait_for_routes(kRoutes, kRoutes))
      << status(0).prefixes_accepted << " and " << status(1).prefixes_accepted;
  expect_routes_of_the_other(0);
  expect_routes_of_the_other(1);
  EXPECT_EQ(status(0).counters.treated_as_withdraw, 0u);
  EXPECT_EQ(status(0).counters.attributes_discarded, 0u);
}

TEST_P(Interop, WithdrawalsPassThrough) {
  ASSERT_NO_FATAL_FAILURE(start_and_establish());
  originate(0, kRoutes);
  ASSERT_TRUE(wait_for_routes(0, kRoutes));
  for (uint32_t i = 0; i < kRoutes; i += 2) speakers_[0]->withdraw_originated(nth_prefix(i));
  ASSERT_TRUE(wait_for_routes(0, kRoutes / 2));
  for (const auto& route : routes(1)) {
    ASSERT_EQ(route.prefix.ipv4().address().value() >> 8 & 1, 1u) << route.prefix.to_string();
  }
  for (uint32_t i = 1; i < kRoutes; i += 2) speakers_[0]->withdraw_originated(nth_prefix(i));
  EXPECT_TRUE(wait_for_routes(0, 0));
}

/// OpenBGPD 7.7 counts the request and sends nothing that it has sent already.
class InteropThatAnswers : public Interop {};

TEST_P(InteropThatAnswers, RouteRefreshThatWeAskFor) {
  ASSERT_NO_FATAL_FAILURE(start_and_establish());
  originate(0, kRoutes);
  ASSERT_TRUE(wait_for_routes(0, kRoutes));
  // What is lost here comes back only because it is sent again.
  speakers_[1]->set_import_policy(kPeer, [](const bgp::RouteView&) {
    return bgp::PolicyVerdict::reject("test", "not before the refresh");
  });
  ASSERT_EQ(status(1).prefixes_accepted, 0u);
  const uint64_t updates = status(1).counters.updates_in;
  uint64_t seen = 0;
  ASSERT_EQ(speakers_[1]->request_refresh(kPeer), bgp::Speaker::RefreshOutcome::sent);
  speakers_[1]->on_message([&](const bgp::MessageTrace& message) {
    seen += message.direction == bgp::MessageDirection::received ? message.octets.size() : 0;
  });
  // 10,000 routes need 4 octets each, at the least.
  ASSERT_TRUE(wait_for([&] { return seen >= kRoutes * 4; }));
  EXPECT_GT(status(1).counters.updates_in, updates);
  EXPECT_GE(status(1).prefixes_received, kRoutes);
  EXPECT_EQ(status(1).counters.established, 1u);
}

/// Daemons that ask for routes again; GoBGP keeps what it has learned and never does.
class InteropThatAsks : public Interop {};

TEST_P(InteropThatAsks, RouteRefreshThatTheyAskFor) {
  ASSERT_NO_FATAL_FAILURE(start_and_establish());
  originate(0, kRoutes);
  originate(1, kRoutes);
  ASSERT_TRUE(wait_for_routes(kRoutes, kRoutes));
  const uint64_t updates = status(0).counters.updates_out;
  daemon_->request_refresh();
  ASSERT_TRUE(wait_for([&] {
    return status(0).counters.refreshes_in >= 1 && status(1).counters.refreshes_in >= 1;
  }));
  ASSERT_TRUE(wait_for([&] { return status(0).counters.updates_out >= updates * 2; }));
  EXPECT_EQ(status(0).counters.established, 1u);
  EXPECT_EQ(status(0).prefixes_accepted, kRoutes);
}

TEST_P(Interop, HoldTimerEndsTheSessionWithADaemonThatStandsStill) {
  start({.hold_time = 3}, [](bgp::PeerConfig& peer) { peer.hold_time = seconds(3); });
  ASSERT_TRUE(wait_for_sessions());
  daemon_->freeze();
  ASSERT_TRUE(wait_for([&] { return !is_up(0) && !is_up(1); }));
  ASSERT_TRUE(status(0).last_notification_out.has_value());
  EXPECT_EQ(status(0).last_notification_out->code, bgp::ErrorCode::hold_timer_expired);
  daemon_->thaw();
  EXPECT_TRUE(wait_for_sessions());
}

TEST_P(Interop, TheirHoldTimerEndsASessionWithoutKeepalives) {
  start({.hold_time = 3}, [](bgp::PeerConfig& peer) {
    peer.hold_time = seconds(3);
    peer.fixed_keepalive = std::chrono::hours(1);
  });
  ASSERT_TRUE(wait_for_sessions());
  ASSERT_TRUE(wait_for([&] { return status(0).last_notification_in.has_value(); }));
  EXPECT_EQ(status(0).last_notification_in->code, bgp::ErrorCode::hold_timer_expired);
}

TEST_P(Interop, FlapsLeaveTheSameRoutes) {
  ASSERT_NO_FATAL_FAILURE(start_and_establish());
  originate(0, kRoutes);
  originate(1, kRoutes);
  ASSERT_TRUE(wait_for_routes(kRoutes, kRoutes));
  for (uint64_t flap = 1; flap <= GetParam()->flaps; ++flap) {
    speakers_[0]->reset_peer(kPeer, "flap");
    ASSERT_TRUE(wait_for_routes(0, 0));
    ASSERT_TRUE(wait_for([&] { return status(0).counters.established == flap + 1; }));
    ASSERT_TRUE(wait_for_routes(kRoutes, kRoutes));
  }
  EXPECT_EQ(status(1).counters.established, 1u);
  expect_routes_of_the_other(0);
  expect_routes_of_the_other(1);
}

TEST_P(Interop, Rfc6793_APeerOfTwoOctetsSeesAsTransAndTheWholePath) {
  start({}, [](bgp::PeerConfig& peer) {
    peer.four_octet_as = peer.local_address != *Ipv4Address::parse(kNeighbours[0].ours);
  });
  ASSERT_TRUE(wait_for_sessions()) << status(0).last_reason;
  EXPECT_FALSE(status(0).four_octet_as);
  originate(0, 10);
  originate(1, 10);
  ASSERT_TRUE(wait_for_routes(10, 10));
  // Merged from AS_PATH and AS4_PATH where octets are two, as it is where they are four.
  EXPECT_EQ(routes(0)[0].received->as_path.to_string().substr(0, 16), "65100 4200000003");
  EXPECT_EQ(routes(1)[0].received->as_path.to_string().substr(0, 11), "65100 65001");
}

TEST_P(Interop, Rfc2385_TheRightKeyComesUp) {
  ASSERT_NO_FATAL_FAILURE(start_and_establish({.md5_key = "a-shared-secret"}));
  originate(0, 100);
  EXPECT_TRUE(wait_for_routes(0, 100));
}

TEST_P(Interop, Rfc2385_TheWrongKeyNeverComesUp) {
  start({.md5_key = "theirs"}, [](bgp::PeerConfig& peer) {
    peer.passive = false;
    if (peer.local_address == *Ipv4Address::parse(kNeighbours[0].ours)) peer.md5_key = "ours";
  });
  ASSERT_TRUE(wait_for([&] { return is_up(1); }));
  EXPECT_FALSE(wait_for([&] { return status(0).state >= SessionState::open_sent; }, seconds(3)));
}

TEST_P(Interop, A16_TooManyPrefixesEndInCease) {
  start({}, [](bgp::PeerConfig& peer) {
    if (peer.local_address != *Ipv4Address::parse(kNeighbours[1].ours)) return;
    peer.prefix_limit.maximum = 1000;
    peer.prefix_limit.counting = bgp::PrefixLimit::Counting::cumulative;
    peer.prefix_limit.restart_after.reset();
  });
  ASSERT_TRUE(wait_for_sessions());
  originate(0, 1000);
  ASSERT_TRUE(wait_for_routes(0, 1000));
  speakers_[0]->originate(nth_prefix(1000), attributes_of(1000));
  ASSERT_TRUE(wait_for([&] { return !is_up(1); }));
  EXPECT_EQ(status(1).last_notification_out,
            std::optional(bgp::Notification(bgp::ErrorCode::cease, 1, {0, 1, 1, 0, 0, 3, 0xE8})));
  EXPECT_TRUE(is_up(0));
}

std::string name_of(const testing::TestParamInfo<const DaemonKind*>& info) {
  return info.param->name;
}
INSTANTIATE_TEST_SUITE_P(With, Interop, testing::Values(&kBird, &kFrr, &kGobgp, &kOpenbgpd),
                         name_of);
INSTANTIATE_TEST_SUITE_P(With, InteropThatAsks, testing::Values(&kBird, &kFrr, &kOpenbgpd),
                         name_of);
INSTANTIATE_TEST_SUITE_P(With, InteropThatAnswers, testing::Values(&kBird, &kFrr, &kGobgp),
                         name_of);

}  // namespace
}  // namespace skyhop::interop
