#include "dataplane/nat_table.h"

#include <algorithm>
#include <bit>

namespace skyhop::dataplane {
namespace {

constexpr uint32_t kNoSlot = ~uint32_t{0};
constexpr uint32_t kEntering = 2;  // beside FlowEntry::kPresent

FlowEntry entry_of(NatSide side, const lpm::FlowKey& key) {
  FlowEntry entry = FlowEntry::of(key);
  if (side == NatSide::entering) entry.protocol_word |= kEntering;
  return entry;
}

uint32_t ports_of(const lpm::FlowKey& key) {
  return (uint32_t{key.source_port} << 16) | key.destination_port;
}

// Where the two sides of one 5-tuple stand, and what a value says its key was, must differ.
uint32_t hash_of(NatSide side, const lpm::FlowKey& key) {
  const uint32_t hash = lpm::flow_hash(key);
  return side == NatSide::leaving ? hash : std::rotl(hash, 11) * 0x9E3779B1u;
}
uint32_t tag_of(NatSide side, const lpm::FlowKey& key) {
  return (hash_of(side, key) ^ 0x5bd1e995u) * 0xC2B2AE3Du | 1u;
}

template <typename T>
__m128i load(const T& whole) {
  return _mm_load_si128(reinterpret_cast<const __m128i*>(&whole));
}
template <typename T>
void store(T& to, const T& from) {
  _mm_store_si128(reinterpret_cast<__m128i*>(&to), load(from));
}
bool is_equal(__m128i a, __m128i b) { return _mm_movemask_epi8(_mm_cmpeq_epi32(a, b)) == 0xffff; }

}  // namespace

NatTable::NatTable(uint32_t entries)
    : mask_(std::bit_ceil(std::max(entries, 64u)) / kWays - 1),
      keys_(std::make_unique<FlowEntry[]>(size_t{mask_ + 1} * kWays)),
      values_(std::make_unique<Value[]>(size_t{mask_ + 1} * kWays)),
      used_(std::make_unique<std::atomic<uint32_t>[]>(size_t{mask_ + 1} * kWays)) {}

uint32_t NatTable::idle_timeout(uint8_t protocol) {
  switch (protocol) {
    case 6:
      return 7440;  // RFC 5382, REQ-5: two hours and four minutes
    case 1:
      return 60;  // RFC 5508, REQ-1
    default:
      return 300;  // RFC 4787, REQ-5
  }
}

bool NatTable::is_alive(uint32_t used, uint8_t protocol, uint32_t now) const {
  if (used == kFree) return false;
  // Another worker's clock may be a second ahead.
  const uint32_t since = used - kFirstTime;
  return used == kBusy || since >= now || now - since <= idle_timeout(protocol);
}

bool NatTable::find(NatSide side, const lpm::FlowKey& key, lpm::FlowKey& translated, uint32_t now) {
  const FlowEntry wanted = entry_of(side, key);
  const uint32_t first = first_slot(hash_of(side, key));
  for (uint32_t slot = first; slot < first + kWays; ++slot) {
    if (!is_equal(load(keys_[slot]), load(wanted))) continue;
    Value value;
    _mm_store_si128(reinterpret_cast<__m128i*>(&value), load(values_[slot]));
    if (value.tag != tag_of(side, key)) continue;
    const uint32_t used = used_[slot].load(std::memory_order_relaxed);
    if (!is_alive(used, key.protocol, now)) continue;
    // Not while another worker owns it: its word says so.
    uint32_t expected = used;
    if (used >= kFirstTime && used != kFirstTime + now) {
      used_[slot].compare_exchange_strong(expected, kFirstTime + now, std::memory_order_relaxed);
    }
    translated = {lpm::Ipv4Address(value.source), lpm::Ipv4Address(value.destination),
                  static_cast<uint16_t>(value.ports >> 16), static_cast<uint16_t>(value.ports),
                  key.protocol};
    return true;
  }
  return false;
}

uint32_t NatTable::claim(NatSide side, const lpm::FlowKey& key, const lpm::FlowKey& translated,
                         uint32_t now, Outcome& outcome) {
  const FlowEntry entry = entry_of(side, key);
  const uint32_t first = first_slot(hash_of(side, key));
  const auto holder = [&](uint32_t but) {
    for (uint32_t slot = first; slot < first + kWays; ++slot) {
      if (slot != but && is_equal(load(keys_[slot]), load(entry)) &&
          is_alive(used_[slot].load(std::memory_order_acquire), key.protocol, now)) {
        return slot;
      }
    }
    return kNoSlot;
  };
  outcome = Outcome::taken;
  if (holder(kNoSlot) != kNoSlot) return kNoSlot;
  for (uint32_t slot = first; slot < first + kWays; ++slot) {
    uint32_t used = used_[slot].load(std::memory_order_relaxed);
    const auto protocol = static_cast<uint8_t>(keys_[slot].protocol_word >> 8);
    if (is_alive(used, protocol, now)) continue;
    if (!used_[slot].compare_exchange_strong(used, kBusy, std::memory_order_acquire)) continue;
    store(values_[slot], Value{.source = translated.source.value(),
                               .destination = translated.destination.value(),
                               .ports = ports_of(translated),
                               .tag = tag_of(side, key)});
    store(keys_[slot], entry);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    // Two workers may have claimed for one key at once: the lower slot stays.
    if (holder(slot) < slot) {
      release(slot);
      return kNoSlot;
    }
    used_[slot].store(kFirstTime + now, std::memory_order_release);
    outcome = Outcome::added;
    return slot;
  }
  outcome = Outcome::full;
  return kNoSlot;
}

void NatTable::release(uint32_t slot) {
  store(keys_[slot], FlowEntry{});
  used_[slot].store(kFree, std::memory_order_release);
}

NatTable::Outcome NatTable::insert(NatSide side, const lpm::FlowKey& key,
                                   const lpm::FlowKey& translated, uint32_t now) {
  Outcome outcome = Outcome::added;
  // Replies first: they are what must not be taken for another flow's.
  const uint32_t reply =
      claim(other_side(side), reverse_direction(translated), reverse_direction(key), now, outcome);
  if (reply == kNoSlot) return outcome;
  if (claim(side, key, translated, now, outcome) == kNoSlot) release(reply);
  return outcome;
}

}  // namespace skyhop::dataplane
