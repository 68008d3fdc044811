#include "control/bgp/udp_socket.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <cstring>
#include <optional>

#include "control/bgp/tcp_socket.h"

namespace skyhop::bgp::sockets {
namespace {

using boost::asio::ip::udp;

constexpr int kReadsPerTurn = 64;
constexpr size_t kLongest = 512;  // far more than any control packet

constexpr uint16_t kFirstPort = 49152;  // RFC 5881 4: to 65535, and the same for a session's life

udp protocol_of_udp(const IpAddress& address) { return address.is_ipv4() ? udp::v4() : udp::v6(); }

// The TTL that a datagram came with; nullopt when the kernel did not say.
std::optional<uint8_t> ttl_of(const msghdr& message) {
  for (cmsghdr* control = CMSG_FIRSTHDR(&message); control != nullptr;
       control = CMSG_NXTHDR(const_cast<msghdr*>(&message), control)) {
    const bool is_ttl =
        (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_TTL) ||
        (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_HOPLIMIT);
    if (!is_ttl) continue;
    int value = 0;
    std::memcpy(&value, CMSG_DATA(control), sizeof value);
    return static_cast<uint8_t>(value);
  }
  return {};
}

class UdpChannel : public DatagramChannel {
 public:
  UdpChannel(std::shared_ptr<DatagramSocket> receiver, const DatagramOptions& options,
             Transport::OnDatagram on_datagram)
      : receiver_(std::move(receiver)),
        neighbour_(std::make_shared<DatagramSocket::Neighbour>(
            DatagramSocket::Neighbour{options.minimum_ttl, std::move(on_datagram)})),
        options_(options),
        sender_(receiver_->context()) {
    receiver_->add(options_.remote, neighbour_);
    open();
  }
  ~UdpChannel() override { receiver_->remove(options_.remote, neighbour_); }

  void send(std::span<const uint8_t> datagram) override {
    if (!sender_.is_open()) open();
    if (!sender_.is_open()) return;
    error_code ignored;
    sender_.send_to(boost::asio::buffer(datagram.data(), datagram.size()),
                    {asio_address(options_.remote), options_.port}, 0, ignored);
  }

 private:
  // A port of its own; those of other sessions and programs are passed over.
  void open() {
    error_code error;
    sender_.open(protocol_of_udp(options_.local), error);
    if (error) return;
    sender_.non_blocking(true, error);
    set_ttl(sender_.native_handle(), options_.local, options_.ttl);
    static uint16_t next = kFirstPort;
    for (uint32_t tried = 0; tried <= 0xFFFFu - kFirstPort; ++tried) {
      const uint16_t port = next;
      next = port == 0xFFFF ? kFirstPort : static_cast<uint16_t>(port + 1);
      sender_.bind({asio_address(options_.local), port}, error);
      if (!error) return;
      if (error != boost::asio::error::address_in_use) break;
    }
    sender_.close(error);
  }

  std::shared_ptr<DatagramSocket> receiver_;
  std::shared_ptr<DatagramSocket::Neighbour> neighbour_;
  DatagramOptions options_;
  udp::socket sender_;
};

}  // namespace

DatagramSocket::DatagramSocket(boost::asio::io_context& context, const IpAddress& local,
                               uint16_t port, Duration retry)
    : context_(context),
      local_(local),
      port_(port),
      retry_(retry),
      socket_(context),
      timer_(context) {}

void DatagramSocket::open() {
  if (closed_) return;
  error_code error;
  socket_.open(protocol_of_udp(local_), error);
  if (!error && !local_.is_ipv4()) socket_.set_option(boost::asio::ip::v6_only(true), error);
  if (!error) socket_.bind({asio_address(local_), port_}, error);
  if (!error) socket_.non_blocking(true, error);
  if (error) {
    error_code ignored;
    socket_.close(ignored);
    timer_.expires_after(std::chrono::duration_cast<boost::asio::steady_timer::duration>(retry_));
    timer_.async_wait([self = shared_from_this()](const error_code& outcome) {
      if (!outcome) self->open();
    });
    return;
  }
  const int on = 1;
  if (local_.is_ipv4()) {
    ::setsockopt(socket_.native_handle(), IPPROTO_IP, IP_RECVTTL, &on, sizeof on);
  } else {
    ::setsockopt(socket_.native_handle(), IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof on);
  }
  wait();
}

void DatagramSocket::close() {
  closed_ = true;
  timer_.cancel();
  error_code ignored;
  socket_.close(ignored);
}

void DatagramSocket::add(const IpAddress& remote, std::shared_ptr<Neighbour> neighbour) {
  neighbours_[remote] = std::move(neighbour);
}

void DatagramSocket::remove(const IpAddress& remote, const std::shared_ptr<Neighbour>& neighbour) {
  const auto found = neighbours_.find(remote);
  if (found != neighbours_.end() && found->second == neighbour) neighbours_.erase(found);
  if (neighbours_.empty()) close();
}

void DatagramSocket::wait() {
  socket_.async_wait(udp::socket::wait_read, [self = shared_from_this()](const error_code& error) {
    if (error || self->closed_) return;
    self->read();
    if (!self->closed_) self->wait();
  });
}

void DatagramSocket::read() {
  for (int i = 0; i < kReadsPerTurn && !closed_; ++i) {
    std::array<uint8_t, kLongest> octets;
    alignas(cmsghdr) std::array<uint8_t, CMSG_SPACE(sizeof(int))> control;
    udp::endpoint from;
    iovec part{octets.data(), octets.size()};
    msghdr message{};
    message.msg_name = from.data();
    message.msg_namelen = static_cast<socklen_t>(from.capacity());
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t count = ::recvmsg(socket_.native_handle(), &message, 0);
    if (count < 0) return;
    from.resize(message.msg_namelen);
    const auto found = neighbours_.find(address_of(from.address()));
    if (found == neighbours_.end()) continue;
    const std::shared_ptr<Neighbour> neighbour = found->second;  // it may remove itself
    if (ttl_of(message).value_or(0) < neighbour->minimum_ttl) continue;
    neighbour->on_datagram(std::span<const uint8_t>(octets).first(static_cast<size_t>(count)));
  }
}

std::unique_ptr<DatagramChannel> open_channel(std::shared_ptr<DatagramSocket> socket,
                                              const DatagramOptions& options,
                                              Transport::OnDatagram on_datagram) {
  return std::make_unique<UdpChannel>(std::move(socket), options, std::move(on_datagram));
}

}  // namespace skyhop::bgp::sockets
