#include "lpm/rte_fib_table.h"

#include <rte_errno.h>
#include <rte_fib.h>
#include <rte_memory.h>
#include <rte_rib.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace skyhop::lpm {

// DPDK 22.11's rte_vect.h declares them without C linkage.
uint16_t max_simd_bits() asm("rte_vect_get_max_simd_bitwidth");
int set_max_simd_bits(uint16_t bits) asm("rte_vect_set_max_simd_bitwidth");

namespace {

[[noreturn]] void bug(const char* what, uint64_t number) {
  std::fprintf(stderr, "forwarding table: %s (%llu)\n", what,
               static_cast<unsigned long long>(number));
  std::abort();
}

size_t octets(RteFibOptions::NextHop next_hop) {
  return next_hop == RteFibOptions::NextHop::two_octets ? 2 : 4;
}

}  // namespace

Result<std::unique_ptr<RteFibTable>> RteFibTable::create(const std::string& name,
                                                         const RteFibOptions& options) {
  const RteFibTable shape(nullptr, options);
  rte_fib_conf config{};
  config.type = RTE_FIB_DIR24_8;
  config.default_nh = shape.miss();
  config.max_routes = static_cast<int>(options.max_routes);
  config.dir24_8.nh_sz = options.next_hop == RteFibOptions::NextHop::two_octets
                             ? RTE_FIB_DIR24_8_2B
                             : RTE_FIB_DIR24_8_4B;
  config.dir24_8.num_tbl8 = options.max_tbl8;
  rte_fib* fib = rte_fib_create(name.c_str(), static_cast<int>(SOCKET_ID_ANY), &config);
  if (fib == nullptr) {
    return fail("cannot create the forwarding table: " + std::string(rte_strerror(rte_errno)), name,
                "each table takes 32 or 64 MiB; give EAL more memory");
  }
  return std::unique_ptr<RteFibTable>(new RteFibTable(fib, options));
}

RteFibTable::~RteFibTable() {
  if (fib_ != nullptr) rte_fib_free(fib_);
}

// An entry has one bit fewer than its size; above the group stand long_flag() and miss().
uint64_t RteFibTable::group_limit() const {
  return options_.next_hop == RteFibOptions::NextHop::two_octets ? 1u << 13 : 1u << 24;
}

bool RteFibTable::has(Ipv4Prefix prefix) const {
  return rte_rib_lookup_exact(rte_fib_get_rib(fib_), prefix.address().value(), prefix.length()) !=
         nullptr;
}

Result<void> RteFibTable::set(Ipv4Prefix prefix, GroupId group) {
  if (group >= group_limit()) bug("group does not fit", group);
  if (prefix.length() == 0) {
    has_default_ = true;
    default_group_ = group;
    return {};
  }
  // DPDK 22.11 counts a second-level block that it reserves for a route beyond /24 only if the
  // route's next hop differs from its cover's, but always when the route goes: the count runs below
  // zero and every later route beyond /24 fails. With a flag of their own they always differ.
  const uint64_t next_hop = prefix.length() > 24 ? group | long_flag() : group;
  const bool is_new = !has(prefix);
  const int code = rte_fib_add(fib_, prefix.address().value(), prefix.length(), next_hop);
  if (code < 0) {
    return fail("cannot install " + prefix.to_string() + ": " + rte_strerror(-code), {},
                "the table was created for fewer routes");
  }
  routes_ += is_new ? 1 : 0;
  return {};
}

bool RteFibTable::erase(Ipv4Prefix prefix) {
  if (prefix.length() == 0) {
    if (!has_default_) return false;
    has_default_ = false;
    default_group_ = kNoRouteGroup;
    return true;
  }
  if (!has(prefix)) return false;
  const int code = rte_fib_delete(fib_, prefix.address().value(), prefix.length());
  if (code < 0) bug("rte_fib lost a route", prefix.address().value());
  --routes_;
  return true;
}

GroupId RteFibTable::lookup(Ipv4Address destination) const {
  uint32_t address = destination.value();
  uint64_t next_hop = 0;
  rte_fib_lookup_bulk(fib_, &address, &next_hop, 1);
  return group_of(next_hop);
}

void RteFibTable::lookup(std::span<const uint32_t> destinations, std::span<GroupId> groups) const {
  if (destinations.size() != groups.size()) bug("sizes of a look-up differ", groups.size());
  std::array<uint64_t, 64> next_hops;
  for (size_t i = 0; i < destinations.size(); i += next_hops.size()) {
    const size_t count = std::min(next_hops.size(), destinations.size() - i);
    rte_fib_lookup_bulk(fib_, const_cast<uint32_t*>(&destinations[i]), next_hops.data(),
                        static_cast<int>(count));
    for (size_t k = 0; k < count; ++k) groups[i + k] = group_of(next_hops[k]);
  }
}

size_t RteFibTable::bytes() const {
  constexpr size_t kTbl24 = size_t{1} << 24;
  constexpr size_t kTbl8 = 256;
  constexpr size_t kRibNode = 64;  // two for each route at most
  return (kTbl24 + options_.max_tbl8 * kTbl8) * octets(options_.next_hop) + 2 * routes_ * kRibNode;
}

bool RteFibTable::use_avx512() {
  constexpr uint16_t kBits = 512;
  if (max_simd_bits() < kBits) (void)set_max_simd_bits(kBits);
  return rte_fib_select_lookup(fib_, RTE_FIB_LOOKUP_DIR24_8_VECTOR_AVX512) == 0;
}

}  // namespace skyhop::lpm
