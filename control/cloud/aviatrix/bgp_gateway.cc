#include "control/cloud/aviatrix/bgp_gateway.h"

#include <algorithm>

namespace skyhop::cloud::aviatrix {
namespace {

template <typename Settings>
BgpGateway common(const Settings& settings) {
  return {.name = settings.name,
          .asn = settings.local_as_number,
          .ecmp = settings.bgp_ecmp,
          .polling_time = settings.bgp_polling_time,
          .hold_time = settings.bgp_hold_time,
          .prepend_as_path = settings.prepend_as_path,
          .preserves_as_path = settings.enable_preserve_as_path,
          .enable_learned_cidrs_approval = settings.enable_learned_cidrs_approval,
          .approval_mode = settings.learned_cidrs_approval_mode,
          .approved_cidrs = settings.approved_learned_cidrs,
          .active_standby = settings.enable_active_standby,
          .preemptive = settings.enable_active_standby_preemptive};
}

}  // namespace

std::optional<BgpGateway> bgp_gateway(const lab::Lab& lab, const std::string& name) {
  const auto transit = std::ranges::find(lab.transit_gateways, name, &lab::TransitGateway::name);
  if (transit != lab.transit_gateways.end()) {
    BgpGateway gateway = common(*transit);
    gateway.manual_cidrs = transit->bgp_manual_spoke_advertise_cidrs;
    return gateway;
  }
  const auto spoke = std::ranges::find(lab.spoke_gateways, name, &lab::SpokeGateway::name);
  if (spoke == lab.spoke_gateways.end() || !spoke->enable_bgp) return std::nullopt;
  BgpGateway gateway = common(*spoke);
  gateway.is_transit = false;
  gateway.manual_cidrs = spoke->spoke_bgp_manual_advertise_cidrs;
  return gateway;
}

const lab::TransitExternalDeviceConn* find_connection(const lab::Lab& lab,
                                                      const std::string& name) {
  const auto found = std::ranges::find(lab.transit_external_device_conns, name,
                                       &lab::TransitExternalDeviceConn::connection_name);
  return found == lab.transit_external_device_conns.end() ? nullptr : &*found;
}

bool waits_for_approval(const BgpGateway& gateway,
                        const lab::TransitExternalDeviceConn& connection) {
  return gateway.enable_learned_cidrs_approval &&
         (gateway.approval_mode == lab::ApprovalMode::gateway ||
          connection.enable_learned_cidrs_approval);
}

}  // namespace skyhop::cloud::aviatrix
