#include "control/report/table.h"

#include <gtest/gtest.h>

namespace skyhop::report {
namespace {

Table sessions() {
  Table table({{"Session", Align::left, Narrow::truncate},
               {"State"},
               {"Prefixes", Align::right},
               {"Reason", Align::left, Narrow::wrap}},
              "BGP sessions");
  table.add({"transit-1 - routerserver-0", {"Established", Tone::good}, "3", ""});
  table.add(
      {"transit-1-hagw - routerserver-0", {"Idle", Tone::bad}, "1,024", "the peering is missing"});
  return table;
}

TEST(Table, AlignsAndNeverCutsInAPipe) {
  EXPECT_EQ(sessions().render({.charset = Charset::utf8}), R"(BGP sessions
Session                          State        Prefixes  Reason
───────────────────────────────  ───────────  ────────  ──────────────────────
transit-1 - routerserver-0       Established         3
transit-1-hagw - routerserver-0  Idle            1,024  the peering is missing
)");
}

TEST(Table, PlainAscii) {
  Table table({{"a"}, {"bb", Align::right}});
  table.add({"x", "1"});
  table.add_gap();
  table.add({"yyy"});
  EXPECT_EQ(table.render({.charset = Charset::ascii}), R"(a    bb
---  --
x     1

yyy
)");
}

TEST(Table, FitsTheTerminal) {
  EXPECT_EQ(sessions().render({.charset = Charset::utf8, .width = 60}), R"(BGP sessions
Session            State        Prefixes  Reason
─────────────────  ───────────  ────────  ──────────────────
transit-1 - rout…  Established         3
transit-1-hagw -…  Idle            1,024  the peering is
                                          missing
)");
}

TEST(Table, KeepsColumnsThatMustNotGiveWay) {
  Table table({{"Prefix"}, {"Next hop"}});
  table.add({"10.0.110.0/24", "10.0.10.132, 10.0.10.133"});
  EXPECT_EQ(table.render({.charset = Charset::ascii, .width = 10}), R"(Prefix         Next hop
-------------  ------------------------
10.0.110.0/24  10.0.10.132, 10.0.10.133
)");
}

TEST(Table, ColoursDoNotMoveColumns) {
  Table table({{"State"}, {"N", Align::right}});
  table.add({{"Idle", Tone::bad}, {"1", Tone::good}});
  EXPECT_EQ(table.render({.colours = Colours::on, .charset = Charset::ascii}),
            "\x1b[1mState\x1b[0m  \x1b[1mN\x1b[0m\n"
            "\x1b[2m-----\x1b[0m  \x1b[2m-\x1b[0m\n"
            "\x1b[31mIdle\x1b[0m   \x1b[32m1\x1b[0m\n");
}

TEST(Table, WideCharactersAndHostileNamesKeepTheGrid) {
  Table table({{"Name"}, {"N"}});
  table.add({"日本", "1"});
  table.add({"a\x1b[2J", "2"});
  EXPECT_EQ(table.render({.charset = Charset::ascii}), R"(Name   N
-----  -
日本   1
a?[2J  2
)");
}

TEST(Table, WithoutRowsShowsItsHeader) {
  const Table table({{"Name"}});
  EXPECT_TRUE(table.is_empty());
  EXPECT_EQ(table.render({.charset = Charset::ascii}), "Name\n----\n");
}

}  // namespace
}  // namespace skyhop::report
