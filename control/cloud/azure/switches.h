// Behaviour that no document promises, with the default that the evidence favours.
#pragma once

namespace skyhop::cloud::azure {

/// A route with NO_EXPORT: documented only as "preserved"; whether it stops at the AS is unknown.
enum class NoExport { still_sent, kept_inside };

struct Switches {
  NoExport no_export = NoExport::still_sent;
};

}  // namespace skyhop::cloud::azure
