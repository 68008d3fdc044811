// The SAs of a run, for people who look at captures of tunnels: Wireshark's table and JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "dataplane/ipsec/spec.h"

namespace skyhop::report {

/// A file that is Wireshark's table esp_sa: copied into a profile's folder, or given to tshark line
/// by line as -o 'uat:esp_sa:LINE' with -o esp.enable_encryption_decode:TRUE.
[[nodiscard]] std::string wireshark_keys(
    const std::vector<dataplane::ipsec::AssociationRecord>& associations);

/// [{"link": .., "spi": "0x..", "algorithm": .., "encryption_key": .., ...}]; links by the names
/// given.
[[nodiscard]] nlohmann::ordered_json associations_json(
    const std::vector<dataplane::ipsec::AssociationRecord>& associations,
    const std::vector<std::string>& link_names);

}  // namespace skyhop::report
