// BFD control packets (RFC 5880 4.1) as values and octets; without authentication.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace skyhop::bgp::bfd {

/// RFC 5880 4.1: numbered as on the wire.
enum class State : uint8_t { admin_down = 0, down = 1, init = 2, up = 3 };
[[nodiscard]] std::string_view to_string(State state);  ///< "AdminDown", "Up"

enum class Diagnostic : uint8_t {
  none = 0,
  control_detection_time_expired = 1,
  echo_function_failed = 2,
  neighbor_signaled_session_down = 3,
  forwarding_plane_reset = 4,
  path_down = 5,
  concatenated_path_down = 6,
  administratively_down = 7,
  reverse_concatenated_path_down = 8,
};
[[nodiscard]] std::string_view to_string(Diagnostic diagnostic);

using Interval = std::chrono::duration<uint32_t, std::micro>;

struct Packet {
  Diagnostic diagnostic = Diagnostic::none;
  State state = State::down;
  bool poll = false;
  bool final = false;
  bool control_plane_independent = false;
  bool demand = false;
  uint8_t detect_multiplier = 3;
  uint32_t my_discriminator = 0;
  uint32_t your_discriminator = 0;
  Interval desired_min_tx{0};
  Interval required_min_rx{0};
  Interval required_min_echo_rx{0};
  friend auto operator<=>(const Packet&, const Packet&) = default;
};

inline constexpr size_t kPacketLength = 24;

[[nodiscard]] std::vector<uint8_t> encode(const Packet& packet);
/// Nothing for what RFC 5880 6.8.6 discards before it looks at the session: another version, wrong
/// lengths, a multiplier or discriminator of 0, the Multipoint bit; or with authentication, which
/// no session here uses.
[[nodiscard]] std::optional<Packet> decode(std::span<const uint8_t> octets);

}  // namespace skyhop::bgp::bfd
