#include "control/cloud/ipsec.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

namespace skyhop::cloud {

namespace {

using Policy = lab::IpsecPolicy;
using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 6> kIkeEncryption = {"GCMAES256", "GCMAES128", "AES256",
                                                            "AES192",    "AES128",    "DES3"};
constexpr std::array<std::string_view, 4> kIkeIntegrity = {"SHA384", "SHA256", "SHA1", "MD5"};
constexpr std::array<std::string_view, 8> kDhGroup = {
    "DHGroup24", "ECP384", "ECP256", "DHGroup14", "DHGroup2048", "DHGroup2", "DHGroup1", "None"};
constexpr std::array<std::string_view, 9> kEspEncryption = {
    "GCMAES256", "GCMAES192", "GCMAES128", "AES256", "AES192", "AES128", "DES3", "DES", "None"};
constexpr std::array<std::string_view, 6> kEspIntegrity = {"GCMAES256", "GCMAES192", "GCMAES128",
                                                           "SHA256",    "SHA1",      "MD5"};
constexpr std::array<std::string_view, 9> kPfsGroup = {
    "PFS24", "ECP384", "ECP256", "PFS14", "PFS2048", "PFS2", "PFS1", "PFSMM", "None"};

struct Field {
  std::string_view name;
  std::string Policy::* value;
  Names options;
  Names defaults;  ///< what Azure takes without a policy
};

constexpr std::array<std::string_view, 3> kDefaultIkeEncryption = {"AES256", "AES128", "DES3"};
constexpr std::array<std::string_view, 2> kDefaultIkeIntegrity = {"SHA1", "SHA256"};
constexpr std::array<std::string_view, 1> kDefaultDhGroup = {"DHGroup2"};
constexpr std::array<std::string_view, 4> kDefaultEspEncryption = {"GCMAES256", "AES256", "AES128",
                                                                   "DES3"};
constexpr std::array<std::string_view, 3> kDefaultEspIntegrity = {"GCMAES256", "SHA1", "SHA256"};
constexpr std::array<std::string_view, 5> kDefaultPfsGroup = {"None", "PFS1", "PFS2", "PFS2048",
                                                              "PFS24"};

const std::array<Field, 6> kFields = {{
    {"ike_encryption", &Policy::ike_encryption, kIkeEncryption, kDefaultIkeEncryption},
    {"ike_integrity", &Policy::ike_integrity, kIkeIntegrity, kDefaultIkeIntegrity},
    {"dh_group", &Policy::dh_group, kDhGroup, kDefaultDhGroup},
    {"ipsec_encryption", &Policy::ipsec_encryption, kEspEncryption, kDefaultEspEncryption},
    {"ipsec_integrity", &Policy::ipsec_integrity, kEspIntegrity, kDefaultEspIntegrity},
    {"pfs_group", &Policy::pfs_group, kPfsGroup, kDefaultPfsGroup},
}};

/// Two names of one group: the 2048-bit MODP group is number 14.
std::string_view canonical(std::string_view name) {
  if (name == "DHGroup2048") return "DHGroup14";
  if (name == "PFS14") return "PFS2048";
  return name;
}

bool is_gcm(std::string_view name) { return name.starts_with("GCM"); }
bool is_cbc_of_aes(std::string_view name) { return name.starts_with("AES"); }

bool among(std::string_view name, Names names) {
  return std::ranges::any_of(
      names, [&](std::string_view option) { return canonical(option) == canonical(name); });
}

}  // namespace

Encapsulation encapsulation_of(const Policy& policy, NatTraversal nat) {
  constexpr uint32_t kOuterIpv4 = 20, kUdp = 8, kEspHeader = 8;
  uint32_t iv = 0, block = 4;
  if (is_gcm(policy.ipsec_encryption)) {
    iv = 8;  // RFC 4106
  } else if (is_cbc_of_aes(policy.ipsec_encryption)) {
    iv = block = 16;  // RFC 3602
  } else if (policy.ipsec_encryption.starts_with("DES")) {
    iv = block = 8;  // RFC 2451
  }
  uint32_t icv = 12;                                 // HMAC-SHA1-96, HMAC-MD5-96
  if (is_gcm(policy.ipsec_encryption)) icv = 16;     // RFC 4106
  if (policy.ipsec_integrity == "SHA256") icv = 16;  // RFC 4868
  const uint32_t udp = nat == NatTraversal::on ? kUdp : 0;
  return {.fixed_bytes = kOuterIpv4 + udp + kEspHeader + iv + icv, .block = block};
}

std::string mismatch(const std::optional<Policy>& a, const std::optional<Policy>& b) {
  if (!a && !b) return {};
  for (const Field& field : kFields) {
    if (a && b) {
      const std::string& x = (*a).*field.value;
      const std::string& y = (*b).*field.value;
      if (canonical(x) != canonical(y)) {
        return fmt::format("{}: {} against {}", field.name, x, y);
      }
      continue;
    }
    const std::string& value = (a ? *a : *b).*field.value;
    if (!among(value, field.defaults)) {
      return fmt::format("{}: {} is not among Azure's default proposals", field.name, value);
    }
  }
  return {};
}

std::optional<PolicyFault> fault_of(const Policy& policy) {
  for (const Field& field : kFields) {
    const std::string& value = policy.*field.value;
    if (!among(value, field.options)) {
      std::vector<std::string> options(field.options.begin(), field.options.end());
      return PolicyFault{std::string(field.name),
                         fmt::format("\"{}\" is not one of {}", value, fmt::join(options, ", ")),
                         {}};
    }
  }
  const bool has_gcm = is_gcm(policy.ipsec_encryption) || is_gcm(policy.ipsec_integrity);
  if (has_gcm && policy.ipsec_encryption != policy.ipsec_integrity) {
    return PolicyFault{"ipsec_integrity",
                       fmt::format("{} for encryption and {} for integrity: GCM does both, so the "
                                   "two must be the same",
                                   policy.ipsec_encryption, policy.ipsec_integrity),
                       "A49"};
  }
  return std::nullopt;
}

}  // namespace skyhop::cloud
