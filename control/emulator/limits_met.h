// Which limits on rate a run came up against.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/counters.h"
#include "dataplane/image.h"

namespace skyhop::emulator {

/// The limits of a data plane's image by name.
struct LimitNames {
  std::vector<std::string> shared;                          ///< Image::limits
  std::vector<std::vector<dataplane::LimitIndex>> of_link;  ///< by link; its own rate comes behind
  std::vector<std::string> links;                           ///< directed: "a -> b"

  LimitNames() = default;
  explicit LimitNames(const dataplane::Image& image);
  /// "VpnGw2 tunnel"; "rate of the link" for its own.
  [[nodiscard]] std::string name(size_t link, size_t stage) const;
  /// Stages of a link, its own rate included.
  [[nodiscard]] size_t stages(size_t link) const;
};

/// A limit that packets had to wait for.
struct LimitMet {
  std::string name;
  std::vector<std::string> links;  ///< whose packets met it
  bool by_packets = false;         ///< its packet rate, not its bit rate, for most of them
  uint64_t carried = 0;            ///< packets that got through it, of these links
  uint64_t held_up = 0;
  uint64_t refused = 0;  ///< found its queue full
  uint32_t queue_packets_max = 0;
  uint64_t queue_octets_max = 0;
};

/// Those that refused packets first, the one that let the fewest through before the others: that
/// one bound the run. Then those that only held packets up.
[[nodiscard]] std::vector<LimitMet> limits_met(const LimitNames& names,
                                               const dataplane::Counters& counters);

/// What one link's packets came up against: the last limit in their way that refused some, else the
/// one that held up most; empty when none did.
[[nodiscard]] std::string limit_of(const LimitNames& names, const dataplane::Counters& counters,
                                   size_t link);

}  // namespace skyhop::emulator
