// Strong dense ids: an index that cannot be mixed up with another kind of index.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace skyhop::cloud {

template <typename Tag>
class Id {
 public:
  constexpr Id() = default;
  constexpr explicit Id(size_t index) : index_(static_cast<uint32_t>(index)) {}
  [[nodiscard]] constexpr uint32_t index() const { return index_; }
  friend constexpr auto operator<=>(Id, Id) = default;

 private:
  uint32_t index_ = 0;
};

using VnetId = Id<struct VnetTag>;
using SubnetId = Id<struct SubnetTag>;
using PeeringId = Id<struct PeeringTag>;
using RouteTableId = Id<struct RouteTableTag>;
using NsgId = Id<struct NsgTag>;
using NicId = Id<struct NicTag>;
using VmId = Id<struct VmTag>;
using GatewayId = Id<struct GatewayTag>;
using RouterId = Id<struct RouterTag>;
using LinkId = Id<struct LinkTag>;
using SessionId = Id<struct SessionTag>;
using LimitId = Id<struct LimitTag>;

}  // namespace skyhop::cloud

template <typename Tag>
struct std::hash<skyhop::cloud::Id<Tag>> {
  size_t operator()(skyhop::cloud::Id<Tag> id) const noexcept { return id.index(); }
};
