#include "control/report/units.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "control/report/json.h"
#include "control/report/latency.h"

namespace skyhop::report {
namespace {

TEST(Units, ThreeSignificantDigits) {
  EXPECT_EQ(packets_per_second(0), "0 pps");
  EXPECT_EQ(packets_per_second(50), "50 pps");
  EXPECT_EQ(packets_per_second(0.5), "0.50 pps");
  EXPECT_EQ(packets_per_second(14.88e6), "14.9 Mpps");
  EXPECT_EQ(packets_per_second(148.8e6), "149 Mpps");
  EXPECT_EQ(bits_per_second(9.5421e9), "9.54 Gbit/s");
  EXPECT_EQ(nanoseconds(812), "812 ns");
  EXPECT_EQ(nanoseconds(1340), "1.34 µs");
  EXPECT_EQ(nanoseconds(2.5e6), "2.50 ms");
  EXPECT_EQ(seconds(0), "0 s");
  EXPECT_EQ(seconds(3), "3.00 s");
  EXPECT_EQ(seconds(180), "180 s");
  EXPECT_EQ(bytes(64), "64 B");
  EXPECT_EQ(bytes(64u << 20), "64.0 MiB");
}

TEST(Units, RoundingCarriesIntoTheNextUnit) {
  EXPECT_EQ(packets_per_second(999.4), "999 pps");
  EXPECT_EQ(packets_per_second(999.6e3), "1.00 Mpps");
  EXPECT_EQ(packets_per_second(9.996e3), "10.0 kpps");
  EXPECT_EQ(packets_per_second(99.96e3), "100 kpps");
}

TEST(Units, WhatIsNoNumberIsADash) {
  EXPECT_EQ(packets_per_second(std::numeric_limits<double>::quiet_NaN()), "-");
  EXPECT_EQ(bits_per_second(std::numeric_limits<double>::infinity()), "-");
  EXPECT_EQ(percent(1, 0), "-");
}

TEST(Units, CountsAndShares) {
  EXPECT_EQ(count(0), "0");
  EXPECT_EQ(count(999), "999");
  EXPECT_EQ(count(1000), "1,000");
  EXPECT_EQ(count(1234567890), "1,234,567,890");
  EXPECT_EQ(percent(1, 8), "12.5 %");
}

TEST(Latency, RowsInReadableUnits) {
  Table table = latency_table("Latency", "Path");
  add_latency(table, "spoke1-test-vm -> spoke2-test-vm",
              {.samples = 12345,
               .min = 312,
               .p50 = 1340,
               .p90 = 1500,
               .p99 = 2040,
               .p999 = 25000,
               .max = 1200000});
  add_latency(table, "idle", {});
  EXPECT_EQ(table.render({.charset = Charset::ascii}), R"(Latency
Path                              samples     min      p50      p90      p99    p99.9      max
--------------------------------  -------  ------  -------  -------  -------  -------  -------
spoke1-test-vm -> spoke2-test-vm   12,345  312 ns  1.34 µs  1.50 µs  2.04 µs  25.0 µs  1.20 ms
idle                                    0       -        -        -        -        -        -
)");
}

TEST(Latency, Json) {
  EXPECT_EQ(
      to_json(Latency{.samples = 9, .min = 1, .p50 = 2, .p90 = 3, .p99 = 4, .p999 = 5, .max = 6})
          .dump(),
      R"({"samples":9,"min":1,"p50":2,"p90":3,"p99":4,"p999":5,"max":6})");
}

TEST(Json, ErrorsAndDiagnostics) {
  EXPECT_EQ(to_json(Error{"no such file", "a.yaml", ""}).dump(),
            R"({"what":"no such file","where":"a.yaml"})");
  lab::Diagnostic d;
  d.path = "azurerm_subnet";
  d.message = "overlaps";
  d.rule = "A54";
  d.mark = {3, 7};
  EXPECT_EQ(to_json(lab::Diagnostics{d}, "a.yaml").dump(),
            R"([{"severity":"error","file":"a.yaml","line":3,"column":7,)"
            R"("path":"azurerm_subnet","message":"overlaps","rule":"A54"}])");
}

TEST(Json, BytesThatAreNoTextDoNotThrow) { EXPECT_EQ(dump(Json("\xFF")), "\"\xEF\xBF\xBD\"\n"); }

}  // namespace
}  // namespace skyhop::report
