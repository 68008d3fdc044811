#include "control/cloud/aviatrix/egress.h"

#include <algorithm>

namespace skyhop::cloud::aviatrix {

std::optional<Egress> session_egress(const Network& network, GatewayId gateway_id,
                                     SessionId session_id) {
  const Session& session = network.at(session_id);
  const Gateway& gateway = network.at(gateway_id);
  const bool is_a = session.a.gateway == gateway_id;
  const Session::End& own = is_a ? session.a : session.b;
  const Session::End& far = is_a ? session.b : session.a;
  if (session.link) return Egress{.tunnel = session.link, .lan = {}, .next_hop = far.address};
  for (const NicId nic : gateway.nics) {
    if (network.at(nic).address != own.address) continue;
    return Egress{
        .tunnel = {}, .lan = nic, .next_hop = network.at(network.at(nic).subnet).prefix.nth(1)};
  }
  return {};
}

std::vector<Egress> learned_route_egress(const Network& network, GatewayId gateway,
                                         std::span<const SessionId> sessions) {
  std::vector<Egress> ways;
  for (const SessionId session : sessions) {
    const auto way = session_egress(network, gateway, session);
    if (way && std::ranges::find(ways, *way) == ways.end()) ways.push_back(*way);
  }
  return ways;
}

}  // namespace skyhop::cloud::aviatrix
