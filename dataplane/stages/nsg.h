// A NIC's network security groups in one direction, ready for the workers.
//
// Rules decide new flows only; what they allow stands in the NIC's flow table from then on (A69).
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "dataplane/flow_table.h"
#include "dataplane/image.h"

namespace skyhop::dataplane {

/// What the rules look at. For an ICMP error, `about` is the flow whose packet it quotes.
struct FilterInput {
  lpm::FlowKey key;
  std::optional<lpm::FlowKey> about;
};

/// True when some rule of the stage that matches first allows; no match denies. Ports of a rule
/// match TCP, UDP and SCTP only; fragments have ports 0.
[[nodiscard]] bool allows(const std::vector<FilterRule>& stage, const lpm::FlowKey& key);

/// Established flows of a NIC as one of its filters sees them: those that go its way, and those of
/// the other direction, which hold the replies.
struct NicFlows {
  std::shared_ptr<FlowTable> own;
  std::shared_ptr<FlowTable> opposite;
};

/// Immutable; replaced as a whole under QSBR.
class Filter {
 public:
  Filter(FilterSpec spec, NicFlows flows) : spec_(std::move(spec)), flows_(std::move(flows)) {}

  /// The rules and the table, for a packet that the table did not hold. Adds what it allows.
  /// `evictions` counts the entries that had to go for it.
  bool admit(const FilterInput& input, uint64_t& evictions) const;

  /// Packets of these pass without a look at the rules.
  [[nodiscard]] SKYHOP_INLINE const FlowTable* flows() const { return flows_.own.get(); }
  [[nodiscard]] const NicFlows& nic_flows() const { return flows_; }

 private:
  FilterSpec spec_;
  NicFlows flows_;
};

}  // namespace skyhop::dataplane
