// Socket options of BGP's neighbours, over Asio's sockets; internal to the TCP transport.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <span>
#include <string>

#include "control/bgp/transport.h"

namespace skyhop::bgp::sockets {

using boost::asio::ip::tcp;
using boost::system::error_code;

[[nodiscard]] boost::asio::ip::address asio_address(const IpAddress& address);
[[nodiscard]] IpAddress address_of(const boost::asio::ip::address& address);
[[nodiscard]] inline tcp::endpoint endpoint_of(const IpAddress& address, uint16_t port) {
  return {asio_address(address), port};
}
[[nodiscard]] inline tcp protocol_of(const IpAddress& address) {
  return address.is_ipv4() ? tcp::v4() : tcp::v6();
}

/// TTL, or hop limit where the local address is IPv6.
void set_ttl(int socket, const IpAddress& local, uint8_t ttl);
/// RFC 5082; 0 lets everything in.
void set_minimum_ttl(int socket, const IpAddress& local, uint8_t ttl);
/// RFC 2385: signs and demands signatures to and from these addresses; an empty key ends it.
[[nodiscard]] error_code set_md5_key(int socket, const Prefix& remote, const std::string& key);
[[nodiscard]] error_code set_md5_key(int socket, const IpAddress& remote, const std::string& key);
/// Closing it resets the connection at once.
void set_abortive(tcp::socket& socket);

}  // namespace skyhop::bgp::sockets
