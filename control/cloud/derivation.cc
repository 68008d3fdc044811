#include "control/cloud/derivation.h"

#include <fmt/format.h>

#include <algorithm>

namespace skyhop::cloud {

namespace {

uint64_t ordered_pair(uint32_t a, uint32_t b) { return uint64_t{a} << 32 | b; }
uint64_t unordered_pair(uint32_t a, uint32_t b) {
  return ordered_pair(std::min(a, b), std::max(a, b));
}

template <typename Map>
auto lookup(const Map& map, std::string_view name) -> std::optional<typename Map::mapped_type> {
  const auto found = map.find(name);
  if (found == map.end()) return std::nullopt;
  return found->second;
}

// Public addresses say nothing about the lab, so they come from ranges nobody owns.
constexpr Ipv4Prefix kAzureRange{Ipv4Address{203, 0, 113, 0}, 24};      // TEST-NET-3
constexpr Ipv4Prefix kAviatrixRange{Ipv4Address{198, 51, 100, 0}, 24};  // TEST-NET-2
constexpr Ipv4Prefix kOutsideRange{Ipv4Address{192, 0, 2, 0}, 24};      // TEST-NET-1
constexpr Ipv4Prefix kOverflowRange{Ipv4Address{198, 18, 0, 0}, 15};    // RFC 2544

}  // namespace

std::string did_you_mean(const std::string& name, const std::vector<std::string>& candidates) {
  const std::string near = lab::nearest(name, candidates);
  return near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near);
}

Derivation::Derivation(const lab::Lab& source) : lab(source) { network.name = source.name; }

void Derivation::error(std::string path, std::string message, std::string rule) {
  diagnostics.push_back(
      {lab::Severity::error, std::move(path), std::move(message), std::move(rule), {}});
}

void Derivation::warning(std::string path, std::string message, std::string rule) {
  diagnostics.push_back(
      {lab::Severity::warning, std::move(path), std::move(message), std::move(rule), {}});
}

void Derivation::fact(std::string subject, std::string attribute, std::string value,
                      std::string reason) {
  network.facts.push_back(
      {std::move(subject), std::move(attribute), std::move(value), std::move(reason)});
}

bool Derivation::claim_name(const std::string& name, const std::string& path) {
  if (names_.insert(name).second) return true;
  error(path, fmt::format("the name \"{}\" is taken by another gateway, instance or VM", name));
  return false;
}

VnetId Derivation::add_vnet(Vnet vnet, const std::string& path) {
  const VnetId id(network.vnets.size());
  if (!vnets_.try_emplace(vnet.name, id).second) {
    error(path, fmt::format("there is already a VNet named \"{}\"", vnet.name));
  }
  network.vnets.push_back(std::move(vnet));
  subnets_.emplace_back();
  vnet_paths_.push_back(path);
  gateways_of_vnet.emplace_back();
  return id;
}

SubnetId Derivation::add_subnet(Subnet subnet, const std::string& path) {
  const SubnetId id(network.subnets.size());
  Vnet& vnet = network.vnets[subnet.vnet.index()];
  if (!subnets_[subnet.vnet.index()].try_emplace(subnet.name, id).second) {
    error(path, fmt::format("VNet {} has two subnets named \"{}\"", vnet.name, subnet.name));
  }
  if (std::ranges::none_of(vnet.address_space,
                           [&](Ipv4Prefix space) { return space.contains(subnet.prefix); })) {
    error(path, fmt::format("{} is outside the address space of VNet {}", subnet.prefix.to_string(),
                            vnet.name));
  }
  vnet.subnets.push_back(id);
  network.subnets.push_back(std::move(subnet));
  subnet_paths_.push_back(path);
  next_host_.push_back(kFirstHost);
  return id;
}

RouteTableId Derivation::add_route_table(RouteTable table, const std::string& path) {
  const RouteTableId id(network.route_tables.size());
  if (!route_tables_.try_emplace(table.name, id).second) {
    error(path, fmt::format("there is already a route table named \"{}\"", table.name));
  }
  network.route_tables.push_back(std::move(table));
  return id;
}

NsgId Derivation::add_nsg(Nsg nsg, const std::string& path) {
  const NsgId id(network.nsgs.size());
  if (!nsgs_.try_emplace(nsg.name, id).second) {
    error(path, fmt::format("there is already a security group named \"{}\"", nsg.name));
  }
  network.nsgs.push_back(std::move(nsg));
  return id;
}

