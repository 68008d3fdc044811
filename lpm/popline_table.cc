#include "lpm/popline_table.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "lpm/popline_find.h"

namespace skyhop::lpm {
namespace {

using popline::kMiss;
using popline::kNodeFlag;
using popline::kStride;

constexpr uint32_t kNarrowRoot = 12;  // 16 KiB
constexpr uint32_t kWideRoot = 18;    // 1 MiB, and one step less for every packet
constexpr size_t kWidenAt = 8192;     // routes: more take more than a root's memory anyway
constexpr uint32_t kFirstUnits = 1024;

[[noreturn]] void bug(const char* what, size_t number) {
  std::fprintf(stderr, "forwarding table: %s (%zu)\n", what, number);
  std::abort();
}

void store(uint32_t& entry, uint32_t value) {
  if (entry != value) std::atomic_ref(entry).store(value, std::memory_order_release);
}

size_t root_bytes(uint32_t bits) { return sizeof(uint32_t) << bits; }

uint32_t slot_of(uint32_t address, uint32_t depth) { return (address << depth) >> 26; }

uint32_t heap_index(Ipv4Prefix prefix, uint32_t depth) {
  const uint32_t bits = prefix.length() - depth;  // 1..6
  return (1u << bits) | ((prefix.address().value() << depth) >> (32 - bits));
}

// Slots under a heap index: the first and how many.
std::pair<uint32_t, uint32_t> slots_under(uint32_t index) {
  const auto bits = static_cast<uint32_t>(std::bit_width(index)) - 1;
  return {(index << (kStride - bits)) - 64, 1u << (kStride - bits)};
}

uint64_t& map_of(std::byte* node) { return *reinterpret_cast<uint64_t*>(node); }
uint32_t* entries_of(std::byte* node) {
  return reinterpret_cast<uint32_t*>(node + sizeof(uint64_t));
}

}  // namespace

PoplineTable::PoplineTable(rte_rcu_qsbr* qsbr)
    : LiveTable(TableKind::popline),
      limbo_(qsbr),
      arena_(kFirstUnits),
      root_(popline::allocate(root_bytes(kNarrowRoot))),
      root_bits_(kNarrowRoot) {
  std::fill_n(reinterpret_cast<uint32_t*>(root_.get()), 1u << root_bits_, kMiss);
  publish_view({});
}

PoplineTable::~PoplineTable() = default;

GroupId PoplineTable::lookup(Ipv4Address destination) const {
  const uint32_t entry = popline::find(popline_view(), destination.value());
  return entry == kMiss ? default_group() : entry;
}

void PoplineTable::lookup(std::span<const uint32_t> destinations, std::span<GroupId> groups) const {
  if (destinations.size() != groups.size()) bug("sizes of a look-up differ", groups.size());
  popline::best_find().many(popline_view(), destinations.data(), destinations.size(),
                            default_group(), groups.data());
}

size_t PoplineTable::bytes() const {
  return sizeof *this + arena_.bytes() + root_bytes(root_bits_) +
         nodes_ * (sizeof(Node) + sizeof(Node*)) + routes_ * sizeof(GroupId);
}

// ---- Room --------------------------------------------------------------------------------------

// A change makes each node anew at most once, and no node more than four times as large.
bool PoplineTable::has_room() const {
  constexpr size_t kPath = 1024;
  return arena_.high_water() + 4 * live_units_ + kPath <= popline::Arena::kMaxUnits;
}

// Takes back what readers have left. Only between changes: during one, what was replaced may still
// be reachable, and no grace period may begin before it is not.
bool PoplineTable::make_room() {
  const auto reclaim = [this] {
    limbo_.reclaim([this](popline::Limbo::Block block) { arena_.give_back(block); });
  };
  if (limbo_.is_due()) reclaim();
  if (has_room()) return true;
  limbo_.wait();
  reclaim();
  return has_room();
}

uint32_t PoplineTable::take(uint32_t size_class) {
  live_units_ += 1u << size_class;
  if (const uint32_t unit = arena_.take(size_class)) return unit;
  if (arena_.units() == popline::Arena::kMaxUnits) bug("out of nodes", arena_.units());
  // Readers of the old array must not find nodes of the new one: they keep a root of their own.
  popline::Memory root = popline::allocate(root_bytes(root_bits_));
  std::memcpy(root.get(), root_.get(), root_bytes(root_bits_));
  std::swap(root_, root);
  limbo_.add(arena_.grow());
  publish_view(std::move(root));
  return arena_.take(size_class);
}

void PoplineTable::retire(uint32_t unit) {
  const auto entries = static_cast<uint32_t>(std::popcount(map_of(arena_.node(unit))));
  const uint32_t size_class = popline::Arena::class_for(entries);
  live_units_ -= 1u << size_class;
  limbo_.add(popline::Limbo::Block{unit, size_class});
}

void PoplineTable::publish_view(popline::Memory replaced_root) {
  auto next = std::make_unique<const popline::View>(
      popline::View{reinterpret_cast<const uint32_t*>(root_.get()), arena_.base(), root_bits_});
  view_.popline.store(next.get(), std::memory_order_release);
  std::swap(current_view_, next);
  if (next) limbo_.add(std::move(next));
  if (replaced_root) limbo_.add(std::move(replaced_root));
}

// ---- What readers see --------------------------------------------------------------------------

// Writes the entries of a node that stands in the root, where it has no children.
void PoplineTable::paint(const Step& step, uint32_t first_slot, uint32_t slots) {
  auto* root = reinterpret_cast<uint32_t*>(root_.get());
  const auto values = step.node->values(step.inherited);
  const uint32_t shift = root_bits_ - step.depth - kStride;
  for (uint32_t slot = first_slot; slot < first_slot + slots; ++slot) {
    if (step.node->child(slot) != nullptr) continue;
    const size_t first = size_t{(step.path << kStride) | slot} << shift;
    for (size_t i = first; i < first + (size_t{1} << shift); ++i) store(root[i], values[64 + slot]);
  }
}

// Writes a whole new root that nobody reads yet.
void PoplineTable::fill_root(const Node& node, uint32_t depth, uint32_t path, GroupId inherited) {
  paint({const_cast<Node*>(&node), depth, path, inherited, 0}, 0, 64);
  for (uint32_t slot = 0; slot < 64; ++slot) {
    const Node* child = node.child(slot);
    if (child == nullptr) continue;
    const uint32_t below = (path << kStride) | slot;
    if (depth + kStride == root_bits_) {
      reinterpret_cast<uint32_t*>(root_.get())[below] = kNodeFlag | child->data;
    } else {
      fill_root(*child, depth + kStride, below, node.group_at(64 + slot, inherited));
    }
  }
}

void PoplineTable::widen_root() {
  popline::Memory narrow = popline::allocate(root_bytes(kWideRoot));
  std::swap(root_, narrow);
  root_bits_ = kWideRoot;
  fill_root(trie_, 0, 0, kMiss);
  publish_view(std::move(narrow));
  // The nodes that stood below the narrow root now stand in the wide one.
  for (uint32_t i = 0; i < 64; ++i) {
    const Node* above = trie_.child(i);
    for (uint32_t k = 0; above != nullptr && k < 64; ++k) {
      Node* node = above->child(k);
      if (node == nullptr) continue;
      retire(node->data);
      node->data = 0;
    }
  }
}

// Makes the node that readers see from what the trie says; its children are made already. Where
// the map stays as it is the entries are written in place: a reader sees each old or new.
void PoplineTable::render(Node& node, GroupId inherited) {
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
  if (old != 0 && map_of(arena_.node(old)) == map) {
    uint32_t* live = entries_of(arena_.node(old));
    for (uint32_t i = 0; i < count; ++i) store(live[i], entries[i]);
    return;
  }
  node.data = take(popline::Arena::class_for(count));
  std::byte* fresh = arena_.node(node.data);
  map_of(fresh) = map;
  std::copy_n(entries.begin(), count, entries_of(fresh));
  if (old != 0) retire(old);
}

void PoplineTable::patch(const Node& parent, uint32_t slot, uint32_t entry) {
  std::byte* node = arena_.node(parent.data);
  const auto rank = static_cast<uint32_t>(std::popcount(map_of(node) << (63 - slot)));
  store(entries_of(node)[rank - 1], entry);
}

// Brings what readers see of a node and all below it in line with another inherited group.
void PoplineTable::repaint(Node& node, uint32_t depth, uint32_t path, GroupId inherited) {
  const Step step{&node, depth, path, inherited, 0};
  for (uint32_t slot = 0; slot < 64; ++slot) {
    Node* child = node.child(slot);
    if (child == nullptr || node.longest_of_slot(slot) != 0) continue;
    repaint(*child, depth + kStride, (path << kStride) | slot, inherited);
  }
  if (depth < root_bits_) return paint(step, 0, 64);
  render(node, inherited);
  if (depth == root_bits_) {
    store(reinterpret_cast<uint32_t*>(root_.get())[path], kNodeFlag | node.data);
  }
}

// Repaints the children under a heap index whose longest match in the step's node is now `group`.
void PoplineTable::repaint_children(const Step& step, uint32_t heap_index, GroupId group) {
  const auto [first, slots] = slots_under(heap_index);
  const uint32_t longest = step.node->longest_at(heap_index);
  for (uint32_t slot = first; slot < first + slots; ++slot) {
    Node* child = step.node->child(slot);
    if (child == nullptr || step.node->longest_of_slot(slot) != longest) continue;
    repaint(*child, step.depth + kStride, (step.path << kStride) | slot, group);
  }
}

// Makes the last step's node anew, and whatever above it must change to name it.
void PoplineTable::publish() {
  for (size_t k = steps_.size() - 1;; --k) {
    const Step& step = steps_[k];
    const uint32_t before = step.node->data;
    render(*step.node, step.inherited);
    if (step.node->data == before) return;
    const uint32_t entry = kNodeFlag | step.node->data;
    if (step.depth == root_bits_) {
      return store(reinterpret_cast<uint32_t*>(root_.get())[step.path], entry);
    }
    const Step& parent = steps_[k - 1];
    if (before != 0) return patch(*parent.node, parent.slot, entry);
    // A new node where the parent had a group: the parent's map changes.
  }
}

// ---- Changes -----------------------------------------------------------------------------------

// Fills steps_ with the nodes down to the one that holds the prefix. `missing(node, slot)` makes a
// child, or says with null that the walk ends.
template <typename Missing>
bool PoplineTable::walk(Ipv4Prefix prefix, Missing missing) {
  const uint32_t address = prefix.address().value();
  steps_.clear();
  steps_.push_back({&trie_, 0, 0, kMiss, 0});
  while (prefix.length() > steps_.back().depth + kStride) {
    Step& step = steps_.back();
    step.slot = slot_of(address, step.depth);
    Node* child = step.node->child(step.slot);
    if (child == nullptr) child = missing(*step.node, step.slot);
    if (child == nullptr) return false;
    const GroupId inherited = step.node->group_at(64 + step.slot, step.inherited);
    const uint32_t depth = step.depth + kStride;
    steps_.push_back({child, depth, address >> (32 - depth), inherited, 0});
  }
  return true;
}

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
  (void)walk(prefix, [this](Node& parent, uint32_t slot) {
    auto* child = new Node;
    parent.add_child(slot, child);
    ++nodes_;
    return child;
  });
  const Step& last = steps_.back();
  const uint32_t index = heap_index(prefix, last.depth);
  if (last.node->has(index)) {
    if (last.node->group(index) == group) return {};
    last.node->group(index) = group;
  } else {
    last.node->add(index, group);
    ++routes_;
  }
  repaint_children(last, index, group);
  if (last.depth < root_bits_) {
    const auto [first, slots] = slots_under(index);
    paint(last, first, slots);
  } else {
    publish();
  }
  if (root_bits_ == kNarrowRoot && routes_ >= kWidenAt) widen_root();
  return {};
}

