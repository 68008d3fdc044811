// What the two planes put into tables alike: own addresses, and the next hop over a link.
#pragma once

#include "control/cloud/network.h"
#include "control/routing/router_table.h"

namespace skyhop::emulator {

/// A gateway's own addresses, of its NICs and inside of its tunnels: delivered to itself.
[[nodiscard]] routing::RouterTable::Offers own_addresses(const cloud::Network& network,
                                                         const cloud::Gateway& gateway,
                                                         routing::RouterTable& table);

/// Over a link of the table's router to its far end; `via` is the far end's inner address, if any.
[[nodiscard]] routing::NextHop over(const cloud::Network& network, cloud::LinkId link,
                                    routing::RouterTable& table);

}  // namespace skyhop::emulator
