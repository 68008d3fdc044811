#include "control/cli/load_lab.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <ostream>

#include "control/cloud/derive.h"
#include "control/lab/reader.h"
#include "control/report/json.h"
#include "control/report/text.h"

namespace skyhop::cli {
namespace {

// The reader would say the same, but not apart from a lab that is wrong.
Result<void> readable(const std::string& file) {
  struct stat info{};
  if (stat(file.c_str(), &info) != 0) return fail(std::strerror(errno), file);
  if (S_ISDIR(info.st_mode)) return fail("is a directory", file, "name a lab file in it");
  return {};
}

}  // namespace

std::expected<LoadedLab, ExitCode> read_lab(const std::string& file, Streams& streams,
                                            const LabChanges& changes) {
  if (auto ok = readable(file); !ok) {
    return std::unexpected(report_error(ok.error(), ExitCode::environment, Output::table, streams));
  }
  lab::ReadResult read = lab::read_file(file);
  LoadedLab loaded;
  loaded.lab = std::move(read.lab);
  loaded.diagnostics = std::move(read.diagnostics);
  // Half a lab would only bring errors that follow from the first ones.
  if (lab::has_errors(loaded.diagnostics)) return loaded;
  if (!changes.shaping.empty()) loaded.lab.settings.shaping = changes.shaping;
  lab::Settings& settings = loaded.lab.settings;
  if (changes.encryption == "esp") settings.encryption = lab::Encryption::esp;
  if (changes.encryption == "none") settings.encryption = lab::Encryption::none;
  if (!changes.esp_algorithm.empty()) settings.esp.algorithm = changes.esp_algorithm;
  if (!changes.esp_driver.empty()) settings.esp.driver = changes.esp_driver;
  cloud::DeriveResult derived = cloud::derive(loaded.lab);
  lab::locate(derived.diagnostics, loaded.lab.marks);
  loaded.network = std::move(derived.network);
  loaded.diagnostics.insert(loaded.diagnostics.end(),
                            std::make_move_iterator(derived.diagnostics.begin()),
                            std::make_move_iterator(derived.diagnostics.end()));
  return loaded;
}

void print(const lab::Diagnostics& diagnostics, const std::string& file, Streams& streams) {
  for (const lab::Diagnostic& d : diagnostics) {
    const auto tone =
        d.severity == lab::Severity::error ? report::Tone::bad : report::Tone::warning;
    streams.err << report::paint(report::printable(lab::to_string(d, file)), tone,
                                 streams.err_style)
                << "\n";
  }
}

std::expected<LoadedLab, ExitCode> load_lab(const std::string& file, Output output,
                                            Streams& streams, const LabChanges& changes) {
  auto loaded = read_lab(file, streams, changes);
  if (!loaded) return loaded;
  print(loaded->diagnostics, file, streams);
  if (!lab::has_errors(loaded->diagnostics)) return loaded;
  if (output == Output::json) {
    streams.out << report::dump(
        {{"valid", false}, {"diagnostics", report::to_json(loaded->diagnostics, file)}});
  }
  return std::unexpected(ExitCode::invalid_lab);
}

ExitCode report_error(const Error& error, ExitCode code, Output output, Streams& streams) {
  streams.err << "skyhop: " << report::printable(error.to_string()) << "\n";
  if (output == Output::json) streams.out << report::dump({{"error", report::to_json(error)}});
  return code;
}

}  // namespace skyhop::cli
