// From a file name to a derived network, or to everything that is wrong with the file.
#pragma once

#include <expected>

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

/// What the command line says in place of the lab; empty: nothing.
struct LabChanges {
  std::string shaping;
  std::string encryption;
  std::string esp_algorithm;
  std::string esp_driver;
};

/// Reads and derives without judging: `diagnostics` may hold errors. Fails when there is no file.
[[nodiscard]] std::expected<LoadedLab, ExitCode> read_lab(const std::string& file, Streams& streams,
                                                          const LabChanges& changes = {});

/// Every diagnostic on a line of its own: "file:line:column: error: message [A54]".
void print(const lab::Diagnostics& diagnostics, const std::string& file, Streams& streams);

/// The lab ready to be used; warnings are printed. On errors they are printed too, as JSON on the
/// output as well when that was asked for, and the code is what the command ends with.
[[nodiscard]] std::expected<LoadedLab, ExitCode> load_lab(const std::string& file, Output output,
                                                          Streams& streams,
                                                          const LabChanges& changes = {});

/// An Error as the command's last words.
ExitCode report_error(const Error& error, ExitCode code, Output output, Streams& streams);

}  // namespace skyhop::cli
