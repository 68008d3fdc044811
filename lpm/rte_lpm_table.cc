#include <rte_errno.h>

#include "lpm/forwarding_table.h"

namespace skyhop::lpm {

Result<std::unique_ptr<RteLpmTable>> RteLpmTable::create(const std::string& name,
                                                         const RteLpmOptions& options,
                                                         rte_rcu_qsbr* qsbr) {
  const rte_lpm_config config{options.max_rules, options.max_tbl8, 0};
  rte_lpm* lpm = rte_lpm_create(name.c_str(), static_cast<int>(SOCKET_ID_ANY), &config);
  if (lpm == nullptr) {
    return fail("cannot create the forwarding table: " + std::string(rte_strerror(rte_errno)), name,
                "each table takes 64 MiB; give EAL more memory");
  }
  auto table = std::unique_ptr<RteLpmTable>(new RteLpmTable(lpm));
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
  if (prefix.length() == 0) {
    size_ += has_default_ ? 0 : 1;
    has_default_ = true;
    default_group_.store(group, std::memory_order_release);
    return {};
  }
  uint32_t old = 0;
  const bool is_new =
      rte_lpm_is_rule_present(lpm_, prefix.address().value(), prefix.length(), &old) != 1;
  const int code = rte_lpm_add(lpm_, prefix.address().value(), prefix.length(), group);
  if (code < 0) {
    return fail("cannot install " + prefix.to_string() + ": " + rte_strerror(-code), {},
                "the table was created for fewer routes");
  }
  size_ += is_new ? 1 : 0;
  return {};
}

bool RteLpmTable::erase(Ipv4Prefix prefix) {
  if (prefix.length() == 0) {
    if (!has_default_) return false;
    has_default_ = false;
    default_group_.store(kNoRouteGroup, std::memory_order_release);
  } else if (rte_lpm_delete(lpm_, prefix.address().value(), prefix.length()) < 0) {
    return false;
  }
  --size_;
  return true;
}

GroupId RteLpmTable::lookup(Ipv4Address destination) const {
  uint32_t group = 0;
  return rte_lpm_lookup(lpm_, destination.value(), &group) == 0 ? group : default_group();
}

void RteLpmTable::lookup(std::span<const uint32_t> destinations, std::span<GroupId> groups) const {
  const GroupId miss = default_group();
  size_t i = 0;
  for (; i + 4 <= destinations.size(); i += 4) {
    xmm_t four;
    __builtin_memcpy(&four, &destinations[i], sizeof four);
    rte_lpm_lookupx4(lpm_, four, &groups[i], miss);
  }
  for (; i < destinations.size(); ++i) groups[i] = lookup(Ipv4Address(destinations[i]));
}

}  // namespace skyhop::lpm
