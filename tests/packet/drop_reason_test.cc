// Every drop reason, provoked: a reason that no scenario here can produce fails its test.
#include <gtest/gtest.h>

#include "tests/packet/esp_line.h"
#include "tests/packet/rig.h"

namespace skyhop::dataplane {
namespace {

using pcap::PacketBuilder;

constexpr Ipv4Address kSource(10, 0, 1, 4), kSink(10, 0, 2, 4), kGateway(10, 0, 1, 1);

PacketBuilder good() { return PacketBuilder().ipv4(kSource, kSink).udp(4000, 80).payload("hello"); }

// source -> fabric -> gateway -> sink.
struct Line : Rig {
  RouterIndex entry = fabric("entry");
  RouterIndex router = gateway("gateway", kGateway);
  PortIndex source = port("source", kSource, entry);
  PortIndex sink = port("sink", kSink, router);
  EdgeId to_router = forward(entry, router);
  EdgeId to_sink = deliver(router, sink);
  Line() {
    route(entry, "0.0.0.0/0", {to_router});
    route(router, "10.0.2.0/24", {to_sink});
  }
};

Outcome provoke_at_input(const Frame& frame) {
  Line line;
  line.send(line.source, {frame});
  return line.run();
}

Outcome provoke_edge(DropReason reason) {
  Line line;
  line.route(line.router, "10.0.9.0/24", {line.drop(line.router, reason)});
  line.send(line.source,
            {PacketBuilder().ipv4(kSource, Ipv4Address(10, 0, 9, 1)).udp(1, 2).frame()});
  return line.run();
}

Frame to_other(Ipv4Address source, Ipv4Address destination) {
  return PacketBuilder().ipv4(source, destination).udp(4000, 80).frame();
}

// A device of 1,023 places that gives back half as fast as it is sent to.
Outcome provoke_tx_full() {
  Line line;
  line.image.ports[line.sink].capture_file.clear();
  line.image.ports[line.sink].devargs = "net_ring";
  line.send(line.source, std::vector<Frame>(5000, good().frame()));
  return line.run();
}

Outcome provoke_no_buffer() {
  Line line;
  line.image.links[0].mtu = 27;  // no room for eight octets of data
  line.image.routers[line.entry].answers_icmp = true;
  line.send(line.source, {good().frame()});
  return line.run();
}

Outcome provoke_loop() {
  Line line;
  const auto a = line.fabric("loop a"), b = line.fabric("loop b");
  line.route(line.entry, "10.0.7.0/24", {line.forward(line.entry, a)});
  line.route(a, "10.0.7.0/24", {line.forward(a, b)});
  line.route(b, "10.0.7.0/24", {line.forward(b, a)});
  line.send(line.source, {to_other(kSource, Ipv4Address(10, 0, 7, 1))});
  return line.run();
}

constexpr ipsec::Transform kGcm{ipsec::Cipher::aes_256_gcm, ipsec::Integrity::none};

// A packet that arrives over a tunnel, after somebody has laid hands on it.
Outcome provoke_on_the_tunnel(void (*tamper)(std::vector<Frame>&)) {
  std::vector<Frame> wire = sealed_on_the_wire(kGcm, {to_other(EspLine::kSource, EspLine::kSink)});
  tamper(wire);
  EspLine line(kGcm);
  line.arrive(wire);
  return line.run();
}

// More packets than the tunnel has SAs for: nobody makes new ones here.
Outcome provoke_by_wear(void (*limit)(ipsec::EspSpec&)) {
  EspLine line(kGcm);
  limit(line.esp());
  line.send(line.source, std::vector<Frame>(1000, to_other(EspLine::kSource, EspLine::kSink)));
  return line.run();
}

Outcome provoke(DropReason reason) {
  Line line;
  switch (reason) {
    case DropReason::no_route:
      return provoke_at_input(to_other(kSource, Ipv4Address(10, 0, 99, 1)));
    case DropReason::route_none:
    case DropReason::no_such_host:
    case DropReason::internet:
    case DropReason::ip_forwarding:
      return provoke_edge(reason);
    case DropReason::not_ipv4:
      return provoke_at_input(good().ether_type(pcap::kEtherTypeArp).frame());
    case DropReason::bad_header:
      return provoke_at_input(good().version(6).frame());
    case DropReason::bad_length:
      return provoke_at_input(good().total_length(1000).frame());
    case DropReason::bad_checksum:
      return provoke_at_input(good().bad_ip_checksum().frame());
    case DropReason::bad_source:
      return provoke_at_input(to_other(Ipv4Address(127, 0, 0, 1), kSink));
    case DropReason::bad_destination:
      return provoke_at_input(to_other(kSource, Ipv4Address(224, 0, 0, 5)));
    case DropReason::ttl_expired:
      return provoke_at_input(good().ttl(1).frame());
    case DropReason::mtu_exceeded:
      line.image.links[0].mtu = 30;  // the fabric drops without a word
      line.send(line.source, {good().frame()});
      return line.run();
    case DropReason::nsg_denied:
      line.image.ports[line.source].filter = line.filter({"deny", 0, {{FilterRule{}}}});
      line.send(line.source, {good().frame()});
      return line.run();
    case DropReason::forwarded_traffic:
      line.image.routers[line.entry].edges[line.to_router - 1].guard =
          line.guard({{*Ipv4Prefix::parse("10.0.5.0/24")}});
      line.send(line.source, {good().frame()});
      return line.run();
    case DropReason::nat_failed:
      line.image.nats.push_back({"leaving", 0, NatSide::leaving, {NatRule{}}});
      line.image.links[0].nat_leaving = 1;
      line.send(line.source, {good().more_fragments().frame()});
      return line.run();
    case DropReason::link_down:
      line.send(line.source, {good().frame()});
      return line.run([](Dataplane& d) { d.set_link_up(0, false); });
    case DropReason::queue_full:
      line.image.held_packets = 64;
      line.image.links[0].conditions.rate = {.packets_per_second = 1000, .queue_packets = 4};
      line.send(line.source, std::vector<Frame>(6, good().frame()));
      return line.run();
    case DropReason::link_loss:
      line.image.held_packets = 64;
      line.image.links[0].conditions.loss.share = 1;
      line.send(line.source, {good().frame()});
      return line.run();
    case DropReason::router_down:
      line.send(line.source, {good().frame()});
      return line.run([&line](Dataplane& d) { d.set_router_up(line.router, false); });
    case DropReason::looping:
      return provoke_loop();
    case DropReason::local_unhandled:
      line.route(line.router, "10.0.1.1/32", {line.local(line.router)});
      line.send(line.source, {to_other(kSource, kGateway)});
      return line.run();
    case DropReason::answered:
      line.route(line.router, "10.0.1.1/32", {line.local(line.router)});
      line.send(line.source,
                {PacketBuilder().ipv4(kSource, kGateway).icmp_echo_request(7, 1).frame()});
      return line.run();
    case DropReason::tx_full:
      return provoke_tx_full();
    case DropReason::no_buffer:
      return provoke_no_buffer();
    case DropReason::esp_unknown_spi:
      return provoke_on_the_tunnel([](std::vector<Frame>& wire) { wire[0][34] ^= 1; });
    case DropReason::esp_malformed:
      return provoke_on_the_tunnel([](std::vector<Frame>& wire) { wire[0].pop_back(); });
    case DropReason::esp_replayed:
      return provoke_on_the_tunnel([](std::vector<Frame>& wire) { wire.push_back(wire[0]); });
    case DropReason::esp_auth_failed:
      return provoke_on_the_tunnel([](std::vector<Frame>& wire) { wire[0].back() ^= 1; });
    case DropReason::esp_no_sa:
      return provoke_by_wear([](ipsec::EspSpec& esp) { esp.lifetime.packets = 1; });
    case DropReason::esp_overflow:
      return provoke_by_wear([](ipsec::EspSpec& esp) {
        esp.sequence_numbers = ipsec::SequenceNumbers::bits_32;
        esp.first_sequence = 0xffffff00;
      });
  }
  return {};
}

class DropReasons : public testing::TestWithParam<uint32_t> {};

TEST_P(DropReasons, IsProvokedCountedOnceAndKeepsTheSumLaw) {
  const auto reason = static_cast<DropReason>(GetParam());
  const Outcome outcome = provoke(reason);
  ASSERT_GE(outcome.counters.offered, 1u);
  EXPECT_GE(outcome.drops(reason), 1u) << to_string(reason);
  // Where the reason caused ICMP, that ends without a route in these networks.
  EXPECT_EQ(outcome.counters.dropped() + outcome.counters.delivered,
            outcome.counters.offered + outcome.counters.originated);
}

INSTANTIATE_TEST_SUITE_P(All, DropReasons, testing::Range(uint32_t{0}, kDropReasons),
                         [](const auto& param) {
                           return std::string(to_string(static_cast<DropReason>(param.param)));
                         });

TEST(Drops, AreCountedAtTheRouterWhereTheyHappen) {
  Line line;
  line.send(line.source, {good().ttl(1).frame(), good().bad_ip_checksum().frame()});
  const Outcome outcome = line.run();
  const auto at = [&outcome](RouterIndex router, DropReason reason) {
    return outcome.counters.routers[router].drops[static_cast<uint8_t>(reason)];
  };
  EXPECT_EQ(at(line.router, DropReason::ttl_expired), 1u);
  EXPECT_EQ(at(line.entry, DropReason::ttl_expired), 0u);
  EXPECT_EQ(at(line.entry, DropReason::bad_checksum), 1u);
}

}  // namespace
}  // namespace skyhop::dataplane
