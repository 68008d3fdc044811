// Address translation on the packet's way: sources on the way out, destinations on the way in, the
// replies of both, and checksums that are right afterwards.
#include <gtest/gtest.h>

#include <set>

#include "pcap/checksum.h"
#include "tests/packet/rig.h"

namespace skyhop::dataplane {
namespace {

using pcap::PacketBuilder;

constexpr Ipv4Address kInside(10, 0, 1, 4), kOther(10, 0, 1, 5), kOutside(192, 0, 2, 9);
constexpr Ipv4Address kNat(100, 64, 1, 1), kGateway(10, 9, 0, 1), kBeyond(10, 9, 0, 2);
constexpr Ipv4Address kService(100, 64, 1, 80);

NatRule to_address(Ipv4Address first, Ipv4Address last) {
  NatRule rule;
  rule.first = first;
  rule.last = last;
  return rule;
}
NatRule to_address(Ipv4Address address) { return to_address(address, address); }

// inside - left - gateway - beyond - outside. The gateway translates what it sends to beyond, and
// what comes from there.
struct Translated : Rig {
  RouterIndex left = fabric("left");
  RouterIndex middle = gateway("gateway", kGateway);
  RouterIndex right = gateway("beyond", kBeyond);
  PortIndex inside = port("inside", kInside, left);
  PortIndex outside = port("outside", kOutside, right);
  LinkIndex out = link(right), back = link(middle);

  explicit Translated(std::vector<NatRule> sources, std::vector<NatRule> destinations = {}) {
    image.nats.push_back({"leaving", 7, NatSide::leaving, std::move(sources)});
    image.nats.push_back({"entering", 7, NatSide::entering, std::move(destinations)});
    image.links[out].nat_leaving = 1;
    image.links[back].nat_entering = 2;
    options.burst = 1;  // one packet has arrived before the next one comes in
    route(left, "0.0.0.0/0", {forward(left, middle)});
    route(left, "10.0.1.0/24", {deliver(left, inside)});
    route(middle, "10.0.1.0/24", {forward(middle, left)});
    route(middle, "192.0.2.0/24", {forward_over(middle, out)});
    route(right, "192.0.2.9/32", {deliver(right, outside)});
    route(right, "10.0.1.0/24", {forward_over(right, back)});
    route(right, "100.64.1.0/24", {forward_over(right, back)});
  }
};

/// The packet of a frame; complains when a checksum of it is wrong.
pcap::PacketView sound(const Frame& frame) {
  const auto parsed = pcap::parse_frame(pcap::LinkType::ethernet, frame);
  EXPECT_TRUE(parsed);
  if (!parsed) return {};
  const lpm::FlowKey& flow = parsed->flow;
  if (flow.protocol == 1) {
    EXPECT_EQ(pcap::internet_checksum(parsed->payload), 0);
  } else if (!parsed->is_fragment()) {
    EXPECT_TRUE(
        pcap::transport_checksum_ok(flow.source, flow.destination, flow.protocol, parsed->payload));
  }
  return *parsed;
}
std::vector<lpm::FlowKey> flows_of(const std::vector<Frame>& frames) {
  std::vector<lpm::FlowKey> flows;
  for (const Frame& frame : frames) flows.push_back(sound(frame).flow);
  return flows;
}

Frame udp(Ipv4Address from, uint16_t from_port, Ipv4Address to, uint16_t to_port) {
  return PacketBuilder().ipv4(from, to).udp(from_port, to_port).payload("odd").frame();
}
Frame tcp(Ipv4Address from, uint16_t from_port, Ipv4Address to, uint16_t to_port) {
  return PacketBuilder().ipv4(from, to).tcp(from_port, to_port).payload("text").frame();
}

TEST(Nat, SourceBecomesTheGatewaysAndRepliesFindTheirWay) {
  for (const uint8_t protocol : {6, 17}) {
    const auto make = protocol == 6 ? tcp : udp;
    Translated net({to_address(kNat)});
    net.send(net.inside, {make(kInside, 4000, kOutside, 53)});
    net.send(net.outside, {make(kOutside, 53, kNat, 4000)});
    const Outcome outcome = net.run();
    EXPECT_EQ(flows_of(outcome.arrived.at(net.outside)),
              (std::vector<lpm::FlowKey>{{kNat, kOutside, 4000, 53, protocol}}));
    EXPECT_EQ(flows_of(outcome.arrived.at(net.inside)),
              (std::vector<lpm::FlowKey>{{kOutside, kInside, 53, 4000, protocol}}));
  }
}

TEST(Nat, TwoHostsWithOnePortGetTwoPorts) {
  Translated net({to_address(kNat)});
  net.send(net.inside, {udp(kInside, 4000, kOutside, 53), udp(kOther, 4000, kOutside, 53),
                        udp(kInside, 4000, kOutside, 53)});
  const Outcome outcome = net.run();
  const auto seen = flows_of(outcome.arrived.at(net.outside));
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].source_port, 4000);
  EXPECT_NE(seen[1].source_port, 4000);
  EXPECT_GE(seen[1].source_port, 1024);
  EXPECT_EQ(seen[2], seen[0]);  // the flow keeps its translation
}

