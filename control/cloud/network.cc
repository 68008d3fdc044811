#include "control/cloud/network.h"

#include <algorithm>
#include <unordered_map>

namespace skyhop::cloud {

namespace {

struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const noexcept {
    return std::hash<std::string_view>{}(text);
  }
};
using Names = std::unordered_map<std::string, uint32_t, StringHash, std::equal_to<>>;

/// Links have no direction: the smaller router first.
uint64_t pair_key(RouterId x, RouterId y) {
  const uint64_t low = std::min(x.index(), y.index());
  const uint64_t high = std::max(x.index(), y.index());
  return low << 32 | high;
}

/// "a - b" to "b - a"; empty when the text has no such form.
std::string swapped(std::string_view name) {
  constexpr std::string_view kSeparator = " - ";
  const size_t at = name.find(kSeparator);
  if (at == std::string_view::npos) return {};
  std::string text(name.substr(at + kSeparator.size()));
  text += kSeparator;
  text += name.substr(0, at);
  return text;
}

template <typename T>
Names names_of(const std::vector<T>& all) {
  Names names;
  names.reserve(all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    names.try_emplace(all[i].name, static_cast<uint32_t>(i));
  }
  return names;
}

template <typename ResultId, typename T>
std::optional<ResultId> find_named(const std::vector<T>& all, const Names* names,
                                   std::string_view name) {
  if (names != nullptr) {
    const auto found = names->find(name);
    if (found == names->end()) return std::nullopt;
    return ResultId(found->second);
  }
  const auto found = std::ranges::find(all, name, &T::name);
  if (found == all.end()) return std::nullopt;
  return ResultId(static_cast<size_t>(found - all.begin()));
}

bool peered(const Network& network, VnetId a, VnetId b) {
  return std::ranges::any_of(network.at(a).peerings,
                             [&](PeeringId id) { return network.at(id).remote == b; });
}

}  // namespace

std::string_view to_string(LinkKind kind) {
  switch (kind) {
    case LinkKind::fabric:
      return "fabric";
    case LinkKind::tunnel:
      return "tunnel";
    case LinkKind::ha:
      return "ha";
    case LinkKind::cable:
      return "cable";
  }
  return "?";
}

struct NetworkIndex {
  Names vnets, subnets, vms, gateways, routers, links, sessions;
  std::unordered_map<uint64_t, LinkId> link_of_pair;
  std::unordered_map<Ipv4Address, std::vector<NicId>> nics_of_address;
};

void index_network(Network& network) {
  auto index = std::make_shared<NetworkIndex>();
  index->vnets = names_of(network.vnets);
  index->vms = names_of(network.vms);
  index->gateways = names_of(network.gateways);
  index->routers = names_of(network.routers);
  index->links = names_of(network.links);
  index->sessions = names_of(network.sessions);
  for (size_t i = 0; i < network.subnets.size(); ++i) {
    const Subnet& subnet = network.subnets[i];
    index->subnets.try_emplace(network.at(subnet.vnet).name + "/" + subnet.name,
                               static_cast<uint32_t>(i));
  }
  for (size_t i = 0; i < network.links.size(); ++i) {
    index->link_of_pair.try_emplace(pair_key(network.links[i].a, network.links[i].b), i);
  }
  for (size_t i = 0; i < network.nics.size(); ++i) {
    index->nics_of_address[network.nics[i].address].emplace_back(i);
  }
  network.index = std::move(index);
}

std::optional<VnetId> Network::find_vnet(std::string_view name) const {
  return find_named<VnetId>(vnets, index ? &index->vnets : nullptr, name);
}

std::optional<SubnetId> Network::find_subnet(std::string_view name) const {
  if (index) return find_named<SubnetId>(subnets, &index->subnets, name);
  for (size_t i = 0; i < subnets.size(); ++i) {
    if (at(subnets[i].vnet).name + "/" + subnets[i].name == name) return SubnetId(i);
  }
  return std::nullopt;
}

std::optional<VmId> Network::find_vm(std::string_view name) const {
  return find_named<VmId>(vms, index ? &index->vms : nullptr, name);
}

std::optional<GatewayId> Network::find_gateway(std::string_view name) const {
  return find_named<GatewayId>(gateways, index ? &index->gateways : nullptr, name);
}

std::optional<RouterId> Network::find_router(std::string_view name) const {
  return find_named<RouterId>(routers, index ? &index->routers : nullptr, name);
}

std::optional<LinkId> Network::find_link(std::string_view name) const {
  const Names* names = index ? &index->links : nullptr;
  if (const auto found = find_named<LinkId>(links, names, name)) return found;
  return find_named<LinkId>(links, names, swapped(name));
}

