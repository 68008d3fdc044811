// How the best route of a prefix is found.
//
// RFC 4271 9.1.2 is a tournament by elimination, not a comparison of pairs: each step looks at all
// routes still in the race and throws out those that are worse than the best of them in that one
// respect. That matters for MED, which may only be compared between routes of one neighbour AS:
// with pairs the winner would depend on the order in which the routes came. The last step always
// leaves one, because no two peers share address and number, and no two paths of a peer a path id.
//
// What we add: routes originated here come first; a route whose next hop cannot be reached never
// enters; and the routes still in the race after `multipath_through` share the traffic, while the
// later steps only name the one that is told to others. A cloud's speaker that looks no further
// than the AS_PATH leaves out the steps in between by `ignored`, and lets multipath begin there.
//
//  1 reachable next hop     5 ORIGIN                    9 in use (RFC 5004), where asked for
//  2 originated here        6 MED, per neighbour AS    10 router id (RFC 4456: originator)
//  3 LOCAL_PREF             7 eBGP over iBGP           11 CLUSTER_LIST length
//  4 AS_PATH length         8 cost to the next hop     12 peer address
#include "control/bgp/rib/decision.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <limits>

namespace skyhop::bgp {
namespace {

constexpr std::array<std::string_view, kSteps> kStepNames = {"reachable next hop",
                                                             "originated here",
                                                             "LOCAL_PREF",
                                                             "AS_PATH length",
                                                             "ORIGIN",
                                                             "MED",
                                                             "eBGP over iBGP",
                                                             "cost to next hop",
                                                             "in use",
                                                             "router id",
                                                             "CLUSTER_LIST length",
                                                             "peer address"};
constexpr std::array<std::string_view, kSteps> kClauses = {
    "RFC 4271 9.1.2",     "RFC 4271 9.1.2",     "RFC 4271 9.1.1",     "RFC 4271 9.1.2.2 a",
    "RFC 4271 9.1.2.2 b", "RFC 4271 9.1.2.2 c", "RFC 4271 9.1.2.2 d", "RFC 4271 9.1.2.2 e",
    "RFC 5004",           "RFC 4271 9.1.2.2 f", "RFC 4456 9",         "RFC 4271 9.1.2.2 g"};

constexpr std::array<std::string_view, 3> kOrigins = {"IGP", "EGP", "incomplete"};

std::string shown(Step step, uint64_t value) {
  switch (step) {
    case Step::origin:
      return std::string(kOrigins[value]);
    case Step::local_preference:
      return fmt::format("{}", std::numeric_limits<uint32_t>::max() - value);
    case Step::router_id:
    case Step::peer_address:
      return Ipv4Address(static_cast<uint32_t>(value)).to_string();
    default:
      return fmt::format("{}", value);
  }
}

std::string_view complaint(Step step) {
  switch (step) {
    case Step::resolvable_next_hop:
      return "next hop is not reachable";
    case Step::local_route:
      return "the prefix is originated here";
    case Step::local_preference:
      return "lower LOCAL_PREF";
    case Step::as_path_length:
      return "longer AS_PATH";
    case Step::origin:
      return "worse ORIGIN";
    case Step::med:
      return "higher MED";
    case Step::ebgp_over_ibgp:
      return "iBGP against eBGP";
    case Step::igp_metric:
      return "higher cost to the next hop";
    case Step::in_use:
      return "the route in use stays";
    case Step::router_id:
      return "higher router id";
    case Step::cluster_list_length:
      return "longer CLUSTER_LIST";
    case Step::peer_address:
      return "higher peer address";
  }
  return {};
}

bool has_values(Step step) {
  return step != Step::resolvable_next_hop && step != Step::local_route &&
         step != Step::ebgp_over_ibgp && step != Step::in_use;
}

// No two paths to one prefix have the same.
std::pair<std::optional<PeerId>, PathId> key(const Candidate& candidate) {
  return {candidate.peer, candidate.path_id};
}

class Tournament {
 public:
  Tournament(std::span<const Candidate> candidates, const DecisionOptions& options)
      : candidates_(candidates), options_(options), losses_(candidates.size()) {
    in_race_.reserve(candidates.size());
    for (size_t i = 0; i < candidates.size(); ++i) in_race_.push_back(i);
  }

  // Who is left at the end, or nobody; `equals` are those left after `multipath_through`.
  void run() {
    for (size_t i = 0; i < kSteps && !in_race_.empty(); ++i) {
      const auto step = static_cast<Step>(i);
      if (in_race_.size() > 1 || step == Step::resolvable_next_hop) {
        if (!options_.ignored.contains(step)) take(step);
      }
      if (step == options_.multipath_through) equals_ = in_race_;
    }
    // Two sessions to one address from different ones of ours: the one configured first. Several
    // paths of one peer: the one that it numbers first.
    if (in_race_.size() > 1) {
      const size_t first =
          *std::ranges::min_element(in_race_, {}, [&](size_t i) { return key(candidates_[i]); });
      eliminate(Step::peer_address, [&](size_t i) { return i != first; }, first);
    }
  }

  struct Loss {
    std::optional<Step> step;
    size_t winner = 0;  ///< who was better then
  };
  [[nodiscard]] const std::vector<size_t>& in_race() const { return in_race_; }
  [[nodiscard]] const std::vector<size_t>& equals() const { return equals_; }
  [[nodiscard]] const Loss& loss(size_t candidate) const { return losses_[candidate]; }

