// Speakers and bare clients on loopback, each in an address of this process alone.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "control/bgp/event_loop.h"
#include "control/bgp/message/header.h"
#include "control/bgp/message/open.h"
#include "control/bgp/speaker.h"
#include "control/bgp/tcp_transport.h"
#include "tests/unit/bgp/scene.h"

namespace skyhop::bgp::test {

inline constexpr Duration kLimit = seconds(60);
inline constexpr uint16_t kTestPort = 1790;

/// Addresses of this process alone, so that programs side by side share no port.
inline Ipv4Address own_address(uint8_t n) {
  return Ipv4Address(0x7F000000u | ((static_cast<uint32_t>(getpid()) << 3 | n) & 0xFFFFFF));
}

/// A bare TCP client: the peer that no speaker is.
class Client {
 public:
  Client(Ipv4Address local, Ipv4Address remote) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const sockaddr_in from = socket_address(local, 0);
    const sockaddr_in to = socket_address(remote, kTestPort);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&from), sizeof from), 0);
    connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
    ::fcntl(socket_, F_SETFL, O_NONBLOCK);
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  [[nodiscard]] bool is_connected() const { return connected_; }
  bool send(std::span<const uint8_t> octets) const {
    return ::send(socket_, octets.data(), octets.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(octets.size());
  }
  /// What has arrived; nullopt once the far end has closed or reset.
  [[nodiscard]] std::optional<size_t> take(std::vector<uint8_t>& into) const {
    std::array<uint8_t, 4096> buffer{};
    const ssize_t count = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (count > 0) {
      into.insert(into.end(), buffer.begin(), buffer.begin() + count);
      return static_cast<size_t>(count);
    }
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return 0;
    return {};
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
  bool connected_ = false;
};

/// OPEN of AS 65099 and the KEEPALIVE that confirms the other side's.
inline std::vector<uint8_t> hello_of(Ipv4Address router_id) {
  Open open;
  open.asn = 65099;
  open.hold_time = 90;
  open.router_id = router_id;
  open.families = {kIpv4Unicast};
  open.four_octet_as = true;
  std::vector<uint8_t> octets = encode(open);
  const std::vector<uint8_t> keepalive = encode_keepalive();
  octets.insert(octets.end(), keepalive.begin(), keepalive.end());
  return octets;
}

class Tcp : public testing::Test {
 protected:
  struct Host {
    std::unique_ptr<TcpTransport> transport;
    std::unique_ptr<Speaker> speaker;
  };

  Speaker& add(uint8_t n, Asn asn) {
    Host& host = hosts_[n];
    TcpOptions options;
    options.port = kTestPort;
    host.transport = std::make_unique<TcpTransport>(loop_, options);
    SpeakerConfig config;
    config.name = "r" + std::to_string(n);
    config.asn = asn;
    config.router_id = own_address(n);
    host.speaker = std::make_unique<Speaker>(config, loop_, *host.transport);
    return *host.speaker;
  }
  PeerConfig towards(uint8_t from, uint8_t to) {
    PeerConfig config;
    config.name = "r" + std::to_string(to);
    config.local_address = own_address(from);
    config.remote_address = own_address(to);
    config.remote_asn = hosts_.contains(to) ? at(to).config().asn : 65099;
    config.next_hop = NextHopMode::unchanged;
    config.idle_hold = milliseconds(100);
    config.connect_retry = milliseconds(500);
    return config;
  }
  template <typename TuneA, typename TuneB>
  void join(uint8_t a, uint8_t b, TuneA tune_a, TuneB tune_b) {
    PeerConfig at_a = towards(a, b);
    PeerConfig at_b = towards(b, a);
    tune_a(at_a);
    tune_b(at_b);
    at(a).add_peer(at_a);
    at(b).add_peer(at_b);
  }
  Speaker& at(uint8_t n) { return *hosts_.at(n).speaker; }
  PeerStatus status(uint8_t of, uint8_t towards) {
    return at(of).status(*at(of).find_peer(own_address(towards)));
  }
  bool is_up(uint8_t a, uint8_t b) {
    return status(a, b).state == SessionState::established &&
           status(b, a).state == SessionState::established;
  }
  /// A next hop of 127.0.0.0/8, the session's own address, would be a malformed one.
  static PathAttributes route(uint32_t med) {
    PathAttributes attributes;
    attributes.next_hop = {10, 255, 0, 1};
    attributes.med = med;
    return attributes;
  }
  bool wait_for(const std::function<bool()>& done) { return loop_.run_until(done, kLimit); }
  /// Two speakers that are joined and up.
  void pair(uint8_t a, uint8_t b) {
    join(a, b, untuned, untuned);
    at(a).start();
    at(b).start();
    ASSERT_TRUE(wait_for([&] { return is_up(a, b); })) << status(a, b).last_reason;
  }

  EventLoop loop_;
  std::map<uint8_t, Host> hosts_;
};

}  // namespace skyhop::bgp::test
