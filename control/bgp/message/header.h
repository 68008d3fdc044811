// The message header (RFC 4271 4.1), the framing of a byte stream, and the messages without a body
// worth a file.
#pragma once

#include <algorithm>
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
inline constexpr size_t kMaxExtendedLength = 65535;  ///< RFC 8654; never of OPEN and KEEPALIVE

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
/// shows one (RFC 4271 6.1). `longest` is what we take.
[[nodiscard]] std::expected<std::optional<Message>, Notification> first_message(
    Octets stream, size_t longest = kMaxMessageLength);

/// Cuts a byte stream into messages, however it is split.
class Framer {
 public:
  /// From the next message on.
  void set_longest(size_t octets) { longest_ = octets; }
  void feed(Octets bytes) { buffer_.insert(buffer_.end(), bytes.begin(), bytes.end()); }
  /// What has not been taken yet, at most so many octets of it.
  [[nodiscard]] std::vector<uint8_t> front(size_t most) const {
    const Octets rest = Octets(buffer_).subspan(taken_);
    const Octets shown = rest.first(std::min(rest.size(), most));
    return {shown.begin(), shown.end()};
  }
  /// The message stays valid until the next feed().
  [[nodiscard]] std::expected<std::optional<Message>, Notification> next();

 private:
  std::vector<uint8_t> buffer_;
  size_t taken_ = 0;
  size_t longest_ = kMaxMessageLength;
};

/// Starts a message in `out`; the returned value goes to end_message().
size_t begin_message(std::vector<uint8_t>& out, MessageType type);
void end_message(std::vector<uint8_t>& out, size_t begun);

[[nodiscard]] std::vector<uint8_t> encode_keepalive();
/// Data beyond `longest` octets is cut off.
[[nodiscard]] std::vector<uint8_t> encode(const Notification& notification,
                                          size_t longest = kMaxMessageLength);
/// `body` is what follows the header, at least two octets by the header's check.
[[nodiscard]] Notification decode_notification(Octets body);

struct RouteRefresh {
  enum class Subtype : uint8_t { request = 0, begin = 1, end = 2 };  // RFC 7313
  AddressFamily family;
  uint8_t subtype = 0;  ///< of `Subtype`; others are ignored
  friend auto operator<=>(const RouteRefresh&, const RouteRefresh&) = default;
};

[[nodiscard]] std::vector<uint8_t> encode(const RouteRefresh& refresh);
enum class RefreshForm : uint8_t {
  plain,     ///< RFC 2918: the octet of the subtype is ignored
  enhanced,  ///< both ends offered RFC 7313
};
[[nodiscard]] std::expected<RouteRefresh, Notification> decode_route_refresh(const Message& message,
                                                                             RefreshForm form);

}  // namespace skyhop::bgp
