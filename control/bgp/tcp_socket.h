// Socket options of BGP's neighbours, over Asio's sockets; internal to the TCP transport.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <span>
#include <string>

#include "control/bgp/transport.h"

namespace skyhop::bgp::sockets {

using boost::asio::ip::tcp;
using boost::system::error_code;

[[nodiscard]] tcp::endpoint endpoint_of(Ipv4Address address, uint16_t port);
[[nodiscard]] Ipv4Address address_of(const tcp::endpoint& endpoint);

void set_ttl(int socket, uint8_t ttl);
/// RFC 5082; 0 lets everything in.
void set_minimum_ttl(int socket, uint8_t ttl);
/// RFC 2385: signs and demands signatures to and from this address; an empty key ends it.
[[nodiscard]] error_code set_md5_key(int socket, Ipv4Address remote, const std::string& key);
/// Closing it resets the connection at once.
void set_abortive(tcp::socket& socket);

}  // namespace skyhop::bgp::sockets
