// A lab to the network the clouds would make of it.
#pragma once

#include "control/cloud/network.h"
#include "control/lab/diagnostic.h"
#include "control/lab/lab.h"

namespace skyhop::cloud {

struct DeriveResult {
  Network network;
  lab::Diagnostics diagnostics;  ///< every broken rule (errors) and every trap (warnings)
};

/// Never stops at the first error; the network is usable unless has_errors(diagnostics).
[[nodiscard]] DeriveResult derive(const lab::Lab& lab);

}  // namespace skyhop::cloud
