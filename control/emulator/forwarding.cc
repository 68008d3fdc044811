#include "control/emulator/forwarding.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "control/emulator/names.h"

namespace skyhop::emulator {
namespace {

using dataplane::FilterIndex;

// What the links of a lab may hold, for each worker: 20 ms of delay at 3 Mpps, and some 150 MB of
// packet buffers.
constexpr uint32_t kHeldPackets = 1u << 16;

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

FilterIndex filter_at(const cloud::Network& network, cloud::NicId nic, lab::Direction direction) {
  return filter_of(network, std::get<cloud::VmId>(network.at(nic).owner), direction);
}

dataplane::LinkKind kind_of(cloud::LinkKind kind) {
  switch (kind) {
    case cloud::LinkKind::fabric:
      return dataplane::LinkKind::fabric;
    case cloud::LinkKind::tunnel:
      return dataplane::LinkKind::tunnel;
    case cloud::LinkKind::ha:
      return dataplane::LinkKind::ha;
    case cloud::LinkKind::cable:
      break;
  }
  return dataplane::LinkKind::fabric;
}

dataplane::LinkSpec channel_of(const cloud::Network& network, cloud::LinkId id, size_t way) {
  const cloud::Link& link = network.at(id);
  const cloud::Link::Direction& direction = link.directions[way];
  dataplane::LinkSpec spec{.name = network.name_of({id, way == 0 ? link.a : link.b}),
                           .kind = kind_of(link.kind),
                           .to = index_of(way == 0 ? link.b : link.a),
                           .mtu = link.mtu,
                           .overhead_fixed = link.encapsulation.fixed_bytes,
                           .overhead_block = link.encapsulation.block,
                           .conditions = conditions_of(direction.conditions)};
  for (const cloud::LimitId limit : direction.limits) {
    spec.limits.push_back(static_cast<dataplane::LimitIndex>(limit.index()));
  }
  return spec;
}

// Some link holds packets, or will.
bool holds_packets(const lab::Lab& lab, const dataplane::Image& image) {
  return std::ranges::any_of(image.links, &dataplane::LinkSpec::has_conditions) ||
         std::ranges::any_of(lab.timeline, [](const lab::TimelineEvent& event) {
           return std::holds_alternative<lab::LinkConditions>(event.action);
         });
}

uint64_t nanoseconds(lab::Seconds duration) {
  return static_cast<uint64_t>(std::llround(duration.count() * 1e9));
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

dataplane::FilterSpec empty_filter(const cloud::Network& network, cloud::VmId vm,
                                   lab::Direction direction) {
  const bool is_inbound = direction == lab::Direction::Inbound;
  return {.name = network.at(network.at(vm).nic).name + (is_inbound ? " inbound" : " outbound"),
          .nic = vm.index(),
          .stages = {},
          .direction = is_inbound ? dataplane::FilterDirection::inbound
                                  : dataplane::FilterDirection::outbound};
}

dataplane::FilterSpec filter_spec(const cloud::Network& network, cloud::VmId vm,
                                  lab::Direction direction,
                                  const std::vector<cloud::azure::CompiledNsg>& nsgs) {
  dataplane::FilterSpec spec = empty_filter(network, vm, direction);
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

/// The links of translating gateways: what leaves and what enters over each has its own rules.
void add_nats(const cloud::Network& network, dataplane::Image& image) {
  for (const cloud::GatewayNat& nat : network.nats) {
    const auto add = [&](cloud::LinkId link, dataplane::NatSide side) {
      dataplane::NatSpec spec{.name = network.at(nat.gateway).name + ", " + network.at(link).name,
                              .gateway = nat.gateway.index(),
                              .side = side,
                              .rules = cloud::nat_rules(nat, link, side)};
      image.nats.push_back(std::move(spec));
      return static_cast<dataplane::NatIndex>(image.nats.size());
    };
    for (size_t i = 0; i < network.links.size(); ++i) {
      const cloud::LinkId id(i);
      const cloud::Link& link = network.at(id);
      const bool is_a = network.gateway_of(link.a) == nat.gateway;
      if (!is_a && network.gateway_of(link.b) != nat.gateway) continue;
      image.links[2 * i + (is_a ? 0 : 1)].nat_leaving = add(id, dataplane::NatSide::leaving);
      image.links[2 * i + (is_a ? 1 : 0)].nat_entering = add(id, dataplane::NatSide::entering);
    }
  }
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

dataplane::LinkConditions conditions_of(const lab::LinkConditions& from) {
  using Jitter = dataplane::JitterSpec;
  const auto share = [](const std::optional<lab::Percent>& percent, double otherwise = 0) {
    return percent ? percent->value / 100 : otherwise;
  };
  dataplane::LinkConditions to;
  to.rate.bits_per_second = from.rate.value_or(lab::Rate{}).per_second;
  to.rate.packets_per_second = from.packet_rate.value_or(lab::Rate{}).per_second;
  to.rate.queue_packets = from.queue_packets.value_or(to.rate.queue_packets);
  to.rate.queue_octets = from.queue_bytes.value_or(0);
  to.delay_ns = nanoseconds(from.delay.value_or(lab::Seconds{0}));
  if (!from.jitter_samples.empty()) {
    to.jitter.kind = Jitter::Kind::samples;
    for (const lab::Seconds sample : from.jitter_samples) {
      to.jitter.samples_ns.push_back(nanoseconds(sample));
    }
  } else if (const auto spread = from.jitter.value_or(lab::Seconds{0}); spread.count() > 0) {
    const bool is_normal = from.jitter_distribution == lab::JitterDistribution::normal;
    to.jitter.kind = is_normal ? Jitter::Kind::normal : Jitter::Kind::uniform;
    to.jitter.spread_ns = nanoseconds(spread);
  }
  to.jitter.reorders = to.jitter.kind != Jitter::Kind::none && from.jitter_reorders.value_or(false);
  to.loss.share = share(from.loss_percent);
  to.loss.burst = from.loss_burst.value_or(1);
  to.loss.share_in_burst = share(from.loss_in_burst_percent, 1);
  to.duplicated = share(from.duplicate_percent);
  to.corrupted = share(from.corrupt_percent);
  to.reordered = share(from.reorder_percent);
  to.reorder_delay_ns = nanoseconds(from.reorder_delay.value_or(lab::Seconds{0}));
  return to;
}

dataplane::Image make_image(const lab::Lab& lab, const cloud::Network& network) {
  dataplane::Image image;
  for (const cloud::Router& router : network.routers) {
    image.routers.push_back({.name = router.name,
                             .address = router.address,
                             .decrements_ttl = router.decrements_ttl,
                             .answers_icmp = router.answers_icmp,
                             .edges = {},
                             .table = router.table});
  }
  for (size_t i = 0; i < network.links.size(); ++i) {
    for (const size_t way : {0, 1}) {
      image.links.push_back(channel_of(network, cloud::LinkId(i), way));
    }
    if (lab.settings.encryption == lab::Encryption::esp) {
      encrypt(network.links[i], *(image.links.end() - 2), image.links.back());
    }
  }
  add_nats(network, image);
  for (const cloud::Limit& limit : network.limits) {
    image.limits.push_back({.name = limit.name,
                            .rate = {.bits_per_second = limit.bits_per_second,
                                     .packets_per_second = limit.packets_per_second}});
  }
  image.seed = lab.settings.seed;
  if (holds_packets(lab, image)) image.held_packets = kHeldPackets;
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
    for (const auto direction : {lab::Direction::Outbound, lab::Direction::Inbound}) {
      image.filters.push_back(empty_filter(network, vm, direction));
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

TableVerdict table_verdict(const cloud::Network& network, cloud::RouterId id, size_t routes) {
  const cloud::Router& router = network.at(id);
  const lpm::TablePolicy policy{router.table, network.routers.size()};
  const lpm::TableKind kind = policy.kind_for(routes);
  const bool picks = router.table == lpm::TableChoice::automatic;
  return {kind, picks ? policy.why(kind, routes) : router.table_reason};
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
      if (what.enters) spec.filter = filter_at(network_, *what.enters, lab::Direction::Inbound);
      if (what.leaves) spec.filter = filter_at(network_, *what.leaves, lab::Direction::Outbound);
      break;
    case routing::Edge::Kind::nic:
      spec.action = dataplane::EdgeAction::deliver;
      spec.port = index_of(std::get<cloud::VmId>(network_.at(what.nic).owner));
      spec.filter = filter_at(network_, what.nic, lab::Direction::Inbound);
      break;
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

void DataplaneSink::channel_conditions(cloud::Channel channel,
                                       const lab::LinkConditions& conditions) {
  dataplane_.set_link_conditions(channel_index(network_, channel), conditions_of(conditions));
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
      dataplane_.set_filter(index, filter_spec(network_, vm, direction, nsgs));
      installed_filters_.insert_or_assign(index, std::move(nsgs));
    }
  }
}

}  // namespace skyhop::emulator
