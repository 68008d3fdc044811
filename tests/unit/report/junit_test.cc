#include "control/report/junit.h"

#include <gtest/gtest.h>

namespace skyhop::report {
namespace {

TEST(Junit, SuitesCasesAndTotals) {
  EXPECT_EQ(junit_xml({{"ars-multipeer",
                        {{"ars-multipeer", "ping works", 0.5, {}, {}},
                         {"ars-multipeer", "route is there", 0.25, "expected 2\nfound 1", {}},
                         {"ars-multipeer", "later", 0, {}, "needs hugepages"}}},
                       {"empty", {}}}),
            R"(<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="skyhop" tests="3" failures="1" errors="0" skipped="1" time="0.750">
  <testsuite name="ars-multipeer" tests="3" failures="1" errors="0" skipped="1" time="0.750">
    <testcase classname="ars-multipeer" name="ping works" time="0.500"/>
    <testcase classname="ars-multipeer" name="route is there" time="0.250">
      <failure message="expected 2">expected 2&#10;found 1</failure>
    </testcase>
    <testcase classname="ars-multipeer" name="later" time="0.000">
      <skipped message="needs hugepages"/>
    </testcase>
  </testsuite>
  <testsuite name="empty" tests="0" failures="0" errors="0" skipped="0" time="0.000">
  </testsuite>
</testsuites>
)");
}

TEST(Junit, EscapesMarkupAndWhatXmlCannotHold) {
  const std::string xml = junit_xml({{"a<b>&\"c\"", {{"\x01", "tab\t\xFF", 0, "]]>", {}}}}});
  EXPECT_NE(xml.find(R"(name="a&lt;b&gt;&amp;&quot;c&quot;")"), std::string::npos) << xml;
  EXPECT_NE(xml.find("classname=\"\xEF\xBF\xBD\""), std::string::npos) << xml;
  EXPECT_NE(xml.find("name=\"tab&#9;\xEF\xBF\xBD\""), std::string::npos) << xml;
  EXPECT_NE(xml.find(">]]&gt;</failure>"), std::string::npos) << xml;
}

TEST(Junit, FailureWinsOverSkipped) {
  const std::string xml = junit_xml({{"s", {{"c", "n", 0, "bad", "why"}}}});
  EXPECT_NE(xml.find(R"(failures="1" errors="0" skipped="0")"), std::string::npos) << xml;
}

}  // namespace
}  // namespace skyhop::report
