// What could be wrong with a lab, as changes that would put it right. Whether one does is found by
// trying it: the lab is derived and converged again with the change, and asked the same question.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/cloud/derive.h"
#include "control/emulator/emulation.h"
#include "control/lab/lab.h"

namespace skyhop::explain {

struct Remedy {
  std::string resource;  ///< "azurerm_virtual_network_peering.transit-1-to-vng"
  std::string cause;     ///< "peering transit-1-to-vng lacks use_remote_gateways"
  std::string fix;       ///< "set use_remote_gateways on transit-1-to-vng"
  std::string rule;      ///< "A31"; empty where no rule names it
  std::function<void(lab::Lab&)> apply;
};

/// Everything in the lab that is known to keep routes or packets away, the likeliest cause first.
[[nodiscard]] std::vector<Remedy> remedies(const lab::Lab& lab, const cloud::Network& network);

/// A lab with a change, derived and converged.
struct Trial {
  lab::Lab lab;
  cloud::DeriveResult derived;
  std::unique_ptr<emulator::Emulation> emulation;
};

/// Null when the lab would break a rule with these changes.
[[nodiscard]] std::unique_ptr<Trial> try_out(const lab::Lab& lab,
                                             const std::vector<const Remedy*>& changes);

}  // namespace skyhop::explain
