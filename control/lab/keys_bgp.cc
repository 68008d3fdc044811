// Key tables of BGP: the policies that neighbours name, and a neighbour's options.
#include "control/lab/keys.h"

namespace skyhop::lab {

template <>
const ObjectTable& table_of<PrefixListEntry>() {
  static const ObjectTable table = [] {
    using T = PrefixListEntry;
    TableWriter<T> t("prefix_list_entry", "An entry of a prefix list.");
    t.member("action", &T::action, "What becomes of a prefix that it covers.");
    t.member("prefix", &T::prefix, "Exactly this one, or with ge and le what lies inside of it.")
        .required();
    t.member("ge", &T::ge, "This long at least; to the longest without le.").range(0, 128);
    t.member("le", &T::le, "This long at most; from the prefix's own length without ge.")
        .range(0, 128);
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<PrefixListResource>() {
  static const ObjectTable table = [] {
    TableWriter<PrefixListResource> t(
        "prefix_list",
        "A list of prefixes for route maps. The first entry that covers a prefix decides; none "
        "means no.");
    t.member("entry", &PrefixListResource::entries, "Its entries, in this order.").required();
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<RouteMapMatch>() {
  static const ObjectTable table = [] {
    using T = RouteMapMatch;
    TableWriter<T> t("route_map_match",
                     "What a route must be like. All that is given must hold; of a list one is "
                     "enough.");
    t.member("prefix_list", &T::prefix_lists, "Its prefix is permitted by one of these.")
        .refers_to({kPrefixList});
    t.member("next_hop", &T::next_hop_prefix_lists, "Its next hop is permitted by one of these.")
        .refers_to({kPrefixList});
    t.member("community", &T::communities,
             "It carries one of these: 65000:100, 65000:*, no-export, rt:65000:100, 65000:1:2.");
    t.member("all_communities", &T::all_communities, "It carries all of these.");
    t.member("as_path", &T::as_paths,
             "Its AS path matches one of these regular expressions; _ is where a number begins or "
             "ends.");
    t.member("min_as_path_length", &T::min_as_path_length, "Its AS path has so many at least.");
    t.member("max_as_path_length", &T::max_as_path_length, "Its AS path has so many at most.");
    t.member("med", &T::med, "Exactly this; 0 for a route without one.");
    t.member("local_preference", &T::local_preference, "Exactly this; 100 without one.");
    t.member("tag", &T::tag, "Set by another map of this router.");
    t.member("peer", &T::peers, "Learned from one of these neighbours, by name.");
    t.member("origin", &T::origin, "Its ORIGIN.");
    t.member("source", &T::source, "How it came here.");
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<AsReplacement>() {
  static const ObjectTable table = [] {
    TableWriter<AsReplacement> t("replace_as", "One AS number for another.");
    t.member("from", &AsReplacement::from, "Wherever this is in the path,")
        .as(Kind::asn)
        .required();
    t.member("to", &AsReplacement::to, "this is put.").as(Kind::asn).required();
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<RouteMapChange>() {
  static const ObjectTable table = [] {
    using T = RouteMapChange;
    TableWriter<T> t("route_map_set", "What is changed, in the order of these keys.");
    t.member("remove_communities", &T::remove_communities, "Those that match go.");
    t.member("communities", &T::communities, "Exactly these, of all three kinds.");
    t.member("add_communities", &T::add_communities, "These, too.");
    t.member("strip_private_as", &T::strip_private_as, "Private AS numbers go from the path.");
    t.member("replace_as", &T::replace_as, "AS numbers in the path.");
    t.member("prepend_as_path", &T::prepend_as_path, "Put before the path.").as(Kind::asn);
    t.member("local_preference", &T::local_preference, "Higher is preferred inside the AS.");
    t.member("med", &T::med, "MULTI_EXIT_DISC.");
    t.member("origin", &T::origin, "ORIGIN.");
    t.member("next_hop", &T::next_hop, "Of IPv4 routes.");
    t.member("ipv6_next_hop", &T::ipv6_next_hop, "Of IPv6 routes.");
    t.member("weight", &T::weight, "Higher is preferred on this router.");
    t.member("tag", &T::tag, "For other maps of this router.");
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<RouteMapEntry>() {
  static const ObjectTable table = [] {
    using T = RouteMapEntry;
    TableWriter<T> t("route_map_entry", "An entry of a route map.");
    t.member("sequence", &T::sequence,
             "Lower is asked first; ten more than the entry before it "
             "when absent.");
    t.member("action", &T::action, "What becomes of a route that matches.");
    t.member("match", &T::match, "Which routes; all when absent.");
    t.member("set", &T::set, "How they are changed.");
    t.member("continue", &T::goes_on, "Later entries see the route, too.");
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<RouteMapResource>() {
  static const ObjectTable table = [] {
    TableWriter<RouteMapResource> t(
        "route_map",
        "A policy for route_map_in and route_map_out of neighbours. The first entry that matches "
        "a route decides; a route that none permits is refused.");
    t.member("entry", &RouteMapResource::entries, "Its entries.").required();
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<BfdOptions>() {
  static const ObjectTable table = [] {
    using T = BfdOptions;
    TableWriter<T> t("bfd",
                     "Bidirectional forwarding detection (RFC 5880): the session falls with it.");
    t.member("transmit_interval", &T::transmit_interval, "Between packets sent, when it is up.")
        .range(0, 60);
    t.member("receive_interval", &T::receive_interval, "Between packets that can be taken.")
        .range(0, 60);
    t.member("multiplier", &T::multiplier, "So many missed packets are the end.").range(1, 255);
    t.member("multihop", &T::multihop, "RFC 5883; RFC 5881 otherwise, on one link.");
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<RestartOptions>() {
  static const ObjectTable table = [] {
    using T = RestartOptions;
    TableWriter<T> t("graceful_restart", "Routes of a neighbour that restarts (RFC 4724).");
    t.member("mode", &T::mode, "helper keeps the neighbour's, full asks it to keep ours as well.");
    t.member("restart_time", &T::restart_time, "What a restart takes at most, as told.")
        .range(0, 4095);
    t.member("stale_time", &T::stale_time, "What is not told again by then goes.").range(1, 86400);
    t.member("selection_deferral", &T::selection_deferral,
             "A restarted router waits for its neighbours' tables at most so long.")
        .range(1, 86400);
    t.member("forwarding_preserved", &T::forwarding_preserved, "It forwards while it restarts.");
    t.member("notification", &T::notification, "Also over a NOTIFICATION (RFC 8538).");
    t.member("long_lived_stale_time", &T::long_lived_stale_time,
             "Then kept so long as a last resort (RFC 9494); 0: not.")
        .range(0, 16777215);
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<AddPathOptions>() {
  static const ObjectTable table = [] {
    using T = AddPathOptions;
    TableWriter<T> t("add_path", "Several paths for one prefix (RFC 7911).");
    t.member("receive", &T::receive, "Take them.");
    t.member("send", &T::send, "Tell so many, the best first; 0: the best alone.").range(0, 64);
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<LocalAsOptions>() {
  static const ObjectTable table = [] {
    using T = LocalAsOptions;
    TableWriter<T> t("local_as", "Another AS towards this neighbour (RFC 7705).");
    t.member("asn", &T::asn, "That number.").as(Kind::asn).required();
    t.member("no_prepend", &T::no_prepend, "Not put into the paths that the neighbour tells.");
    t.member("replace_as", &T::replace_as, "The router's own AS is not in what it is told.");
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<PrefixLimitOptions>() {
  static const ObjectTable table = [] {
    using T = PrefixLimitOptions;
    TableWriter<T> t("prefix_limit", "How much the neighbour may tell, in each address family.");
    t.member("maximum", &T::maximum, "Routes.").range(1, 4294967295).required();
    t.member("action", &T::action, "On one more: end the session, take no more, or only count it.");
    t.member("warn_at_percent", &T::warn_at_percent, "Of the maximum: counted from here on.")
        .range(1, 100);
    t.member("restart", &T::restart, "A session that was ended is tried again.");
    t.member("restart_after", &T::restart_after, "After this time.");
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<BgpOptions>() {
  static const ObjectTable table = [] {
    using T = BgpOptions;
    TableWriter<T> t(
        "bgp_options",
        "BGP with a neighbour beyond what every neighbour needs. A cloud's own gateway "
        "takes those that it has.");
    t.member("route_map_in", &T::route_map_in, "Policy of what is learned.").refers_to({kRouteMap});
    t.member("route_map_out", &T::route_map_out, "Policy of what is told.").refers_to({kRouteMap});
    t.member("requires_policy", &T::requires_policy,
             "Without a route map another AS tells and is told nothing (RFC 8212).");
    t.member("md5_key", &T::md5_key, "TCP MD5 signatures (RFC 2385).");
    t.member("ttl_security_hops", &T::ttl_security_hops,
             "The neighbour is at most so far away (RFC 5082); 0: anywhere.")
        .range(0, 254);
    t.member("bfd", &T::bfd, "BFD beside the session.");
    t.member("remote_port", &T::remote_port, "TCP port of the neighbour; 0: 179.").range(0, 65535);
    t.member("connect_retry", &T::connect_retry, "Until a connection is tried again.")
        .range(1, 65535);
    t.member("idle_hold", &T::idle_hold, "Until a session that fell is tried again.")
        .range(0, 65535);
    t.member("longest_idle_hold", &T::longest_idle_hold,
             "Each fall in a row doubles idle_hold up to this.")
        .range(0, 65535);
    t.member("delay_open", &T::delay_open, "Until OPEN is sent on a new connection.").range(0, 240);
    t.member("advertisement_interval", &T::advertisement_interval,
             "Between changes that are told (MinRouteAdvertisementInterval).")
        .range(0, 600);
    t.member("send_hold_time", &T::send_hold_time,
             "A neighbour that takes nothing for this long is given up (RFC 9687).")
        .range(1, 65535);
    t.member("collides_when_established", &T::collides_when_established,
             "A new connection may replace an established one.");
    t.member("prefix_limit", &T::prefix_limit, "How much it may tell.");
    t.member("families", &T::families, "Address families that are offered; ipv4 when absent.");
    t.member("own_ipv6", &T::own_ipv6, "Own IPv6 address, told as next hop of IPv6 routes.");
    t.member("enhanced_route_refresh", &T::enhanced_route_refresh, "Offer RFC 7313.");
    t.member("four_octet_as", &T::four_octet_as, "Offer RFC 6793.");
    t.member("extended_messages", &T::extended_messages, "Offer RFC 8654.");
    t.member("ipv6_next_hops", &T::ipv6_next_hops,
             "Offer IPv6 next hops of IPv4 routes (RFC 8950).");
    t.member("graceful_restart", &T::graceful_restart, "Routes over a restart.");
    t.member("add_path", &T::add_path, "Several paths for one prefix.");
    t.member("role", &T::role, "What this router is to the neighbour (RFC 9234).");
    t.member("strict_role", &T::strict_role, "A neighbour that tells no role is refused.");
    t.member("next_hop", &T::next_hop, "What is told as next hop.");
    t.member("route_server_client", &T::route_server_client,
             "RFC 7947: path, next hop and MED are told as they are.");
    t.member("route_reflector_client", &T::route_reflector_client, "RFC 4456.");
    t.member("enforce_first_as", &T::enforce_first_as, "The path must begin with its AS.");
    t.member("allow_as_in", &T::allow_as_in, "So often the own AS may be in what it tells.")
        .range(0, 255);
    t.member("private_as", &T::private_as, "Private AS numbers in what it is told.");
    t.member("local_as", &T::local_as, "Another AS towards it.");
    t.member("rejects_as_sets", &T::rejects_as_sets,
             "Routes with an AS_SET are refused (RFC 9774).");
    t.member("honours_graceful_shutdown", &T::honours_graceful_shutdown,
             "GRACEFUL_SHUTDOWN means the lowest preference (RFC 8326).");
    t.member("graceful_shutdown", &T::graceful_shutdown,
             "The neighbour is told to prefer others (RFC 8326).");
    return std::move(t).table();
  }();
  return table;
}

}  // namespace skyhop::lab
