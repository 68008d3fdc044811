// The whole story of a route: who has it of his own, every speaker it crossed with what was changed
// there, who refused it and by which rule, why it won or lost, which tables hold it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "control/emulator/emulation.h"
#include "lpm/error.h"

namespace skyhop::explain {

struct Origin {
  std::string who;  ///< "transit-1"
  std::string why;  ///< "CIDR of spoke1"
};

/// One step between two neighbours.
struct Crossing {
  enum class Outcome {
    told,          ///< it got across
    not_told,      ///< the sender's rules keep it
    rejected,      ///< the receiver's rules refuse it
    session_down,  ///< there is no session to cross
  };
  Outcome outcome = Outcome::told;
  std::string from;
  std::string to;
  std::string what;    ///< told: what was changed; else empty
  std::string rule;    ///< "A32", "RFC 4271 9.1.2"; may be empty
  std::string reason;  ///< one sentence; may be empty when told
};

/// A path that the decision process had to choose from.
struct Contender {
  std::string from;
  std::string as_path;
  std::string next_hop;
  std::string standing;  ///< "best", "multipath", "not used"
  std::string reason;    ///< of those that are not the best
};

struct Holder {
  std::string table;  ///< "transit-1", "transit-1/av-gw-transit-1-eth1-bgp_lan"
  std::string source;
  std::string description;
  bool in_use = true;
};

struct RouteStory {
  std::string at;
  lpm::Ipv4Prefix prefix;
  bool held = false;    ///< `at` has a usable route for exactly this prefix
  std::string verdict;  ///< one sentence
  std::vector<Origin> origins;
  std::vector<Crossing> way;  ///< from the origin to `at`; when not held, up to where it stops
  std::vector<Contender> contenders;
  std::vector<Crossing> refused;  ///< everywhere in the lab, the nearest to `at` first
  std::vector<Holder> tables;
};

/// `at` names a gateway, an instance, a subnet or a VM. `prefix` is a prefix, or an address: then
/// the longest one that covers it anywhere is meant.
[[nodiscard]] Result<RouteStory> explain_route(const emulator::Emulation& emulation,
                                               const std::string& at, const std::string& prefix);

[[nodiscard]] std::string_view to_string(Crossing::Outcome outcome);

}  // namespace skyhop::explain
