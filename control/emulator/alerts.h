// What the controller would send an e-mail about: routes that overlap, limits that are near,
// learned CIDRs that wait, meshes with holes, and what is down.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "control/emulator/emulation.h"

namespace skyhop::emulator {

struct Alert {
  enum class Kind {
    overlap,           ///< a learned route overlaps a spoke's CIDR of the same transit (V38)
    near_limit,        ///< four fifths of a limit are used
    limit_reached,     ///< a session fell for it, or no room is left (V55)
    approval_pending,  ///< V36
    partial_mesh,      ///< one of two route server instances (V10)
    session_down,
    tunnel_down,
    gateway_down,
  };
  Kind kind = Kind::overlap;
  std::string subject;
  std::string what;
  std::string rule;
};
[[nodiscard]] std::string_view to_string(Alert::Kind kind);  ///< "partial mesh"

/// As of now, by kind and subject.
[[nodiscard]] std::vector<Alert> alerts(const Emulation& emulation, const lab::Lab& lab);

}  // namespace skyhop::emulator
