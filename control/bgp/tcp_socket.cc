#include "control/bgp/tcp_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace skyhop::bgp::sockets {

tcp::endpoint endpoint_of(Ipv4Address address, uint16_t port) {
  return {boost::asio::ip::address_v4(address.value()), port};
}

Ipv4Address address_of(const tcp::endpoint& endpoint) {
  return endpoint.address().is_v4() ? Ipv4Address(endpoint.address().to_v4().to_uint())
                                    : Ipv4Address();
}

void set_ttl(int socket, uint8_t ttl) {
  const int value = std::max<int>(ttl, 1);
  ::setsockopt(socket, IPPROTO_IP, IP_TTL, &value, sizeof value);
}

void set_minimum_ttl(int socket, uint8_t ttl) {
  const int value = ttl;
  ::setsockopt(socket, IPPROTO_IP, IP_MINTTL, &value, sizeof value);
}

error_code set_md5_key(int socket, Ipv4Address remote, const std::string& key) {
  if (key.size() > TCP_MD5SIG_MAXKEYLEN) return {EINVAL, boost::system::system_category()};
  tcp_md5sig signature{};
  const auto peer = endpoint_of(remote, 0);
  std::copy_n(reinterpret_cast<const char*>(peer.data()), peer.size(),
              reinterpret_cast<char*>(&signature.tcpm_addr));
  signature.tcpm_keylen = static_cast<uint16_t>(key.size());
  std::ranges::copy(key, signature.tcpm_key);
  if (::setsockopt(socket, IPPROTO_TCP, TCP_MD5SIG, &signature, sizeof signature) == 0) return {};
  // A key that was never set cannot be taken away.
  if (key.empty()) return {};
  return {errno, boost::system::system_category()};
}

void set_abortive(tcp::socket& socket) {
  error_code ignored;
  socket.set_option(boost::asio::socket_base::linger(true, 0), ignored);
}

}  // namespace skyhop::bgp::sockets
