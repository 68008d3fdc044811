#include "lpm/popline_table.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "lpm/popline_find.h"

namespace skyhop::lpm {
namespace {

using popline::Blocks;
using popline::kMiss;
using popline::kNarrowRoot;
using popline::kNodeFlag;
using popline::kStride;
using popline::kWideRoot;

constexpr uint32_t kFirstUnits = 1024;
constexpr size_t kNarrowBytes = sizeof(uint32_t) << kNarrowRoot;

// What waits in limbo: units of a size class, or a block of the wide root.
constexpr uint32_t kBlock = popline::Arena::kClasses;

static_assert(RouteTrie::kStride == kStride);

[[noreturn]] void bug(const char* what, size_t number) {
  std::fprintf(stderr, "forwarding table: %s (%zu)\n", what, number);
  std::abort();
}

void store(uint32_t& entry, uint32_t value) {
  if (entry != value) std::atomic_ref(entry).store(value, std::memory_order_release);
}

std::shared_ptr<const void> kept(Memory memory) {
  return std::shared_ptr<std::byte>(std::move(memory));
}

uint64_t& map_of(std::byte* node) { return *reinterpret_cast<uint64_t*>(node); }
uint32_t* entries_of(std::byte* node) {
  return reinterpret_cast<uint32_t*>(node + sizeof(uint64_t));
}
uint32_t count_of(uint64_t map) { return static_cast<uint32_t>(std::popcount(map)); }

}  // namespace

PoplineTable::PoplineTable(const PoplineOptions& options, Qsbr* qsbr)
    : LiveTable(TableKind::popline, qsbr), options_(options), arena_(kFirstUnits), trie_(kMiss) {
  if (options_.widen_at == 0) {
    blocks_.emplace();
  } else {
    root_ = allocate(kNarrowBytes, Pages::small);
    std::fill_n(narrow_root(), 1u << kNarrowRoot, kMiss);
  }
  publish_view();
}

PoplineTable::~PoplineTable() = default;

GroupId PoplineTable::lookup(Ipv4Address destination) const {
  const uint32_t leaf = popline::find(popline_view(), destination.value());
  return leaf == kMiss ? default_group() : leaf;
}

void PoplineTable::lookup(std::span<const uint32_t> destinations, std::span<GroupId> groups) const {
  if (destinations.size() != groups.size()) bug("sizes of a look-up differ", groups.size());
  popline::best_find().many(popline_view(), destinations.data(), destinations.size(),
                            default_group(), groups.data());
}

size_t PoplineTable::bytes() const {
  return sizeof *this + arena_.bytes() + (is_wide() ? blocks_->bytes() : kNarrowBytes) +
         trie_.bytes();
}

void PoplineTable::for_each(const Visitor& visit) const {
  if (has_default()) visit(Ipv4Prefix::everything(), default_group());
  trie_.for_each(visit);
}

// ---- Room --------------------------------------------------------------------------------------

// A change makes each node anew at most once, and no node more than four times as large.
bool PoplineTable::has_room() const {
  constexpr size_t kPath = 1024;
  return arena_.high_water() + 4 * live_units_ + kPath <= popline::Arena::kMaxUnits;
}

// Takes back what readers have left. Only between changes: during one, what was replaced may still
// be reachable, and no grace period may begin before it is not.
void PoplineTable::reclaim() {
  limbo_.reclaim([this](Limbo::Item item) {
    if (item.kind == kBlock) {
      settle(item.index);
    } else {
      arena_.give_back(item.index, item.kind);
    }
  });
}

bool PoplineTable::make_room() {
  if (limbo_.is_due()) reclaim();
  if (has_room()) return true;
  limbo_.wait();
  reclaim();
  return has_room();
}

void PoplineTable::tidy() {
  if (!limbo_.is_empty()) reclaim();
}

uint32_t PoplineTable::take(uint32_t size_class) {
  live_units_ += 1u << size_class;
  if (const uint32_t unit = arena_.take(size_class)) return unit;
  if (arena_.units() == popline::Arena::kMaxUnits) bug("out of nodes", arena_.units());
  // Readers of the old array must not find nodes of the new one: they keep a root of their own.
  if (is_wide()) {
    limbo_.add(kept(blocks_->move()));
  } else {
    Memory root = allocate(kNarrowBytes, Pages::small);
    std::memcpy(root.get(), root_.get(), kNarrowBytes);
    limbo_.add(kept(std::exchange(root_, std::move(root))));
  }
  limbo_.add(kept(arena_.grow()));
  publish_view();
  return arena_.take(size_class);
}

void PoplineTable::retire(uint32_t unit) {
  const uint32_t size_class = popline::Arena::class_for(count_of(map_of(arena_.node(unit))));
  live_units_ -= 1u << size_class;
  limbo_.add({unit, size_class});
}

void PoplineTable::publish_view() {
  auto next = std::make_unique<const popline::View>(popline::View{
      is_wide() ? blocks_->data() : nullptr, is_wide() ? nullptr : narrow_root(), arena_.base()});
  view_.popline.store(next.get(), std::memory_order_release);
  std::swap(current_view_, next);
  if (next) limbo_.add(std::shared_ptr<const void>(std::move(next)));
}

// ---- The root ----------------------------------------------------------------------------------

// Stores an entry of the root, a node or a leaf.
void PoplineTable::put_in_root(uint32_t index, uint32_t entry) {
  if (!is_wide()) return store(narrow_root()[index], entry);
  const std::array<uint32_t, 1> one{entry};
  if ((entry & kNodeFlag) == 0 && blocks_->write(index, 0, one, readers())) return;
  if (blocks_->point_away(index, entry, readers()) == Blocks::After::grace_period) {
    limbo_.add({index, kBlock});
  }
}

// A block has pointed away for a grace period: its octets may say the same, if they can.
void PoplineTable::settle(uint32_t block) {
  blocks_->set_free(block);
  const uint32_t entry = blocks_->entry(block);
  if ((entry & kNodeFlag) == 0) return put_in_root(block, entry);
  std::byte* const bytes = arena_.node(entry & popline::kIndex);
  const uint64_t map = map_of(bytes);
  if (!blocks_->write(block, map, std::span(entries_of(bytes), count_of(map)), readers())) return;
  Node* node = &trie_.root();
  for (const uint32_t shift : {12, 6, 0}) node = node->child((block >> shift) & 63);
  retire(std::exchange(node->data, 0));
}

// Writes the entries of a node that stands in the root, where it has no children.
void PoplineTable::paint(const Step& step, uint32_t first_slot, uint32_t slots) {
  const auto values = step.node->values(step.inherited);
  const uint32_t shift = root_bits() - step.depth - kStride;
  for (uint32_t slot = first_slot; slot < first_slot + slots; ++slot) {
    if (step.node->child(slot) != nullptr) continue;
    const uint32_t first = ((step.path << kStride) | slot) << shift;
    for (uint32_t i = first; i < first + (1u << shift); ++i) put_in_root(i, values[64 + slot]);
  }
}

// Fills a new wide root that nobody reads yet. The nodes that stood in the narrow one stand in it.
void PoplineTable::fill_blocks(Node& node, uint32_t depth, uint32_t path, GroupId inherited) {
  if (depth == kWideRoot) {
    std::byte* const bytes = arena_.node(node.data);
    const uint64_t map = map_of(bytes);
    const std::span<const uint32_t> entries(entries_of(bytes), count_of(map));
    if (blocks_->write(path, map, entries, Blocks::Readers::none)) {
      retire(std::exchange(node.data, 0));
    } else {
      (void)blocks_->point_away(path, kNodeFlag | node.data, Blocks::Readers::none);
    }
    return;
  }
  const auto values = node.values(inherited);
  const uint32_t shift = kWideRoot - depth - kStride;
  for (uint32_t slot = 0; slot < 64; ++slot) {
    const uint32_t below = (path << kStride) | slot;
    if (Node* child = node.child(slot)) {
      fill_blocks(*child, depth + kStride, below, values[64 + slot]);
      continue;
    }
    const std::span<const uint32_t> one(&values[64 + slot], 1);
    for (uint32_t i = below << shift; i < (below + 1) << shift; ++i) {
      if (blocks_->write(i, 0, one, Blocks::Readers::none)) continue;
      (void)blocks_->point_away(i, one[0], Blocks::Readers::none);
    }
  }
  if (depth == kNarrowRoot) retire(std::exchange(node.data, 0));
}

void PoplineTable::widen_root() {
  blocks_.emplace();
  fill_blocks(trie_.root(), 0, 0, kMiss);
  limbo_.add(kept(std::move(root_)));
  publish_view();
}

// ---- Nodes -------------------------------------------------------------------------------------

// Makes what readers see of a node from what the trie says; its children are made already. Where
// the map stays as it is entries are written in place: a reader sees each old or new.
void PoplineTable::render(Node& node, uint32_t depth, uint32_t path, GroupId inherited) {
  const auto values = node.values(inherited);
  std::array<uint32_t, 64> entries;
  uint64_t map = 0;
  uint32_t count = 0;
  for (uint32_t slot = 0; slot < 64; ++slot) {
    const Node* child = node.child(slot);
    const uint32_t entry = child != nullptr ? kNodeFlag | child->data : values[64 + slot];
    if (slot != 0 && entry == entries[count - 1]) continue;
    map |= uint64_t{1} << slot;
    entries[count++] = entry;
  }
  const uint32_t old = node.data;
  if (depth == root_bits() && is_wide() &&
      blocks_->write(path, map, std::span(entries).first(count), readers())) {
    node.data = 0;
    if (old != 0) retire(old);
    return;
  }
  if (old != 0 && map_of(arena_.node(old)) == map) {
    uint32_t* live = entries_of(arena_.node(old));
    for (uint32_t i = 0; i < count; ++i) store(live[i], entries[i]);
    return;
  }
  node.data = take(popline::Arena::class_for(count));
  std::byte* fresh = arena_.node(node.data);
  map_of(fresh) = map;
  std::copy_n(entries.begin(), count, entries_of(fresh));
  if (depth == root_bits()) put_in_root(path, kNodeFlag | node.data);
  if (old != 0) retire(old);
}

void PoplineTable::patch(const Node& parent, uint32_t slot, uint32_t entry) {
  std::byte* node = arena_.node(parent.data);
  store(entries_of(node)[count_of(map_of(node) << (63 - slot)) - 1], entry);
}

// Brings what readers see of a node and all below it in line with another inherited group.
void PoplineTable::repaint(Node& node, uint32_t depth, uint32_t path, GroupId inherited) {
  const Step step{&node, depth, path, inherited, 0};
  for (uint32_t slot = 0; slot < 64; ++slot) {
    Node* child = node.child(slot);
    if (child == nullptr || node.longest_of_slot(slot) != 0) continue;
    repaint(*child, depth + kStride, (path << kStride) | slot, inherited);
  }
  if (depth < root_bits()) return paint(step, 0, 64);
  render(node, depth, path, inherited);
}

// Repaints the children under a heap index whose longest match in the step's node is now `group`.
void PoplineTable::repaint_children(const Step& step, uint32_t heap_index, GroupId group) {
  const auto [first, slots] = RouteTrie::slots_under(heap_index);
  const uint32_t longest = step.node->longest_at(heap_index);
  for (uint32_t slot = first; slot < first + slots; ++slot) {
    Node* child = step.node->child(slot);
    if (child == nullptr || step.node->longest_of_slot(slot) != longest) continue;
    repaint(*child, step.depth + kStride, (step.path << kStride) | slot, group);
  }
}

// Makes the last step's node anew, and whatever above it must change to name it.
void PoplineTable::publish(const Way& way) {
  for (size_t k = way.size() - 1;; --k) {
    const Step& step = way[k];
    const uint32_t before = step.node->data;
    render(*step.node, step.depth, step.path, step.inherited);
    if (step.depth == root_bits() || step.node->data == before) return;
    const Step& parent = way[k - 1];
    // A node that its parent named already is named anew. Else the parent has another map.
    if (before != 0) return patch(*parent.node, parent.slot, kNodeFlag | step.node->data);
  }
}

// ---- Changes -----------------------------------------------------------------------------------

Result<void> PoplineTable::set(Ipv4Prefix prefix, GroupId group) {
  if (group >= kMiss) bug("group does not fit into 24 bits", group);
  if (prefix.length() == 0) {
    set_default(group);
    return {};
  }
  if (!make_room()) {
    return fail("cannot install " + prefix.to_string() + ": the table has no node left", {},
                "a worker that never comes to rest keeps replaced nodes from being reused");
  }
  const Way& way = trie_.make_way(prefix);
  const Step& last = way.back();
  const uint32_t index = RouteTrie::index_of(prefix, last.depth);
  if (trie_.set(*last.node, index, group) == RouteTrie::Change::none) return {};
  repaint_children(last, index, group);
  if (last.depth < root_bits()) {
    const auto [first, slots] = RouteTrie::slots_under(index);
    paint(last, first, slots);
  } else {
    publish(way);
  }
  if (!is_wide() && trie_.routes() >= options_.widen_at) widen_root();
  return {};
}

bool PoplineTable::erase(Ipv4Prefix prefix) {
  if (prefix.length() == 0) return erase_default();
  (void)make_room();
  Way* const way = trie_.find_way(prefix);
  if (way == nullptr) return false;
  const Step bottom = way->back();
  const uint32_t index = RouteTrie::index_of(prefix, bottom.depth);
  if (!bottom.node->has(index)) return false;
  trie_.remove(*bottom.node, index);
  repaint_children(bottom, index, bottom.node->group_at(index, bottom.inherited));
  if (bottom.depth < root_bits()) {
    const auto [first, slots] = RouteTrie::slots_under(index);
    paint(bottom, first, slots);
  }
  // Empty nodes go, from the bottom up; readers may be in them until they are quiescent.
  std::array<uint32_t, 6> gone{};
  size_t gone_count = 0;
  const size_t before = way->size();
  trie_.prune(*way, [&](const Node& node) {
    if (node.data != 0) gone[gone_count++] = node.data;
  });
  const Step& last = way->back();
  if (last.depth >= root_bits()) {
    publish(*way);
  } else if (way->size() < before) {
    paint(last, last.slot, 1);
  }
  for (size_t i = 0; i < gone_count; ++i) retire(gone[i]);
  return true;
}

}  // namespace skyhop::lpm
