// The routers themselves, and the hosts behind them.
#include <fmt/format.h>

#include <algorithm>

#include "control/cloud/routers/derive.h"

namespace skyhop::cloud::routers {

namespace {

const lab::Router* router_of(const lab::Lab& lab, const std::string& vm) {
  const auto found = std::ranges::find_if(
      lab.routers, [&](const lab::Router& router) { return router.virtual_machine == vm; });
  return found == lab.routers.end() ? nullptr : &*found;
}

std::string path_of(const lab::Router& router) { return "router." + router.name; }

/// The VM's NIC is the router's: what is not for the VM itself goes through its table.
void add_appliance(Derivation& d, VmId vm_id, const lab::Router* router) {
  const Vm& vm = d.network.at(vm_id);
  const Nic& nic = d.network.at(vm.nic);
  const std::string path =
      router != nullptr ? path_of(*router) : "azurerm_linux_virtual_machine." + vm.name;
  const GatewayId id = d.add_gateway({.name = router != nullptr ? router->name : vm.name,
                                      .resource = router != nullptr ? router->name : vm.name,
                                      .kind = GatewayKind::appliance,
                                      .vnet = d.network.at(nic.subnet).vnet,
                                      .nics = {vm.nic},
                                      .asn = router != nullptr ? router->asn : 0},
                                     path);
  d.network.routers[d.network.at(id).router->index()].address = nic.address;
  d.network.vms[vm_id.index()].router = id;
  if (vm.public_ip) d.own_public_address(*vm.public_ip, id);
  if (router != nullptr && !nic.ip_forwarding) {
    d.warning("azurerm_linux_virtual_machine." + vm.name + ".ip_forwarding_enabled",
              fmt::format("off: router {} speaks BGP, but its NIC drops what is not for it",
                          router->name),
              "A64");
  }
  d.network.plain_routers.push_back(
      {.gateway = id,
       .vm = vm_id,
       .ip_forwarding = nic.ip_forwarding && (router == nullptr || router->ip_forwarding),
       .bgp_ecmp = router == nullptr || router->bgp_ecmp,
       .networks = router != nullptr ? router->networks : std::vector<Ipv4Prefix>{},
       .static_routes = {}});
}

void add_site(Derivation& d, const lab::Router& router) {
  const std::string path = path_of(router);
  if (!router.address) {
    std::vector<std::string> vms;
    for (const Vm& vm : d.network.vms) vms.push_back(vm.name);
    d.error(path, fmt::format("a router outside of Azure needs its address; one on a VM names "
                              "virtual_machine{}",
                              did_you_mean(router.name, vms)));
    return;
  }
  // Nothing in a lab file has a blank in its name, so this clashes with no VNet.
  const VnetId site =
      d.add_vnet({.name = router.name + " site", .location = {}, .kind = VnetKind::site}, path);
  const GatewayId id = d.add_gateway({.name = router.name,
                                      .resource = router.name,
                                      .kind = GatewayKind::on_premises,
                                      .vnet = site,
                                      .asn = router.asn},
                                     path);
  d.add_outside_nic({.name = router.name + " lo", .address = *router.address, .owner = id}, site,
                    *d.network.at(id).router, path + ".address");
  const Ipv4Address public_ip = router.public_ip_address
                                    ? *router.public_ip_address
                                    : d.take_public_address(PublicAddressKind::outside);
  if (!router.public_ip_address) {
    d.fact(router.name, "public_ip", public_ip.to_string(),
           "next free address of documentation range 192.0.2.0/24 (RFC 5737)");
  }
  d.own_public_address(public_ip, id);
  d.network.plain_routers.push_back({.gateway = id,
                                     .vm = std::nullopt,
                                     .ip_forwarding = router.ip_forwarding,
                                     .bgp_ecmp = router.bgp_ecmp,
                                     .networks = router.networks,
                                     .static_routes = {}});
}

}  // namespace

void derive_routers(Derivation& d) {
  for (size_t i = 0; i < d.network.vms.size(); ++i) {
    const Vm& vm = d.network.vms[i];
    const lab::Router* router = router_of(d.lab, vm.name);
    if (router == nullptr && !d.network.at(vm.nic).ip_forwarding) continue;
    add_appliance(d, VmId(i), router);
  }
  for (const lab::Router& router : d.lab.routers) {
    const std::string path = path_of(router);
    if (!router.virtual_machine) {
      add_site(d, router);
      continue;
    }
    if (router.address || router.public_ip_address) {
      d.error(path + (router.address ? ".address" : ".public_ip_address"),
              "a router on a VM has its NIC's addresses");
    }
    const auto machines = std::ranges::count_if(d.lab.routers, [&](const lab::Router& other) {
      return other.virtual_machine == router.virtual_machine;
    });
    if (machines > 1 && router_of(d.lab, *router.virtual_machine) != &router) {
      d.error(path + ".virtual_machine",
              fmt::format("another router runs on {} already", *router.virtual_machine));
    }
  }
}

void derive_hosts(Derivation& d) {
  for (const lab::Host& host : d.lab.hosts) {
    const std::string path = "host." + host.name;
    const bool is_internet = host.router == lab::kInternet;
    if (is_internet && !d.network.internet) d.add_internet();
    const auto gateway = is_internet ? std::nullopt : d.find_gateway(host.router);
    if (!is_internet && (!gateway || d.network.at(*gateway).kind != GatewayKind::on_premises)) {
      d.error(path + ".router",
              fmt::format("\"{}\" is no router outside of Azure, and not internet", host.router));
      continue;
    }
    const RouterId router = is_internet ? *d.network.internet : *d.network.at(*gateway).router;
    const VnetId site = is_internet
                            ? d.network.at(std::get<SubnetId>(d.network.at(router).what)).vnet
                            : d.network.at(*gateway).vnet;
    const VmId vm = d.add_vm({.name = host.name, .nic = {}}, path);
    d.network.vms[vm.index()].nic =
        d.add_outside_nic({.name = host.name + " nic", .address = host.address, .owner = vm}, site,
                          router, path + ".address");
  }
}

}  // namespace skyhop::cloud::routers