TEST(Nat, NobodyFromOutsideStartsAFlowToATranslatedAddress) {
  Translated net({to_address(kNat)});
  net.send(net.inside, {udp(kInside, 4000, kOutside, 53)});
  net.send(net.outside, {udp(kOutside, 53, kNat, 4001), udp(kOutside, 54, kNat, 4000)});
  const Outcome outcome = net.run();
  EXPECT_TRUE(outcome.arrived.at(net.inside).empty());
  EXPECT_EQ(outcome.drops(DropReason::no_route), 2u);  // the gateway itself has no such address
}

TEST(Nat, EchoIsTranslatedByItsIdentifier) {
  Translated net({to_address(kNat)});
  const auto request = [](Ipv4Address from) {
    return PacketBuilder().ipv4(from, kOutside).icmp_echo_request(77, 1).payload("ping").frame();
  };
  net.send(net.inside, {request(kInside), request(kOther)});
  const Outcome there = net.run();
  const auto seen = flows_of(there.arrived.at(net.outside));
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].source, kNat);
  EXPECT_EQ(seen[0].source_port, 77);
  EXPECT_NE(seen[1].source_port, 77);

  Translated again({to_address(kNat)});
  again.send(again.inside, {request(kInside)});
  again.send(again.outside,
             {PacketBuilder().ipv4(kOutside, kNat).icmp_echo_reply(77, 1).payload("ping").frame()});
  const Outcome outcome = again.run();
  ASSERT_EQ(outcome.arrived.at(again.inside).size(), 1u);
  EXPECT_EQ(sound(outcome.arrived.at(again.inside)[0]).flow.destination, kInside);
}

TEST(Nat, DestinationBecomesTheServersAndItsRepliesComeFromTheService) {
  NatRule rule = to_address(kInside);
  rule.destinations = {*Ipv4Prefix::parse("100.64.1.80/32")};
  rule.protocol = 6;
  rule.destination_ports = {8080, 8080};
  rule.ports = NatRule::Ports{80, 80};
  Translated net({}, {rule});
  net.send(net.outside, {tcp(kOutside, 5000, kService, 8080), tcp(kOutside, 5000, kService, 8081)});
  net.send(net.inside, {tcp(kInside, 80, kOutside, 5000)});
  const Outcome outcome = net.run();
  EXPECT_EQ(flows_of(outcome.arrived.at(net.inside)),
            (std::vector<lpm::FlowKey>{{kOutside, kInside, 5000, 80, 6}}));
  // Port 8081 is not translated: the gateway has no way to it, and says so.
  const auto outside = flows_of(outcome.arrived.at(net.outside));
  ASSERT_EQ(outside.size(), 2u);
  EXPECT_EQ(outside[0], (lpm::FlowKey{kService, kOutside, 8080, 5000, 6}));
  EXPECT_EQ(outside[1].source, kGateway);
  EXPECT_EQ(outcome.drops(DropReason::no_route), 1u);
}

TEST(Nat, TheFirstRuleThatAppliesDecidesAndExceptionsStay) {
  NatRule first = to_address(kNat);
  first.sources = {*Ipv4Prefix::parse("10.0.1.4/32")};
  first.except_destinations = {*Ipv4Prefix::parse("192.0.2.8/29")};
  NatRule second = to_address(Ipv4Address(100, 64, 1, 2));
  second.source_ports = {5000, 5999};
  second.protocol = 17;
  Translated net({first, second});
  net.send(net.inside, {udp(kInside, 4000, kOutside, 53), udp(kInside, 5000, kOutside, 53)});
  const Outcome outcome = net.run();
  const auto seen = flows_of(outcome.arrived.at(net.outside));
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].source, kInside);  // excepted, and no port of the second
  EXPECT_EQ(seen[1].source, Ipv4Address(100, 64, 1, 2));
}

