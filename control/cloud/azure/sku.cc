#include "control/cloud/azure/sku.h"

#include <algorithm>

namespace skyhop::cloud::azure {

namespace {

// Azure's table of gateway SKUs. The AZ SKUs are the plain ones in zones; one figure differs.
constexpr std::array<TunnelRate, 3> kNone{};
constexpr std::array kSkus = {
    Sku{"Basic", 1, 10, 100, kNone},
    Sku{"VpnGw1", 1, 30, 650, {{{650, 62}, {500, 47}, {130, 12}}}},
    Sku{"VpnGw2", 1, 30, 1'000, {{{1'200, 100}, {650, 61}, {140, 13}}}},
    Sku{"VpnGw3", 1, 30, 1'250, {{{1'250, 120}, {700, 66}, {140, 13}}}},
    Sku{"VpnGw1AZ", 1, 30, 650, {{{650, 62}, {500, 47}, {130, 12}}}},
    Sku{"VpnGw2AZ", 1, 30, 1'000, {{{1'200, 110}, {650, 61}, {140, 13}}}},
    Sku{"VpnGw3AZ", 1, 30, 1'250, {{{1'250, 120}, {700, 66}, {140, 13}}}},
    Sku{"VpnGw2", 2, 30, 1'250, {{{1'250, 120}, {550, 52}, {130, 12}}}},
    Sku{"VpnGw3", 2, 30, 2'500, {{{1'500, 140}, {700, 66}, {140, 13}}}},
    Sku{"VpnGw4", 2, 100, 5'000, {{{2'300, 220}, {700, 66}, {140, 13}}}},
    Sku{"VpnGw5", 2, 100, 10'000, {{{2'300, 220}, {700, 66}, {140, 13}}}},
    Sku{"VpnGw2AZ", 2, 30, 1'250, {{{1'250, 120}, {550, 52}, {130, 12}}}},
    Sku{"VpnGw3AZ", 2, 30, 2'500, {{{1'500, 140}, {700, 66}, {140, 13}}}},
    Sku{"VpnGw4AZ", 2, 100, 5'000, {{{2'300, 220}, {700, 66}, {140, 13}}}},
    Sku{"VpnGw5AZ", 2, 100, 10'000, {{{2'300, 220}, {700, 66}, {140, 13}}}},
};

}  // namespace

std::span<const Sku> skus() { return kSkus; }

const Sku* find_sku(std::string_view name, std::string_view generation) {
  const int number = generation == "Generation2" ? 2 : 1;
  const auto* found = std::ranges::find_if(
      kSkus, [&](const Sku& sku) { return sku.name == name && sku.generation == number; });
  return found == kSkus.end() ? nullptr : found;
}

const Sku* find_sku(std::string_view name) {
  const auto* found = std::ranges::find(kSkus, name, &Sku::name);
  return found == kSkus.end() ? nullptr : found;
}

TunnelCipher cipher_of(const lab::IpsecPolicy& policy) {
  if (policy.ipsec_encryption.starts_with("AES")) return TunnelCipher::aes256_sha256;
  if (policy.ipsec_encryption.starts_with("DES")) return TunnelCipher::des3_sha256;
  return TunnelCipher::gcm_aes256;
}

std::string_view to_string(TunnelCipher cipher) {
  switch (cipher) {
    case TunnelCipher::gcm_aes256:
      return "GCMAES256";
    case TunnelCipher::aes256_sha256:
      return "AES256 and SHA256";
    case TunnelCipher::des3_sha256:
      return "DES3 and SHA256";
  }
  return "";
}

}  // namespace skyhop::cloud::azure
