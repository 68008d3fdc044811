// A lab, read, derived and converged: what trace, routes and bgp ask their questions of.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "control/cli/load_lab.h"
#include "control/emulator/emulation.h"

namespace skyhop::cli {

struct ConvergedLab {
  explicit ConvergedLab(LoadedLab l)
      : loaded(std::move(l)), emulation(loaded.lab, loaded.network, nullptr) {}
  LoadedLab loaded;
  emulator::Emulation emulation;  // refers to `loaded`
};

/// What does not come up is said on stderr; the answers then show the network as it is.
[[nodiscard]] std::expected<std::unique_ptr<ConvergedLab>, ExitCode> converge_lab(
    const std::string& file, Output output, Streams& streams);

}  // namespace skyhop::cli
