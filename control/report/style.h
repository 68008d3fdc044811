// How text is drawn: colours, box characters and width of the place it goes to.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace skyhop::report {

/// What a piece of text says about its subject; a colour where colours are allowed.
enum class Tone { plain, good, warning, bad, strong, dim };

enum class Colours { off, on };
enum class Charset { ascii, utf8 };

struct Style {
  Colours colours = Colours::off;
  Charset charset = Charset::utf8;
  unsigned width = 0;  ///< columns of the terminal; 0: unlimited (files and pipes are never cut)
};

/// The style of an open stream. Colours and a width only on a terminal, no colours with NO_COLOR
/// set or TERM=dumb, plain ASCII when the locale's character set is not UTF-8.
[[nodiscard]] Style style_of(std::FILE* stream);

/// `text` in the tone's colour, or unchanged without colours.
[[nodiscard]] std::string paint(std::string_view text, Tone tone, const Style& style);

}  // namespace skyhop::report
