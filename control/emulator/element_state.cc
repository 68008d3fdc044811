#include "control/emulator/element_state.h"

namespace skyhop::emulator {

ElementState::ElementState(const cloud::Network& network) : network_(network) {
  for (const cloud::Gateway& gateway : network.gateways) {
    present_.push_back(gateway.present_at_start);
    up_.push_back(gateway.present_at_start);
  }
  cut_.resize(network.links.size());
}

bool ElementState::is_router_up(cloud::RouterId router) const {
  const auto* gateway = std::get_if<cloud::GatewayId>(&network_.at(router).what);
  return gateway == nullptr || is_up(*gateway);
}

bool ElementState::is_up(cloud::LinkId id) const {
  const cloud::Link& link = network_.at(id);
  if (link.carrier) return is_up(*link.carrier);
  return !is_cut(id) && link.problem.empty() && is_router_up(link.a) && is_router_up(link.b);
}

void ElementState::set_present(cloud::GatewayId gateway) {
  present_[gateway.index()] = true;
  up_[gateway.index()] = true;
}

}  // namespace skyhop::emulator
