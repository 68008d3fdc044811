#include "control/cloud/aviatrix/segmentation.h"

#include <algorithm>

namespace skyhop::cloud::aviatrix {

Segmentation::Segmentation(const lab::Lab& lab)
    : unassociated_share_(lab.settings.unassociated_attachments == "shared") {
  for (const lab::TransitGateway& transit : lab.transit_gateways) {
    if (transit.enable_segmentation) transits_.insert(transit.name);
  }
  for (const lab::NetworkDomainAssociation& association : lab.network_domain_associations) {
    domains_[association.attachment_name].emplace(association.transit_gateway_name,
                                                  association.network_domain_name);
  }
  for (const lab::ConnectionPolicy& policy : lab.connection_policies) {
    policies_.insert(std::minmax(policy.domain_name_1, policy.domain_name_2));
  }
}

std::string Segmentation::domain_of(const std::string& attachment,
                                    const std::string& transit) const {
  if (!transits_.contains(transit)) return {};
  const auto found = domains_.find(attachment);
  if (found == domains_.end()) return {};
  for (const std::string& where : {transit, std::string()}) {
    const auto domain = found->second.find(where);
    if (domain != found->second.end()) return domain->second;
  }
  return {};
}

bool Segmentation::connects(const std::string& transit, const std::string& a,
                            const std::string& b) const {
  if (!transits_.contains(transit)) return true;
  if (a == b) return !a.empty() || unassociated_share_;
  return policies_.contains(std::minmax(a, b));
}

}  // namespace skyhop::cloud::aviatrix
