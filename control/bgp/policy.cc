#include "control/bgp/policy.h"

namespace skyhop::bgp {

Policy chain(Policy first, Policy second) {
  if (!first) return second;
  if (!second) return first;
  return [first = std::move(first), second = std::move(second)](const RouteView& route) {
    PolicyVerdict verdict = first(route);
    if (!verdict.accepted) return verdict;
    if (!verdict.changed) return second(route);
    PolicyVerdict last = second(
        {route.prefix, *verdict.changed, route.group, route.is_local, route.is_ebgp, route.peer});
    if (!last.accepted) return last;
    if (last.rule.empty() && last.reason.empty()) {
      last.rule = std::move(verdict.rule);
      last.reason = std::move(verdict.reason);
    }
    if (!last.changed) last.changed = std::move(verdict.changed);
    return last;
  };
}

}  // namespace skyhop::bgp
