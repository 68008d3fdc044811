#include "control/bgp/tcp_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace skyhop::bgp::sockets {

boost::asio::ip::address asio_address(const IpAddress& address) {
  if (address.is_ipv4()) return boost::asio::ip::address_v4(address.ipv4().value());
  boost::asio::ip::address_v6::bytes_type octets;
  for (size_t i = 0; i < octets.size(); ++i) octets[i] = address.ipv6().octet(i);
  return boost::asio::ip::address_v6(octets);
}

IpAddress address_of(const boost::asio::ip::address& address) {
  if (address.is_v4()) return Ipv4Address(address.to_v4().to_uint());
  uint64_t halves[2] = {};
  const auto octets = address.to_v6().to_bytes();
  for (size_t i = 0; i < octets.size(); ++i) halves[i / 8] = halves[i / 8] << 8 | octets[i];
  return Ipv6Address(halves[0], halves[1]);
}

void set_ttl(int socket, const IpAddress& local, uint8_t ttl) {
  const int value = std::max<int>(ttl, 1);
  if (local.is_ipv4()) {
    ::setsockopt(socket, IPPROTO_IP, IP_TTL, &value, sizeof value);
  } else {
    ::setsockopt(socket, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &value, sizeof value);
  }
}

void set_minimum_ttl(int socket, const IpAddress& local, uint8_t ttl) {
  const int value = ttl;
  if (local.is_ipv4()) {
    ::setsockopt(socket, IPPROTO_IP, IP_MINTTL, &value, sizeof value);
  } else {
    ::setsockopt(socket, IPPROTO_IPV6, IPV6_MINHOPCOUNT, &value, sizeof value);
  }
}

error_code set_md5_key(int socket, const Prefix& remote, const std::string& key) {
  if (key.size() > TCP_MD5SIG_MAXKEYLEN) return {EINVAL, boost::system::system_category()};
  tcp_md5sig signature{};
  const IpAddress address =
      remote.visit([](const auto& prefix) { return IpAddress(prefix.address()); });
  const auto peer = endpoint_of(address, 0);
  std::copy_n(reinterpret_cast<const char*>(peer.data()), peer.size(),
              reinterpret_cast<char*>(&signature.tcpm_addr));
  signature.tcpm_flags = TCP_MD5SIG_FLAG_PREFIX;
  signature.tcpm_prefixlen = remote.length();
  signature.tcpm_keylen = static_cast<uint16_t>(key.size());
  std::ranges::copy(key, signature.tcpm_key);
  if (::setsockopt(socket, IPPROTO_TCP, TCP_MD5SIG_EXT, &signature, sizeof signature) == 0) {
    return {};
  }
  // A key that was never set cannot be taken away.
  if (key.empty()) return {};
  return {errno, boost::system::system_category()};
}

error_code set_md5_key(int socket, const IpAddress& remote, const std::string& key) {
  const Prefix host = remote.is_ipv4() ? Prefix(Ipv4Prefix(remote.ipv4(), 32))
                                       : Prefix(Ipv6Prefix(remote.ipv6(), 128));
  return set_md5_key(socket, host, key);
}

void set_abortive(tcp::socket& socket) {
  error_code ignored;
  socket.set_option(boost::asio::socket_base::linger(true, 0), ignored);
}

}  // namespace skyhop::bgp::sockets
