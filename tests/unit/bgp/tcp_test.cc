// Speakers over real TCP on loopback. Everything waits for events; limits only end a failed test.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/unit/bgp/tcp_fixture.h"

namespace skyhop::bgp::test {
namespace {

TEST_F(Tcp, EstablishesWhicheverSideOpens) {
  for (const bool first_is_passive : {true, false}) {
    hosts_.clear();
    add(1, 65001);
    add(2, 4200000002);
    join(
        1, 2, [&](PeerConfig& c) { c.passive = first_is_passive; },
        [&](PeerConfig& c) { c.passive = !first_is_passive; });
    at(1).start();
    at(2).start();
    ASSERT_TRUE(wait_for([&] { return is_up(1, 2); })) << status(1, 2).last_reason;
    EXPECT_EQ(status(1, 2).remote_router_id, own_address(2));
    EXPECT_TRUE(status(1, 2).four_octet_as);
  }
}

TEST_F(Tcp, TenThousandRoutesBothWaysArriveEqual) {
  add(1, 65001);
  add(2, 65002);
  pair(1, 2);
  constexpr uint32_t kRoutes = 10000;
  for (uint32_t i = 0; i < kRoutes; ++i) {
    PathAttributes attributes = route(i % 97);
    attributes.communities = {(65001u << 16) | (i % 31)};
    at(1).originate(nth_prefix(i), attributes);
    at(2).originate(nth_prefix(i + kRoutes), attributes);
  }
  ASSERT_TRUE(wait_for([&] {
    return status(1, 2).prefixes_received == kRoutes && status(2, 1).prefixes_received == kRoutes;
  }));
  for (const auto& [from, to] : {std::pair<uint8_t, uint8_t>{1, 2}, {2, 1}}) {
    const auto sent = at(from).advertised(*at(from).find_peer(own_address(to)));
    const auto received = at(to).learned(*at(to).find_peer(own_address(from)));
    ASSERT_EQ(sent.size(), received.size());
    for (size_t i = 0; i < sent.size(); ++i) {
      ASSERT_EQ(sent[i].prefix, received[i].prefix);
      ASSERT_EQ(*sent[i].attributes, *received[i].received);
    }
  }
}

TEST_F(Tcp, OneConnectionSurvivesACollision) {
  for (int round = 0; round < 20; ++round) {
    hosts_.clear();
    add(1, 65001);
    add(2, 65002);
    pair(1, 2);
    at(1).originate(nth_prefix(1), route(0));
    at(2).originate(nth_prefix(2), route(0));
    ASSERT_TRUE(wait_for([&] {
      return status(1, 2).prefixes_received == 1 && status(2, 1).prefixes_received == 1;
    }));
    EXPECT_EQ(status(1, 2).counters.established, 1u);
    EXPECT_EQ(status(2, 1).counters.established, 1u);
  }
}

TEST_F(Tcp, ManySessionsShareOneListener) {
  constexpr uint8_t kPeers = 7;
  add(0, 65000);
  for (uint8_t n = 1; n <= kPeers; ++n) {
    add(n, 65000u + n);
    join(0, n, [](PeerConfig& c) { c.passive = true; }, untuned);
  }
  for (uint8_t n = 0; n <= kPeers; ++n) at(n).start();
  EXPECT_TRUE(wait_for([&] {
    for (uint8_t n = 1; n <= kPeers; ++n) {
      if (!is_up(0, n)) return false;
    }
    return true;
  }));
}

TEST_F(Tcp, ShutdownTextReachesThePeerBeforeTheConnectionCloses) {
  add(1, 65001);
  add(2, 65002);
  pair(1, 2);
  at(1).stop_peer(*at(1).find_peer(own_address(2)), CeaseSubcode::administrative_shutdown,
                  "moving house");
  ASSERT_TRUE(wait_for([&] { return status(2, 1).last_notification_in.has_value(); }));
  EXPECT_EQ(status(2, 1).last_notification_in->shutdown_text(), "moving house");
}

TEST_F(Tcp, CrashIsNoticedAndTheSessionComesBack) {
  add(1, 65001);
  add(2, 65002);
  pair(1, 2);
  at(1).crash();
  ASSERT_TRUE(wait_for([&] { return status(2, 1).state != SessionState::established; }));
  at(1).start();
  EXPECT_TRUE(wait_for([&] { return is_up(1, 2); }));
}

TEST_F(Tcp, Rfc2385_EqualKeysComeUpAndOthersNever) {
  add(1, 65001);
  add(2, 65002);
  add(3, 65003);
  join(
      1, 2, [](PeerConfig& c) { c.md5_key = "correct horse"; },
      [](PeerConfig& c) { c.md5_key = "correct horse"; });
  join(
      1, 3, [](PeerConfig& c) { c.md5_key = "one"; }, [](PeerConfig& c) { c.md5_key = "another"; });
  for (uint8_t n = 1; n <= 3; ++n) at(n).start();
  ASSERT_TRUE(wait_for([&] { return is_up(1, 2); })) << status(1, 2).last_reason;
  // Long enough for the tries of both: the right pair needed a fraction of it.
  EXPECT_FALSE(loop_.run_until([&] { return status(1, 3).state >= SessionState::open_sent; },
                               milliseconds(1500)));
  EXPECT_EQ(status(1, 3).counters.established, 0u);
  EXPECT_TRUE(is_up(1, 2));
}

TEST_F(Tcp, Rfc2385_UnsignedConnectionsOfAKeyedNeighbourAreIgnored) {
  add(1, 65001);
  add(2, 65002);
  join(
      1, 2,
      [](PeerConfig& c) {
        c.md5_key = "key";
        c.passive = true;
      },
      untuned);
  at(1).start();
  at(2).start();
  EXPECT_FALSE(loop_.run_until([&] { return status(1, 2).state >= SessionState::open_sent; },
                               milliseconds(1500)));
  EXPECT_EQ(hosts_.at(1).transport->counters().accepted, 0u);
}

TEST_F(Tcp, Rfc5082_OnlyTheFullTtlPasses) {
  add(1, 65001);
  add(2, 65002);
  add(3, 65003);
  const auto on_the_link = [](PeerConfig& c) { c.ttl_security_hops = 1; };
  join(1, 2, on_the_link, on_the_link);
  join(1, 3, on_the_link, [](PeerConfig& c) { c.ttl = 254; });
  for (uint8_t n = 1; n <= 3; ++n) at(n).start();
  ASSERT_TRUE(wait_for([&] { return is_up(1, 2); })) << status(1, 2).last_reason;
  EXPECT_FALSE(loop_.run_until([&] { return status(3, 1).state >= SessionState::open_sent; },
                               milliseconds(1500)));
  EXPECT_EQ(status(1, 3).counters.established, 0u);
}

TEST_F(Tcp, ListensOnLoopbackOnlyUnlessTold) {
  TcpOptions options;
  options.port = 0;
  TcpTransport transport(loop_, options);
  const auto inside = transport.listen(own_address(1), {});
  const auto outside = transport.listen(Ipv4Address(), {});
  EXPECT_NE(transport.listening_port(own_address(1)).value_or(0), 0);
  EXPECT_FALSE(transport.listening_port(Ipv4Address()).has_value());
  options.exposure = TcpOptions::Exposure::any_address;
  TcpTransport open(loop_, options);
  const auto everywhere = open.listen(Ipv4Address(), {});
  EXPECT_NE(open.listening_port(Ipv4Address()).value_or(0), 0);
}

TEST_F(Tcp, APortInUseIsReportedAndTakenOnceItIsFree) {
  TcpOptions options;
  options.port = kTestPort;
  options.listen_retry = milliseconds(20);
  TcpTransport first(loop_, options);
  TcpTransport second(loop_, options);
  auto holder = first.listen(own_address(1), {});
  const auto waiting = second.listen(own_address(1), {});
  const auto problem = second.listening_port(own_address(1));
  ASSERT_FALSE(problem.has_value());
  EXPECT_NE(problem.error().what.find("in use"), std::string::npos) << problem.error().what;
  holder.reset();
  EXPECT_TRUE(wait_for([&] { return second.listening_port(own_address(1)).has_value(); }));
}

TEST_F(Tcp, StrangersAreSentAwayAndNeighboursNotice) {
  add(1, 65001);
  add(2, 65002);
  pair(1, 2);
  const Client stranger(own_address(5), own_address(1));
  std::vector<uint8_t> received;
  EXPECT_TRUE(wait_for([&] { return !stranger.take(received).has_value(); }));
  EXPECT_TRUE(received.empty());
  EXPECT_EQ(hosts_.at(1).transport->counters().refused, 1u);
  EXPECT_TRUE(is_up(1, 2));
}

TEST_F(Tcp, AThousandConnectionsHarmNoOtherSession) {
  rlimit files{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &files), 0);
  const rlim_t wanted = std::min<rlim_t>(files.rlim_max, 4096);
  if (files.rlim_cur < wanted) {
    files.rlim_cur = wanted;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  if (files.rlim_cur < 2500) GTEST_SKIP() << "a process may open few files here";
  add(1, 65001);
  add(2, 65002);
  pair(1, 2);
  PeerConfig flooder = towards(1, 5);
  flooder.passive = true;
  at(1).add_peer(flooder);
  // 500 from a neighbour that floods, 500 from a stranger.
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 1000; ++i) {
    const uint8_t from = i % 2 == 0 ? 5 : 6;
    clients.push_back(std::make_unique<Client>(own_address(from), own_address(1)));
    loop_.run_until([] { return false; }, Duration{0});
  }
  const auto counters = [&] { return hosts_.at(1).transport->counters(); };
  ASSERT_TRUE(wait_for([&] { return counters().accepted + counters().refused >= 1001; }));
  EXPECT_EQ(counters().refused, 500u);
  at(2).originate(nth_prefix(1), route(0));
  EXPECT_TRUE(wait_for([&] { return status(1, 2).prefixes_received == 1; }));
  EXPECT_EQ(status(1, 2).counters.established, 1u);
  // All but the two that a peer may have while connections collide were closed again.
  std::vector<uint8_t> ignored;
  EXPECT_TRUE(wait_for([&] {
    size_t open = 0;
    for (const auto& client : clients) {
      std::optional<size_t> more = client->take(ignored);
      while (more && *more > 0) more = client->take(ignored);
      open += more ? 1 : 0;
    }
    return open <= 2;
  }));
}

TEST_F(Tcp, OctetByOctetIsAsGoodAsAtOnce) {
  add(1, 65001);
  PeerConfig config = towards(1, 5);
  config.passive = true;
  const PeerId peer = at(1).add_peer(config);
  at(1).start();
  const Client slow(own_address(5), own_address(1));
  ASSERT_TRUE(slow.is_connected());
  const std::vector<uint8_t> octets = hello_of(own_address(5));
  for (const uint8_t octet : octets) {
    ASSERT_TRUE(slow.send(std::span(&octet, 1)));
    loop_.run_until([] { return false; }, milliseconds(1));
  }
  EXPECT_TRUE(wait_for([&] { return at(1).status(peer).state == SessionState::established; }));
}

TEST_F(Tcp, ASilentNeighbourHarmsNoOtherAndIsLetGo) {
  add(1, 65001);
  add(2, 65002);
  pair(1, 2);
  PeerConfig config = towards(1, 5);
  config.passive = true;
  const PeerId silent = at(1).add_peer(config);
  const Client client(own_address(5), own_address(1));
  ASSERT_TRUE(wait_for([&] { return at(1).status(silent).state == SessionState::open_sent; }));
  at(2).originate(nth_prefix(1), route(0));
  EXPECT_TRUE(wait_for([&] { return status(1, 2).prefixes_received == 1; }));
  // It may come again: the second connection is a collision that the first cannot win silently.
  at(1).remove_peer(silent);
  std::vector<uint8_t> received;
  EXPECT_TRUE(wait_for([&] { return !client.take(received).has_value(); }));
  EXPECT_TRUE(is_up(1, 2));
}

// Sends a KEEPALIVE whenever asked, and reads nothing.
TEST_F(Tcp, KeepalivesByTheThousandHarmNoOtherSession) {
  add(1, 65001);
  add(2, 65002);
  pair(1, 2);
  PeerConfig config = towards(1, 5);
  config.passive = true;
  const PeerId flooding = at(1).add_peer(config);
  const Client client(own_address(5), own_address(1));
  ASSERT_TRUE(client.send(hello_of(own_address(5))));
  ASSERT_TRUE(wait_for([&] { return at(1).status(flooding).state == SessionState::established; }));
  const auto taken = [&] { return at(1).status(flooding).counters.messages_in; };
  constexpr uint32_t kBurst = 512;
  std::vector<uint8_t> burst;
  for (uint32_t i = 0; i < kBurst; ++i) {
    const std::vector<uint8_t> keepalive = encode_keepalive();
    burst.insert(burst.end(), keepalive.begin(), keepalive.end());
  }
  uint64_t sent = taken();
  for (uint32_t n = 1; n <= 16; ++n) {
    at(2).originate(nth_prefix(n), route(0));
    ASSERT_TRUE(client.send(burst));
    sent += kBurst;
    ASSERT_TRUE(wait_for([&] { return taken() == sent && status(1, 2).prefixes_received == n; }));
  }
  EXPECT_TRUE(is_up(1, 2));
  EXPECT_EQ(at(1).status(flooding).state, SessionState::established);
}

TEST_F(Tcp, Rfc9687_ANeighbourThatNeverReadsCostsLittleAndIsLetGo) {
  add(1, 65001);
  add(2, 65002);
  pair(1, 2);
  PeerConfig config = towards(1, 5);
  config.passive = true;
  config.send_hold_time = seconds(3);  // longer than it may hold up who is told the same
  const PeerId deaf = at(1).add_peer(config);
  const Client client(own_address(5), own_address(1));
  const std::vector<uint8_t> hello = hello_of(own_address(5));
  ASSERT_TRUE(client.send(hello));
  ASSERT_TRUE(wait_for([&] { return at(1).status(deaf).state == SessionState::established; }));
  // A table that changes again and again: far more octets than the kernel keeps for a reader.
  uint32_t round = 0;
  uint64_t octets_then = 0;
  const auto churn = [&] {
    ++round;
    for (uint32_t i = 0; i < 2000; ++i) {
      at(1).originate(nth_prefix(i), route(round * 2000 + i));
    }
  };
  ASSERT_TRUE(wait_for([&] {
    const uint32_t seen = round;
    const auto route = at(2).learned(*at(2).find_peer(own_address(1)), nth_prefix(1999));
    const bool has_come = seen == 0 || (route && route->received->med == seen * 2000 + 1999);
    if (has_come && seen < 200) churn();
    octets_then = at(1).status(deaf).counters.octets_out;
    return at(1).status(deaf).state != SessionState::established;
  }));
  const uint64_t octets_to_reader = status(1, 2).counters.octets_out;
  EXPECT_LT(octets_then, octets_to_reader) << "the export to a deaf peer was not held back";
  ASSERT_TRUE(at(1).status(deaf).last_notification_out.has_value());
  EXPECT_EQ(at(1).status(deaf).last_notification_out->code, ErrorCode::send_hold_timer_expired);
  EXPECT_TRUE(is_up(1, 2));
  EXPECT_EQ(status(1, 2).counters.established, 1u);
}

TEST_F(Tcp, GarbageEndsInANotification) {
  add(1, 65001);
  PeerConfig config = towards(1, 5);
  config.passive = true;
  at(1).add_peer(config);
  at(1).start();
  const Client client(own_address(5), own_address(1));
  ASSERT_TRUE(client.send(std::vector<uint8_t>(64, 'x')));
  std::vector<uint8_t> received;
  ASSERT_TRUE(wait_for([&] {
    std::optional<size_t> more = client.take(received);
    return !more.has_value();
  }));
  // OPEN, then NOTIFICATION 1/1 as the last 21 octets.
  ASSERT_GE(received.size(), 21u);
  EXPECT_EQ(received[received.size() - 3], 3);
  EXPECT_EQ(received[received.size() - 2], 1);
  EXPECT_EQ(received[received.size() - 1], 1);
}

TEST_F(Tcp, ConnectingToNobodyFailsWithTheReason) {
  TcpTransport transport(loop_, {.port = kTestPort});
  std::string reason;
  ConnectionCallbacks callbacks;
  callbacks.on_failed = [&](const std::string& why) { reason = why; };
  ConnectOptions options;
  options.local = own_address(1);
  options.remote = own_address(2);
  const auto connection = transport.connect(options, callbacks);
  EXPECT_TRUE(reason.empty()) << "no callback from inside the call";
  ASSERT_TRUE(wait_for([&] { return !reason.empty(); }));
  EXPECT_EQ(reason, "Connection refused");
}

TEST_F(Tcp, AForeignLocalAddressFailsWithTheReason) {
  TcpTransport transport(loop_, {.port = kTestPort});
  std::string reason;
  ConnectionCallbacks callbacks;
  callbacks.on_failed = [&](const std::string& why) { reason = why; };
  ConnectOptions options;
  options.local = Ipv4Address(192, 0, 2, 1);
  options.remote = own_address(2);
  const auto connection = transport.connect(options, callbacks);
  EXPECT_TRUE(reason.empty()) << "no callback from inside the call";
  ASSERT_TRUE(wait_for([&] { return !reason.empty(); }));
  EXPECT_NE(reason.find("assign"), std::string::npos) << reason;
}

TEST(EventLoopTest, RunsTasksInOrderAndZeroDelaysInTheNextTurn) {
  EventLoop loop;
  std::string order;
  loop.schedule(Duration{0}, [&] {
    order += 'a';
    loop.schedule(Duration{0}, [&] { order += 'c'; });
  });
  loop.schedule(Duration{0}, [&] { order += 'b'; });
  const auto never = loop.schedule(Duration{0}, [&] { order += 'x'; });
  loop.cancel(never);
  loop.cancel(never);
  ASSERT_TRUE(loop.run_until([&] { return order.size() == 3; }, kLimit));
  EXPECT_EQ(order, "abc");
}

TEST(EventLoopTest, StopEndsRunFromAnotherTask) {
  EventLoop loop;
  bool ran = false;
  loop.post([&] {
    ran = true;
    loop.stop();
  });
  loop.run();
  EXPECT_TRUE(ran);
}

}  // namespace
}  // namespace skyhop::bgp::test
