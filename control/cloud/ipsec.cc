#include "control/cloud/ipsec.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace skyhop::cloud {

namespace ipsec = dataplane::ipsec;

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

constexpr std::string_view kKeysPath = "settings.esp.keys";

std::optional<uint32_t> parse_spi(const std::string& text) {
  char* end = nullptr;
  const unsigned long long value = std::strtoull(text.c_str(), &end, 0);
  if (text.empty() || *end != 0 || value > UINT32_MAX) return std::nullopt;
  return static_cast<uint32_t>(value);
}

/// The keys that the lab gives for one direction, tunnel by tunnel.
std::vector<ipsec::KeyMaterial> given_keys(Derivation& d, const ipsec::EspSpec& spec,
                                           const std::string& from, const std::string& to) {
  std::vector<ipsec::KeyMaterial> keys;
  const std::vector<lab::EspKeys>& given = d.lab.settings.esp.keys;
  for (size_t i = 0; i < given.size(); ++i) {
    const lab::EspKeys& one = given[i];
    if (one.from != from || one.to != to) continue;
    const std::string path = fmt::format("{}[{}]", kKeysPath, i);
    const auto spi = parse_spi(one.spi);
    const auto encryption = ipsec::parse_hex(one.encryption_key);
    const auto integrity = ipsec::parse_hex(one.integrity_key);
    if (!spi) d.error(path + ".spi", fmt::format("\"{}\" is no number of 32 bits", one.spi));
    if (!encryption) d.error(path + ".encryption_key", encryption.error().what);
    if (!integrity) d.error(path + ".integrity_key", integrity.error().what);
    if (!spi || !encryption || !integrity) continue;
    const ipsec::KeyMaterial material{
        .spi = *spi, .cipher_key = *encryption, .integrity_key = *integrity};
    if (auto checked = ipsec::check_keys(material, spec.transform); !checked) {
      d.error(path, checked.error().what);
      continue;
    }
    if (one.tunnel != keys.size()) {
      d.error(path + ".tunnel",
              one.tunnel >= spec.tunnels
                  ? fmt::format("there are {} tunnels from {} to {}", spec.tunnels, from, to)
                  : fmt::format("keys of a bundle are given in order: those of tunnel {} are next",
                                keys.size()));
      continue;
    }
    keys.push_back(material);
  }
  return keys;
}

bool among(std::string_view name, Names names) {
  return std::ranges::any_of(
      names, [&](std::string_view option) { return canonical(option) == canonical(name); });
}

}  // namespace

ipsec::Transform transform_of(const Policy& policy) {
  // What no table knows is reported as the policy's fault; its tunnel is never made.
  return ipsec::transform_of(policy.ipsec_encryption, policy.ipsec_integrity)
      .value_or(ipsec::Transform{});
}

Encapsulation encapsulation_of(ipsec::Transform transform, NatTraversal nat) {
  const ipsec::Overhead overhead =
      ipsec::overhead_of(transform, nat == NatTraversal::on ? ipsec::UdpEncapsulation::on
                                                            : ipsec::UdpEncapsulation::off);
  return {.fixed_bytes = overhead.fixed, .block = overhead.block};
}

void make_tunnel(Derivation& d, Link& link, GatewayId a, GatewayId b, const Policy& policy,
                 NatTraversal nat, const std::string& path) {
  const lab::EspSettings& settings = d.lab.settings.esp;
  if (settings.nat_traversal != "auto") {
    nat = settings.nat_traversal == "on" ? NatTraversal::on : NatTraversal::off;
  }
  ipsec::EspSpec spec;
  spec.transform = settings.algorithm == "policy"
                       ? transform_of(policy)
                       : ipsec::parse_transform(settings.algorithm).value_or(transform_of(policy));
  const Gateway& near = d.network.at(a);
  const Gateway& far = d.network.at(b);
  const auto outer = [&](const Gateway& gateway) {
    return nat == NatTraversal::on || gateway.nics.empty() ? gateway.public_ip
                                                           : d.network.at(gateway.nics[0]).address;
  };
  spec.driver = settings.driver != "auto" ? settings.driver
                                          : std::string(ipsec::default_driver(spec.transform));
  spec.source = outer(near);
  spec.destination = outer(far);
  spec.udp = nat == NatTraversal::on ? ipsec::UdpEncapsulation::on : ipsec::UdpEncapsulation::off;
  spec.sequence_numbers = settings.extended_sequence_numbers ? ipsec::SequenceNumbers::extended
                                                             : ipsec::SequenceNumbers::bits_32;
  spec.replay_window = settings.replay_window;
  spec.tunnels = link.tunnel_count;
  spec.lifetime.packets = settings.lifetime_packets;
  spec.lifetime.octets =
      (settings.lifetime_kilobytes != 0 ? settings.lifetime_kilobytes : policy.sa_datasize) * 1024;
  spec.lifetime.seconds =
      settings.lifetime ? settings.lifetime->count() : static_cast<double>(policy.sa_lifetime);
  spec.seed = settings.seed;
  if (d.lab.settings.encryption == lab::Encryption::esp &&
      ipsec::default_driver(spec.transform).empty()) {
    d.warning(path, fmt::format("nothing here encrypts with {}: packets in {} only weigh as much",
                                ipsec::to_string(spec.transform), link.name));
  }
  link.encapsulation = encapsulation_of(spec.transform, nat);
  Ipsec both{.a_to_b = spec, .b_to_a = spec};
  std::swap(both.b_to_a.source, both.b_to_a.destination);
  both.a_to_b.keys = given_keys(d, spec, near.name, far.name);
  both.b_to_a.keys = given_keys(d, spec, far.name, near.name);
  link.ipsec = std::move(both);

  d.fact(link.name, "overhead",
         fmt::format("{} octets, padded to {}", link.encapsulation.fixed_bytes,
                     link.encapsulation.block),
         fmt::format("ESP tunnel mode, {}, {}", ipsec::to_string(spec.transform),
                     nat == NatTraversal::on ? "UDP for the address translation"
                                             : "between private addresses"));
  d.fact(link.name, "outer addresses",
         fmt::format("{} - {}", spec.source.to_string(), spec.destination.to_string()),
         nat == NatTraversal::on ? "public addresses" : "first NICs");
  d.fact(link.name, "SA lifetime",
         fmt::format("{:g} s, {} KB", spec.lifetime.seconds, spec.lifetime.octets / 1024),
         settings.lifetime || settings.lifetime_kilobytes != 0 ? "settings.esp"
                                                               : "the policy, or Azure's default");
}

void check_given_keys(Derivation& d) {
  const std::vector<lab::EspKeys>& given = d.lab.settings.esp.keys;
  for (size_t i = 0; i < given.size(); ++i) {
    const auto is_of = [&](const Link& link) {
      const std::string& a = d.network.at(link.a).name;
      const std::string& b = d.network.at(link.b).name;
      return link.ipsec &&
             ((a == given[i].from && b == given[i].to) || (b == given[i].from && a == given[i].to));
    };
    if (std::ranges::none_of(d.network.links, is_of)) {
      d.error(fmt::format("{}[{}]", kKeysPath, i),
              fmt::format("there is no tunnel from {} to {}", given[i].from, given[i].to));
    }
  }
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
