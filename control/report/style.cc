#include "control/report/style.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

namespace skyhop::report {
namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

// POSIX order: the first of these that is set and not empty decides.
bool is_utf8_locale() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string_view value = environment(name);
    if (value.empty()) continue;
    return value.find("UTF-8") != std::string_view::npos ||
           value.find("utf8") != std::string_view::npos ||
           value.find("utf-8") != std::string_view::npos;
  }
  return false;
}

std::string_view escape(Tone tone) {
  switch (tone) {
    case Tone::plain:
      return "";
    case Tone::good:
      return "\x1b[32m";
    case Tone::warning:
      return "\x1b[33m";
    case Tone::bad:
      return "\x1b[31m";
    case Tone::strong:
      return "\x1b[1m";
    case Tone::dim:
      return "\x1b[2m";
  }
  return "";
}

}  // namespace

Style style_of(std::FILE* stream) {
  Style style;
  style.charset = is_utf8_locale() ? Charset::utf8 : Charset::ascii;
  const int fd = fileno(stream);
  if (isatty(fd) == 0) return style;
  if (environment("NO_COLOR").empty() && environment("TERM") != "dumb") {
    style.colours = Colours::on;
  }
  winsize size{};
  style.width = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col != 0 ? size.ws_col : 80;
  return style;
}

std::string paint(std::string_view text, Tone tone, const Style& style) {
  if (style.colours == Colours::off || tone == Tone::plain || text.empty()) {
    return std::string(text);
  }
  return std::string(escape(tone)).append(text).append("\x1b[0m");
}

}  // namespace skyhop::report