bool PoplineTable::erase(Ipv4Prefix prefix) {
  if (prefix.length() == 0) return erase_default();
  (void)make_room();
  if (!walk(prefix, [](Node&, uint32_t) { return static_cast<Node*>(nullptr); })) return false;
  const Step bottom = steps_.back();
  const uint32_t index = heap_index(prefix, bottom.depth);
  if (!bottom.node->has(index)) return false;
  bottom.node->remove(index);
  --routes_;
  repaint_children(bottom, index, bottom.node->group_at(index, bottom.inherited));
  if (bottom.depth < root_bits_) {
    const auto [first, slots] = slots_under(index);
    paint(bottom, first, slots);
  }
  // Empty nodes go, from the bottom up; readers may be in them until they are quiescent.
  std::array<uint32_t, 6> gone{};
  size_t gone_count = 0;
  while (steps_.size() > 1 && steps_.back().node->is_empty()) {
    Node* node = steps_.back().node;
    steps_.pop_back();
    steps_.back().node->remove_child(steps_.back().slot);
    if (node->data != 0) gone[gone_count++] = node->data;
    delete node;
    --nodes_;
  }
  const Step& last = steps_.back();
  if (last.depth >= root_bits_) {
    publish();
  } else if (gone_count != 0) {
    paint(last, last.slot, 1);
  }
  for (size_t i = 0; i < gone_count; ++i) retire(gone[i]);
  return true;
}

}  // namespace skyhop::lpm
