// What the control side hands to the data plane: routers, links, ports and filters by dense index.
// Everything here is fixed for a run, except that routers gain edges (Dataplane::add_edge) and that
// routes, groups, and the state of links, routers and filters change (dataplane.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/drop_reason.h"
#include "dataplane/ipsec/spec.h"
#include "dataplane/nat_table.h"
#include "lpm/address.h"
#include "lpm/next_hop_group.h"
#include "lpm/table_choice.h"

namespace skyhop::dataplane {

using lpm::EdgeId;
using lpm::Ipv4Address;
using lpm::Ipv4Prefix;

using RouterIndex = uint16_t;
using LinkIndex = uint32_t;  ///< a directed channel
using PortIndex = uint16_t;
using FilterIndex = uint16_t;  ///< 0: none
using GuardIndex = uint16_t;   ///< 0: none
using NatIndex = uint16_t;     ///< 0: none
using LimitIndex = uint16_t;

enum class EdgeAction : uint8_t {
  drop,     ///< with `reason`
  forward,  ///< over `link` to the router at its far end
  deliver,  ///< out of `port`
  local,    ///< to this router itself: echo is answered, the rest is local_unhandled
};

/// What a slot of a next-hop group means at its router. Edge 0 is always {drop, no_route}.
struct EdgeSpec {
  EdgeAction action = EdgeAction::drop;
  DropReason reason = DropReason::no_route;
  LinkIndex link = 0;
  PortIndex port = 0;
  FilterIndex filter = 0;  ///< NSGs passed on this edge
  GuardIndex guard = 0;    ///< peering's source check on this edge
};

struct RouterSpec {
  std::string name;
  Ipv4Address address;          ///< source of the ICMP it sends
  bool decrements_ttl = true;   ///< false: VPN gateways and Azure's fabric (V53)
  bool answers_icmp = true;     ///< sends time exceeded, unreachable, too big
  std::vector<EdgeSpec> edges;  ///< from index 1 on; index 0 is put in front
  lpm::TableChoice table = lpm::TableChoice::rte_lpm;
};

enum class LinkKind : uint8_t { fabric, tunnel, ha };

/// How fast packets may follow each other, and how many may wait for that.
struct RateLimit {
  uint64_t bits_per_second = 0;  ///< on the wire, encapsulation included; 0: no limit, else 1000 up
  uint64_t packets_per_second = 0;  ///< 0: no limit
  /// Full when one of the two is reached. On a line the packet being sent counts, too.
  uint32_t queue_packets = 1000;
  uint64_t queue_octets = 0;  ///< 0: any number

  [[nodiscard]] bool is_limited() const { return bits_per_second != 0 || packets_per_second != 0; }
  friend bool operator==(const RateLimit&, const RateLimit&) = default;
};
/// Below this rate fixed-point numbers would overflow.
inline constexpr uint64_t kLeastBitsPerSecond = 1000;

/// What is added to a link's delay; the sum is never below zero.
struct JitterSpec {
  enum class Kind : uint8_t {
    none,
    uniform,  ///< from -spread to +spread
    normal,   ///< spread is the standard deviation
    samples,  ///< one of samples_ns, each as likely
  };
  Kind kind = Kind::none;
  uint64_t spread_ns = 0;
  std::vector<uint64_t> samples_ns;
  /// False: a packet waits for the one before it, whatever its own delay.
  bool reorders = false;
  friend bool operator==(const JitterSpec&, const JitterSpec&) = default;
};

struct LossSpec {
  double share = 0;           ///< of all packets
  double burst = 1;           ///< mean length of a bad period, in packets; 1: each by itself
  double share_in_burst = 1;  ///< of packets in a bad period

  /// Such bad periods can be: they leave room for good ones.
  [[nodiscard]] bool is_possible() const {
    if (burst <= 1) return share <= 1;
    return share <= share_in_burst * burst / (burst + 1);
  }
  friend bool operator==(const LossSpec&, const LossSpec&) = default;
};

/// What happens to packets on one direction of a link; by default nothing.
struct LinkConditions {
  RateLimit rate;  ///< of the line: it takes a packet's length to deliver it
  uint64_t delay_ns = 0;
  JitterSpec jitter;
  LossSpec loss;
  double duplicated = 0;  ///< these three are shares of all packets
  double corrupted = 0;   ///< one bit each
  double reordered = 0;
  uint64_t reorder_delay_ns = 0;  ///< how long after its turn a reordered packet comes
  friend bool operator==(const LinkConditions&, const LinkConditions&) = default;
};
/// Delay, jitter and reordering of a packet together.
inline constexpr uint64_t kMaxDelayNs = 60'000'000'000;

/// A limit that links share: all that a gateway forwards, or one of its tunnels.
struct LimitSpec {
  std::string name;  ///< "vng-0: VpnGw2 out"
  RateLimit rate;    ///< packets go when their turn comes, without the time a line would take
};

/// One direction of a link.
struct LinkSpec {
  std::string name;  ///< "transit-1 -> spoke1"
  LinkKind kind = LinkKind::fabric;
  RouterIndex to = 0;
  uint32_t mtu = 1500;          ///< largest IP packet it takes, before encapsulation
  uint32_t overhead_fixed = 0;  ///< octets that encapsulation adds to each packet
  /// The inner packet + 2 is padded to a multiple of this power of two; 1: no trailer.
  uint32_t overhead_block = 1;
  std::vector<LimitIndex> limits;  ///< at its ends, in the order in which packets meet them
  LinkConditions conditions;
  NatIndex nat_leaving = 0;           ///< of the gateway that sends on the link
  NatIndex nat_entering = 0;          ///< of the gateway that receives
  std::optional<ipsec::EspSpec> esp;  ///< packets cross it in ESP, and weigh overhead_* by that
  /// What enters the link is written to this pcap, sealed where it is a tunnel; empty: do not.
  /// Links may share a file.
  std::string capture_file;

