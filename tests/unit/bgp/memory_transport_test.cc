#include "control/bgp/memory_transport.h"

#include <gtest/gtest.h>

#include "tests/unit/bgp/virtual_scheduler.h"

namespace skyhop::bgp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Ipv4Address kA(10, 0, 0, 1);
const Ipv4Address kB(10, 0, 0, 2);

class MemoryNetwork : public testing::Test {
 protected:
  struct End {
    std::unique_ptr<Connection> connection;
    std::vector<uint8_t> octets;
    std::string events;  ///< c connected, f failed, x closed
    Time last = {};
  };

  ConnectionCallbacks callbacks(End& end) {
    ConnectionCallbacks result;
    result.on_connected = [&end, this] { note(end, 'c'); };
    result.on_failed = [&end, this](const std::string&) { note(end, 'f'); };
    result.on_closed = [&end, this](const std::string&) { note(end, 'x'); };
    result.on_bytes = [&end, this](std::span<const uint8_t> octets) {
      end.octets.insert(end.octets.end(), octets.begin(), octets.end());
      end.last = scheduler_.now();
    };
    return result;
  }
  void note(End& end, char event) {
    end.events += event;
    end.last = scheduler_.now();
  }
  void listen() {
    listener_ = network_.listen(kB, [this](std::unique_ptr<Connection> connection) {
      b_.connection = std::move(connection);
      b_.connection->set_callbacks(callbacks(b_));
    });
  }
  void connect() { a_.connection = network_.connect({kA, kB, 64}, callbacks(a_)); }

  test::VirtualScheduler scheduler_;
  bool is_up_ = true;
  MemoryTransport network_{scheduler_,
                           [this](const IpAddress&, const IpAddress&, uint8_t) { return is_up_; },
                           {.latency = milliseconds(10), .segment_size = 3}};
  std::unique_ptr<Listener> listener_;
  End a_;
  End b_;
};

TEST_F(MemoryNetwork, OctetsArriveInOrderAfterTheLatency) {
  listen();
  connect();
  scheduler_.run_for(milliseconds(30));
  EXPECT_EQ(a_.events, "c");
  ASSERT_TRUE(b_.connection);
  EXPECT_EQ(b_.connection->remote(), kA);
  const std::vector<uint8_t> octets{1, 2, 3, 4, 5, 6, 7, 8};
  a_.connection->send(octets);
  EXPECT_EQ(a_.connection->unsent(), 8u);
  scheduler_.run_for(milliseconds(9));
  EXPECT_TRUE(b_.octets.empty());
  scheduler_.run_for(milliseconds(1));
  EXPECT_EQ(b_.octets, octets);
  EXPECT_EQ(a_.connection->unsent(), 0u);
}

TEST_F(MemoryNetwork, DataSentAtOnceFollowsTheHandshake) {
  listen();
  connect();
  scheduler_.run_for(milliseconds(20));
  a_.connection->send(std::vector<uint8_t>{1, 2, 3, 4});
  scheduler_.run_for(milliseconds(10));
  EXPECT_EQ(b_.octets.size(), 4u);
}

TEST_F(MemoryNetwork, NobodyListeningRefuses) {
  connect();
  scheduler_.run_for(milliseconds(20));
  EXPECT_EQ(a_.events, "f");
}

TEST_F(MemoryNetwork, ADeadPathTimesOutTheAttempt) {
  listen();
  is_up_ = false;
  connect();
  scheduler_.run_for(seconds(126));
  EXPECT_EQ(a_.events, "");
  scheduler_.run_for(seconds(3));
  EXPECT_EQ(a_.events, "f");
}

TEST_F(MemoryNetwork, APathThatAppearsIsFoundByTheNextSyn) {
  listen();
  is_up_ = false;
  connect();
  scheduler_.run_for(seconds(2));
  is_up_ = true;
  scheduler_.run_for(seconds(3));
  EXPECT_EQ(a_.events, "c");
}

TEST_F(MemoryNetwork, LostOctetsComeLateAndInOrder) {
  listen();
  connect();
  scheduler_.run_for(milliseconds(30));
  is_up_ = false;
  a_.connection->send(std::vector<uint8_t>{1, 2, 3, 4});
  scheduler_.run_for(seconds(5));
  a_.connection->send(std::vector<uint8_t>{5, 6});
  EXPECT_TRUE(b_.octets.empty());
  is_up_ = true;
  scheduler_.run_for(seconds(10));
  EXPECT_EQ(b_.octets, (std::vector<uint8_t>{1, 2, 3, 4, 5, 6}));
}

TEST_F(MemoryNetwork, ADeadPathBreaksTheConnectionInTheEnd) {
  listen();
  connect();
  scheduler_.run_for(milliseconds(30));
  is_up_ = false;
  a_.connection->send(std::vector<uint8_t>{1});
  scheduler_.run_for(seconds(600));
  EXPECT_EQ(a_.events, "c");
  scheduler_.run_for(seconds(600));
  EXPECT_EQ(a_.events, "cx");
  EXPECT_EQ(b_.events, "");
}

TEST_F(MemoryNetwork, CloseComesAfterWhatWasSent) {
  listen();
  connect();
  scheduler_.run_for(milliseconds(30));
  a_.connection->send(std::vector<uint8_t>{1, 2, 3, 4});
  a_.connection.reset();
  scheduler_.run_for(milliseconds(10));
  EXPECT_EQ(b_.octets.size(), 4u);
  EXPECT_EQ(b_.events, "x");
}

TEST_F(MemoryNetwork, OctetsToAClosedEndAreAnsweredWithAReset) {
  listen();
  connect();
  scheduler_.run_for(milliseconds(30));
  b_.connection.reset();
  a_.connection->send(std::vector<uint8_t>{1});
  scheduler_.run_for(milliseconds(40));
  EXPECT_EQ(a_.events, "cx");
  EXPECT_TRUE(b_.octets.empty());
}

TEST_F(MemoryNetwork, AHostWithoutPowerSaysNothingUntilItIsBack) {
  listen();
  connect();
  scheduler_.run_for(milliseconds(30));
  b_.connection->vanish();
  b_.connection.reset();
  listener_.reset();
  a_.connection->send(std::vector<uint8_t>{1});
  scheduler_.run_for(seconds(20));
  EXPECT_EQ(a_.events, "c");
  listen();
  scheduler_.run_for(seconds(30));
  EXPECT_EQ(a_.events, "cx");
}

TEST_F(MemoryNetwork, AnAbandonedAttemptIsForgotten) {
  listen();
  connect();
  a_.connection.reset();
  scheduler_.run_for(seconds(300));
  EXPECT_EQ(a_.events, "");
  EXPECT_FALSE(b_.connection);
}

TEST_F(MemoryNetwork, LatencyMayDifferByDirection) {
  MemoryTransport network(scheduler_, {},
                          {.latency_of = [](const IpAddress& from, const IpAddress&) {
                            return from == IpAddress(kA) ? milliseconds(5) : milliseconds(50);
                          }});
  const auto listener = network.listen(kB, [this](std::unique_ptr<Connection> connection) {
    b_.connection = std::move(connection);
    b_.connection->set_callbacks(callbacks(b_));
    b_.connection->send(std::vector<uint8_t>{9});
  });
  a_.connection = network.connect({kA, kB, 64}, callbacks(a_));
  scheduler_.run_for(seconds(1));
  EXPECT_EQ(a_.octets.size(), 1u);
  EXPECT_EQ(a_.last, milliseconds(5 + 50 + 5 + 50));
}

}  // namespace
}  // namespace skyhop::bgp
