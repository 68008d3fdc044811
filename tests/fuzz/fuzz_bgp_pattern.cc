// What labs write of routes: an AS-path pattern and a path, or a community, one a line.
#include <cstdlib>
#include <string_view>

#include "control/bgp/policy/as_path_pattern.h"
#include "control/bgp/policy/community_pattern.h"

using namespace skyhop::bgp;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

void take_pattern(std::string_view text, std::string_view path) {
  const auto pattern = AsPathPattern::compile(text);
  if (!pattern) {
    check(!pattern.error().empty());
    return;
  }
  const bool matches = pattern->matches(path);
  // Parentheses change nothing, and an alternative only adds.
  const std::string in_parentheses = "(" + std::string(text) + ")";
  if (const auto again = AsPathPattern::compile(in_parentheses)) {
    check(again->matches(path) == matches);
  }
  if (const auto more = AsPathPattern::compile(in_parentheses + "|9")) {
    check(!matches || more->matches(path));
  }
}

void take_community(std::string_view text) {
  if (const auto community = parse_community(text)) {
    check(parse_community(to_string(*community)) == community);
    PathAttributes attributes;
    add(*community, attributes);
    const auto pattern = CommunityPattern::parse(text);
    check(pattern.has_value() && pattern->matches(attributes));
    pattern->remove_from(attributes);
    check(communities_of(attributes).empty());
  } else {
    (void)CommunityPattern::parse(text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 1024) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t line = text.find('\n');
  const std::string_view first = text.substr(0, line);
  take_pattern(first, line == std::string_view::npos ? "" : text.substr(line + 1));
  take_community(first);
  return 0;
}
