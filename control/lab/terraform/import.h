// A lab file from a Terraform plan or state (V1, V57 to V60).
//
// What the clouds derive from what is written (subnets, twins, addresses, tunnels) is left out: the
// lab derives it anew by the same rules. Secrets are never read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lpm/error.h"

namespace skyhop::lab::terraform {

struct Imported {
  std::string yaml;  ///< the lab file
  /// What was left out and why, and what was filled in: one line each, with the address.
  std::vector<std::string> notes;
};

/// `name` is the lab's. Fails when the text is no plan or state that can be read.
[[nodiscard]] Result<Imported> import_terraform(std::string_view text, const std::string& name);

}  // namespace skyhop::lab::terraform
