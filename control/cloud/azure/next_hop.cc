#include "control/cloud/azure/next_hop.h"

namespace skyhop::cloud::azure {

const EffectiveRoute* deciding_route(const std::vector<EffectiveRoute>& rows,
                                     Ipv4Address destination) {
  const EffectiveRoute* best = nullptr;
  for (const EffectiveRoute& row : rows) {
    if (row.state == RouteState::Active && row.prefix.contains(destination) &&
        (best == nullptr || row.prefix.length() > best->prefix.length())) {
      best = &row;
    }
  }
  return best;
}

NextHopAnswer next_hop(const Network& network, SubnetId subnet,
                       const std::vector<EffectiveRoute>& rows, Ipv4Address destination) {
  NextHopAnswer answer{.route_table = "System Route"};
  const EffectiveRoute* row = deciding_route(rows, destination);
  if (row == nullptr) return answer;
  answer.next_hop_type = row->next_hop_type;
  answer.next_hop_ips = row->next_hop_ips;
  const auto& table = network.at(subnet).route_table;
  if (row->source == RouteSource::User && table) answer.route_table = network.at(*table).name;
  return answer;
}

std::string direct_path_problem(const Network& network, SubnetId subnet_id,
                                const std::vector<EffectiveRoute>& rows, Ipv4Address destination) {
  const Subnet& subnet = network.at(subnet_id);
  const auto from_subnet = [&] {
    return "from " + network.at(subnet.vnet).name + "/" + subnet.name + " ";
  };
  if (!network.nic_at(subnet.vnet, destination)) {
    return from_subnet() + "no NIC in reach has the address " + destination.to_string();
  }
  const EffectiveRoute* row = deciding_route(rows, destination);
  if (row == nullptr) return from_subnet() + "no route to " + destination.to_string();
  switch (row->next_hop_type) {
    case EffectiveNextHop::VnetLocal:
    case EffectiveNextHop::VNetPeering:
    case EffectiveNextHop::VNetGlobalPeering:
      return {};
    default:
      break;
  }
  return from_subnet() + destination.to_string() + " is routed to " +
         std::string(to_string(row->next_hop_type)) + " by " + row->prefix.to_string() +
         (row->source == RouteSource::User ? " (A65: user route " + row->name + ")" : "");
}

}  // namespace skyhop::cloud::azure