  // Lower is better in every step.
  [[nodiscard]] uint64_t value(Step step, const Candidate& candidate) const {
    const PathAttributes& attributes = *candidate.attributes;
    switch (step) {
      case Step::resolvable_next_hop:
        return cost(candidate) ? 0 : 1;
      case Step::local_route:
        return candidate.peer ? 1 : 0;
      case Step::local_preference:
        return std::numeric_limits<uint32_t>::max() -
               attributes.local_pref.value_or(kDefaultLocalPref);
      case Step::as_path_length:
        return attributes.as_path.length();
      case Step::origin:
        return static_cast<uint64_t>(attributes.origin);
      case Step::med:
        return attributes.med.value_or(0);
      case Step::ebgp_over_ibgp:
        return candidate.is_ebgp || !candidate.peer ? 0 : 1;
      case Step::igp_metric:
        return cost(candidate).value_or(0);
      case Step::in_use:
        return options_.keep_current && candidate.is_current ? 0 : 1;
      case Step::router_id:
        return attributes.originator_id.value_or(candidate.peer_router_id).value();
      case Step::cluster_list_length:
        return attributes.cluster_list.size();
      case Step::peer_address:
        return candidate.peer_address.value();
    }
    return 0;
  }

 private:
  [[nodiscard]] std::optional<uint32_t> cost(const Candidate& candidate) const {
    if (!candidate.peer || !options_.igp_metric) return 0;
    return options_.igp_metric(candidate.attributes->next_hop);
  }

  void take(Step step) {
    if (step == Step::resolvable_next_hop) {
      // Not the least of them but those that can be reached at all.
      eliminate(step, [&](size_t i) { return value(step, candidates_[i]) != 0; }, 0);
    } else if (step == Step::med && !options_.always_compare_med) {
      take_med();
    } else {
      const size_t best = *std::ranges::min_element(
          in_race_, {}, [&](size_t i) { return value(step, candidates_[i]); });
      const uint64_t least = value(step, candidates_[best]);
      eliminate(step, [&](size_t i) { return value(step, candidates_[i]) > least; }, best);
    }
  }

  void take_med() {
    const std::vector<size_t> before = in_race_;
    for (const size_t better : before) {
      const auto neighbour = candidates_[better].attributes->as_path.first();
      const uint64_t med = value(Step::med, candidates_[better]);
      eliminate(
          Step::med,
          [&](size_t i) {
            return candidates_[i].attributes->as_path.first() == neighbour &&
                   value(Step::med, candidates_[i]) > med;
          },
          better);
    }
  }

  template <typename IsWorse>
  void eliminate(Step step, IsWorse is_worse, size_t winner) {
    std::erase_if(in_race_, [&](size_t i) {
      if (!is_worse(i)) return false;
      losses_[i] = {step, winner};
      return true;
    });
  }

  std::span<const Candidate> candidates_;
  const DecisionOptions& options_;
  std::vector<size_t> in_race_;
  std::vector<size_t> equals_;
  std::vector<Loss> losses_;
};

Decision outcome(std::span<const Candidate> candidates, const DecisionOptions& options,
                 const Tournament& tournament) {
  if (tournament.in_race().empty()) return {};
  Decision decision;
  const size_t best = tournament.in_race().front();
  decision.best = best;
  decision.multipath = {best};
  std::vector<size_t> others;
  for (const size_t equal : tournament.equals()) {
    const bool same_path = options.multipath_relax || candidates[equal].attributes->as_path ==
                                                          candidates[best].attributes->as_path;
    if (equal != best && same_path) others.push_back(equal);
  }
  // Too many: those that stayed in the race longest.
  std::ranges::sort(others, [&](size_t a, size_t b) {
    const auto& loss_a = tournament.loss(a).step;
    const auto& loss_b = tournament.loss(b).step;
    if (loss_a != loss_b) return loss_a > loss_b;
    if (candidates[a].peer_address != candidates[b].peer_address) {
      return candidates[a].peer_address < candidates[b].peer_address;
    }
    return key(candidates[a]) < key(candidates[b]);
  });
  const size_t room = std::max(options.maximum_paths, 1u) - 1;
  if (others.size() > room) others.resize(room);
  decision.multipath.insert(decision.multipath.end(), others.begin(), others.end());
  std::ranges::sort(decision.multipath);
  return decision;
}

}  // namespace

std::string_view to_string(Step step) { return kStepNames[static_cast<size_t>(step)]; }
std::string_view clause(Step step) { return kClauses[static_cast<size_t>(step)]; }

Decision decide(std::span<const Candidate> candidates, const DecisionOptions& options) {
  Tournament tournament(candidates, options);
  tournament.run();
  return outcome(candidates, options, tournament);
}

std::vector<Decided> explain(std::span<const Candidate> candidates,
                             const DecisionOptions& options) {
  Tournament tournament(candidates, options);
  tournament.run();
  const Decision decision = outcome(candidates, options, tournament);
  std::vector<Decided> all;
  for (size_t i = 0; i < candidates.size(); ++i) {
    Decided decided{candidates[i], Standing::loser, tournament.loss(i).step, {}};
    if (decision.best == i) {
      decided.standing = Standing::best;
    } else if (std::ranges::find(decision.multipath, i) != decision.multipath.end()) {
      decided.standing = Standing::multipath;
    }
    if (decided.lost_at) {
      const Step step = *decided.lost_at;
      decided.reason = complaint(step);
      if (has_values(step)) {
        const Candidate& winner = candidates[tournament.loss(i).winner];
        decided.reason +=
            fmt::format(": {} against {}", shown(step, tournament.value(step, candidates[i])),
                        shown(step, tournament.value(step, winner)));
      }
    }
    all.push_back(std::move(decided));
  }
  std::ranges::sort(all, [](const Decided& a, const Decided& b) {
    if (a.standing != b.standing) return a.standing < b.standing;
    return key(a.candidate) < key(b.candidate);
  });
  return all;
}

}  // namespace skyhop::bgp
