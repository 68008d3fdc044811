#include "lpm/rte_lpm_table.h"

#include <rte_errno.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace skyhop::lpm {
namespace {

constexpr GroupId kGroupLimit = 1u << 24;  // rte_lpm's next hop

// rte_lpm cuts longer names off without a word, and puts "LPM_" before them.
constexpr size_t kMaxName = RTE_LPM_NAMESIZE - sizeof "LPM_";

[[noreturn]] void bug(const char* what, uint32_t number) {
  std::fprintf(stderr, "forwarding table: %s (%u)\n", what, number);
  std::abort();
}

}  // namespace

Result<std::unique_ptr<RteLpmTable>> RteLpmTable::create(const std::string& name,
                                                         const RteLpmOptions& options,
                                                         rte_rcu_qsbr* qsbr) {
  if (name.size() > kMaxName) return fail("the forwarding table's name is too long", name);
  const rte_lpm_config config{options.max_rules, options.max_tbl8, 0};
  rte_lpm* lpm = rte_lpm_create(name.c_str(), static_cast<int>(SOCKET_ID_ANY), &config);
  if (lpm == nullptr) {
    return fail("cannot create the forwarding table: " + std::string(rte_strerror(rte_errno)), name,
                "each table takes 64 MiB; give EAL more memory");
  }
  auto table = std::unique_ptr<RteLpmTable>(new RteLpmTable(lpm, options));
  if (qsbr != nullptr) {
    rte_lpm_rcu_config rcu{};
    rcu.v = qsbr;
    rcu.mode = RTE_LPM_QSBR_MODE_DQ;
    if (rte_lpm_rcu_qsbr_add(lpm, &rcu) != 0) {
      return fail("cannot attach QSBR to the forwarding table", name);
    }
  }
  return table;
}

RteLpmTable::~RteLpmTable() { rte_lpm_free(lpm_); }

Result<void> RteLpmTable::set(Ipv4Prefix prefix, GroupId group) {
  if (group >= kGroupLimit) bug("group does not fit into 24 bits", group);
  if (prefix.length() == 0) {
    set_default(group);
    return {};
  }
  const int code = rte_lpm_add(lpm_, prefix.address().value(), prefix.length(), group);
  if (code < 0) {
    return fail("cannot install " + prefix.to_string() + ": " + rte_strerror(-code), {},
                "the table was created for fewer routes");
  }
  prefixes_.insert(prefix);
  return {};
}

bool RteLpmTable::erase(Ipv4Prefix prefix) {
  if (prefix.length() == 0) return erase_default();
  if (prefixes_.erase(prefix) == 0) return false;
  const int code = rte_lpm_delete(lpm_, prefix.address().value(), prefix.length());
  if (code < 0) bug("rte_lpm lost a route", prefix.address().value());
  return true;
}

size_t RteLpmTable::bytes() const {
  constexpr size_t kTbl24 = size_t{RTE_LPM_TBL24_NUM_ENTRIES} * sizeof(rte_lpm_tbl_entry);
  constexpr size_t kTbl8 = size_t{RTE_LPM_TBL8_GROUP_NUM_ENTRIES} * sizeof(rte_lpm_tbl_entry);
  constexpr size_t kRule = 8;
  constexpr size_t kListed = sizeof(Ipv4Prefix) + 2 * sizeof(void*);  // a node of the set
  return kTbl24 + options_.max_tbl8 * kTbl8 + options_.max_rules * kRule +
         prefixes_.size() * kListed + prefixes_.bucket_count() * sizeof(void*);
}

GroupId RteLpmTable::lookup(Ipv4Address destination) const {
  uint32_t group = 0;
  return rte_lpm_lookup(lpm_, destination.value(), &group) == 0 ? group : default_group();
}

void RteLpmTable::lookup(std::span<const uint32_t> destinations, std::span<GroupId> groups) const {
  if (destinations.size() != groups.size()) bug("sizes of a look-up differ", 0);
  const GroupId miss = default_group();  // once: one burst sees one default route
  size_t i = 0;
  for (; i + 4 <= destinations.size(); i += 4) {
    xmm_t four;
    std::memcpy(&four, &destinations[i], sizeof four);
    rte_lpm_lookupx4(lpm_, four, &groups[i], miss);
  }
  for (; i < destinations.size(); ++i) {
    if (rte_lpm_lookup(lpm_, destinations[i], &groups[i]) != 0) groups[i] = miss;
  }
}

}  // namespace skyhop::lpm
