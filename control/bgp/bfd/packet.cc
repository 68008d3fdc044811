#include "control/bgp/bfd/packet.h"

#include <iterator>

#include "control/bgp/message/wire.h"

namespace skyhop::bgp::bfd {
namespace {

constexpr uint8_t kVersion = 1;
// Bits of the second octet, below the state.
constexpr uint8_t kPoll = 0x20;
constexpr uint8_t kFinal = 0x10;
constexpr uint8_t kControlPlaneIndependent = 0x08;
constexpr uint8_t kAuthentication = 0x04;
constexpr uint8_t kDemand = 0x02;
constexpr uint8_t kMultipoint = 0x01;

constexpr std::string_view kStates[] = {"AdminDown", "Down", "Init", "Up"};
constexpr std::string_view kDiagnostics[] = {"no diagnostic",
                                             "control detection time expired",
                                             "echo function failed",
                                             "neighbor signaled session down",
                                             "forwarding plane reset",
                                             "path down",
                                             "concatenated path down",
                                             "administratively down",
                                             "reverse concatenated path down"};

}  // namespace

std::string_view to_string(State state) { return kStates[static_cast<size_t>(state)]; }

std::string_view to_string(Diagnostic diagnostic) {
  const auto number = static_cast<size_t>(diagnostic);
  return number < std::size(kDiagnostics) ? kDiagnostics[number] : "unassigned diagnostic";
}

std::vector<uint8_t> encode(const Packet& packet) {
  std::vector<uint8_t> out;
  out.reserve(kPacketLength);
  Writer writer(out);
  writer.u8(static_cast<uint8_t>(kVersion << 5 | (static_cast<uint8_t>(packet.diagnostic) & 0x1F)));
  writer.u8(static_cast<uint8_t>(static_cast<uint8_t>(packet.state) << 6 |
                                 (packet.poll ? kPoll : 0) | (packet.final ? kFinal : 0) |
                                 (packet.control_plane_independent ? kControlPlaneIndependent : 0) |
                                 (packet.demand ? kDemand : 0)));
  writer.u8(packet.detect_multiplier);
  writer.u8(kPacketLength);
  writer.u32(packet.my_discriminator);
  writer.u32(packet.your_discriminator);
  writer.u32(packet.desired_min_tx.count());
  writer.u32(packet.required_min_rx.count());
  writer.u32(packet.required_min_echo_rx.count());
  return out;
}

std::optional<Packet> decode(std::span<const uint8_t> octets) {
  Reader reader(octets);
  Packet packet;
  const uint8_t version_and_diagnostic = reader.u8();
  const uint8_t state_and_flags = reader.u8();
  packet.detect_multiplier = reader.u8();
  const uint8_t length = reader.u8();
  packet.my_discriminator = reader.u32();
  packet.your_discriminator = reader.u32();
  packet.desired_min_tx = Interval(reader.u32());
  packet.required_min_rx = Interval(reader.u32());
  packet.required_min_echo_rx = Interval(reader.u32());
  if (!reader.ok() || version_and_diagnostic >> 5 != kVersion) return {};
  if (length < kPacketLength || length > octets.size()) return {};
  if ((state_and_flags & (kAuthentication | kMultipoint)) != 0) return {};
  if (packet.detect_multiplier == 0 || packet.my_discriminator == 0) return {};
  packet.diagnostic = static_cast<Diagnostic>(version_and_diagnostic & 0x1F);
  packet.state = static_cast<State>(state_and_flags >> 6);
  packet.poll = (state_and_flags & kPoll) != 0;
  packet.final = (state_and_flags & kFinal) != 0;
  packet.control_plane_independent = (state_and_flags & kControlPlaneIndependent) != 0;
  packet.demand = (state_and_flags & kDemand) != 0;
  // Without our discriminator it can only be the first word of a session.
  if (packet.your_discriminator == 0 && packet.state != State::down &&
      packet.state != State::admin_down) {
    return {};
  }
  return packet;
}

}  // namespace skyhop::bgp::bfd
