// A speaker's routes as an MRT file (RFC 6396): TABLE_DUMP_V2, which bgpdump and others read.
#pragma once

#include <cstdint>
#include <vector>

#include "control/bgp/speaker.h"

namespace skyhop::bgp {

/// Every route as its peer told it, whether or not it was accepted, and those originated here; each
/// as of the time it was learned. The first peer of the index is the speaker itself. Prefixes with
/// path identifiers are records of RFC 8050, IPv6 next hops are as RFC 6396 4.3.4 wants them.
/// Times are seconds of the speaker's clock. An attribute set is longer than a record has room for
/// only if it came in no message.
[[nodiscard]] std::vector<uint8_t> mrt_table_dump(const Speaker& speaker, Time now);

}  // namespace skyhop::bgp
