// The controller's route info database: what every transit and spoke knows, from whom, and which
// of it is told to whom (2.5, 2.6 of the product's route rules; V33, V37-V40, V48).
//
// The rule: transits tell their spokes and peered transits one route for each prefix, with AS path
// and metric. Local routes come first, then the shorter AS path, the lower metric, and of equals
// the one in use, else the lower next hop.
// Our choice: a path-vector computation over the transits until nothing changes. Each transit puts
// its own AS number in front of what it tells (as BGP would), so that loops end and a detour is
// longer than the direct way.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "control/cloud/aviatrix/controller.h"
#include "control/cloud/aviatrix/segmentation.h"

namespace skyhop::cloud::aviatrix {

/// An entry takes out itself and what lies inside it; one inside the route does nothing (V32).
[[nodiscard]] bool is_filtered(const std::vector<Ipv4Prefix>& filters, Ipv4Prefix prefix);

/// `listed` in front of a path that the sender's own number follows, as settings.prepend_as_path
/// counts them.
[[nodiscard]] std::vector<uint32_t> prepended(const lab::Settings& settings,
                                              const std::vector<uint32_t>& listed);

struct Neighbor {
  size_t node = 0;
  bool is_peering = false;
  std::string domain;  ///< of an attached spoke, at the transit
  // What this node puts in front of, and keeps from, the neighbour; what the neighbour does.
  const std::vector<uint32_t>* prepend = nullptr;
  const std::vector<Ipv4Prefix>* excluded = nullptr;
};

/// A transit or a spoke, with its twin.
struct Node {
  std::string name;
  const lab::TransitGateway* transit = nullptr;  ///< one of the two is set
  const lab::SpokeGateway* spoke = nullptr;
  uint32_t asn = 0;
  VnetId vnet;
  std::vector<GatewayId> gateways;     ///< present ones
  std::vector<Ipv4Prefix> advertised;  ///< a spoke's list or its VNet's ranges (V26-V29)
  std::vector<Neighbor> neighbors;
  [[nodiscard]] bool is_present() const { return !gateways.empty(); }
  [[nodiscard]] bool speaks_bgp() const { return transit != nullptr || spoke->enable_bgp; }
  [[nodiscard]] bool ecmp() const {
    return transit != nullptr ? transit->bgp_ecmp : spoke->bgp_ecmp;
  }
};

/// A way that a node knows to a prefix.
struct RouteInfo {
  RouteType type = RouteType::vpc;
  std::vector<uint32_t> as_path;
  uint32_t metric = 0;
  std::string domain;
  std::optional<size_t> neighbor;  ///< index into Node::neighbors; absent: its own
  std::string connection;          ///< of an own route: the external connection
  std::string origin;              ///< whose CIDR, or who told it
  friend bool operator==(const RouteInfo&, const RouteInfo&) = default;
};
using RouteInfoTable = std::map<Ipv4Prefix, std::vector<RouteInfo>>;

class RouteInfoBase {
 public:
  RouteInfoBase(const Network& network, const lab::Lab& lab, const Configuration& configuration,
                const std::vector<std::vector<LearnedRoute>>& learned);

  [[nodiscard]] const std::vector<Node>& nodes() const { return nodes_; }
  /// Everything a transit knows.
  [[nodiscard]] const RouteInfoTable& of_transit(size_t node) const { return tables_[node]; }
  /// What the transits of a spoke tell it, filters applied.
  [[nodiscard]] RouteInfoTable told_to_spoke(size_t node) const;
  /// What `from` holds and members of `to` may know, at this node.
  [[nodiscard]] bool is_visible(const Node& node, const std::string& from,
                                const std::string& to) const;
  /// Those of `routes` that carry traffic for members of `domain`: the best, and its equals of the
  /// same network domain with ECMP (V37, V39). Remembers the choice among equals in `in_use`.
  [[nodiscard]] std::vector<const RouteInfo*> used(const Node& node, Ipv4Prefix prefix,
                                                   const std::vector<RouteInfo>& routes,
                                                   const std::string& domain, InUse& in_use) const;
  [[nodiscard]] const Segmentation& segmentation() const { return segmentation_; }

 private:
  void find_nodes();
  void find_neighbors();
  [[nodiscard]] std::vector<Ipv4Prefix> advertised_by(const Node& spoke) const;
  [[nodiscard]] RouteInfoTable own_routes(size_t node) const;
  void add_learned(const Node& node, const Node& by, std::optional<size_t> neighbor,
                   RouteInfoTable& table) const;
  /// What `from` tells over `neighbor`, as it arrives there.
  [[nodiscard]] std::map<Ipv4Prefix, std::vector<RouteInfo>> told_to_peer(
      const Node& from, const Neighbor& neighbor, const RouteInfoTable& table) const;
  void propagate();
  [[nodiscard]] std::strong_ordering compare(const Node& node, const RouteInfo& a,
                                             const RouteInfo& b) const;
  [[nodiscard]] Ipv4Address next_hop(const Node& node, const RouteInfo& route) const;

  const Network& network_;
  const lab::Lab& lab_;
  const Configuration& configuration_;
  const std::vector<std::vector<LearnedRoute>>& learned_;
  Segmentation segmentation_;
  std::vector<lab::SpokeTransitAttachment> attachments_;
  std::vector<Node> nodes_;
  std::map<std::string, size_t> transits_;
  std::map<std::string, size_t> spokes_;
  std::vector<RouteInfoTable> tables_;  ///< by node; of transits only
};

}  // namespace skyhop::cloud::aviatrix
