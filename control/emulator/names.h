// What users call things, found in a network; with the near name when there is none.
#pragma once

#include <string>
#include <vector>

#include "control/cloud/network.h"
#include "lpm/error.h"

namespace skyhop::emulator {

[[nodiscard]] Result<cloud::VmId> vm_named(const cloud::Network& network, const std::string& name);
/// A VM's address, a gateway's, or an address as it is written.
[[nodiscard]] Result<lpm::Ipv4Address> destination_named(const cloud::Network& network,
                                                         const std::string& name);
/// The table of a router, of a VM (its subnet's effective routes) or of a subnet ("vnet/subnet").
[[nodiscard]] Result<cloud::RouterId> table_named(const cloud::Network& network,
                                                  const std::string& name);
[[nodiscard]] Result<cloud::GatewayId> gateway_named(const cloud::Network& network,
                                                     const std::string& name);
[[nodiscard]] Result<cloud::LinkId> link_named(const cloud::Network& network,
                                               const std::string& name);
/// Both channels of "a - b", the one of "a -> b".
[[nodiscard]] Result<std::vector<cloud::Channel>> channels_named(const cloud::Network& network,
                                                                 const std::string& name);
[[nodiscard]] Result<cloud::SessionId> session_named(const cloud::Network& network,
                                                     const std::string& name);

}  // namespace skyhop::emulator
