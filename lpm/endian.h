// Integers as they stand on the wire: most significant octet first.
//
// There is no implicit way in or out, so a host-order number cannot reach a packet by accident.
// They are made of octets: alignment 1, trivially copyable, fit for overlaying any buffer.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace skyhop::lpm {

template <std::unsigned_integral T>
class BigEndian {
 public:
  constexpr BigEndian() = default;
  constexpr explicit BigEndian(T host_order)
      : octets_(std::bit_cast<Octets>(to_wire(host_order))) {}

  /// From a number whose memory already holds the wire's order (what DPDK's rte_be16_t holds).
  static constexpr BigEndian from_raw(T wire_order) {
    BigEndian number;
    number.octets_ = std::bit_cast<Octets>(wire_order);
    return number;
  }

  [[nodiscard]] constexpr T value() const { return to_wire(raw()); }           ///< host byte order
  [[nodiscard]] constexpr T raw() const { return std::bit_cast<T>(octets_); }  ///< wire order

  friend constexpr bool operator==(BigEndian, BigEndian) = default;

 private:
  using Octets = std::array<uint8_t, sizeof(T)>;

  // Its own inverse.
  static constexpr T to_wire(T number) {
    if constexpr (std::endian::native == std::endian::little) return std::byteswap(number);
    return number;
  }

  Octets octets_{};
};

using Be16 = BigEndian<uint16_t>;
using Be32 = BigEndian<uint32_t>;
using Be64 = BigEndian<uint64_t>;

static_assert(sizeof(Be16) == 2 && alignof(Be16) == 1 && std::is_trivially_copyable_v<Be16>);
static_assert(sizeof(Be32) == 4 && alignof(Be32) == 1 && std::is_trivially_copyable_v<Be32>);

}  // namespace skyhop::lpm
