// Network security groups on the packet's way: A66, A69.
#include <gtest/gtest.h>

#include <thread>

#include "tests/packet/rig.h"

namespace skyhop::dataplane {
namespace {

using pcap::PacketBuilder;

constexpr Ipv4Address kClient(10, 0, 1, 4), kServer(10, 0, 2, 4), kGateway(10, 9, 0, 1);

FilterRule allow_port(uint16_t port) {
  FilterRule rule;
  rule.allow = true;
  rule.protocol = 6;
  rule.destination_ports = {{port, port}};
  return rule;
}

// client - gateway - server; the server's NIC has an NSG both ways.
struct Pair : Rig {
  RouterIndex left = fabric("left");
  RouterIndex middle = gateway("middle", kGateway);
  RouterIndex right = fabric("right");
  FilterIndex inbound = filter({"server inbound", 1, {{allow_port(443)}}});
  FilterIndex outbound =
      filter({"server outbound", 1, {{FilterRule{}}}, FilterDirection::outbound});  // deny all
  PortIndex client = port("client", kClient, left);
  PortIndex server = port("server", kServer, right);
  Pair() {
    options.burst = 1;  // one packet has arrived before the next one comes in
    image.ports[server].filter = outbound;
    route(left, "0.0.0.0/0", {forward(left, middle)});
    route(left, "10.0.1.4/32", {deliver(left, client)});
    route(middle, "10.0.1.0/24", {forward(middle, left)});
    route(middle, "10.0.2.0/24", {forward(middle, right)});
    route(right, "0.0.0.0/0", {forward(right, middle)});
    route(right, "10.0.2.4/32", {deliver(right, server, inbound)});
  }
};

Frame tcp(Ipv4Address from, uint16_t from_port, Ipv4Address to, uint16_t to_port) {
  return PacketBuilder().ipv4(from, to).tcp(from_port, to_port).payload("x").frame();
}

TEST(Nsg, RulesDecideAndTheRestIsDenied_A66) {
  Pair net;
  net.send(net.client, {tcp(kClient, 5000, kServer, 443), tcp(kClient, 5001, kServer, 80)});
  const Outcome outcome = net.run();
  EXPECT_EQ(outcome.arrived.at(net.server).size(), 1u);
  EXPECT_EQ(outcome.drops(DropReason::nsg_denied), 1u);
}

TEST(Nsg, RepliesOfAnAllowedFlowPass_A69) {
  Pair net;
  net.send(net.client, {tcp(kClient, 5000, kServer, 443)});
  net.send(net.server, {tcp(kServer, 443, kClient, 5000), tcp(kServer, 443, kClient, 5999)});
  const Outcome outcome = net.run();
  EXPECT_EQ(outcome.arrived.at(net.server).size(), 1u);
  // The reply passes although outbound denies all; a flow of the server's own does not.
  EXPECT_EQ(outcome.arrived.at(net.client).size(), 1u);
  EXPECT_EQ(outcome.drops(DropReason::nsg_denied), 1u);
}

TEST(Nsg, ErrorsAboutAnEstablishedFlowPass) {
  Pair net;
  const Frame request = tcp(kClient, 5000, kServer, 443);
  const Frame error = PacketBuilder()
                          .ipv4(kServer, kClient)
                          .icmp(3, 3)
                          .payload(pcap::Bytes(request).subspan(14))
                          .frame();
  const Frame stray = PacketBuilder()
                          .ipv4(kServer, kClient)
                          .icmp(3, 3)
                          .payload(pcap::Bytes(tcp(kClient, 9, kServer, 443)).subspan(14))
                          .frame();
  net.send(net.client, {request});
  net.send(net.server, {error, stray});
  const Outcome outcome = net.run();
  EXPECT_EQ(outcome.arrived.at(net.client).size(), 1u);
  EXPECT_EQ(outcome.drops(DropReason::nsg_denied), 1u);
}

TEST(Nsg, PingRepliesPassByTheirIdentifier) {
  Pair net;
  FilterRule ping;
  ping.allow = true;
  ping.protocol = 1;
  net.image.filters[net.inbound - 1].stages = {{ping}};
  net.send(net.client, {PacketBuilder().ipv4(kClient, kServer).icmp_echo_request(7, 1).frame()});
  net.send(net.server, {PacketBuilder().ipv4(kServer, kClient).icmp_echo_reply(7, 1).frame(),
                        PacketBuilder().ipv4(kServer, kClient).icmp_echo_reply(8, 1).frame()});
  const Outcome outcome = net.run();
  EXPECT_EQ(outcome.arrived.at(net.client).size(), 1u);
}

TEST(Nsg, NewRulesSpareEstablishedFlows_A69) {
  Pair net;
  net.image.ports[net.server].capture_file.clear();
  StreamSpec stream;
  stream.port = net.client;
  stream.destination = kServer;
  stream.protocol = 6;
  stream.destination_port = 443;
  stream.flows = 16;
  stream.frame_sizes = {60};
  net.image.streams.push_back(stream);
  const auto dataplane = net.make();
  ASSERT_TRUE(dataplane->start());
  while (dataplane->counters().delivered < 1000) std::this_thread::yield();
  dataplane->set_filter(net.inbound, {"now closed", 1, {{FilterRule{}}}});
  const auto before = dataplane->counters().delivered;
  while (dataplane->counters().delivered < before + 1000) std::this_thread::yield();
  const Outcome outcome = net.finish(*dataplane);
  EXPECT_EQ(outcome.drops(DropReason::nsg_denied), 0u);
}

TEST(Nsg, EveryStageMustAllow_A66) {
  Pair net;
  net.image.filters[net.inbound - 1].stages = {{allow_port(443)}, {allow_port(80)}};
  net.send(net.client, {tcp(kClient, 5000, kServer, 443), tcp(kClient, 5000, kServer, 80)});
  const Outcome outcome = net.run();
  EXPECT_EQ(outcome.drops(DropReason::nsg_denied), 2u);
}

TEST(Nsg, FlowsPushedOutOfAFullTableAreCounted) {
  Pair net;
  net.options.flow_entries = 64;
  std::vector<Frame> frames;
  for (uint16_t port = 0; port < 500; ++port) {
    frames.push_back(tcp(kClient, 2000 + port, kServer, 443));
  }
  net.send(net.client, frames);
  const Outcome outcome = net.run();
  EXPECT_EQ(outcome.counters.delivered, 500u);
  EXPECT_GE(outcome.counters.flow_evictions, 500u * 2 - 2 * 64);  // the least table, each way
}

}  // namespace
}  // namespace skyhop::dataplane
