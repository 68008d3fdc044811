#include "control/emulator/forwarding.h"

#include <algorithm>
#include <cassert>

#include "control/emulator/names.h"

namespace skyhop::emulator {
namespace {

using dataplane::FilterIndex;

FilterIndex filter_index(cloud::VmId vm, lab::Direction direction) {
  return static_cast<FilterIndex>(2 * vm.index() + (direction == lab::Direction::Outbound ? 1 : 2));
}

bool has_nsg(const cloud::Network& network, cloud::VmId vm) {
  const cloud::Nic& nic = network.at(network.at(vm).nic);
  return nic.nsg.has_value() || network.at(nic.subnet).nsg.has_value();
}

FilterIndex filter_of(const cloud::Network& network, cloud::VmId vm, lab::Direction direction) {
  return has_nsg(network, vm) ? filter_index(vm, direction) : FilterIndex{0};
}

dataplane::LinkKind kind_of(cloud::LinkKind kind) {
  switch (kind) {
    case cloud::LinkKind::fabric:
      return dataplane::LinkKind::fabric;
    case cloud::LinkKind::tunnel:
      return dataplane::LinkKind::tunnel;
    case cloud::LinkKind::ha:
      return dataplane::LinkKind::ha;
  }
  return dataplane::LinkKind::fabric;
}

dataplane::LinkSpec channel_of(const cloud::Network& network, const cloud::Link& link,
                               cloud::RouterId from, cloud::RouterId to) {
  return {.name = network.at(from).name + " -> " + network.at(to).name,
          .kind = kind_of(link.kind),
          .to = index_of(to),
          .mtu = link.mtu,
          .overhead_fixed = link.encapsulation.fixed_bytes,
          .overhead_block = link.encapsulation.block};
}

// A tunnel whose algorithm nobody carries out only weighs as much.
void encrypt(const cloud::Link& link, dataplane::LinkSpec& a_to_b, dataplane::LinkSpec& b_to_a) {
  if (!link.ipsec || link.ipsec->a_to_b.driver.empty()) return;
  a_to_b.esp = link.ipsec->a_to_b;
  b_to_a.esp = link.ipsec->b_to_a;
}

dataplane::LinkIndex channel_index(const cloud::Network& network, const routing::Channel& channel) {
  const bool from_a = network.at(channel.link).a == channel.from;
  return 2 * channel.link.index() + (from_a ? 0 : 1);
}

std::vector<std::pair<uint16_t, uint16_t>> ports_of(const std::vector<lab::PortRange>& ranges) {
  std::vector<std::pair<uint16_t, uint16_t>> ports;
  for (const lab::PortRange& range : ranges) ports.emplace_back(range.first, range.last);
  return ports;
}

dataplane::FilterSpec filter_spec(std::string name, cloud::VmId vm,
                                  const std::vector<cloud::azure::CompiledNsg>& nsgs) {
  dataplane::FilterSpec spec{.name = std::move(name), .nic = vm.index(), .stages = {}};
  for (const auto& nsg : nsgs) {
    auto& stage = spec.stages.emplace_back();
    for (const auto& rule : nsg.rules) {
      stage.push_back({.allow = rule.access == lab::Access::Allow,
                       .protocol = rule.protocol,
                       .sources = rule.sources,
                       .destinations = rule.destinations,
                       .source_ports = ports_of(rule.source_ports),
                       .destination_ports = ports_of(rule.destination_ports)});
    }
  }
  return spec;
}

// A guard is the address space of the VNet that traffic must come from.
dataplane::GuardIndex guard_of(const cloud::Network& network,
                               const std::vector<lpm::Ipv4Prefix>& allowed_sources) {
  if (allowed_sources.empty()) return 0;
  const auto vnet = std::ranges::find(network.vnets, allowed_sources, &cloud::Vnet::address_space);
  assert(vnet != network.vnets.end());
  return static_cast<dataplane::GuardIndex>(vnet - network.vnets.begin() + 1);
}

}  // namespace

dataplane::Image make_image(const cloud::Network& network, lab::Encryption encryption) {
  dataplane::Image image;
  for (const cloud::Router& router : network.routers) {
    image.routers.push_back({.name = router.name,
                             .address = router.address,
                             .decrements_ttl = router.decrements_ttl,
                             .answers_icmp = router.answers_icmp,
                             .edges = {},
                             .table = {}});
  }
  for (const cloud::Link& link : network.links) {
    image.links.push_back(channel_of(network, link, link.a, link.b));
    image.links.push_back(channel_of(network, link, link.b, link.a));
    if (encryption == lab::Encryption::esp)
      encrypt(link, *(image.links.end() - 2), image.links.back());
  }
  for (const cloud::Vnet& vnet : network.vnets) image.guards.push_back({vnet.address_space});
  for (size_t i = 0; i < network.vms.size(); ++i) {
    const cloud::VmId vm(i);
    const cloud::Nic& nic = network.at(network.at(vm).nic);
    image.ports.push_back({.name = network.at(vm).name,
                           .address = nic.address,
                           .router = index_of(*network.at(nic.subnet).router),
                           .filter = filter_of(network, vm, lab::Direction::Outbound),
                           .devargs = {},
                           .capture_file = {}});
    for (const std::string_view direction : {" outbound", " inbound"}) {
      image.filters.push_back(
          {.name = nic.name + std::string(direction), .nic = vm.index(), .stages = {}});
    }
  }
  return image;
}

Result<std::vector<dataplane::LinkIndex>> links_named(const cloud::Network& network,
                                                      const std::string& name) {
  constexpr std::string_view kOneWay = " -> ";
  const size_t arrow = name.find(kOneWay);
  std::string both = name;
  if (arrow != std::string::npos) both.replace(arrow, kOneWay.size(), " - ");
  const auto link = link_named(network, both);
  if (!link) return std::unexpected(link.error());
  const dataplane::LinkIndex first = 2 * link->index();
  if (arrow == std::string::npos) return std::vector{first, first + 1};
  const bool from_a = network.at(network.at(*link).a).name == name.substr(0, arrow);
  return std::vector{first + (from_a ? 0 : 1)};
}

void DataplaneSink::edge_added(cloud::RouterId router, lpm::EdgeId edge,
                               const routing::Edge& what) {
  dataplane::EdgeSpec spec{.guard = guard_of(network_, what.allowed_sources)};
  switch (what.kind) {
    case routing::Edge::Kind::drop:
      spec.reason = what.reason;
      break;
    case routing::Edge::Kind::channel:
      spec.action = dataplane::EdgeAction::forward;
      spec.link = channel_index(network_, what.channel);
      break;
    case routing::Edge::Kind::nic: {
      const auto vm = std::get<cloud::VmId>(network_.at(what.nic).owner);
      spec.action = dataplane::EdgeAction::deliver;
      spec.port = index_of(vm);
      spec.filter = filter_of(network_, vm, lab::Direction::Inbound);
      break;
    }
    case routing::Edge::Kind::local:
      spec.action = dataplane::EdgeAction::local;
      break;
  }
  [[maybe_unused]] const lpm::EdgeId given = dataplane_.add_edge(index_of(router), spec);
  assert(given == edge);
}

void DataplaneSink::route_set(cloud::RouterId router, lpm::Ipv4Prefix prefix,
                              const lpm::NextHopSet& next_hops) {
  auto installed = dataplane_.set_route(index_of(router), prefix, next_hops);
  if (!installed && !error_) {
    error_ = installed.error();
    error_->where = network_.at(router).name;
  }
}

void DataplaneSink::route_erased(cloud::RouterId router, lpm::Ipv4Prefix prefix) {
  dataplane_.erase_route(index_of(router), prefix);
}

void DataplaneSink::edge_alive(cloud::RouterId router, lpm::EdgeId edge, bool alive) {
  dataplane_.set_edge_alive(index_of(router), edge, alive);
}

void DataplaneSink::link_state(cloud::LinkId link, bool up) {
  dataplane_.set_link_up(2 * link.index(), up);
  dataplane_.set_link_up(2 * link.index() + 1, up);
}

void DataplaneSink::router_state(cloud::RouterId router, bool up) {
  dataplane_.set_router_up(index_of(router), up);
}

void DataplaneSink::refresh_filters(const Emulation& emulation) {
  for (size_t i = 0; i < network_.vms.size(); ++i) {
    const cloud::VmId vm(i);
    if (!has_nsg(network_, vm)) continue;
    const cloud::NicId nic = network_.at(vm).nic;
    for (const auto direction : {lab::Direction::Outbound, lab::Direction::Inbound}) {
      auto nsgs = emulation.filters(nic, direction);
      const FilterIndex index = filter_index(vm, direction);
      const auto installed = installed_filters_.find(index);
      if (installed != installed_filters_.end() && installed->second == nsgs) continue;
      const auto* suffix = direction == lab::Direction::Outbound ? " outbound" : " inbound";
      dataplane_.set_filter(index, filter_spec(network_.at(nic).name + suffix, vm, nsgs));
      installed_filters_.insert_or_assign(index, std::move(nsgs));
    }
  }
}

}  // namespace skyhop::emulator
