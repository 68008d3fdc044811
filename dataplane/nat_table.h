// Flows whose addresses a gateway translates: both directions of each, found by what arrives.
//
// The rule: a new flow gets a translation whose replies nobody else's can be taken for; from then
// on both directions are found here, until they have been silent for as long as RFC 5382, 4787 and
// 5508 say.
// Our choice: a set-associative table of exact 5-tuples that workers share without locks. A slot is
// a key and a value of sixteen aligned octets each, moved whole (flow_table.h says why that holds),
// and a word that says since when it is used. The word is claimed by compare-and-swap before the
// halves are written; a reader that meets a slot between two owners sees a value whose tag is not
// its key's, and takes it for a miss.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "dataplane/flow_table.h"
#include "lpm/flow.h"

namespace skyhop::dataplane {

/// Where a packet is translated: on its way out of the gateway, or on its way in. A flow that is
/// translated on one side has its replies translated on the other.
enum class NatSide : uint8_t { leaving, entering };

[[nodiscard]] constexpr NatSide other_side(NatSide side) {
  return side == NatSide::leaving ? NatSide::entering : NatSide::leaving;
}

class NatTable {
 public:
  /// Room for `entries` directions of flows, rounded up to a power of two; at least 64.
  explicit NatTable(uint32_t entries);

  /// The translation of a flow seen on this side, if there is one that still counts; `now` in
  /// seconds. Keeps it alive.
  bool find(NatSide side, const lpm::FlowKey& key, lpm::FlowKey& translated, uint32_t now);

  enum class Outcome {
    added,
    taken,  ///< the flow, or one with the same replies, is there already
    full,   ///< no slot where it has to stand
  };
  /// Remembers that `key` becomes `translated`, and the way back.
  Outcome insert(NatSide side, const lpm::FlowKey& key, const lpm::FlowKey& translated,
                 uint32_t now);

  /// Silent for so many seconds, a flow of this protocol is forgotten.
  [[nodiscard]] static uint32_t idle_timeout(uint8_t protocol);

 private:
  static constexpr uint32_t kWays = 8;
  static constexpr uint32_t kFree = 0, kBusy = 1, kFirstTime = 2;
  struct alignas(16) Value {
    uint32_t source = 0;
    uint32_t destination = 0;
    uint32_t ports = 0;
    uint32_t tag = 0;  ///< of the key it belongs to
  };

  [[nodiscard]] uint32_t first_slot(uint32_t hash) const { return (hash & mask_) * kWays; }
  [[nodiscard]] bool is_alive(uint32_t used, uint8_t protocol, uint32_t now) const;
  /// The slot that was claimed, or none with the reason in `outcome`.
  uint32_t claim(NatSide side, const lpm::FlowKey& key, const lpm::FlowKey& translated,
                 uint32_t now, Outcome& outcome);
  void release(uint32_t slot);

  uint32_t mask_;
  std::unique_ptr<FlowEntry[]> keys_;
  std::unique_ptr<Value[]> values_;
  std::unique_ptr<std::atomic<uint32_t>[]> used_;  ///< kFree, kBusy, or kFirstTime + seconds
};

}  // namespace skyhop::dataplane