GatewayId Derivation::add_gateway(Gateway gateway, const std::string& path) {
  const GatewayId id(network.gateways.size());
  // What runs on a VM may have the VM's name.
  const bool is_vm_name = gateway.kind == GatewayKind::appliance && names_.contains(gateway.name);
  if (is_vm_name || claim_name(gateway.name, path)) gateways_.emplace(gateway.name, id);
  gateways_of_vnet[gateway.vnet.index()].push_back(id);
  const bool is_aviatrix =
      gateway.kind == GatewayKind::transit || gateway.kind == GatewayKind::spoke;
  if (is_aviatrix) aviatrix_gateways[gateway.resource].push_back(id);
  if (gateway.kind != GatewayKind::route_server_instance) {
    gateway.router = RouterId(network.routers.size());
    const bool is_host = gateway.kind != GatewayKind::vpn_gateway_instance;  // V53
    network.routers.push_back({.name = gateway.name,
                               .what = id,
                               .address = {},
                               .decrements_ttl = is_host,
                               .answers_icmp = is_host});
  }
  network.gateways.push_back(std::move(gateway));
  return id;
}

NicId Derivation::add_nic(Nic nic, std::optional<Ipv4Address> address, const std::string& path) {
  const NicId id(network.nics.size());
  const SubnetId subnet_id = nic.subnet;
  const Subnet& subnet = network.at(subnet_id);
  if (address) {
    const bool is_inside = subnet.prefix.contains(*address);
    const uint64_t host = address->value() - subnet.prefix.address().value();
    if (!is_inside) {
      error(path, fmt::format("{} is not in {} ({})", address->to_string(), full_name(subnet_id),
                              subnet.prefix.to_string()));
    } else if (host < kFirstHost || host + 1 >= subnet.prefix.size()) {
      error(path, fmt::format("{} is one of the five addresses Azure keeps in {}",
                              address->to_string(), subnet.prefix.to_string()));
    } else if (const auto holder = nic_in(subnet.vnet, *address)) {
      error(path, fmt::format("{} is taken by {}", address->to_string(), network.at(*holder).name));
    } else {
      nic.address = *address;
    }
  } else {
    uint32_t& host = next_host_[subnet_id.index()];
    while (host + 1 < subnet.prefix.size() && nic_in(subnet.vnet, subnet.prefix.nth(host))) ++host;
    if (host + 1 >= subnet.prefix.size()) {
      error(path, fmt::format("subnet {} ({}) has no free address left for {}",
                              full_name(subnet_id), subnet.prefix.to_string(), nic.name));
    } else {
      nic.address = subnet.prefix.nth(host);
      fact(nic.name, "private_ip", nic.address.to_string(),
           fmt::format("first free host of {} ({}); Azure keeps x.0 to x.3 and the last",
                       full_name(subnet_id), subnet.prefix.to_string()));
      ++host;
    }
  }
  nics_[nic.address].push_back(id);
  if (const auto* owner = std::get_if<GatewayId>(&nic.owner)) {
    Gateway& gateway = network.gateways[owner->index()];
    gateway.nics.push_back(id);
    if (gateway.nics.size() == 1 && gateway.router) {
      network.routers[gateway.router->index()].address = nic.address;
    }
  }
  network.nics.push_back(std::move(nic));
  return id;
}

VmId Derivation::add_vm(Vm vm, const std::string& path) {
  claim_name(vm.name, path);
  network.vms.push_back(std::move(vm));
  return VmId(network.vms.size() - 1);
}

NicId Derivation::add_outside_nic(Nic nic, VnetId site, RouterId router, const std::string& path) {
  const NicId id(network.nics.size());
  if (const auto holder = nic_in(site, nic.address)) {
    error(path,
          fmt::format("{} is taken by {}", nic.address.to_string(), network.at(*holder).name));
  }
  const Ipv4Prefix host = Ipv4Prefix::host(nic.address);
  nic.subnet = SubnetId(network.subnets.size());
  network.vnets[site.index()].subnets.push_back(nic.subnet);
  network.subnets.push_back({.name = nic.name, .vnet = site, .prefix = host, .router = router});
  subnet_paths_.push_back(path);
  next_host_.push_back(0);
  nics_[nic.address].push_back(id);
  if (const auto* owner = std::get_if<GatewayId>(&nic.owner)) {
    network.gateways[owner->index()].nics.push_back(id);
    network.routers[router.index()].address = nic.address;
  }
  network.nics.push_back(std::move(nic));
  return id;
}

void Derivation::add_internet() {
  const VnetId vnet =
      add_vnet({.name = "the Internet", .location = {}, .kind = VnetKind::internet}, "host");
  const SubnetId subnet(network.subnets.size());
  const RouterId router(network.routers.size());
  network.routers.push_back({.name = lab::kInternet, .what = subnet, .address = {}});
  network.vnets[vnet.index()].subnets.push_back(subnet);
  network.subnets.push_back(
      {.name = lab::kInternet, .vnet = vnet, .prefix = Ipv4Prefix::everything(), .router = router});
  subnet_paths_.emplace_back("host");
  next_host_.push_back(0);
  network.internet = router;
}

