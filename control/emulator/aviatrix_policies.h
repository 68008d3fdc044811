// The run-time side of Aviatrix' BGP policies: what is approved, what stands by, and what the
// controller gave each speaker. The policies of every peer look at it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "control/bgp/speaker.h"
#include "control/cloud/aviatrix/transit_policy.h"
#include "control/cloud/network.h"

namespace skyhop::emulator {

class AviatrixPolicies {
 public:
  /// Both outlive the policies.
  AviatrixPolicies(const lab::Lab& lab, const cloud::Network& network);

  /// Policies, hold time and group of a peer that the gateway has by this connection.
  void configure(cloud::GatewayId gateway, const std::string& connection, bgp::PeerConfig& peer);

  /// True when something changed: the peers of the connection are to be evaluated again.
  bool set_standby(const std::string& connection, cloud::GatewayId gateway, bool stands_by);
  /// The same for every peer of the gateways or connections that share the approval.
  bool set_approved(const std::string& target, const std::vector<lpm::Ipv4Prefix>& cidrs,
                    bool approved);
  [[nodiscard]] bool is_approved(const std::string& target, lpm::Ipv4Prefix cidr) const;

  cloud::aviatrix::OriginationBook& book(cloud::GatewayId gateway) {
    return *books_[gateway.index()];
  }

 private:
  std::shared_ptr<cloud::aviatrix::PeerState> state(const std::string& connection,
                                                    cloud::GatewayId gateway);

  const lab::Lab& lab_;
  const cloud::Network& network_;
  std::vector<std::shared_ptr<cloud::aviatrix::OriginationBook>> books_;  ///< by gateway
  std::map<std::pair<std::string, cloud::GatewayId>, std::shared_ptr<cloud::aviatrix::PeerState>>
      states_;
  /// By gateway resource or connection, whichever the approval is kept for.
  std::map<std::string, std::shared_ptr<cloud::aviatrix::ApprovedCidrs>> approved_;
};

}  // namespace skyhop::emulator
