#include "control/lab/diagnostic.h"

#include <gtest/gtest.h>

namespace skyhop::lab {
namespace {

TEST(Diagnostic, TextHasPlacePathAndRule) {
  Diagnostic diagnostic{Severity::error, "a.b", "wrong", "A54", {3, 7, ""}};
  EXPECT_EQ(to_string(diagnostic, "x.yaml"), "x.yaml:3:7: error: a.b: wrong [A54]");
  diagnostic = {Severity::warning, "", "odd", "", {3, 7, "base.yaml"}};
  EXPECT_EQ(to_string(diagnostic, "x.yaml"), "base.yaml:3:7: warning: odd");
  diagnostic.mark = {};
  EXPECT_EQ(to_string(diagnostic, "x.yaml"), "x.yaml: warning: odd");
}

TEST(Diagnostic, OnlyErrorsAreErrors) {
  EXPECT_FALSE(has_errors({}));
  EXPECT_FALSE(has_errors({{Severity::warning, "", "", "", {}}}));
  EXPECT_TRUE(has_errors({{Severity::warning, "", "", "", {}}, {Severity::error, "", "", "", {}}}));
}

TEST(Diagnostic, LocateWalksUpToTheNearestMark) {
  const Marks marks = {{"", {1, 1, ""}}, {"a.b", {2, 3, ""}}, {"a.b.list[1]", {4, 5, ""}}};
  const auto line = [&marks](const char* path) {
    Diagnostics diagnostics = {{Severity::error, path, "", "", {}}};
    locate(diagnostics, marks);
    return diagnostics[0].mark.line;
  };
  EXPECT_EQ(line("a.b"), 2);
  EXPECT_EQ(line("a.b.c.d"), 2);
  EXPECT_EQ(line("a.b.list[1].x"), 4);
  EXPECT_EQ(line("a.b.list[0]"), 2);
  EXPECT_EQ(line("a"), 1);
  EXPECT_EQ(line("z.y"), 1);
}

TEST(Diagnostic, LocateKeepsAPlaceThatIsKnown) {
  Diagnostics diagnostics = {{Severity::error, "a", "", "", {9, 9, "f"}}};
  locate(diagnostics, {{"a", {1, 1, ""}}});
  EXPECT_EQ(diagnostics[0].mark.line, 9);
}

TEST(Diagnostic, NearestIsNearOrNothing) {
  const std::vector<std::string> names = {"address_space", "location", "subnet", "transit-1"};
  EXPECT_EQ(nearest("adress_space", names), "address_space");
  EXPECT_EQ(nearest("address-space", names), "address_space");
  EXPECT_EQ(nearest("Subnet", names), "subnet");
  EXPECT_EQ(nearest("sunbet", names), "subnet");  // two letters swapped
  EXPECT_EQ(nearest("transit1", names), "transit-1");
  EXPECT_EQ(nearest("peering", names), "");
  EXPECT_EQ(nearest("", names), "");
  EXPECT_EQ(nearest("x", {}), "");
  EXPECT_EQ(nearest(std::string(5000, 'a'), names), "");
}

}  // namespace
}  // namespace skyhop::lab
