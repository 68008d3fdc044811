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

/// Immutable; replaced as a whole under QSBR.
class Filter {
 public:
  Filter(FilterSpec spec, std::shared_ptr<FlowTable> flows)
      : spec_(std::move(spec)), flows_(std::move(flows)) {}

  /// The rules and the table, for a packet that the table did not hold. Adds what it allows.
  /// `evictions` counts the entries that had to go for it.
  bool admit(const FilterInput& input, uint64_t& evictions) const;

  [[nodiscard]] SKYHOP_INLINE const FlowTable* flows() const { return flows_.get(); }
  [[nodiscard]] const std::shared_ptr<FlowTable>& shared_flows() const { return flows_; }

 private:
  FilterSpec spec_;
  std::shared_ptr<FlowTable> flows_;
};

}  // namespace skyhop::dataplane
