// Routers that no cloud programs, alive: what appliances, sites and the Internet forward by.
//
// An appliance's guest has its own table: tunnels, static routes and what its BGP learned; all else
// leaves by the NIC, where the fabric's effective routes decide whatever the next hop was (A38).
#pragma once

#include <span>

#include "control/cloud/network.h"
#include "control/emulator/aviatrix_plane.h"
#include "control/emulator/speakers.h"

namespace skyhop::emulator {

class RouterPlane {
 public:
  RouterPlane(const cloud::Network& network, const Speakers& speakers, Tables& tables);

  /// Best routes of a router changed: its table follows at once.
  void routes_changed(cloud::GatewayId router, std::span<const bgp::Prefix> prefixes);

 private:
  void install_fixed(const cloud::PlainRouter& router);
  void install_internet();
  void install_bgp(const cloud::PlainRouter& router, lpm::Ipv4Prefix prefix);
  [[nodiscard]] routing::NextHop out_of_nic(const cloud::PlainRouter& router);
  [[nodiscard]] routing::NextHop to_internet(const cloud::PlainRouter& router);
  [[nodiscard]] routing::RouterTable& table_of(const cloud::PlainRouter& router);

  const cloud::Network& network_;
  const Speakers& speakers_;
  Tables& tables_;
};

}  // namespace skyhop::emulator