std::vector<Channel> Network::find_channels(std::string_view name) const {
  constexpr std::string_view kArrow = " -> ";
  const size_t arrow = name.find(kArrow);
  const bool both = arrow == std::string_view::npos;
  const std::string from(name.substr(0, arrow));
  const auto named =
      find_link(both ? from : from + " - " + std::string(name.substr(arrow + kArrow.size())));
  if (!named) return {};
  std::vector<Channel> channels;
  const bool from_a = at(at(*named).a).name == from;
  for (size_t i = 0; i < links.size(); ++i) {
    const Link& link = links[i];
    if (LinkId(i) != *named && link.carrier != *named) continue;
    if (both || from_a) channels.push_back({LinkId(i), link.a});
    if (both || !from_a) channels.push_back({LinkId(i), link.b});
  }
  return channels;
}

std::string Network::name_of(Channel channel) const {
  const Link& link = at(channel.link);
  const RouterId to = link.a == channel.from ? link.b : link.a;
  return at(channel.from).name + " -> " + at(to).name;
}

std::optional<SessionId> Network::find_session(std::string_view name) const {
  const Names* names = index ? &index->sessions : nullptr;
  if (const auto found = find_named<SessionId>(sessions, names, name)) return found;
  return find_named<SessionId>(sessions, names, swapped(name));
}

std::optional<GatewayId> Network::gateway_of(RouterId router) const {
  const auto* gateway = std::get_if<GatewayId>(&at(router).what);
  return gateway == nullptr ? std::nullopt : std::optional(*gateway);
}

std::vector<RouterId> Network::routers_of(GatewayId id) const {
  std::vector<RouterId> all;
  const Gateway& gateway = at(id);
  if (gateway.router) all.push_back(*gateway.router);
  for (const DomainTable& table : gateway.domains) all.push_back(table.router);
  return all;
}

const GatewayNat* Network::nat_of(GatewayId gateway) const {
  const auto found = std::ranges::find(nats, gateway, &GatewayNat::gateway);
  return found == nats.end() ? nullptr : &*found;
}

RouterId Network::table_of(GatewayId id, std::string_view domain) const {
  const Gateway& gateway = at(id);
  const auto table = std::ranges::find(gateway.domains, domain, &DomainTable::domain);
  return table == gateway.domains.end() ? *gateway.router : table->router;
}

std::optional<GatewayId> Network::gateway_of(NicId nic) const {
  if (const auto* gateway = std::get_if<GatewayId>(&at(nic).owner)) return *gateway;
  return at(std::get<VmId>(at(nic).owner)).router;
}

const PlainRouter* Network::plain_router(GatewayId gateway) const {
  const auto found = std::ranges::find(plain_routers, gateway, &PlainRouter::gateway);
  return found == plain_routers.end() ? nullptr : &*found;
}

std::optional<LinkId> Network::link_between(RouterId x, RouterId y) const {
  if (index) {
    const auto found = index->link_of_pair.find(pair_key(x, y));
    if (found == index->link_of_pair.end()) return std::nullopt;
    return found->second;
  }
  const auto found = std::ranges::find_if(links, [&](const Link& link) {
    return (link.a == x && link.b == y) || (link.a == y && link.b == x);
  });
  if (found == links.end()) return std::nullopt;
  return LinkId(static_cast<size_t>(found - links.begin()));
}

std::optional<NicId> Network::nic_at(VnetId vnet, Ipv4Address address) const {
  std::vector<NicId> scanned;
  const std::vector<NicId>* candidates = &scanned;
  if (index) {
    const auto found = index->nics_of_address.find(address);
    if (found == index->nics_of_address.end()) return std::nullopt;
    candidates = &found->second;
  } else {
    for (size_t i = 0; i < nics.size(); ++i) {
      if (nics[i].address == address) scanned.emplace_back(i);
    }
  }
  // Its own VNet first; peered VNets cannot overlap it.
  for (const NicId nic : *candidates) {
    if (at(at(nic).subnet).vnet == vnet) return nic;
  }
  for (const NicId nic : *candidates) {
    if (peered(*this, vnet, at(at(nic).subnet).vnet)) return nic;
  }
  return std::nullopt;
}

std::vector<dataplane::NatRule> nat_rules(const GatewayNat& nat, LinkId link,
                                          dataplane::NatSide side) {
  std::vector<dataplane::NatRule> rules;
  for (const GatewayNat::Rule& rule : nat.rules) {
    const bool is_here =
        rule.links.empty() || std::ranges::find(rule.links, link) != rule.links.end();
    if (is_here && rule.of_source == (side == dataplane::NatSide::leaving)) {
      rules.push_back(rule.what);
    }
  }
  return rules;
}

}  // namespace skyhop::cloud
