// Address translation at a gateway: source addresses of what leaves it over a link, destination
// addresses of what enters over a link, and the replies of both on the other side.
//
//   reads   the packet's headers; of ICMP errors also the packet they quote
//   writes  addresses, ports and checksums in the packet; the columns that say where it goes
//   next    a leaving packet: the link's MTU check; an entering one: the gateway's queue
//   drops   nat_failed
//
// Only links of gateways that translate come here: everyone else pays a test of a word that is
// read anyway.
#pragma once

#include <memory>
#include <vector>

#include "dataplane/image.h"
#include "dataplane/nat_table.h"

namespace skyhop::dataplane {

/// The first rule that applies to a new flow; null: it is not translated.
[[nodiscard]] const NatRule* find_rule(const std::vector<NatRule>& rules, const lpm::FlowKey& key);

/// The nth translation to try for a new flow, the most natural one first: its own port, if the
/// rule names none. What `skyhop trace` shows is the first.
[[nodiscard]] lpm::FlowKey candidate(const NatRule& rule, NatSide side, const lpm::FlowKey& key,
                                     uint32_t n);

enum class NatOutcome { untouched, translated, failed };

/// What one gateway does on one side of one link. Immutable but for the flows.
class Nat {
 public:
  Nat(const NatSpec& spec, std::shared_ptr<NatTable> flows)
      : side_(spec.side), rules_(spec.rules), flows_(std::move(flows)) {}

  /// Translates the packet at `ip`, whose header is good; `now` in seconds.
  NatOutcome apply(uint8_t* ip, uint32_t now) const;

 private:
  NatOutcome apply_to_error(uint8_t* ip, const lpm::FlowKey& error, const lpm::FlowKey& about,
                            uint32_t now) const;
  bool translate_new(const lpm::FlowKey& key, lpm::FlowKey& translated, const NatRule& rule,
                     uint32_t now) const;

  NatSide side_;
  std::vector<NatRule> rules_;
  std::shared_ptr<NatTable> flows_;
};

}  // namespace skyhop::dataplane