std::optional<LinkId> Derivation::add_link(Link link) {
  const LinkId id(network.links.size());
  if (!links_.try_emplace(unordered_pair(link.a.index(), link.b.index()), id).second) {
    return std::nullopt;
  }
  network.links.push_back(std::move(link));
  return id;
}

std::optional<SessionId> Derivation::add_session(Session session) {
  const SessionId id(network.sessions.size());
  const uint64_t key = unordered_pair(session.a.gateway.index(), session.b.gateway.index());
  if (!sessions_.try_emplace(key, id).second) return std::nullopt;
  network.sessions.push_back(std::move(session));
  return id;
}

void Derivation::add_peering(Peering peering) {
  const PeeringId id(network.peerings.size());
  const auto [local, remote] = std::pair(peering.local.index(), peering.remote.index());
  peerings_.emplace(ordered_pair(local, remote), id);
  if (const auto reverse = peerings_.find(ordered_pair(remote, local));
      reverse != peerings_.end()) {
    Peering& other = network.peerings[reverse->second.index()];
    other.reverse = id;
    other.state = PeeringState::Connected;
    peering.reverse = reverse->second;
    peering.state = PeeringState::Connected;
  }
  network.vnets[local].peerings.push_back(id);
  network.peerings.push_back(std::move(peering));
}

Ipv4Address Derivation::take_public_address(PublicAddressKind kind) {
  const auto [next, range] = [&]() -> std::pair<uint32_t&, Ipv4Prefix> {
    switch (kind) {
      case PublicAddressKind::azure:
        return {next_azure_, kAzureRange};
      case PublicAddressKind::aviatrix:
        return {next_aviatrix_, kAviatrixRange};
      case PublicAddressKind::outside:
        break;
    }
    return {next_outside_, kOutsideRange};
  }();
  while (next + 1 < range.size()) {
    const Ipv4Address address = range.nth(next++);
    if (taken_public_addresses_.insert(address).second) return address;
  }
  while (true) {
    const Ipv4Address address = kOverflowRange.nth(next_overflow_++);
    if (taken_public_addresses_.insert(address).second) return address;
  }
}

bool Derivation::reserve_public_address(Ipv4Address address) {
  return taken_public_addresses_.insert(address).second;
}

void Derivation::own_public_address(Ipv4Address address, GatewayId gateway) {
  public_addresses_.try_emplace(address, gateway);
  network.gateways[gateway.index()].public_ip = address;
}

std::optional<VnetId> Derivation::find_vnet(std::string_view name) const {
  return lookup(vnets_, name);
}

std::optional<SubnetId> Derivation::find_subnet(VnetId vnet, std::string_view name) const {
  return lookup(subnets_[vnet.index()], name);
}

std::optional<RouteTableId> Derivation::find_route_table(std::string_view name) const {
  return lookup(route_tables_, name);
}

std::optional<NsgId> Derivation::find_nsg(std::string_view name) const {
  return lookup(nsgs_, name);
}

std::optional<GatewayId> Derivation::find_gateway(std::string_view name) const {
  return lookup(gateways_, name);
}

std::optional<GatewayId> Derivation::gateway_of_public_address(Ipv4Address address) const {
  const auto found = public_addresses_.find(address);
  if (found == public_addresses_.end()) return std::nullopt;
  return found->second;
}

const std::vector<NicId>& Derivation::nics_with(Ipv4Address address) const {
  static const std::vector<NicId> kNone;
  const auto found = nics_.find(address);
  return found == nics_.end() ? kNone : found->second;
}

std::optional<NicId> Derivation::nic_in(VnetId vnet, Ipv4Address address) const {
  for (const NicId nic : nics_with(address)) {
    if (vnet_of(nic) == vnet) return nic;
  }
  return std::nullopt;
}

std::optional<LinkId> Derivation::link_between(RouterId a, RouterId b) const {
  const auto found = links_.find(unordered_pair(a.index(), b.index()));
  if (found == links_.end()) return std::nullopt;
  return found->second;
}

const Peering* Derivation::peering(VnetId local, VnetId remote) const {
  const auto found = peerings_.find(ordered_pair(local.index(), remote.index()));
  return found == peerings_.end() ? nullptr : &network.at(found->second);
}

VnetId Derivation::vnet_of(NicId nic) const { return network.at(network.at(nic).subnet).vnet; }

std::optional<VnetId> Derivation::need_vnet(const std::string& name, const std::string& path) {
  if (const auto id = find_vnet(name)) return id;
  std::vector<std::string> candidates;
  for (const Vnet& vnet : network.vnets) candidates.push_back(vnet.name);
  error(path, fmt::format("there is no VNet \"{}\"{}", name, did_you_mean(name, candidates)));
  return std::nullopt;
}

std::string Derivation::full_name(SubnetId subnet) const {
  return network.at(network.at(subnet).vnet).name + "/" + network.at(subnet).name;
}

}  // namespace skyhop::cloud
