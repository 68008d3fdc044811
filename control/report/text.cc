#include "control/report/text.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace skyhop::report {
namespace {

struct Character {
  char32_t code = 0;
  size_t bytes = 0;  // 0: not UTF-8 here
};

// The next character, refusing overlong forms, surrogates and values beyond U+10FFFF (RFC 3629).
Character decode(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) return {first, 1};
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
  if (length == 0 || first > 0xF4 || text.size() < length) return {};
  char32_t code = first & (0x7F >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = (code << 6) | (byte(i) & 0x3F);
  }
  constexpr std::array<char32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kSmallest[length] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {};
  return {code, length};
}

bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x2028 || code == 0x2029 ||
         (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

struct Range {
  char32_t first;
  char32_t last;
};

constexpr Range kZeroWidth[] = {{0x0300, 0x036F}, {0x200B, 0x200F}, {0x20D0, 0x20FF},
                                {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}};
constexpr Range kWide[] = {{0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0xA4CF},
                           {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},
                           {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F},
                           {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};

template <size_t N>
bool is_in(char32_t code, const Range (&ranges)[N]) {
  return std::ranges::any_of(ranges, [=](Range r) { return code >= r.first && code <= r.last; });
}

unsigned width_of(char32_t code) {
  if (is_in(code, kZeroWidth)) return 0;
  return is_in(code, kWide) ? 2 : 1;
}

// Bytes of the longest start of `text` that fits into `width` columns.
size_t fitting_bytes(std::string_view text, unsigned width) {
  size_t at = 0;
  unsigned used = 0;
  while (at < text.size()) {
    const Character c = decode(text.substr(at));
    const unsigned w = c.bytes == 0 ? 1 : width_of(c.code);
    if (used + w > width) break;
    used += w;
    at += std::max<size_t>(c.bytes, 1);
  }
  return at;
}

}  // namespace

std::string printable(std::string_view text, std::string_view instead) {
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    const Character c = decode(text);
    const size_t bytes = std::max<size_t>(c.bytes, 1);
    if (c.bytes == 0 || is_control(c.code)) {
      clean += instead;
    } else {
      clean.append(text.substr(0, bytes));
    }
    text.remove_prefix(bytes);
  }
  return clean;
}

unsigned display_width(std::string_view text) {
  unsigned width = 0;
  while (!text.empty()) {
    const Character c = decode(text);
    width += c.bytes == 0 ? 1 : width_of(c.code);
    text.remove_prefix(std::max<size_t>(c.bytes, 1));
  }
  return width;
}

std::string truncate(std::string_view text, unsigned width, Charset charset) {
  if (display_width(text) <= width) return std::string(text);
  if (width == 0) return {};
  const char* ellipsis = charset == Charset::utf8 ? "…" : "~";
  return std::string(text.substr(0, fitting_bytes(text, width - 1))) + ellipsis;
}

std::vector<std::string> wrap(std::string_view text, unsigned width) {
  std::vector<std::string> lines;
  width = std::max(width, 2u);  // a wide character fits, so every turn makes progress
  while (display_width(text) > width) {
    const size_t fits = fitting_bytes(text, width);
    // A space right behind the part that fits is as good a place as one inside it.
    const size_t space = text.substr(0, fits + 1).rfind(' ');
    const size_t cut = space == std::string_view::npos || space == 0 ? fits : space;
    lines.emplace_back(text.substr(0, cut));
    text.remove_prefix(cut);
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (text.empty()) return lines;
  }
  lines.emplace_back(text);
  return lines;
}

}  // namespace skyhop::report
