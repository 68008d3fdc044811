// libFuzzer: any bytes as Terraform's JSON give an error or a lab file, which the reader of lab
// files can read and complain about.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "control/lab/reader.h"
#include "control/lab/terraform/import.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto imported = skyhop::lab::terraform::import_terraform(text, "fuzz");
  if (!imported) {
    if (imported.error().what.empty()) std::abort();
    return 0;
  }
  const auto read = skyhop::lab::read_text(imported->yaml, "/nonexistent/fuzz.yaml");
  if (!skyhop::lab::has_errors(read.diagnostics) && read.lab.name != "fuzz") std::abort();
  return 0;
}
