// libFuzzer: any bytes as a lab file give a lab or diagnostics, each with a place.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "control/lab/reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  // A folder that does not exist: `extends` leads nowhere.
  const auto result = skyhop::lab::read_text(text, "/nonexistent/fuzz.yaml");
  for (const auto& diagnostic : result.diagnostics) {
    if (diagnostic.message.empty() || diagnostic.mark.line < 1 || diagnostic.mark.column < 1) {
      std::abort();
    }
  }
  if (!skyhop::lab::has_errors(result.diagnostics) && result.lab.name.empty()) std::abort();
  return 0;
}
