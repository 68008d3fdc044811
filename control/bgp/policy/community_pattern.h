// Communities of all three kinds as people write them, with wildcards:
//
//   standard (RFC 1997)         65000:100, 65000:*, *:666, or a well-known name such as no-export
//   extended (RFC 4360, 5668)   rt:65000:100, soo:10.0.0.1:5, rt:*:100; any other as
//   0x0002fde800000064 large    (RFC 8092)         65000:1:2, 65000:*:2
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "control/bgp/attributes.h"

namespace skyhop::bgp {

/// One community of any kind.
using AnyCommunity = std::variant<Community, ExtendedCommunity, LargeCommunity>;

[[nodiscard]] std::expected<AnyCommunity, std::string> parse_community(std::string_view text);
[[nodiscard]] std::string to_string(const AnyCommunity& community);
/// Adds it to those of its kind, which stay sorted and without repetitions.
void add(const AnyCommunity& community, PathAttributes& attributes);
/// All of them as text, in the order of the kinds.
[[nodiscard]] std::vector<std::string> communities_of(const PathAttributes& attributes);

class CommunityPattern {
 public:
  [[nodiscard]] static std::expected<CommunityPattern, std::string> parse(std::string_view text);

  [[nodiscard]] bool matches(const PathAttributes& attributes) const;
  /// Takes away those that match.
  void remove_from(PathAttributes& attributes) const;

  /// A community as 96 bits: of a large one `high` is the first number.
  struct Bits {
    uint32_t high = 0;
    uint64_t low = 0;
  };
  /// Equal to `value` in the bits of `mask`.
  struct Masked {
    Bits value;
    Bits mask;
    [[nodiscard]] bool matches(const Bits& community) const {
      return ((community.high ^ value.high) & mask.high) == 0 &&
             ((community.low ^ value.low) & mask.low) == 0;
    }
  };

 private:
  enum class Kind : uint8_t { standard, extended, large };

  Kind kind_ = Kind::standard;
  std::vector<Masked> any_of_;  ///< several where the text leaves the form of an extended one open
};

}  // namespace skyhop::bgp
