// The decision process (RFC 4271 9.1.2) as a pure function over the candidates of one prefix.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control/bgp/attributes.h"

namespace skyhop::bgp {

enum class PeerId : uint32_t {};  ///< dense, in order of add_peer

inline constexpr uint32_t kDefaultLocalPref = 100;

/// In the order they are taken. The essay is in decision.cc.
enum class Step : uint8_t {
  resolvable_next_hop,  ///< RFC 4271 9.1.2: not even a candidate otherwise
  local_route,          ///< originated here before learned
  local_preference,     ///< 9.1.1: higher
  as_path_length,       ///< 9.1.2.2 a: shorter
  origin,               ///< 9.1.2.2 b: lower
  med,                  ///< 9.1.2.2 c: lower, among routes of one neighbour AS
  ebgp_over_ibgp,       ///< 9.1.2.2 d
  igp_metric,           ///< 9.1.2.2 e: lower cost to the next hop
  in_use,               ///< RFC 5004: the route that was the best stays; with `keep_current` only
  router_id,            ///< 9.1.2.2 f: lower; RFC 4456 9: the originator's where there is one
  cluster_list_length,  ///< RFC 4456 9: shorter
  peer_address,         ///< 9.1.2.2 g: lower
};
inline constexpr size_t kSteps = 12;

/// "AS_PATH length", "multi-exit discriminator", ...
[[nodiscard]] std::string_view to_string(Step step);
/// "RFC 4271 9.1.2.2 a", ...
[[nodiscard]] std::string_view clause(Step step);

/// A small set of steps, for the switches.
class StepSet {
 public:
  constexpr StepSet() = default;
  constexpr StepSet(std::initializer_list<Step> steps) {
    for (const Step step : steps) bits_ = static_cast<uint16_t>(bits_ | bit(step));
  }
  [[nodiscard]] constexpr bool contains(Step step) const { return (bits_ & bit(step)) != 0; }

 private:
  static constexpr uint16_t bit(Step step) {
    return static_cast<uint16_t>(1u << static_cast<unsigned>(step));
  }
  uint16_t bits_ = 0;
};

struct DecisionOptions {
  /// Routes in use for one prefix, the best included.
  uint32_t maximum_paths = 1;
  /// Routes that equal the best through this step share the traffic; later steps only name the
  /// best.
  Step multipath_through = Step::igp_metric;
  /// Multipath also over paths of equal length but different content ("multipath-relax").
  bool multipath_relax = false;
  bool always_compare_med = false;
  /// Of routes that are equal so far, the one in use stays (RFC 5004, and V37).
  bool keep_current = false;
  /// Left out altogether: a cloud speaker that looks at AS_PATH length only ignores origin, MED,
  /// ...
  StepSet ignored;
  /// Cost to a next hop; nullopt: not reachable, so no candidate. Empty function: 0 for all.
  std::function<std::optional<uint32_t>(Ipv4Address next_hop)> igp_metric;
};

/// A route as the decision sees it.
struct Candidate {
  std::optional<PeerId> peer;  ///< absent: originated here
  Ipv4Address peer_address;
  Ipv4Address peer_router_id;
  bool is_ebgp = false;
  AttributesPtr attributes;  ///< after the import policy
  bool is_current = false;   ///< it was the best of the last decision
  PathId path_id = 0;        ///< as the peer numbers its paths (RFC 7911)
};

enum class Standing : uint8_t { best, multipath, loser };

struct Decided {
  Candidate candidate;
  Standing standing = Standing::loser;
  /// For losers and multipath members: the step in which the winner was better.
  std::optional<Step> lost_at;
  /// "longer AS_PATH: 3 against 1"; empty for the best.
  std::string reason;
};

struct Decision {
  std::optional<size_t> best;     ///< index into the candidates
  std::vector<size_t> multipath;  ///< ascending, the best included; empty without a best
};

/// The order of the candidates never matters.
[[nodiscard]] Decision decide(std::span<const Candidate> candidates,
                              const DecisionOptions& options);

/// Same, with each loser's step and reason; best first, then multipath, then losers, each by peer.
[[nodiscard]] std::vector<Decided> explain(std::span<const Candidate> candidates,
                                           const DecisionOptions& options);

}  // namespace skyhop::bgp
