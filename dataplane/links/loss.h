// Loss, by itself or in bursts: the chain of Gilbert (1960) and Elliott (1963). A link is good or
// bad, may change before each packet, and loses with a chance of its own in each state. Bad
// periods are 1/leave packets long on average, and enter/(enter+leave) of all packets meet one.
#pragma once

#include "dataplane/image.h"
#include "dataplane/links/random.h"

namespace skyhop::dataplane {

struct LossChain {
  Chance enter;  ///< good becomes bad
  Chance leave;  ///< bad becomes good
  Chance in_good;
  Chance in_bad;

  LossChain() = default;
  /// Spec: 0 <= share < share_in_burst where bursts are longer than one packet.
  explicit LossChain(const LossSpec& spec) {
    if (spec.burst <= 1 || spec.share <= 0) {
      in_good = Chance(spec.share);
      in_bad = in_good;
      return;
    }
    const double bad = spec.share / spec.share_in_burst;  // of all packets
    const double leaves = 1 / spec.burst;
    leave = Chance(leaves);
    enter = Chance(leaves * bad / (1 - bad));
    in_bad = Chance(spec.share_in_burst);
  }

  [[nodiscard]] bool is_never() const { return in_good.is_never() && in_bad.is_never(); }

  /// Whether the next packet is lost; `is_bad` is the chain's state.
  [[nodiscard]] bool loses(Random& random, bool& is_bad) const {
    if ((is_bad ? leave : enter).happens(random)) is_bad = !is_bad;
    return (is_bad ? in_bad : in_good).happens(random);
  }
};

}  // namespace skyhop::dataplane
