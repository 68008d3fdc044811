// What Azure's VPN gateway SKUs are: which generations have them, how many tunnels they take, and
// the throughput that Azure publishes for them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "control/lab/lab.h"

namespace skyhop::cloud::azure {

/// Throughput of one tunnel with one kind of encryption.
struct TunnelRate {
  uint64_t mbits_per_second = 0;
  uint32_t kilopackets_per_second = 0;
};

/// The columns of Azure's table.
enum class TunnelCipher : uint8_t { gcm_aes256, aes256_sha256, des3_sha256 };

struct Sku {
  std::string_view name;
  int generation = 1;
  uint32_t max_tunnels = 0;
  uint64_t aggregate_mbits_per_second = 0;  ///< of all tunnels of an instance
  std::array<TunnelRate, 3> tunnel{};       ///< by TunnelCipher; zeros: Azure publishes none
};

[[nodiscard]] std::span<const Sku> skus();
/// The SKU in this generation ("Generation2"); null when it does not exist there.
[[nodiscard]] const Sku* find_sku(std::string_view name, std::string_view generation);
/// The SKU in any generation, the first one first.
[[nodiscard]] const Sku* find_sku(std::string_view name);

/// The column that a tunnel's policy falls into, and its name. Azure publishes three; the others go
/// with the nearest (assumed): all GCM together, all AES-CBC whatever the hash, DES with 3DES, no
/// encryption with GCM.
[[nodiscard]] TunnelCipher cipher_of(const lab::IpsecPolicy& policy);
[[nodiscard]] std::string_view to_string(TunnelCipher cipher);  ///< "AES256 and SHA256"

}  // namespace skyhop::cloud::azure
