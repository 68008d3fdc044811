// The message header (RFC 4271 4.1), the framing of a byte stream, and the messages without a body
// worth a file.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <vector>

#include "control/bgp/message/notification.h"
#include "control/bgp/message/wire.h"
#include "control/bgp/prefix.h"

namespace skyhop::bgp {

inline constexpr size_t kHeaderLength = 19;
inline constexpr size_t kMaxMessageLength = 4096;

enum class MessageType : uint8_t {
  open = 1,
  update = 2,
  notification = 3,
  keepalive = 4,
  route_refresh = 5,  // RFC 2918
};

struct Message {
  MessageType type = MessageType::keepalive;
  Octets body;    ///< after the header
  Octets octets;  ///< all of it
};

/// The first message of `stream`; nullopt while it is not complete. An error as soon as the header
/// shows one (RFC 4271 6.1).
[[nodiscard]] std::expected<std::optional<Message>, Notification> first_message(Octets stream);

/// Cuts a byte stream into messages, however it is split.
class Framer {
 public:
  void feed(Octets bytes) { buffer_.insert(buffer_.end(), bytes.begin(), bytes.end()); }
  /// The message stays valid until the next feed().
  [[nodiscard]] std::expected<std::optional<Message>, Notification> next();

 private:
  std::vector<uint8_t> buffer_;
  size_t taken_ = 0;
};

/// Starts a message in `out`; the returned value goes to end_message().
size_t begin_message(std::vector<uint8_t>& out, MessageType type);
void end_message(std::vector<uint8_t>& out, size_t begun);

[[nodiscard]] std::vector<uint8_t> encode_keepalive();
[[nodiscard]] std::vector<uint8_t> encode(const Notification& notification);
/// `body` is what follows the header, at least two octets by the header's check.
[[nodiscard]] Notification decode_notification(Octets body);

struct RouteRefresh {
  enum class Subtype : uint8_t { request = 0, begin = 1, end = 2 };  // RFC 7313
  AddressFamily family;
  uint8_t subtype = 0;  ///< of `Subtype`; others are ignored
  friend auto operator<=>(const RouteRefresh&, const RouteRefresh&) = default;
};

[[nodiscard]] std::vector<uint8_t> encode(const RouteRefresh& refresh);
[[nodiscard]] std::expected<RouteRefresh, Notification> decode_route_refresh(
    const Message& message);

}  // namespace skyhop::bgp
