// The lab's prefix lists and route maps as policies, and a neighbour's BGP options as its speaker
// takes them.
#pragma once

#include "control/bgp/config.h"
#include "control/bgp/policy/route_map.h"
#include "control/cloud/derivation.h"
#include "control/lab/bgp.h"

namespace skyhop::cloud {

/// Fills `Network::route_maps`; reports what no map can be made of at its key.
void derive_policies(Derivation& d);

/// Reports what only a reader of BGP's words can tell of options; `path` is theirs.
void check_options(Derivation& d, const lab::BgpOptions& options, const std::string& path);

/// Puts the options on the peer; its policies run after those that it has.
void configure(const lab::BgpOptions& options, const Network& network, bgp::PeerConfig& peer);

}  // namespace skyhop::cloud
