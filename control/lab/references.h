// Names in the lab file that mean something else in it: which names there are, and which are wrong.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "control/lab/diagnostic.h"
#include "control/lab/lab.h"

namespace skyhop::lab {

/// Sets of things that have a name; derived names that follow from the file alone count.
enum Target : uint32_t {
  kVirtualNetwork = 1u << 0,  ///< also those of Aviatrix gateways
  kRouteTable = 1u << 1,
  kSecurityGroup = 1u << 2,
  kRouteServer = 1u << 3,
  kVpnGateway = 1u << 4,
  kLocalNetworkGateway = 1u << 5,
  kTransitGateway = 1u << 6,
  kTransitTwin = 1u << 7,  ///< "-hagw"
  kSpokeGateway = 1u << 8,
  kSpokeTwin = 1u << 9,
  kRouteServerInstance = 1u << 10,  ///< "routerserver-0"
  kVpnGatewayInstance = 1u << 11,   ///< "vng-1"
  kVirtualMachine = 1u << 12,
  kSubnet = 1u << 13,  ///< "vnet/subnet"
  kExternalConnection = 1u << 14,
  kNetworkDomain = 1u << 15,
  kDomainTable = 1u << 16,  ///< "transit-1@production": a transit gateway's table of a domain
  kPublicIp = 1u << 19,
  kHost = 1u << 20,
  kRouterResource = 1u << 21,  ///< also a VM that forwards
  kRouterOutside = 1u << 22,   ///< outside of Azure, the Internet included
};
inline constexpr uint32_t kTransit = kTransitGateway | kTransitTwin;
inline constexpr uint32_t kAviatrixGateway = kTransit | kSpokeGateway | kSpokeTwin;
inline constexpr uint32_t kRouter = kAviatrixGateway | kVpnGatewayInstance | kSubnet |
                                    kDomainTable | kRouterResource | kRouterOutside;
inline constexpr uint32_t kMachine = kVirtualMachine | kHost;

enum class ReferenceForm {
  name,
  pair,          ///< "transit-1 - vng-0", either order
  channel,       ///< a pair, or one direction of it: "transit-1 -> vng-0"
  alternatives,  ///< "transit-1|transit-1-hagw"
  vnet_id,       ///< "vnet" or "vnet:resource group:subscription"
};

struct ReferenceType {
  uint32_t targets = 0;
  bool or_address = false;
  ReferenceForm form = ReferenceForm::name;
};

/// A place where a name stands.
struct Reference {
  ReferenceType type;
  std::string name;
  std::string path;
  Mark mark;
};

/// "a VNet", "an Aviatrix gateway or an address": for messages and documentation.
[[nodiscard]] std::string describe(const ReferenceType& type);

/// Reports names that nothing has, with the near one, and names that two things have.
void check_references(const Lab& lab, const std::vector<Reference>& references,
                      Diagnostics& diagnostics);

}  // namespace skyhop::lab
