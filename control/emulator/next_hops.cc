#include "control/emulator/next_hops.h"

namespace skyhop::emulator {
namespace {

/// The table is of the gateway at this end of the link: its own, or a network domain's.
bool is_at(const cloud::Network& network, cloud::RouterId end, cloud::RouterId table) {
  if (end == table) return true;
  const auto gateway = network.gateway_of(table);
  return gateway && network.gateway_of(end) == gateway;
}

}  // namespace

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
    if (link.a_address && is_at(network, link.a, table.router())) {
      add(*link.a_address, "inside " + link.name);
    }
    if (link.b_address && is_at(network, link.b, table.router())) {
      add(*link.b_address, "inside " + link.name);
    }
  }
  return offers;
}

routing::NextHop over(const cloud::Network& network, cloud::LinkId id,
                      routing::RouterTable& table) {
  const cloud::Link& link = network.at(id);
  const bool from_a = is_at(network, link.a, table.router());
  const cloud::RouterId near = from_a ? link.a : link.b;
  const cloud::RouterId far = from_a ? link.b : link.a;
  const auto gateway = network.gateway_of(far);
  return {.edge = table.edge(routing::Edge::over({id, near})),
          .via = from_a ? link.b_address : link.a_address,
          .name = gateway ? network.at(*gateway).name : network.at(far).name};
}

}  // namespace skyhop::emulator
