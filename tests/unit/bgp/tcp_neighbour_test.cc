// What needs real sockets besides TCP over IPv4: BFD over UDP, IPv6, neighbours from a range.
#include <gtest/gtest.h>

#include "tests/unit/bgp/tcp_fixture.h"

namespace skyhop::bgp::test {
namespace {

auto with_bfd(bfd::Config::Reach reach) {
  return [reach](PeerConfig& config) {
    config.bfd = bfd::Config{
        .desired_min_tx = milliseconds(50), .required_min_rx = milliseconds(50), .reach = reach};
  };
}

TEST_F(Tcp, Rfc5881_Rfc5883_BfdComesUpOverUdp) {
  for (const auto reach : {bfd::Config::Reach::single_hop, bfd::Config::Reach::multihop}) {
    hosts_.clear();
    add(1, 65001);
    add(2, 65002);
    join(1, 2, with_bfd(reach), with_bfd(reach));
    at(1).start();
    at(2).start();
    ASSERT_TRUE(wait_for([&] {
      return is_up(1, 2) && status(1, 2).bfd->state == bfd::State::up &&
             status(2, 1).bfd->state == bfd::State::up;
    }));
    EXPECT_EQ(status(1, 2).bfd->remote_discriminator, status(2, 1).bfd->local_discriminator);
  }
}

TEST_F(Tcp, Rfc5882_TheSessionFallsWithThePath) {
  add(1, 65001);
  add(2, 65002);
  join(1, 2, with_bfd(bfd::Config::Reach::multihop), with_bfd(bfd::Config::Reach::multihop));
  at(1).start();
  at(2).start();
  ASSERT_TRUE(wait_for([&] { return is_up(1, 2) && status(1, 2).bfd->state == bfd::State::up; }));
  // A word in the neighbour's place: its end is down.
  bfd::Packet down;
  down.my_discriminator = status(2, 1).bfd->local_discriminator;
  down.your_discriminator = status(1, 2).bfd->local_discriminator;
  down.desired_min_tx = down.required_min_rx = seconds(1);
  const auto channel = hosts_[2].transport->open_datagrams(
      {.local = own_address(2), .remote = own_address(1), .port = bfd::kMultihopPort},
      [](std::span<const uint8_t>) {});
  channel->send(encode(down));
  ASSERT_TRUE(wait_for([&] { return status(1, 2).counters.bfd_downs == 1; }));
  EXPECT_EQ(status(1, 2).last_notification_out, Notification(CeaseSubcode::bfd_down));
}

// A bare UDP socket in the neighbour's place.
class Sender {
 public:
  explicit Sender(Ipv4Address local) : socket_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    const sockaddr_in from = socket_address(local, 0);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&from), sizeof from), 0);
  }
  ~Sender() { ::close(socket_); }
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;
  void send(std::span<const uint8_t> octets, Ipv4Address to, int ttl) const {
    ::setsockopt(socket_, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl);
    const sockaddr_in remote = socket_address(to, bfd::kSingleHopPort);
    EXPECT_EQ(::sendto(socket_, octets.data(), octets.size(), 0,
                       reinterpret_cast<const sockaddr*>(&remote), sizeof remote),
              static_cast<ssize_t>(octets.size()));
  }

 private:
  static sockaddr_in socket_address(Ipv4Address address, uint16_t port) {
    sockaddr_in result{};
    result.sin_family = AF_INET;
    result.sin_port = htons(port);
    result.sin_addr.s_addr = htonl(address.value());
    return result;
  }
  int socket_;
};

TEST_F(Tcp, Rfc5881_5_WhatComesFromAfarOrFromStrangersIsDropped) {
  add(1, 65001);
  PeerConfig config = towards(1, 2);
  with_bfd(bfd::Config::Reach::single_hop)(config);
  const PeerId peer = at(1).add_peer(config);
  at(1).start();
  bfd::Packet hello;
  hello.my_discriminator = 9;
  const auto octets = encode(hello);
  const Sender neighbour(own_address(2));
  const Sender stranger(own_address(3));
  stranger.send(octets, own_address(1), 255);
  neighbour.send(octets, own_address(1), 254);
  neighbour.send(std::vector<uint8_t>(600, 7), own_address(1), 255);
  neighbour.send(octets, own_address(1), 255);
  ASSERT_TRUE(wait_for([&] { return at(1).status(peer).bfd->state == bfd::State::init; }));
  EXPECT_EQ(at(1).status(peer).bfd->counters.received, 1u);
  EXPECT_EQ(at(1).status(peer).bfd->counters.discarded, 1u);  // the long one
}

TEST_F(Tcp, AnIpv6SessionCarriesBothFamilies) {
  const Ipv6Address loopback(0, 1);
  TcpOptions options;
  options.port = static_cast<uint16_t>(20000 + getpid() % 20000);
  TcpTransport transport(loop_, options);
  const auto config = [&](const char* name, Asn asn) {
    PeerConfig peer;
    peer.name = name;
    peer.local_address = loopback;
    peer.remote_address = loopback;
    peer.remote_asn = asn;
    peer.families = {kIpv4Unicast, kIpv6Unicast};
    peer.next_hop = NextHopMode::unchanged;
    peer.connect_retry = milliseconds(500);
    return peer;
  };
  Speaker one({.name = "r1", .asn = 65001, .router_id = own_address(1)}, loop_, transport);
  Speaker two({.name = "r2", .asn = 65002, .router_id = own_address(2)}, loop_, transport);
  // Both have one address: who listens is the one that does not connect.
  PeerConfig passive = config("r2", 65002);
  passive.passive = true;
  const PeerId at_one = one.add_peer(passive);
  const PeerId at_two = two.add_peer(config("r1", 65001));
  one.start();
  const auto is_listening = [&] { return transport.listening_port(loopback).has_value(); };
  if (!wait_for(is_listening)) GTEST_SKIP() << "no IPv6 here";
  two.start();
  PathAttributes attributes;
  attributes.ipv6_next_hop = Ipv6NextHop{*Ipv6Address::parse("2001:db8::9"), {}};
  two.originate(*Ipv6Prefix::parse("2001:db8:1::/48"), attributes);
  two.originate(nth_prefix(1), route(1));
  ASSERT_TRUE(wait_for([&] { return one.best_count() == 2; })) << two.status(at_two).last_reason;
  EXPECT_EQ(one.best(*Ipv6Prefix::parse("2001:db8:1::/48"))->paths[0].attributes->ipv6_next_hop,
            attributes.ipv6_next_hop);
  EXPECT_EQ(one.status(at_one).agreed[1], "IPv6 unicast");
}

TEST_F(Tcp, NeighboursComeFromARange) {
  add(1, 65001);
  PeerRange range;
  range.range = Ipv4Prefix(own_address(0), 29);
  range.peer.local_address = own_address(1);
  range.peer.md5_key = "of the range";
  range.peer.next_hop = NextHopMode::unchanged;
  at(1).add_range(range);
  at(1).start();
  for (const uint8_t n : {uint8_t{2}, uint8_t{3}}) {
    add(n, 65000u + n);
    PeerConfig config = towards(n, 1);
    config.md5_key = n == 2 ? "of the range" : "another";
    at(n).add_peer(config);
    at(n).originate(nth_prefix(n), route(n));
    at(n).start();
  }
  ASSERT_TRUE(wait_for([&] { return at(1).best_count() == 1; }));
  EXPECT_TRUE(at(1).find_peer(own_address(2)).has_value());
  EXPECT_FALSE(at(1).find_peer(own_address(3)).has_value());
}

}  // namespace
}  // namespace skyhop::bgp::test