  /// It may keep packets, or take some away.
  [[nodiscard]] bool has_conditions() const {
    return !limits.empty() || conditions != LinkConditions{};
  }
  /// It carries packets and does nothing else.
  [[nodiscard]] bool is_plain() const { return !has_conditions() && !esp && capture_file.empty(); }
};

/// What an address and a port become, and of which packets; the first rule that applies decides.
struct NatRule {
  struct Ports {
    uint16_t first = 0;
    uint16_t last = 0xffff;
  };
  uint8_t protocol = 0;                  ///< 0: any
  std::vector<Ipv4Prefix> sources;       ///< empty: any
  std::vector<Ipv4Prefix> destinations;  ///< empty: any
  std::vector<Ipv4Prefix> except_destinations;
  Ports source_ports;
  Ports destination_ports;
  Ipv4Address first;  ///< the new address, or the first of a range
  Ipv4Address last;
  std::optional<Ports> ports;  ///< the new port; absent: its own, if that is free
  std::string name;            ///< "aviatrix_gateway_snat.s1[0]"
};

/// What a gateway translates on one side of one link: sources of what leaves, destinations of what
/// enters. All of a gateway's share their flows.
struct NatSpec {
  std::string name;
  uint32_t gateway = 0;
  NatSide side = NatSide::leaving;
  std::vector<NatRule> rules;
};

/// A group of NSG rules, first match wins; the control side has expanded tags and sorted them.
struct FilterRule {
  bool allow = false;
  uint8_t protocol = 0;                                          ///< 0: any
  std::vector<Ipv4Prefix> sources;                               ///< empty: any
  std::vector<Ipv4Prefix> destinations;                          ///< empty: any
  std::vector<std::pair<uint16_t, uint16_t>> source_ports;       ///< empty: any
  std::vector<std::pair<uint16_t, uint16_t>> destination_ports;  ///< empty: any
};

enum class FilterDirection : uint8_t { inbound, outbound };  ///< as the NIC sees it

/// The NSGs of one NIC in one direction: every stage must allow. The filters of a NIC know of each
/// other's flows: replies of a flow that one allowed pass the other (A69). A packet that an
/// appliance takes in and sends on is asked about twice, as a flow in and as a flow out.
struct FilterSpec {
  std::string name;  ///< "spoke1-test-vm-nic inbound"
  uint32_t nic = 0;  ///< the same number for both directions
  std::vector<std::vector<FilterRule>> stages;
  FilterDirection direction = FilterDirection::inbound;
};

/// Only packets whose source lies in one of the prefixes pass (A55).
struct GuardSpec {
  std::vector<Ipv4Prefix> sources;
};

/// What stands at a port. `devargs` is DPDK's own ("net_pcap,rx_pcap=f.pcap,infinite_rx=1").
struct PortSpec {
  std::string name;  ///< the VM
  Ipv4Address address;
  RouterIndex router = 0;    ///< the fabric router that packets from the port enter
  FilterIndex filter = 0;    ///< NSGs passed by packets that come from the port
  std::string devargs;       ///< empty: built-in (generator where a stream starts, sink elsewhere)
  std::string capture_file;  ///< built-in sink: write what arrives to this pcap; empty: do not
};

/// Frames made by the built-in generator at a port.
struct StreamSpec {
  PortIndex port = 0;
  Ipv4Address destination;
  /// Instead of one destination: the flows take these in turn, so that each has its share.
  std::vector<Ipv4Address> destinations;
  uint8_t protocol = 17;
  uint16_t destination_port = 80;
  uint32_t flows = 1024;  ///< source ports for each destination, from a seeded generator
  std::vector<uint16_t>
      frame_sizes;     ///< used in turn, octets without FCS; IMIX is 28x64 16x570 4x1518
  double pps = 0;      ///< 0: as fast as the worker goes
  uint64_t limit = 0;  ///< stop after so many packets; 0: no limit
  uint8_t ttl = 64;
};

/// Packets of a capture sent once (or `loops` times) from a port, as fast as the worker goes; or
/// arriving over a link, as if its near end had sent them.
struct ReplaySpec {
  PortIndex port = 0;
  std::string file;
  uint32_t loops = 1;
  std::optional<LinkIndex> link;  ///< instead of the port
};

struct Image {
  std::vector<RouterSpec> routers;
  std::vector<LinkSpec> links;
  std::vector<PortSpec> ports;
  std::vector<FilterSpec> filters;  ///< from index 1 on
  std::vector<GuardSpec> guards;    ///< from index 1 on
  std::vector<NatSpec> nats;        ///< from index 1 on
  std::vector<StreamSpec> streams;
  std::vector<ReplaySpec> replays;
  std::vector<LimitSpec> limits;
  /// Packets that links may hold at once, for each worker. 0: no link ever has conditions.
  uint32_t held_packets = 0;
  uint64_t seed = 1;  ///< of all that is left to chance
};

}  // namespace skyhop::dataplane
