#include "lpm/rte_lpm_table.h"

#include <rte_errno.h>
#include <rte_malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "lpm/qsbr.h"

namespace skyhop::lpm {
namespace {

constexpr GroupId kGroupLimit = 1u << 24;  // rte_lpm's next hop
constexpr uint32_t kBlockEntries = RTE_LPM_TBL8_GROUP_NUM_ENTRIES;
constexpr size_t kBlockBytes = kBlockEntries * sizeof(rte_lpm_tbl_entry);

// rte_lpm cuts longer names off without a word, and puts "LPM_" before them.
constexpr size_t kMaxName = RTE_LPM_NAMESIZE - sizeof "LPM_";

// rte_lpm_tbl_entry as a word: next hop or block 0..23, valid, valid_group, depth from bit 26 on.
// Within a block valid_group tells only rte_lpm's own allocator that the block is taken.
static_assert(sizeof(rte_lpm_tbl_entry) == sizeof(uint32_t));
constexpr uint32_t kValid = RTE_LPM_LOOKUP_SUCCESS;
constexpr uint32_t kBlock = RTE_LPM_VALID_EXT_ENTRY_BITMASK;
constexpr uint32_t kNumber = kGroupLimit - 1;
constexpr uint32_t kDepthShift = 26;

constexpr uint32_t entry_of(GroupId group, uint32_t depth) {
  return group | kValid | (depth << kDepthShift);
}
constexpr bool is_block(uint32_t entry) { return (entry & kBlock) == kBlock; }
// 0 where nothing matches: every prefix may write over that.
constexpr uint32_t depth_of(uint32_t entry) { return entry >> kDepthShift; }

void store(uint32_t& entry, uint32_t value) {
  if (entry != value) std::atomic_ref(entry).store(value, std::memory_order_release);
}

[[noreturn]] void bug(const char* what, uint32_t number) {
  std::fprintf(stderr, "forwarding table: %s (%u)\n", what, number);
  std::abort();
}

}  // namespace

Result<std::unique_ptr<RteLpmTable>> RteLpmTable::create(const std::string& name,
                                                         const RteLpmOptions& options, Qsbr* qsbr) {
  if (name.size() > kMaxName) return fail("the forwarding table's name is too long", name);
  const rte_lpm_config config{.max_rules = 1, .number_tbl8s = options.first_tbl8, .flags = 0};
  rte_lpm* lpm = rte_lpm_create(name.c_str(), static_cast<int>(SOCKET_ID_ANY), &config);
  if (lpm == nullptr) {
    return fail("cannot create the forwarding table: " + std::string(rte_strerror(rte_errno)), name,
                "each table takes 64 MiB; give EAL more memory");
  }
  return std::unique_ptr<RteLpmTable>(new RteLpmTable(lpm, options, qsbr));
}

RteLpmTable::RteLpmTable(rte_lpm* lpm, const RteLpmOptions& options, Qsbr* qsbr)
    : LiveTable(TableKind::rte_lpm, qsbr),
      lpm_(lpm),
      options_(options),
      trie_(kNoRouteGroup),
      blocks_(options.first_tbl8),
      long_routes_(blocks_) {
  view_.lpm = lpm;
}

RteLpmTable::~RteLpmTable() { rte_lpm_free(lpm_); }

size_t RteLpmTable::bytes_for(uint32_t tbl8) { return sizeof(rte_lpm) + tbl8 * kBlockBytes; }

size_t RteLpmTable::bytes() const { return bytes_for(blocks_) + trie_.bytes(); }

void RteLpmTable::for_each(const Visitor& visit) const {
  if (has_default()) visit(Ipv4Prefix::everything(), default_group());
  trie_.for_each(visit);
}

// ---- Second-level blocks -----------------------------------------------------------------------

void RteLpmTable::reclaim() {
  limbo_.reclaim([this](Limbo::Item item) { free_.push_back(item.index); });
}

void RteLpmTable::tidy() {
  if (!limbo_.is_empty()) reclaim();
}

// Twice as many in a larger array. Readers take the array's address anew for every burst, and no
// entry names a block of the new half before all have.
bool RteLpmTable::more_blocks() {
  const uint32_t more = std::min(blocks_ * 2, options_.max_tbl8);
  if (more == blocks_) return false;
  void* const larger = rte_zmalloc(nullptr, more * kBlockBytes, RTE_CACHE_LINE_SIZE);
  if (larger == nullptr) return false;
  std::memcpy(larger, lpm_->tbl8, blocks_ * kBlockBytes);
  rte_lpm_tbl_entry* const old = lpm_->tbl8;
  std::atomic_ref(lpm_->tbl8)
      .store(static_cast<rte_lpm_tbl_entry*>(larger), std::memory_order_release);
  limbo_.wait();
  rte_free(old);
  blocks_ = more;
  long_routes_.resize(blocks_);
  return true;
}

Result<uint32_t> RteLpmTable::take_block() {
  if (free_.empty() && untouched_ == blocks_ && !limbo_.is_empty()) {
    reclaim();
    // Waiting for readers is cheaper than a larger array, and neither is needed often.
    if (free_.empty()) {
      limbo_.wait();
      reclaim();
    }
  }
  if (free_.empty() && untouched_ == blocks_ && !more_blocks()) {
    return fail("no second-level block left", {},
                blocks_ == options_.max_tbl8
                    ? "the table was created for fewer /24s with longer prefixes"
                    : "give EAL more memory");
  }
  if (free_.empty()) return untouched_++;
  const uint32_t number = free_.back();
  free_.pop_back();
  return number;
}

// ---- Changes -----------------------------------------------------------------------------------

// Calls `change` for every entry that is a group's within the prefix, in both levels.
template <typename Change>
void RteLpmTable::for_entries(Ipv4Prefix prefix, Change change) {
  const uint32_t first = prefix.address().value() >> 8;
  if (prefix.length() > 24) {
    Word* const entries = block(tbl24()[first] & kNumber);
    const uint32_t at = prefix.address().value() & 0xff;
    for (uint32_t i = at; i < at + prefix.size(); ++i) change(entries[i]);
    return;
  }
  for (uint32_t i = first; i < first + (1u << (24 - prefix.length())); ++i) {
    Word& entry = tbl24()[i];
    if (!is_block(entry)) {
      change(entry);
      continue;
    }
    Word* const entries = block(entry & kNumber);
    for (uint32_t k = 0; k < kBlockEntries; ++k) change(entries[k]);
  }
}

Result<void> RteLpmTable::set(Ipv4Prefix prefix, GroupId group) {
  if (group >= kGroupLimit) bug("group does not fit into 24 bits", group);
  if (prefix.length() == 0) {
    set_default(group);
    return {};
  }
  if (limbo_.is_due()) reclaim();
  Word& above = tbl24()[prefix.address().value() >> 8];
  if (prefix.length() > 24 && !is_block(above)) {
    const auto number = take_block();
    if (!number) {
      Error error = number.error();
      error.what = "cannot install " + prefix.to_string() + ": " + error.what;
      return std::unexpected(error);
    }
    std::fill_n(block(*number), kBlockEntries, above);
    long_routes_[*number] = 0;
    store(above, *number | kBlock);
  }
  const RouteTrie::Step& last = trie_.make_way(prefix).back();
  const auto change = trie_.set(*last.node, RouteTrie::index_of(prefix, last.depth), group);
  if (change == RouteTrie::Change::none) return {};
  if (change == RouteTrie::Change::added && prefix.length() > 24) {
    ++long_routes_[above & kNumber];
  }
  // What longer prefixes say stays.
  const uint32_t entry = entry_of(group, prefix.length());
  for_entries(prefix, [&](Word& word) {
    if (depth_of(word) <= prefix.length()) store(word, entry);
  });
  return {};
}

bool RteLpmTable::erase(Ipv4Prefix prefix) {
  if (prefix.length() == 0) return erase_default();
  RouteTrie::Way* const way = trie_.find_way(prefix);
  if (way == nullptr) return false;
  TrieNode& node = *way->back().node;
  const uint32_t index = RouteTrie::index_of(prefix, way->back().depth);
  if (!node.has(index)) return false;
  trie_.remove(node, index);
  const auto cover = RouteTrie::cover(*way, index);
  trie_.prune(*way, [](const TrieNode&) {});
  const uint32_t entry = cover ? entry_of(cover->group, cover->length) : 0;
  for_entries(prefix, [&](Word& word) {
    if (depth_of(word) == prefix.length()) store(word, entry);
  });
  if (prefix.length() <= 24) return true;
  // A block whose last long route went says the same everywhere.
  Word& above = tbl24()[prefix.address().value() >> 8];
  const uint32_t number = above & kNumber;
  if (--long_routes_[number] == 0) {
    store(above, block(number)[0]);
    limbo_.add({number, 0});
  }
  return true;
}

// ---- Look-ups ----------------------------------------------------------------------------------

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
