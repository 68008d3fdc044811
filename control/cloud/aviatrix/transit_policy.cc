#include "control/cloud/aviatrix/transit_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "control/cloud/aviatrix/route_info.h"
#include "control/cloud/aviatrix/segmentation.h"
#include "control/cloud/prefix_map.h"
#include "lpm/flow.h"

namespace skyhop::cloud::aviatrix {
namespace {

using bgp::PolicyVerdict;
using bgp::RouteView;

/// Of a route that is told for a manual list's sake only: any real one is preferred.
constexpr uint32_t kManualPreference = 0;

struct ExportRules {
  std::string gateway;
  std::string connection;
  std::string domain;
  Segmentation segmentation;
  bool segments = false;
  PrefixSet manual;
  bool preserves_as_path = false;
  std::vector<uint32_t> prepend;
  uint32_t max_as_limit = 0;
  std::shared_ptr<const PeerState> state;
  std::shared_ptr<const OriginationBook> book;

  [[nodiscard]] const Origination* origination(const RouteView& route) const {
    if (!route.is_local) return nullptr;
    const auto found = book->find(route.prefix.ipv4());
    return found == book->end() ? nullptr : &found->second;
  }

  /// Nothing, or why the route is kept back.
  [[nodiscard]] std::optional<PolicyVerdict> refusal(const RouteView& route) const {
    if (state->stands_by) {
      return PolicyVerdict::reject("V50", connection + " stands by at this gateway");
    }
    const Origination* own = origination(route);
    const bool is_manual = own != nullptr && own->kind == Origination::Kind::manual;
    if (!manual.empty()) {
      if (!manual.contains(route.prefix.ipv4())) {
        return PolicyVerdict::reject(
            "V35", "not in the manual list of " + connection + ", which replaces all else");
      }
      if (is_manual && preserves_as_path) {
        return PolicyVerdict::reject("V35",
                                     "in the manual list, but nothing is known of it and the AS "
                                     "path is preserved");
      }
    } else if (is_manual) {
      return PolicyVerdict::reject("V35", "in the manual list of another connection only");
    }
    if (!route.is_local && route.group == connection) {
      return PolicyVerdict::reject("AVX-18876", "learned on this connection");
    }
    if (segments && !is_manual) {
      const std::string from =
          own != nullptr ? own->domain : segmentation.domain_of(std::string(route.group), gateway);
      if (!segmentation.connects(gateway, from, domain)) {
        return PolicyVerdict::reject(
            "V48", fmt::format("network domain {} does not reach {}", from.empty() ? "none" : from,
                               domain.empty() ? "none" : domain));
      }
    }
    const bool is_learned = !route.is_local || (own != nullptr && !own->as_path.empty());
    if (max_as_limit != 0 && is_learned && route.attributes.as_path.length() > max_as_limit) {
      return PolicyVerdict::reject("bgp_max_as_limit",
                                   fmt::format("AS path longer than {}", max_as_limit));
    }
    return std::nullopt;
  }
};

}  // namespace

bgp::Policy transit_import(const BgpGateway& gateway, std::shared_ptr<const PeerState> state) {
  return [asn = gateway.asn, state = std::move(state)](const RouteView& route) {
    if (route.attributes.as_path.contains(asn)) {
      return PolicyVerdict::reject("RFC 4271 9.1.2",
                                   "AS_PATH holds the own AS " + std::to_string(asn));
    }
    if (state->approved && !state->approved->contains(route.prefix.ipv4())) {
      return PolicyVerdict::reject("V36", "pending: the learned CIDR waits for approval");
    }
    if (state->stands_by) {
      return PolicyVerdict::reject("V50", std::string(route.group) + " stands by at this gateway");
    }
    return PolicyVerdict::accept();
  };
}

bgp::Policy transit_export(const lab::Lab& lab, const BgpGateway& gateway,
                           const lab::TransitExternalDeviceConn& connection,
                           std::shared_ptr<const PeerState> state,
                           std::shared_ptr<const OriginationBook> book) {
  const Segmentation segmentation(lab);
  const auto& manual = connection.manual_bgp_advertised_cidrs.empty()
                           ? gateway.manual_cidrs
                           : connection.manual_bgp_advertised_cidrs;
  const auto& prepend =
      connection.prepend_as_path.empty() ? gateway.prepend_as_path : connection.prepend_as_path;
  auto rules = std::make_shared<const ExportRules>(
      ExportRules{.gateway = gateway.name,
                  .connection = connection.connection_name,
                  .domain = segmentation.domain_of(connection.connection_name, gateway.name),
                  .segmentation = segmentation,
                  .segments = segmentation.segments(gateway.name),
                  .manual = prefix_set(manual),
                  .preserves_as_path = gateway.preserves_as_path,
                  .prepend = prepended(lab.settings, prepend),
                  .max_as_limit = lab.settings.bgp_max_as_limit,
                  .state = std::move(state),
                  .book = std::move(book)});
  return [rules = std::move(rules)](const RouteView& route) {
    if (auto refusal = rules->refusal(route)) return *std::move(refusal);
    const bool strips = !rules->manual.empty() && !rules->preserves_as_path &&
                        route.attributes.as_path.length() != 0;
    if (rules->prepend.empty() && !strips) return PolicyVerdict::accept();
    bgp::PathAttributes attributes = route.attributes;
    if (strips) attributes.as_path = {};
    for (const uint32_t asn : rules->prepend) attributes.as_path.prepend(asn);
    if (rules->prepend.empty()) {
      return PolicyVerdict::change(std::move(attributes), "V35",
                                   "in a manual list: told as if it began here");
    }
    return PolicyVerdict::change(
        std::move(attributes), "V40",
        "AS_PATH prepended " + std::to_string(rules->prepend.size()) + " times");
  };
}

bgp::DecisionOptions transit_decision(const BgpGateway& gateway) {
  using bgp::Step;
  bgp::DecisionOptions options;
  options.maximum_paths = gateway.ecmp ? lpm::kGroupSlots : 1;
  options.multipath_through = Step::med;
  options.multipath_relax = true;
  options.always_compare_med = true;
  options.keep_current = true;
  // What the controller tells starts with an AS path of its own, and competes with it.
  options.ignored = {Step::local_route, Step::origin,    Step::ebgp_over_ibgp,
                     Step::igp_metric,  Step::router_id, Step::cluster_list_length};
  return options;
}

bgp::PathAttributes attributes_of(const Origination& origination) {
  bgp::PathAttributes attributes;
  for (auto asn = origination.as_path.rbegin(); asn != origination.as_path.rend(); ++asn) {
    attributes.as_path.prepend(*asn);
  }
  if (origination.metric != 0) attributes.med = origination.metric;
  if (origination.kind == Origination::Kind::manual) attributes.local_pref = kManualPreference;
  return attributes;
}

}  // namespace skyhop::cloud::aviatrix
