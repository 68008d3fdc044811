// What a transit and a BGP spoke have in common as BGP routers.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "control/cloud/network.h"
#include "control/lab/lab.h"

namespace skyhop::cloud::aviatrix {

struct BgpGateway {
  std::string name;  ///< of the resource
  bool is_transit = true;
  uint32_t asn = 0;
  bool ecmp = false;
  lab::Seconds polling_time{50};
  lab::Seconds hold_time{180};
  std::vector<uint32_t> prepend_as_path;
  std::vector<Ipv4Prefix> manual_cidrs;
  bool preserves_as_path = false;
  bool enable_learned_cidrs_approval = false;
  lab::ApprovalMode approval_mode = lab::ApprovalMode::gateway;
  std::vector<Ipv4Prefix> approved_cidrs;
  bool active_standby = false;
  bool preemptive = false;
};

/// Of a transit or BGP spoke, by the name of the resource; nothing for other names.
[[nodiscard]] std::optional<BgpGateway> bgp_gateway(const lab::Lab& lab, const std::string& name);

/// The connection of this name; null when there is none.
[[nodiscard]] const lab::TransitExternalDeviceConn* find_connection(const lab::Lab& lab,
                                                                    const std::string& name);

/// Learned CIDRs of this connection wait for approval (V36).
[[nodiscard]] bool waits_for_approval(const BgpGateway& gateway,
                                      const lab::TransitExternalDeviceConn& connection);

}  // namespace skyhop::cloud::aviatrix
