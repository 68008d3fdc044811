// What workers read of the model, and who may write it.
//
// The control thread is the only writer. A worker reads single words that are valid before and
// after every store (link and router states, group slots), or follows a pointer that is replaced
// and freed only after all workers passed a quiescent state (tables, edges, filters, crossings).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/image.h"
#include "dataplane/links/overhead.h"
#include "dataplane/stages/nat.h"
#include "dataplane/stages/nsg.h"

struct rte_ring;
struct rte_mempool;

namespace skyhop::dataplane {

struct Crossing;

/// EdgeSpec in 16 octets.
struct Edge {
  EdgeAction action = EdgeAction::drop;
  DropReason reason = DropReason::no_route;
  PortIndex port = 0;
  FilterIndex filter = 0;
  GuardIndex guard = 0;
  LinkIndex link = 0;
};

struct alignas(64) Router {
  std::atomic<const lpm::TableView*> table = nullptr;
  const EdgeId* slots = nullptr;  ///< lpm::GroupTable::slots()
  std::atomic<const Edge*> edges = nullptr;
  uint32_t seed = 1;
  uint32_t address = 0;
  bool decrements_ttl = true;
  bool answers_icmp = true;
  std::atomic<bool> is_up = true;
};

struct Link {
  uint32_t mtu = 1500;
  Overhead overhead;
  RouterIndex to = 0;
  LinkKind kind = LinkKind::fabric;
  NatIndex nat_leaving = 0;
  NatIndex nat_entering = 0;
  std::atomic<bool> is_up = true;
  std::atomic<const Crossing*> crossing = nullptr;  ///< null: a plain link
};

/// Where packets leave the model.
struct Port {
  enum class Exit : uint8_t {
    sink,    ///< built-in: counted and freed by whoever delivers
    device,  ///< a transmit queue of an ethdev; each worker has its own
    ring,    ///< handed to the worker that owns the port
  };
  Exit exit = Exit::sink;
  uint16_t device = 0;
  rte_ring* ring = nullptr;
  /// Ethernet header of what leaves: the fabric's MAC, the NIC's, and the EtherType.
  alignas(16) std::array<uint8_t, 16> ethernet{};
};

/// Sorted, disjoint, inclusive ranges of source addresses.
struct Guard {
  static Guard of(const GuardSpec& spec);
  std::vector<std::pair<uint32_t, uint32_t>> ranges;  ///< sorted, disjoint
  [[nodiscard]] bool admits(uint32_t source) const;
};

/// The whole of it. Arrays are sized once; index 0 of filters, guards and nats is "none".
struct Tables {
  std::unique_ptr<Router[]> routers;
  std::unique_ptr<Link[]> links;
  std::vector<Port> ports;
  std::vector<Guard> guards;
  std::vector<std::unique_ptr<const Nat>> nats;
  std::unique_ptr<std::atomic<const Filter*>[]> filters;
  // The same for the hot loop, which keeps away from the library's inline functions.
  const Port* ports_data = nullptr;
  const Guard* guards_data = nullptr;
  uint32_t router_count = 0;
  uint32_t link_count = 0;
  uint64_t tsc_hz = 1;
  rte_mempool* pool = nullptr;
  /// Every mbuf is ours, whole and unshared, so that it may go back to the pool without a look.
  bool frees_raw = false;
  bool measures_latency = true;
  const std::atomic<uint64_t>* link_clock = nullptr;  ///< DataplaneOptions::link_clock
};

}  // namespace skyhop::dataplane
