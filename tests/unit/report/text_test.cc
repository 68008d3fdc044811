#include "control/report/text.h"

#include <gtest/gtest.h>

namespace skyhop::report {
namespace {

TEST(Printable, KeepsTextOfAnyLanguage) {
  EXPECT_EQ(printable("transit-1 µs ─ 日本 é"), "transit-1 µs ─ 日本 é");
}

TEST(Printable, DisarmsTerminalEscapes) {
  EXPECT_EQ(printable("a\x1b[2Jb\r\n\x7f"), "a?[2Jb???");
  EXPECT_EQ(printable("\xC2\x9B"
                      "31m"),
            "?31m");  // C1 CSI
  EXPECT_EQ(printable("\xE2\x80\xAE"
                      "evil"),
            "?evil");  // right-to-left override
}

TEST(Printable, ReplacesWhatIsNoUtf8) {
  EXPECT_EQ(printable("\xFF"
                      "a"),
            "?a");
  EXPECT_EQ(printable("\xC0\xAF"), "??");            // overlong
  EXPECT_EQ(printable("\xED\xA0\x80"), "???");       // surrogate
  EXPECT_EQ(printable("\xF4\x90\x80\x80"), "????");  // beyond U+10FFFF
  EXPECT_EQ(printable("\xE2\x82"), "??");            // cut short
  EXPECT_EQ(printable("\xFF", "<>"), "<>");
}

TEST(DisplayWidth, CountsColumnsNotBytes) {
  EXPECT_EQ(display_width(""), 0u);
  EXPECT_EQ(display_width("abc"), 3u);
  EXPECT_EQ(display_width("µs"), 2u);
  EXPECT_EQ(display_width("日本"), 4u);
  EXPECT_EQ(display_width("e\xCC\x81"), 1u);  // e and a combining acute
}

TEST(Truncate, CutsByColumnsAndMarksTheCut) {
  EXPECT_EQ(truncate("spoke1-test-vm", 14, Charset::utf8), "spoke1-test-vm");
  EXPECT_EQ(truncate("spoke1-test-vm", 7, Charset::utf8), "spoke1…");
  EXPECT_EQ(truncate("spoke1-test-vm", 7, Charset::ascii), "spoke1~");
  EXPECT_EQ(truncate("日本語", 4, Charset::utf8), "日…");
  EXPECT_EQ(truncate("abc", 0, Charset::utf8), "");
}

TEST(Wrap, BreaksAtSpaces) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(wrap("", 10), Lines{""});
  EXPECT_EQ(wrap("first free host", 10), (Lines{"first free", "host"}));
  EXPECT_EQ(wrap("first free host", 9), (Lines{"first", "free host"}));
  EXPECT_EQ(wrap("10.0.20.64/29", 5), (Lines{"10.0.", "20.64", "/29"}));
  EXPECT_EQ(wrap("abc     ", 3), Lines{"abc"});
  EXPECT_EQ(wrap("日本語", 1), (Lines{"日", "本", "語"}));
}

}  // namespace
}  // namespace skyhop::report
