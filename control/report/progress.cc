#include "control/report/progress.h"

#include "control/report/text.h"

namespace skyhop::report {

void Progress::update(std::string_view text) {
  if (style_.width == 0) return;  // no terminal
  std::string line = truncate(printable(text), style_.width - 1, style_.charset);
  if (line == shown_) return;
  std::fprintf(stream_, "\r%s\x1b[K", line.c_str());
  std::fflush(stream_);
  shown_ = std::move(line);
}

void Progress::clear() {
  if (shown_.empty()) return;
  std::fputs("\r\x1b[K", stream_);
  std::fflush(stream_);
  shown_.clear();
}

}  // namespace skyhop::report
