#include "control/emulator/names.h"

#include "control/lab/diagnostic.h"

namespace skyhop::emulator {
namespace {

template <typename Things>
std::vector<std::string> names_of(const Things& things) {
  std::vector<std::string> names;
  for (const auto& thing : things) names.push_back(thing.name);
  return names;
}

void add(std::vector<std::string>& names, const std::vector<std::string>& more) {
  names.insert(names.end(), more.begin(), more.end());
}

std::unexpected<Error> unknown(const std::string& kind, const std::string& name,
                               const std::vector<std::string>& candidates) {
  const std::string near = lab::nearest(name, candidates);
  return fail("there is no " + kind + " named '" + name + "'", {},
              near.empty() ? "skyhop show LAB lists all names" : "did you mean '" + near + "'?");
}

}  // namespace

Result<cloud::VmId> vm_named(const cloud::Network& network, const std::string& name) {
  if (const auto vm = network.find_vm(name)) return *vm;
  return unknown("VM", name, names_of(network.vms));
}

Result<lpm::Ipv4Address> destination_named(const cloud::Network& network, const std::string& name) {
  if (const auto address = lpm::Ipv4Address::parse(name)) return *address;
  if (const auto vm = network.find_vm(name)) return network.at(network.at(*vm).nic).address;
  if (const auto router = network.find_router(name)) return network.at(*router).address;
  std::vector<std::string> candidates = names_of(network.vms);
  add(candidates, names_of(network.routers));
  return unknown("VM, gateway or address", name, candidates);
}

Result<cloud::RouterId> table_named(const cloud::Network& network, const std::string& name) {
  if (const auto router = network.find_router(name)) return *router;
  if (const auto vm = network.find_vm(name)) {
    return *network.at(network.at(network.at(*vm).nic).subnet).router;
  }
  std::vector<std::string> candidates = names_of(network.vms);
  add(candidates, names_of(network.routers));
  return unknown("router, VM or subnet with a NIC", name, candidates);
}

Result<cloud::GatewayId> gateway_named(const cloud::Network& network, const std::string& name) {
  if (const auto gateway = network.find_gateway(name)) return *gateway;
  return unknown("gateway", name, names_of(network.gateways));
}

Result<cloud::LinkId> link_named(const cloud::Network& network, const std::string& name) {
  if (const auto link = network.find_link(name)) return *link;
  return unknown("link", name, names_of(network.links));
}

Result<std::vector<cloud::Channel>> channels_named(const cloud::Network& network,
                                                   const std::string& name) {
  if (auto channels = network.find_channels(name); !channels.empty()) return channels;
  return unknown("link", name, names_of(network.links));
}

Result<cloud::SessionId> session_named(const cloud::Network& network, const std::string& name) {
  if (const auto session = network.find_session(name)) return *session;
  return unknown("session", name, names_of(network.sessions));
}

}  // namespace skyhop::emulator
