#include "control/cli/converge.h"

#include <ostream>

#include "control/cli/check_view.h"

namespace skyhop::cli {

std::expected<std::unique_ptr<ConvergedLab>, ExitCode> converge_lab(const std::string& file,
                                                                    Output output,
                                                                    Streams& streams) {
  auto loaded = load_lab(file, output, streams);
  if (!loaded) return std::unexpected(loaded.error());
  auto lab = std::make_unique<ConvergedLab>(std::move(*loaded));
  const emulator::Convergence convergence = lab->emulation.converge();
  if (!convergence.converged) streams.err << convergence_text(convergence, streams.err_style);
  return lab;
}

}  // namespace skyhop::cli
