// Policy: what a speaker accepts from a peer and tells a peer. The clouds' rules are policies.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "control/bgp/attributes.h"

namespace skyhop::bgp {

/// A route as a policy sees it. On import `group` is the sending peer's; on export the group of the
/// peer the route was learned from (empty: originated here).
struct RouteView {
  Prefix prefix;
  const PathAttributes& attributes;
  std::string_view group;
  bool is_local = false;  ///< originated by this speaker
  bool is_ebgp = false;   ///< learned over eBGP
};

struct PolicyVerdict {
  bool accepted = true;
  std::string rule;    ///< "A19", "RFC 4271 9.1.2": named when rejected or changed
  std::string reason;  ///< one sentence, kept with the route and shown to the user
  std::optional<PathAttributes> changed;  ///< accepted with these attributes instead

  static PolicyVerdict accept() { return {}; }
  static PolicyVerdict reject(std::string rule, std::string reason) {
    return {false, std::move(rule), std::move(reason), {}};
  }
  static PolicyVerdict change(PathAttributes attributes, std::string rule, std::string reason) {
    return {true, std::move(rule), std::move(reason), std::move(attributes)};
  }
};

/// Pure: the same view gives the same verdict until the owner asks for a re-evaluation.
/// On export it runs on the attributes as learned, before the speaker's own eBGP or iBGP changes
/// (AS prepended, next hop set); an empty function accepts everything.
using Policy = std::function<PolicyVerdict(const RouteView&)>;

}  // namespace skyhop::bgp
