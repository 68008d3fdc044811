// Datagrams to and from many neighbours at one address and port; internal to the TCP transport.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>

#include "control/bgp/scheduler.h"
#include "control/bgp/transport.h"

namespace skyhop::bgp::sockets {

/// Receives for all neighbours; what comes from others, or with too low a TTL, is dropped.
class DatagramSocket : public std::enable_shared_from_this<DatagramSocket> {
 public:
  DatagramSocket(boost::asio::io_context& context, const IpAddress& local, uint16_t port,
                 Duration retry);

  /// Tries again while the address cannot be had.
  void open();
  void close();

  struct Neighbour {
    uint8_t minimum_ttl = 0;
    Transport::OnDatagram on_datagram;
  };
  /// Instead of who was there before.
  void add(const IpAddress& remote, std::shared_ptr<Neighbour> neighbour);
  void remove(const IpAddress& remote, const std::shared_ptr<Neighbour>& neighbour);
  [[nodiscard]] boost::asio::io_context& context() { return context_; }

 private:
  void wait();
  void read();

  boost::asio::io_context& context_;
  IpAddress local_;
  uint16_t port_;
  Duration retry_;
  boost::asio::ip::udp::socket socket_;
  boost::asio::steady_timer timer_;
  bool closed_ = false;
  std::map<IpAddress, std::shared_ptr<Neighbour>> neighbours_;
};

/// Sends from a port of RFC 5881 4's range.
[[nodiscard]] std::unique_ptr<DatagramChannel> open_channel(std::shared_ptr<DatagramSocket> socket,
                                                            const DatagramOptions& options,
                                                            Transport::OnDatagram on_datagram);

}  // namespace skyhop::bgp::sockets
