#include "control/cloud/aviatrix/transit_policy.h"

#include <memory>
#include <string>
#include <variant>

#include "control/cloud/prefix_map.h"
#include "lpm/flow.h"

namespace skyhop::cloud::aviatrix {
namespace {

using bgp::PolicyVerdict;
using bgp::RouteView;
using lpm::Ipv4Prefix;

/// What spokes of the transit may ever advertise, the timeline's changes included.
PrefixSet spoke_cidrs(const lab::Lab& lab, const lab::TransitGateway& transit) {
  PrefixSet cidrs;
  const auto insert = [&](const std::vector<Ipv4Prefix>& prefixes) {
    for (const Ipv4Prefix prefix : prefixes) cidrs.insert(prefix);
  };
  for (const lab::SpokeGateway& spoke : lab.spoke_gateways) {
    if (spoke.transit_gw != transit.name) continue;
    cidrs.insert(spoke.cidr);
    insert(spoke.included_advertised_spoke_routes);
    for (const lab::TimelineEvent& event : lab.timeline) {
      const auto* change = std::get_if<lab::SetAdvertisedCidrs>(&event.action);
      if (change != nullptr && change->spoke_gateway == spoke.name) {
        insert(change->included_advertised_spoke_routes);
      }
    }
  }
  if (transit.enable_advertise_transit_cidr) cidrs.insert(transit.cidr);
  return cidrs;
}

/// Originated for the sake of other connections' manual lists only.
PrefixSet others_manual_cidrs(const lab::Lab& lab, const lab::TransitGateway& transit,
                              const lab::TransitExternalDeviceConn& connection) {
  const PrefixSet spokes = spoke_cidrs(lab, transit);
  PrefixSet cidrs;
  for (const lab::TransitExternalDeviceConn& other : lab.transit_external_device_conns) {
    if (other.gw_name != transit.name || other.connection_name == connection.connection_name) {
      continue;
    }
    for (const Ipv4Prefix prefix : other.manual_bgp_advertised_cidrs) {
      if (!spokes.contains(prefix)) cidrs.insert(prefix);
    }
  }
  return cidrs;
}

struct ExportRules {
  std::string connection;
  PrefixSet manual;
  PrefixSet others_manual;
  std::vector<uint32_t> prepend;
};

}  // namespace

bgp::Policy transit_import(const lab::TransitGateway& transit) {
  return [asn = transit.local_as_number](const RouteView& route) {
    if (route.attributes.as_path.contains(asn)) {
      return PolicyVerdict::reject("RFC 4271 9.1.2",
                                   "AS_PATH holds the own AS " + std::to_string(asn));
    }
    return PolicyVerdict::accept();
  };
}

bgp::Policy transit_export(const lab::Lab& lab, const lab::TransitGateway& transit,
                           const lab::TransitExternalDeviceConn& connection) {
  auto rules = std::make_shared<const ExportRules>(
      ExportRules{.connection = connection.connection_name,
                  .manual = prefix_set(connection.manual_bgp_advertised_cidrs),
                  .others_manual = others_manual_cidrs(lab, transit, connection),
                  .prepend = connection.prepend_as_path.empty() ? transit.prepend_as_path
                                                                : connection.prepend_as_path});
  return [rules = std::move(rules)](const RouteView& route) {
    if (!rules->manual.empty()) {
      if (!route.is_local || !rules->manual.contains(route.prefix.ipv4())) {
        return PolicyVerdict::reject(
            "V35", "not in the manual list of " + rules->connection + ", which replaces all else");
      }
    } else if (route.is_local && rules->others_manual.contains(route.prefix.ipv4())) {
      return PolicyVerdict::reject("V35", "in the manual list of another connection only");
    } else if (!route.is_local && route.group == rules->connection) {
      return PolicyVerdict::reject("AVX-18876", "learned on this connection");
    }
    if (rules->prepend.empty()) return PolicyVerdict::accept();
    bgp::PathAttributes attributes = route.attributes;
    for (const uint32_t asn : rules->prepend) attributes.as_path.prepend(asn);
    return PolicyVerdict::change(
        std::move(attributes), "V40",
        "AS_PATH prepended " + std::to_string(rules->prepend.size()) + " times");
  };
}

bgp::DecisionOptions transit_decision(const lab::TransitGateway& transit) {
  using bgp::Step;
  bgp::DecisionOptions options;
  options.maximum_paths = transit.bgp_ecmp ? lpm::kGroupSlots : 1;
  options.multipath_through = Step::med;
  options.multipath_relax = true;
  options.always_compare_med = true;
  options.ignored = {Step::origin, Step::ebgp_over_ibgp, Step::igp_metric};
  return options;
}

}  // namespace skyhop::cloud::aviatrix
