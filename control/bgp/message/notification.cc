#include "control/bgp/message/notification.h"

#include <fmt/core.h>

#include <string_view>

namespace skyhop::bgp {
namespace {

constexpr size_t kMaxShutdownText = 255;  // RFC 9003; RFC 8203 allowed 128

bool carries_text(ErrorCode code, uint8_t subcode) {
  return code == ErrorCode::cease &&
         (subcode == static_cast<uint8_t>(CeaseSubcode::administrative_shutdown) ||
          subcode == static_cast<uint8_t>(CeaseSubcode::administrative_reset));
}

// Length of the well-formed UTF-8 sequence at the front (RFC 3629); 0 when there is none.
size_t utf8_sequence(std::string_view text) {
  const auto octet = [&](size_t at) { return static_cast<uint8_t>(text[at]); };
  const uint8_t lead = octet(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((octet(i) & 0xC0) != 0x80) return 0;
  }
  // Overlong forms, surrogates, and beyond U+10FFFF.
  if (lead == 0xE0 && octet(1) < 0xA0) return 0;
  if (lead == 0xED && octet(1) > 0x9F) return 0;
  if (lead == 0xF0 && octet(1) < 0x90) return 0;
  if (lead == 0xF4 && octet(1) > 0x8F) return 0;
  return length;
}

// The longest front of `text` that is whole UTF-8 and at most `limit` octets.
std::string_view utf8_front(std::string_view text, size_t limit) {
  size_t end = 0;
  while (end < text.size()) {
    const size_t step = utf8_sequence(text.substr(end));
    if (step == 0 || end + step > limit) break;
    end += step;
  }
  return text.substr(0, end);
}

std::string_view code_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::message_header:
      return "Message Header Error";
    case ErrorCode::open_message:
      return "OPEN Message Error";
    case ErrorCode::update_message:
      return "UPDATE Message Error";
    case ErrorCode::hold_timer_expired:
      return "Hold Timer Expired";
    case ErrorCode::finite_state_machine:
      return "Finite State Machine Error";
    case ErrorCode::cease:
      return "Cease";
    case ErrorCode::route_refresh:
      return "ROUTE-REFRESH Message Error";
    case ErrorCode::send_hold_timer_expired:
      return "Send Hold Timer Expired";
  }
  return "Unknown Error";
}

constexpr std::string_view kHeaderErrors[] = {"", "Connection Not Synchronized",
                                              "Bad Message Length", "Bad Message Type"};
constexpr std::string_view kOpenErrors[] = {"",
                                            "Unsupported Version Number",
                                            "Bad Peer AS",
                                            "Bad BGP Identifier",
                                            "Unsupported Optional Parameter",
                                            "",
                                            "Unacceptable Hold Time",
                                            "Unsupported Capability",
                                            "",
                                            "",
                                            "",
                                            "Role Mismatch"};
constexpr std::string_view kUpdateErrors[] = {"",
                                              "Malformed Attribute List",
                                              "Unrecognized Well-known Attribute",
                                              "Missing Well-known Attribute",
                                              "Attribute Flags Error",
                                              "Attribute Length Error",
                                              "Invalid ORIGIN Attribute",
                                              "",
                                              "Invalid NEXT_HOP Attribute",
                                              "Optional Attribute Error",
                                              "Invalid Network Field",
                                              "Malformed AS_PATH"};
constexpr std::string_view kFsmErrors[] = {"", "Unexpected Message in OpenSent State",
                                           "Unexpected Message in OpenConfirm State",
                                           "Unexpected Message in Established State"};
constexpr std::string_view kCeaseSubcodes[] = {"",
                                               "Maximum Number of Prefixes Reached",
                                               "Administrative Shutdown",
                                               "Peer De-configured",
                                               "Administrative Reset",
                                               "Connection Rejected",
                                               "Other Configuration Change",
                                               "Connection Collision Resolution",
                                               "Out of Resources",
                                               "Hard Reset",
                                               "BFD Down"};
constexpr std::string_view kRefreshErrors[] = {"", "Invalid Message Length"};

template <size_t N>
std::string_view pick(const std::string_view (&names)[N], uint8_t subcode) {
  return subcode < N ? names[subcode] : std::string_view{};
}

std::string_view subcode_name(ErrorCode code, uint8_t subcode) {
  switch (code) {
    case ErrorCode::message_header:
      return pick(kHeaderErrors, subcode);
    case ErrorCode::open_message:
      return pick(kOpenErrors, subcode);
    case ErrorCode::update_message:
      return pick(kUpdateErrors, subcode);
    case ErrorCode::finite_state_machine:
      return pick(kFsmErrors, subcode);
    case ErrorCode::cease:
      return pick(kCeaseSubcodes, subcode);
    case ErrorCode::route_refresh:
      return pick(kRefreshErrors, subcode);
    case ErrorCode::hold_timer_expired:
    case ErrorCode::send_hold_timer_expired:
      break;
  }
  return {};
}

}  // namespace

Notification::Notification(CeaseSubcode cease, const std::string& text)
    : code(ErrorCode::cease), subcode(static_cast<uint8_t>(cease)) {
  const std::string_view front = utf8_front(text, kMaxShutdownText);
  if (front.empty() || !carries_text(code, subcode)) return;
  data.reserve(1 + front.size());
  data.push_back(static_cast<uint8_t>(front.size()));
  for (const char octet : front) data.push_back(static_cast<uint8_t>(octet));
}

Notification Notification::as_hard_reset() const {
  Notification reset(CeaseSubcode::hard_reset);
  reset.data.reserve(2 + data.size());
  reset.data.push_back(static_cast<uint8_t>(code));
  reset.data.push_back(subcode);
  reset.data.insert(reset.data.end(), data.begin(), data.end());
  return reset;
}

std::optional<Notification> Notification::encapsulated() const {
  if (!is(CeaseSubcode::hard_reset) || data.size() < 2) return {};
  return Notification(static_cast<ErrorCode>(data[0]), data[1], {data.begin() + 2, data.end()});
}

std::string Notification::shutdown_text() const {
  if (const auto inner = encapsulated(); inner && !inner->is(CeaseSubcode::hard_reset)) {
    return inner->shutdown_text();
  }
  if (!carries_text(code, subcode) || data.empty() || data[0] != data.size() - 1) return {};
  const std::string text(data.begin() + 1, data.end());
  return utf8_front(text, text.size()).size() == text.size() ? text : std::string{};
}

std::string Notification::to_string() const {
  std::string text(code_name(code));
  const std::string_view detail = subcode_name(code, subcode);
  if (!detail.empty()) text += fmt::format("/{}", detail);
  text += fmt::format(" ({}/{})", static_cast<unsigned>(code), subcode);
  if (const auto inner = encapsulated(); inner && !inner->is(CeaseSubcode::hard_reset)) {
    return text + " of " + inner->to_string();
  }
  if (const std::string shutdown = shutdown_text(); !shutdown.empty()) {
    text += fmt::format(": \"{}\"", shutdown);
  }
  return text;
}

}  // namespace skyhop::bgp
