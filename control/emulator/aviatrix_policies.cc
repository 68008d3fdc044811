#include "control/emulator/aviatrix_policies.h"

#include "control/cloud/aviatrix/bgp_gateway.h"

namespace skyhop::emulator {

using cloud::GatewayId;
using cloud::aviatrix::ApprovedCidrs;
using cloud::aviatrix::OriginationBook;
using cloud::aviatrix::PeerState;

AviatrixPolicies::AviatrixPolicies(const lab::Lab& lab, const cloud::Network& network)
    : lab_(lab), network_(network) {
  for (size_t i = 0; i < network.gateways.size(); ++i) {
    books_.push_back(std::make_shared<OriginationBook>());
  }
}

std::shared_ptr<PeerState> AviatrixPolicies::state(const std::string& connection,
                                                   GatewayId gateway) {
  auto& state = states_[{connection, gateway}];
  if (!state) state = std::make_shared<PeerState>();
  return state;
}

void AviatrixPolicies::configure(GatewayId id, const std::string& connection,
                                 bgp::PeerConfig& peer) {
  peer.group = connection;
  const auto gateway = cloud::aviatrix::bgp_gateway(lab_, network_.at(id).resource);
  const auto* device = cloud::aviatrix::find_connection(lab_, connection);
  if (!gateway || device == nullptr) return;
  const auto shared = state(connection, id);
  if (cloud::aviatrix::waits_for_approval(*gateway, *device)) {
    const bool by_gateway = gateway->approval_mode == lab::ApprovalMode::gateway;
    auto& approved = approved_[by_gateway ? gateway->name : connection];
    if (!approved) {
      const auto& from_start = by_gateway ? gateway->approved_cidrs : device->approved_cidrs;
      approved = std::make_shared<ApprovedCidrs>(from_start.begin(), from_start.end());
    }
    shared->approved = approved;
  }
  peer.import_policy = cloud::aviatrix::transit_import(*gateway, shared);
  peer.export_policy =
      cloud::aviatrix::transit_export(lab_, *gateway, *device, shared, books_[id.index()]);
  peer.hold_time = std::chrono::duration_cast<bgp::Duration>(gateway->hold_time);
}

bool AviatrixPolicies::set_standby(const std::string& connection, GatewayId gateway,
                                   bool stands_by) {
  const auto shared = state(connection, gateway);
  return std::exchange(shared->stands_by, stands_by) != stands_by;
}

bool AviatrixPolicies::set_approved(const std::string& target,
                                    const std::vector<lpm::Ipv4Prefix>& cidrs, bool approved) {
  const auto found = approved_.find(target);
  if (found == approved_.end()) return false;
  bool changed = false;
  for (const lpm::Ipv4Prefix cidr : cidrs) {
    changed |= approved ? found->second->insert(cidr).second : found->second->erase(cidr) != 0;
  }
  return changed;
}

bool AviatrixPolicies::is_approved(const std::string& target, lpm::Ipv4Prefix cidr) const {
  const auto found = approved_.find(target);
  return found != approved_.end() && found->second->contains(cidr);
}

}  // namespace skyhop::emulator
