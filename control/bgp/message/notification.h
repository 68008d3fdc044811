// NOTIFICATION (RFC 4271 4.5): its codes and subcodes, and the message.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace skyhop::bgp {

enum class ErrorCode : uint8_t {
  message_header = 1,
  open_message = 2,
  update_message = 3,
  hold_timer_expired = 4,
  finite_state_machine = 5,
  cease = 6,
  route_refresh = 7,            // RFC 7313
  send_hold_timer_expired = 8,  // RFC 9687
};

enum class HeaderError : uint8_t {
  connection_not_synchronized = 1,
  bad_message_length = 2,
  bad_message_type = 3,
};

enum class OpenError : uint8_t {
  unspecific = 0,
  unsupported_version_number = 1,
  bad_peer_as = 2,
  bad_bgp_identifier = 3,
  unsupported_optional_parameter = 4,
  unacceptable_hold_time = 6,
  unsupported_capability = 7,  // RFC 5492
  role_mismatch = 11,          // RFC 9234
};

enum class UpdateError : uint8_t {
  unspecific = 0,
  malformed_attribute_list = 1,
  unrecognized_well_known_attribute = 2,
  missing_well_known_attribute = 3,
  attribute_flags_error = 4,
  attribute_length_error = 5,
  invalid_origin = 6,
  invalid_next_hop = 8,
  optional_attribute_error = 9,
  invalid_network_field = 10,
  malformed_as_path = 11,
};

enum class FsmError : uint8_t {  // RFC 6608
  unspecified = 0,
  unexpected_message_in_open_sent = 1,
  unexpected_message_in_open_confirm = 2,
  unexpected_message_in_established = 3,
};

enum class CeaseSubcode : uint8_t {  // RFC 4486, RFC 8538, RFC 9384
  unspecific = 0,
  maximum_prefixes_reached = 1,
  administrative_shutdown = 2,
  peer_deconfigured = 3,
  administrative_reset = 4,
  connection_rejected = 5,
  other_configuration_change = 6,
  connection_collision_resolution = 7,
  out_of_resources = 8,
  hard_reset = 9,
  bfd_down = 10,
};

enum class RefreshError : uint8_t { invalid_message_length = 1 };  // RFC 7313

struct Notification {
  ErrorCode code = ErrorCode::cease;
  uint8_t subcode = 0;
  std::vector<uint8_t> data;

  Notification() = default;
  Notification(ErrorCode error, uint8_t sub, std::vector<uint8_t> bytes = {})
      : code(error), subcode(sub), data(std::move(bytes)) {}
  explicit Notification(HeaderError error, std::vector<uint8_t> bytes = {})
      : Notification(ErrorCode::message_header, static_cast<uint8_t>(error), std::move(bytes)) {}
  explicit Notification(OpenError error, std::vector<uint8_t> bytes = {})
      : Notification(ErrorCode::open_message, static_cast<uint8_t>(error), std::move(bytes)) {}
  explicit Notification(UpdateError error, std::vector<uint8_t> bytes = {})
      : Notification(ErrorCode::update_message, static_cast<uint8_t>(error), std::move(bytes)) {}
  explicit Notification(FsmError error, std::vector<uint8_t> bytes = {})
      : Notification(ErrorCode::finite_state_machine, static_cast<uint8_t>(error),
                     std::move(bytes)) {}
  explicit Notification(RefreshError error, std::vector<uint8_t> bytes = {})
      : Notification(ErrorCode::route_refresh, static_cast<uint8_t>(error), std::move(bytes)) {}
  /// With RFC 9003's text for the two subcodes that carry one; cut at 255 octets of whole UTF-8.
  explicit Notification(CeaseSubcode cease, const std::string& text = {});

  /// RFC 8538 3.1: the same, and the session's routes go although graceful restart was agreed on.
  [[nodiscard]] Notification as_hard_reset() const;
  /// What a Hard Reset encapsulates; nullopt for any other, and for one without it.
  [[nodiscard]] std::optional<Notification> encapsulated() const;

  [[nodiscard]] bool is(CeaseSubcode cease) const {
    return code == ErrorCode::cease && subcode == static_cast<uint8_t>(cease);
  }
  /// RFC 9003's text of a shutdown or reset, also of an encapsulated one; empty when there is none
  /// or it is not valid UTF-8.
  [[nodiscard]] std::string shutdown_text() const;
  /// "Cease/Maximum Number of Prefixes Reached (6/1)", with the text where there is one.
  [[nodiscard]] std::string to_string() const;
  friend auto operator<=>(const Notification&, const Notification&) = default;
};

}  // namespace skyhop::bgp