TEST(Nat, AnErrorAboutATranslatedPacketGoesToItsSenderAndQuotesWhatThatSent) {
  Translated net({to_address(kNat)});
  // Dies at the router beyond, which reports to the translated source.
  net.send(net.inside,
           {PacketBuilder().ipv4(kInside, kOutside).udp(4000, 33434).payload("x").ttl(2).frame()});
  const Outcome outcome = net.run();
  ASSERT_EQ(outcome.arrived.at(net.inside).size(), 1u);
  const Frame& frame = outcome.arrived.at(net.inside)[0];
  const auto error = sound(frame);
  EXPECT_EQ(error.flow.source, kBeyond);
  EXPECT_EQ(error.flow.destination, kInside);
  const auto quoted = pcap::parse_ipv4(error.payload.subspan(8));
  ASSERT_TRUE(quoted);  // its header checksum is right
  EXPECT_EQ(quoted->flow, (lpm::FlowKey{kInside, kOutside, 4000, 33434, 17}));
}

TEST(Nat, AFragmentThatWouldBeTranslatedIsDroppedAndOthersPass) {
  const auto fragment = [](Ipv4Address from) {
    return PacketBuilder()
        .ipv4(from, kOutside)
        .udp(4000, 53)
        .payload("12345678")
        .more_fragments()
        .frame();
  };
  NatRule rule = to_address(kNat);
  rule.sources = {*Ipv4Prefix::parse("10.0.1.4/32")};
  Translated net({rule});
  net.send(net.inside, {fragment(kInside), fragment(kOther)});
  const Outcome outcome = net.run();
  EXPECT_EQ(outcome.drops(DropReason::nat_failed), 1u);
  EXPECT_EQ(outcome.arrived.at(net.outside).size(), 1u);
}

TEST(Nat, PortsOfARuleRunOut) {
  NatRule rule = to_address(kNat);
  rule.protocol = 17;
  rule.ports = NatRule::Ports{6000, 6003};
  Translated net({rule});
  std::vector<Frame> frames;
  for (uint16_t port = 4000; port < 4006; ++port) {
    frames.push_back(udp(kInside, port, kOutside, 53));
  }
  net.send(net.inside, frames);
  const Outcome outcome = net.run();
  std::set<uint16_t> ports;
  for (const auto& flow : flows_of(outcome.arrived.at(net.outside))) {
    EXPECT_GE(flow.source_port, 6000);
    EXPECT_LE(flow.source_port, 6003);
    ports.insert(flow.source_port);
  }
  EXPECT_EQ(ports.size(), 4u);
  EXPECT_EQ(outcome.drops(DropReason::nat_failed), 2u);
}

// Every vector length and its tail; the flow hash that picks ECMP members follows the translation.
TEST(Nat, BurstsOfEverySizeAreTranslatedPacketByPacket) {
  for (const uint32_t count : {1u, 3u, 4u, 67u}) {
    Translated net({to_address(kNat)});
    net.options.burst = 128;
    std::vector<Frame> frames;
    for (uint32_t i = 0; i < count; ++i) {
      frames.push_back(udp(kInside, static_cast<uint16_t>(2000 + i), kOutside, 53));
    }
    net.send(net.inside, frames);
    const Outcome outcome = net.run();
    std::set<uint16_t> ports;
    for (const auto& flow : flows_of(outcome.arrived.at(net.outside))) {
      EXPECT_EQ(flow.source, kNat);
      ports.insert(flow.source_port);
    }
    EXPECT_EQ(ports.size(), count);
  }
}

TEST(Nat, AUdpChecksumThatIsNotComputedStaysSo) {
  Frame frame = udp(kInside, 4000, kOutside, 53);
  frame[14 + 20 + 6] = frame[14 + 20 + 7] = 0;
  Translated net({to_address(kNat)});
  net.send(net.inside, {frame});
  const Outcome outcome = net.run();
  ASSERT_EQ(outcome.arrived.at(net.outside).size(), 1u);
  const Frame& arrived = outcome.arrived.at(net.outside)[0];
  EXPECT_EQ(sound(arrived).flow.source, kNat);
  EXPECT_EQ(arrived[14 + 20 + 6] | arrived[14 + 20 + 7], 0);
}

}  // namespace
}  // namespace skyhop::dataplane
