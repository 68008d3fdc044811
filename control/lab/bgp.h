// BGP of a router's neighbour as written, and the policies that neighbours name. Cloud-neutral: a
// router outside of Azure, on an appliance's VM or a real one takes the same options; which of them
// a cloud's gateway has is for control/cloud to say.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lpm/address.h"

namespace skyhop::lab {

using lpm::Ipv4Address;
using lpm::Ipv4Prefix;
using Seconds = std::chrono::duration<double>;

// ---- Policies -----------------------------------------------------------------------------------

enum class RouteAction { permit, deny };

struct PrefixListEntry {
  RouteAction action = RouteAction::permit;
  std::string prefix;  ///< of either address family
  std::optional<uint32_t> ge;
  std::optional<uint32_t> le;
};

struct PrefixListResource {
  std::string name;
  std::vector<PrefixListEntry> entries;
};

enum class RouteOriginCode { igp, egp, incomplete };
enum class RouteSourceKind { local, ebgp, ibgp };

struct RouteMapMatch {
  std::vector<std::string> prefix_lists;
  std::vector<std::string> next_hop_prefix_lists;
  std::vector<std::string> communities;      ///< any of these
  std::vector<std::string> all_communities;  ///< all of these
  std::vector<std::string> as_paths;
  std::optional<uint32_t> min_as_path_length;
  std::optional<uint32_t> max_as_path_length;
  std::optional<uint32_t> med;
  std::optional<uint32_t> local_preference;
  std::optional<uint32_t> tag;
  std::vector<std::string> peers;
  std::optional<RouteOriginCode> origin;
  std::optional<RouteSourceKind> source;
};

struct AsReplacement {
  uint32_t from = 0;
  uint32_t to = 0;
};

struct RouteMapChange {
  std::vector<std::string> remove_communities;
  std::optional<std::vector<std::string>> communities;
  std::vector<std::string> add_communities;
  bool strip_private_as = false;
  std::vector<AsReplacement> replace_as;
  std::vector<uint32_t> prepend_as_path;
  std::optional<uint32_t> local_preference;
  std::optional<uint32_t> med;
  std::optional<RouteOriginCode> origin;
  std::optional<Ipv4Address> next_hop;
  std::optional<std::string> ipv6_next_hop;
  std::optional<uint32_t> weight;
  std::optional<uint32_t> tag;
};

struct RouteMapEntry {
  std::optional<uint32_t> sequence;  ///< ten more than the one before it when absent
  RouteAction action = RouteAction::permit;
  RouteMapMatch match;
  RouteMapChange set;
  bool goes_on = false;
};

struct RouteMapResource {
  std::string name;
  std::vector<RouteMapEntry> entries;
};

// ---- A neighbour's options ----------------------------------------------------------------------

enum class AddressFamilyName { ipv4, ipv6 };
enum class RestartMode { off, helper, full };
enum class PeeringRole { provider, customer, peer, route_server, route_server_client };
enum class PrivateAsHandling { keep, strip, replace };
enum class NextHopHandling { automatic, self, unchanged };
enum class LimitAction { cease, drop, warn };

struct BfdOptions {
  Seconds transmit_interval{0.3};
  Seconds receive_interval{0.3};
  uint32_t multiplier = 3;
  bool multihop = false;
};

struct RestartOptions {
  RestartMode mode = RestartMode::helper;
  Seconds restart_time{120};
  Seconds stale_time{360};
  Seconds selection_deferral{360};
  bool forwarding_preserved = true;
  bool notification = true;
  Seconds long_lived_stale_time{0};
};

struct AddPathOptions {
  bool receive = false;
  uint32_t send = 0;
};

struct LocalAsOptions {
  uint32_t asn = 0;
  bool no_prepend = false;
  bool replace_as = false;
};

struct PrefixLimitOptions {
  uint32_t maximum = 0;
  LimitAction action = LimitAction::cease;
  uint32_t warn_at_percent = 75;
  Seconds restart_after{60};
  bool restart = true;
};

struct BgpOptions {
  std::optional<std::string> route_map_in;
  std::optional<std::string> route_map_out;
  bool requires_policy = false;

  std::string md5_key;
  uint32_t ttl_security_hops = 0;
  std::optional<BfdOptions> bfd;
  uint32_t remote_port = 0;

  Seconds connect_retry{120};
  Seconds idle_hold{5};
  std::optional<Seconds> longest_idle_hold;  ///< idle_hold when absent
  Seconds delay_open{0};
  Seconds advertisement_interval{0};
  std::optional<Seconds> send_hold_time;
  bool collides_when_established = false;
  std::optional<PrefixLimitOptions> prefix_limit;

  std::vector<AddressFamilyName> families = std::vector(1, AddressFamilyName::ipv4);
  std::optional<std::string> own_ipv6;
  bool enhanced_route_refresh = true;
  bool four_octet_as = true;
  bool extended_messages = true;
  bool ipv6_next_hops = false;
  RestartOptions graceful_restart;
  AddPathOptions add_path;
  std::optional<PeeringRole> role;
  bool strict_role = false;

  NextHopHandling next_hop = NextHopHandling::automatic;
  bool route_server_client = false;
  bool route_reflector_client = false;
  bool enforce_first_as = true;
  uint32_t allow_as_in = 0;
  PrivateAsHandling private_as = PrivateAsHandling::keep;
  std::optional<LocalAsOptions> local_as;
  bool rejects_as_sets = false;
  bool honours_graceful_shutdown = true;
  bool graceful_shutdown = false;
};

}  // namespace skyhop::lab
