#include "control/emulator/active_standby.h"

#include <fmt/format.h>

#include <algorithm>

#include "control/cloud/aviatrix/bgp_gateway.h"

namespace skyhop::emulator {

using cloud::GatewayId;

ActiveStandby::ActiveStandby(const lab::Lab& lab, const cloud::Network& network, Ask ask)
    : network_(network), ask_(std::move(ask)) {
  const auto gateways_of = [&](const std::string& resource) {
    std::vector<GatewayId> gateways;
    for (size_t i = 0; i < network.gateways.size(); ++i) {
      if (network.gateways[i].resource == resource) gateways.emplace_back(i);
    }
    return gateways;
  };
  for (const lab::TransitExternalDeviceConn& connection : lab.transit_external_device_conns) {
    const auto is_its = [&](const auto& gateway) {
      return gateway.name == connection.gw_name && gateway.enable_active_standby;
    };
    const auto transit = std::ranges::find_if(lab.transit_gateways, is_its);
    const auto spoke = std::ranges::find_if(lab.spoke_gateways, is_its);
    const bool is_transits = transit != lab.transit_gateways.end();
    if (!is_transits && spoke == lab.spoke_gateways.end()) continue;
    const auto gateways = gateways_of(connection.gw_name);
    if (gateways.size() != 2) continue;
    const size_t preferred = connection.switch_to_ha_standby_gateway ? 1 : 0;
    pairs_.push_back({.connection = connection.connection_name,
                      .gateways = {gateways[0], gateways[1]},
                      .preferred = preferred,
                      .active = preferred,
                      .preemptive = is_transits ? transit->enable_active_standby_preemptive
                                                : spoke->enable_active_standby_preemptive});
  }
}

void ActiveStandby::start() {
  for (const Pair& pair : pairs_) {
    for (size_t i = 0; i < 2; ++i) {
      ask_.set(pair.connection, pair.gateways[i], i != pair.active);
    }
  }
}

void ActiveStandby::changed() {
  for (Pair& pair : pairs_) {
    const auto usable = [&](size_t which) {
      return ask_.is_usable(pair.connection, pair.gateways[which]);
    };
    if (!usable(pair.active)) {
      if (usable(1 - pair.active)) activate(pair, 1 - pair.active, "the active tunnel is down");
    } else if (pair.preemptive && pair.active != pair.preferred && usable(pair.preferred)) {
      activate(pair, pair.preferred, "it is back, and preemptive");
    }
  }
}

bool ActiveStandby::switch_over(const std::string& connection) {
  const auto pair = std::ranges::find(pairs_, connection, &Pair::connection);
  if (pair == pairs_.end()) return false;
  const size_t other = 1 - pair->active;
  if (!ask_.is_usable(connection, pair->gateways[other])) return false;
  activate(*pair, other, "switchover");
  return true;
}

std::optional<GatewayId> ActiveStandby::active(const std::string& connection) const {
  const auto pair = std::ranges::find(pairs_, connection, &Pair::connection);
  if (pair == pairs_.end()) return std::nullopt;
  return pair->gateways[pair->active];
}

void ActiveStandby::activate(Pair& pair, size_t which, const std::string& why) {
  pair.active = which;
  ask_.set(pair.connection, pair.gateways[1 - which], true);
  ask_.set(pair.connection, pair.gateways[which], false);
  ask_.note(pair.connection,
            fmt::format("{} is active: {}", network_.at(pair.gateways[which]).name, why));
}

}  // namespace skyhop::emulator
