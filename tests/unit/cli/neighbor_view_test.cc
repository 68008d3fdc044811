// What users see of a neighbour, from two speakers on a memory network.
#include "control/cli/neighbor_view.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/bgp/memory_transport.h"
#include "control/emulator/virtual_clock.h"

namespace skyhop::cli {
namespace {

using std::chrono::seconds;

constexpr report::Style kAscii = {.charset = report::Charset::ascii};

class NeighborView : public testing::Test {
 protected:
  NeighborView() {
    one_.add_peer(peer("two", kOne, kTwo, 65002));
    bgp::PeerConfig waits = peer("one", kTwo, kOne, 65001);
    waits.passive = true;  // or their connections collide
    two_.add_peer(waits);
    one_.start();
    two_.start();
    clock_.run_until(seconds(5));
  }
  static bgp::PeerConfig peer(const char* name, lpm::Ipv4Address local, lpm::Ipv4Address remote,
                              uint32_t asn) {
    bgp::PeerConfig config;
    config.name = name;
    config.local_address = local;
    config.remote_address = remote;
    config.remote_asn = asn;
    config.graceful_restart.mode = bgp::GracefulRestartConfig::Mode::helper;
    config.bfd = bgp::bfd::Config{};
    return config;
  }

  static constexpr lpm::Ipv4Address kOne{10, 0, 0, 1};
  static constexpr lpm::Ipv4Address kTwo{10, 0, 0, 2};
  emulator::VirtualClock clock_;
  bgp::MemoryTransport network_{clock_};
  bgp::Speaker one_{{.name = "r1", .asn = 65001, .router_id = kOne}, clock_, network_};
  bgp::Speaker two_{{.name = "r2", .asn = 65002, .router_id = kTwo}, clock_, network_};
};

TEST_F(NeighborView, Golden) {
  two_.stop_peer(two_.peers()[0], bgp::CeaseSubcode::administrative_reset, "soon back");
  two_.start_peer(two_.peers()[0]);
  clock_.run_until(seconds(12));
  EXPECT_EQ(neighbor_table(one_, one_.peers()).render(kAscii), R"(Neighbours of r1
Neighbour  What         Value
---------  -----------  ----------------------------------------------------------------------------------------
two        state        Established
           addresses    10.0.0.1 - 10.0.0.2
           identifier   10.0.0.2 AS 65002
           timers       hold 180 s, keepalive 60.0 s
           offered      IPv4 unicast, 4-octet AS, route refresh, graceful restart 120 s, also after NOTIFICATION
           received     IPv4 unicast, 4-octet AS, route refresh, graceful restart 120 s, also after NOTIFICATION
           agreed       IPv4 unicast, 4-octet AS, route refresh, graceful restart, also after NOTIFICATION
           routes       0 received, 0 accepted, 0 advertised
           messages     7 in, 6 out; 2 and 2 of them UPDATEs
           established  2 times; 1 attempts failed
           BFD          Up, a packet every 300 ms, dead after 900 ms
           last fall    received Cease/Administrative Reset (6/4): "soon back"
           received     Cease/Administrative Reset (6/4): "soon back" at 5.00 s
             octets     09736f6f6e206261636b
)");
}

TEST_F(NeighborView, JsonHasEverything) {
  const auto json = neighbors_json(one_, one_.peers())[0];
  EXPECT_EQ(json["name"], "two");
  EXPECT_EQ(json["state"], "Established");
  EXPECT_EQ(json["hold_time"], 180.0);
  EXPECT_EQ(json["agreed"][0], "IPv4 unicast");
  EXPECT_EQ(json["counters"]["established"], 1);
  EXPECT_TRUE(json["counters"]["malformed"].empty());
  EXPECT_EQ(json["bfd"]["state"], "Up");
  EXPECT_EQ(json["restart"]["stale_routes"], 0);
  EXPECT_FALSE(json.contains("last_notification_sent"));
  one_.stop_peer(one_.peers()[0], bgp::CeaseSubcode::administrative_shutdown, "bye");
  clock_.run_until(seconds(6));
  const auto after = neighbors_json(one_, one_.peers())[0];
  EXPECT_EQ(after["state"], "Idle");
  EXPECT_EQ(after["shut"], true);
  EXPECT_EQ(after["last_notification_sent"]["code"], 6);
  EXPECT_EQ(after["last_notification_sent"]["subcode"], 9);  // RFC 8538
  EXPECT_EQ(after["last_notification_sent"]["text"], "bye");
}

}  // namespace
}  // namespace skyhop::cli
