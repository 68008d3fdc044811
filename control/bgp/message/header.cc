#include "control/bgp/message/header.h"

#include <algorithm>

namespace skyhop::bgp {
namespace {

constexpr size_t kMarkerLength = 16;
constexpr uint8_t kMarkerOctet = 0xFF;

// RFC 4271 6.1: shortest and longest length each type may have.
struct Bounds {
  size_t least;
  size_t most;
};

std::optional<Bounds> bounds_of(uint8_t type, size_t longest) {
  switch (static_cast<MessageType>(type)) {
    case MessageType::open:
      return Bounds{29, kMaxMessageLength};
    case MessageType::update:
      return Bounds{23, longest};
    case MessageType::notification:
      return Bounds{21, longest};
    case MessageType::keepalive:
      return Bounds{kHeaderLength, kHeaderLength};
    case MessageType::route_refresh:
      return Bounds{23, longest};
  }
  return {};
}

std::vector<uint8_t> length_field(uint16_t length) {
  return {static_cast<uint8_t>(length >> 8), static_cast<uint8_t>(length)};
}

}  // namespace

std::expected<std::optional<Message>, Notification> first_message(Octets stream, size_t longest) {
  const Octets marker = stream.first(std::min(stream.size(), kMarkerLength));
  if (std::ranges::any_of(marker, [](uint8_t octet) { return octet != kMarkerOctet; })) {
    return std::unexpected(Notification(HeaderError::connection_not_synchronized));
  }
  if (stream.size() < kHeaderLength) return std::nullopt;
  Reader reader(stream.subspan(kMarkerLength));
  const uint16_t length = reader.u16();
  const uint8_t type = reader.u8();
  // The length before the type, as RFC 4271 6.1 lists them; the type's own bounds need the type.
  if (length < kHeaderLength || length > longest) {
    return std::unexpected(Notification(HeaderError::bad_message_length, length_field(length)));
  }
  const auto bounds = bounds_of(type, longest);
  if (!bounds) return std::unexpected(Notification(HeaderError::bad_message_type, {type}));
  if (length < bounds->least || length > bounds->most) {
    return std::unexpected(Notification(HeaderError::bad_message_length, length_field(length)));
  }
  if (stream.size() < length) return std::nullopt;
  return Message{static_cast<MessageType>(type),
                 stream.subspan(kHeaderLength, length - kHeaderLength), stream.first(length)};
}

std::expected<std::optional<Message>, Notification> Framer::next() {
  auto message = first_message(Octets(buffer_).subspan(taken_), longest_);
  if (message && *message) {
    taken_ += (*message)->octets.size();
  } else if (taken_ > 0) {
    // Only a partial message is left: move it to the front before more arrives.
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<ptrdiff_t>(taken_));
    taken_ = 0;
  }
  return message;
}

size_t begin_message(std::vector<uint8_t>& out, MessageType type) {
  const size_t begun = out.size();
  out.insert(out.end(), kMarkerLength, kMarkerOctet);
  Writer writer(out);
  writer.u16(0);
  writer.u8(static_cast<uint8_t>(type));
  return begun;
}

void end_message(std::vector<uint8_t>& out, size_t begun) {
  Writer(out).patch_u16(begun + kMarkerLength, static_cast<uint16_t>(out.size() - begun));
}

std::vector<uint8_t> encode_keepalive() {
  std::vector<uint8_t> out;
  end_message(out, begin_message(out, MessageType::keepalive));
  return out;
}

std::vector<uint8_t> encode(const Notification& notification, size_t longest) {
  std::vector<uint8_t> out;
  const size_t begun = begin_message(out, MessageType::notification);
  Writer writer(out);
  writer.u8(static_cast<uint8_t>(notification.code));
  writer.u8(notification.subcode);
  const size_t room = longest - out.size();
  writer.bytes(Octets(notification.data).first(std::min(room, notification.data.size())));
  end_message(out, begun);
  return out;
}

Notification decode_notification(Octets body) {
  Reader reader(body);
  const auto code = static_cast<ErrorCode>(reader.u8());
  const uint8_t subcode = reader.u8();
  const Octets data = reader.rest();
  return {code, subcode, {data.begin(), data.end()}};
}

std::vector<uint8_t> encode(const RouteRefresh& refresh) {
  std::vector<uint8_t> out;
  const size_t begun = begin_message(out, MessageType::route_refresh);
  Writer writer(out);
  writer.u16(refresh.family.afi);
  writer.u8(refresh.subtype);
  writer.u8(refresh.family.safi);
  end_message(out, begun);
  return out;
}

std::expected<RouteRefresh, Notification> decode_route_refresh(const Message& message,
                                                               RefreshForm form) {
  Reader reader(message.body);
  RouteRefresh refresh;
  refresh.family.afi = reader.u16();
  refresh.subtype = reader.u8();
  refresh.family.safi = reader.u8();
  if (form == RefreshForm::plain) refresh.subtype = 0;
  if (reader.empty()) return refresh;
  switch (static_cast<RouteRefresh::Subtype>(refresh.subtype)) {
    case RouteRefresh::Subtype::request:
      // RFC 5291's filters make it longer; we never offer them.
      return std::unexpected(
          Notification(HeaderError::bad_message_length,
                       length_field(static_cast<uint16_t>(message.octets.size()))));
    case RouteRefresh::Subtype::begin:
    case RouteRefresh::Subtype::end:
      return std::unexpected(Notification(RefreshError::invalid_message_length,
                                          {message.octets.begin(), message.octets.end()}));
  }
  return refresh;
}

}  // namespace skyhop::bgp
