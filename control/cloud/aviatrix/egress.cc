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

LearnedRouteEgress learned_route_egress(const Network& network, GatewayId gateway_id,
                                        std::span<const SessionId> sessions, TwinKnowsRoute twin) {
  LearnedRouteEgress egress;
  for (const SessionId session : sessions) {
    const auto way = session_egress(network, gateway_id, session);
    if (way && std::ranges::find(egress.primary, *way) == egress.primary.end()) {
      egress.primary.push_back(*way);
    }
  }
  const Gateway& gateway = network.at(gateway_id);
  if (twin == TwinKnowsRoute::no || !gateway.twin || !gateway.router) return egress;
  const auto& twin_router = network.at(*gateway.twin).router;
  if (!twin_router) return egress;
  if (const auto link = network.link_between(*gateway.router, *twin_router)) {
    egress.backup.push_back(*link);
  }
  return egress;
}

}  // namespace skyhop::cloud::aviatrix
