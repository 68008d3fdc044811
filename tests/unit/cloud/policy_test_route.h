// A route to put before a policy, and the table of verdicts that a test compares with.
#pragma once

#include <string>
#include <vector>

#include "control/bgp/policy.h"
#include "tests/unit/cloud/network_builder.h"

namespace skyhop::cloud {

struct TestRoute {
  Ipv4Prefix prefix;
  bgp::PathAttributes attributes;
  std::string group;  ///< empty: originated here

  TestRoute(std::string_view text, std::string_view from_group, std::vector<bgp::Asn> as_path = {})
      : prefix(net(text)), group(from_group) {
    attributes.as_path = bgp::AsPath::sequence(std::move(as_path));
    attributes.next_hop = ip("10.0.20.68");
  }
  TestRoute& with(bgp::Community community) {
    attributes.communities.push_back(community);
    return *this;
  }

  [[nodiscard]] bgp::PolicyVerdict under(const bgp::Policy& policy) const {
    return policy({.prefix = prefix,
                   .attributes = attributes,
                   .group = group,
                   .is_local = group.empty(),
                   .is_ebgp = group == "nva" || group == "branch"});
  }
  /// The rule of the rejection; empty when accepted.
  [[nodiscard]] std::string rejected_by(const bgp::Policy& policy) const {
    const bgp::PolicyVerdict verdict = under(policy);
    return verdict.accepted ? std::string() : verdict.rule;
  }
};

}  // namespace skyhop::cloud
