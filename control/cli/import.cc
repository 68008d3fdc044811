// skyhop import: a lab file from a Terraform plan or state.
#include "control/lab/terraform/import.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <ostream>

#include "control/cli/commands.h"
#include "control/cli/load_lab.h"
#include "control/cloud/derive.h"
#include "control/lab/reader.h"
#include "control/report/json.h"

namespace skyhop::cli {
namespace {

// A plan of a thousand spokes has some tens of megabytes.
constexpr uintmax_t kMostOctets = 512u << 20;

Result<std::string> read_whole(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::error_code unused;
  if (!stream || std::filesystem::is_directory(file, unused)) {
    return fail("cannot read the file", file);
  }
  const auto size = std::filesystem::file_size(file, unused);
  if (!unused && size > kMostOctets) return fail("the file is too large for a plan", file);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

}  // namespace

ExitCode import(const ImportOptions& options, Streams& streams) {
  const Output output = options.common.output;
  const auto text = read_whole(options.file);
  if (!text) return report_error(text.error(), ExitCode::environment, output, streams);
  const std::string name = std::filesystem::path(options.file).stem().stem();
  auto imported = lab::terraform::import_terraform(*text, name);
  if (!imported) {
    Error error = imported.error();
    if (error.where.empty()) error.where = options.file;
    return report_error(error, ExitCode::invalid_lab, output, streams);
  }
  // What it still lacks is told as of the lab file that was made.
  const std::string shown = options.out.empty() ? name + ".yaml" : options.out;
  const lab::ReadResult read = lab::read_text(imported->yaml, shown);
  lab::Diagnostics findings = read.diagnostics;
  if (!lab::has_errors(findings)) {
    auto derived = cloud::derive(read.lab).diagnostics;
    lab::locate(derived, read.lab.marks);
    findings.insert(findings.end(), derived.begin(), derived.end());
  }
  if (!options.out.empty()) {
    std::ofstream file(options.out, std::ios::binary);
    file << imported->yaml;
    file.close();
    if (!file) {
      return report_error(Error{"cannot write the file", options.out, {}}, ExitCode::environment,
                          output, streams);
    }
  }
  if (output == Output::json) {
    report::Json json = {{"lab", options.out.empty() ? report::Json() : report::Json(options.out)},
                         {"notes", imported->notes},
                         {"findings", report::to_json(findings, shown)}};
    if (options.out.empty()) json["yaml"] = imported->yaml;
    streams.out << report::dump(json);
  } else {
    if (options.out.empty()) streams.out << imported->yaml;
    for (const std::string& note : imported->notes) streams.err << "note: " << note << "\n";
    print(findings, shown, streams);
  }
  return lab::has_errors(findings) ? ExitCode::invalid_lab : ExitCode::ok;
}

}  // namespace skyhop::cli
