// From a file name to a derived network, or to everything that is wrong with the file.
#pragma once

#include <expected>
#include <functional>

#include "control/cli/command.h"
#include "control/cloud/network.h"
#include "control/lab/diagnostic.h"
#include "control/lab/lab.h"
#include "lpm/error.h"

namespace skyhop::cli {

struct LoadedLab {
  lab::Lab lab;
  cloud::Network network;
  lab::Diagnostics diagnostics;  ///< warnings only, when this is the result of load_lab
};

/// What the command line has to say about the lab, before anything is derived from it.
using AdjustLab = std::function<void(lab::Lab&)>;

/// Reads and derives without judging: `diagnostics` may hold errors. Fails when there is no file.
[[nodiscard]] std::expected<LoadedLab, ExitCode> read_lab(const std::string& file, Streams& streams,
                                                          const AdjustLab& adjust = {});

/// Every diagnostic on a line of its own: "file:line:column: error: message [A54]".
void print(const lab::Diagnostics& diagnostics, const std::string& file, Streams& streams);

/// The lab ready to be used; warnings are printed. On errors they are printed too, as JSON on the
/// output as well when that was asked for, and the code is what the command ends with.
[[nodiscard]] std::expected<LoadedLab, ExitCode> load_lab(const std::string& file, Output output,
                                                          Streams& streams,
                                                          const AdjustLab& adjust = {});

/// An Error as the command's last words.
ExitCode report_error(const Error& error, ExitCode code, Output output, Streams& streams);

}  // namespace skyhop::cli
