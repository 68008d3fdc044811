#include "control/emulator/next_hops.h"

namespace skyhop::emulator {

routing::RouterTable::Offers own_addresses(const cloud::Network& network,
                                           const cloud::Gateway& gateway,
                                           routing::RouterTable& table) {
  routing::RouterTable::Offers offers;
  const auto add = [&](lpm::Ipv4Address address, std::string what) {
    offers[lpm::Ipv4Prefix::host(address)] = {
        {.source = routing::Source::connected,
         .primary = {{.edge = table.edge(routing::Edge::local()), .via = {}, .name = gateway.name}},
         .description = std::move(what)}};
  };
  for (const cloud::NicId nic : gateway.nics) {
    add(network.at(nic).address, "own address of " + network.at(nic).name);
  }
  for (const cloud::Link& link : network.links) {
    if (link.a == table.router() && link.a_address) add(*link.a_address, "inside " + link.name);
    if (link.b == table.router() && link.b_address) add(*link.b_address, "inside " + link.name);
  }
  return offers;
}

routing::NextHop over(const cloud::Network& network, cloud::LinkId id,
                      routing::RouterTable& table) {
  const cloud::Link& link = network.at(id);
  const bool from_a = link.a == table.router();
  return {.edge = table.edge(routing::Edge::over({id, table.router()})),
          .via = from_a ? link.b_address : link.a_address,
          .name = network.at(from_a ? link.b : link.a).name};
}

}  // namespace skyhop::emulator
