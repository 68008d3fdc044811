#include "dataplane/links/crossing.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "dataplane/links/capture.h"
#include "dataplane/links/overhead.h"
#include "dataplane/stages/esp.h"
#include "dataplane/stages/input.h"
#include "dataplane/stages/rewrite.h"
#include "dataplane/worker.h"

namespace skyhop::dataplane {
namespace {

// Held::fate
constexpr uint8_t kLost = 1, kDuplicated = 2, kCorrupted = 4, kReordered = 8, kOutOfTurn = 16;
// Held::stage of a packet behind all limits.
constexpr uint8_t kWire = kMaxLimits;
// Held::delay
constexpr unsigned kDelayBits = 6;

/// One worker at one link, with what all packets of a set share.
struct Transit {
  Transit(Worker& worker, RouterIndex sender, LinkIndex link_index)
      : w(worker),
        from(sender),
        index(link_index),
        link(w.tables.links[index]),
        crossing(*link.crossing.load(std::memory_order_acquire)),
        state(crossing.states[w.index]) {}

  Worker& w;
  const RouterIndex from;
  const LinkIndex index;
  const Link& link;
  const Crossing& crossing;
  Crossing::State& state;
};

uint32_t octets_of(const Transit& t, const Held& held) {
  return t.link.overhead.on_wire(info::length(held.info));
}

// Writes out what is on the link: the header with its TTL, the packet without what padded its
// frame.
void depart(PassTable& pass, const RowSet& rows) {
  rows.for_each([&](uint32_t row) {
    write_header(pass.frame[row] + kEthernetLength, pass.info[row]);
    rte_mbuf* packet = pass.packet[row];
    packet->data_len = static_cast<uint16_t>(kEthernetLength + info::length(pass.info[row]));
    packet->pkt_len = packet->data_len;
  });
}

// Draws all that chance has for a packet.
void draw_fate(const Transit& t, Held& held) {
  const Crossing& crossing = t.crossing;
  Crossing::State& state = t.state;
  int64_t delay = static_cast<int64_t>(crossing.delay) + crossing.jitter.draw(state.jitters);
  if (delay < 0) delay = 0;
  if (crossing.jitter_reorders) held.fate |= kOutOfTurn;
  if (!crossing.loss.is_never() && crossing.loss.loses(state.losses, state.is_bad)) {
    held.fate |= kLost;
  }
  if (!crossing.duplicates.is_never() && crossing.duplicates.happens(state.duplications)) {
    held.fate |= kDuplicated;
  }
  if (!crossing.corrupts.is_never() && crossing.corrupts.happens(state.corruptions)) {
    held.fate |= kCorrupted;
  }
  if (!crossing.reorders.is_never() && crossing.reorders.happens(state.reorderings)) {
    held.fate |= kReordered | kOutOfTurn;
    delay += static_cast<int64_t>(crossing.reorder_delay);
  }
  constexpr uint64_t kRound = (uint64_t{1} << kDelayBits) - 1;
  const uint64_t units = (static_cast<uint64_t>(delay) + kRound) >> kDelayBits;
  held.delay = static_cast<uint32_t>(std::min<uint64_t>(units, UINT32_MAX));
}

// Packets of a stage that those behind them must not overtake.
bool counts(const Held& held) { return held.stage != kWire || (held.fate & kOutOfTurn) == 0; }

// Puts a packet into the calendar until held.due; false when it is full, and the packet dropped.
bool keep(const Transit& t, const Held& held) {
  if (!t.w.calendar->add(held)) {
    t.w.count_drops(t.from, DropReason::no_buffer, 1);
    return false;
  }
  if (counts(held)) ++t.state.waiting[held.stage];
  return true;
}
bool keep(const Transit& t, const Held& held, uint32_t row) {
  const bool is_kept = keep(t, held);
  if (is_kept) t.w.pass.gone.add(row);
  return is_kept;
}

// Makes a packet's copy, which arrives when it does or right behind. It is one more packet of the
// model, even when there is no room for it.
void duplicate(const Transit& t, const Held& held, uint64_t due) {
  Worker& w = t.w;
  ++t.state.counters.duplicated;
  ++w.counters.originated;
  rte_mbuf* packet = rte_pktmbuf_alloc(w.tables.pool);
  if (packet == nullptr) return w.count_drops(t.from, DropReason::no_buffer, 1);
  Held copy = held;
  packet->data_off = held.packet->data_off;  // the same room on both sides
  copy.packet = packet;
  copy.frame = rte_pktmbuf_mtod(packet, uint8_t*);
  copy.due = due;
  copy.stage = kWire;
  copy.fate = kOutOfTurn;
  std::memcpy(copy.frame, held.frame, held.packet->data_len);
  packet->data_len = held.packet->data_len;
  packet->pkt_len = packet->data_len;
  if (!keep(t, copy)) rte_pktmbuf_free(packet);
}

// Flips one bit of what is on the link.
void corrupt(const Transit& t, const Held& held) {
  ++t.state.counters.corrupted;
  const uint32_t octets = held.packet->data_len - kEthernetLength;
  const uint32_t bit = t.state.places.below(octets * 8);
  held.frame[kEthernetLength + bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
}

// The limits, from the packet's stage on. False when it waits at one, or is gone; `at` is the time
// at which it comes, and goes on.
bool pass_limits(const Transit& t, Held& held, uint32_t row, uint64_t at) {
  const uint32_t octets = octets_of(t, held);
  for (; held.stage < t.crossing.limit_count; ++held.stage) {
    const Crossing::Limit& limit = t.crossing.limits[held.stage];
    const bool must_wait = t.state.waiting[held.stage] != 0;
    if (!limit.rate.is_limited() && !must_wait) continue;
    const Admission admission = limit.shaper->admit(limit.rate, at, octets, must_wait);
    LimitCounters& counters = t.state.counters.limits[held.stage];
    const size_t by = admission.by_packets ? LimitCounters::kByPackets : LimitCounters::kByBits;
    counters.held_up[by] += admission.is_held_up ? 1 : 0;
    if (admission.verdict == Admission::Verdict::passes) continue;
    if (admission.verdict == Admission::Verdict::refused) {
      ++counters.refused[by];
      t.state.counters.refused_octets += octets;
      t.w.count_drops(t.from, DropReason::queue_full, 1);
      return false;
    }
    counters.queue_packets_max = std::max(counters.queue_packets_max, admission.depth);
    counters.queue_octets_max = std::max(counters.queue_octets_max, admission.octets);
    held.due = admission.due;
    if (!keep(t, held, row)) limit.shaper->leave(octets);
    return false;
  }
  held.stage = kWire;
  return true;
}

// The wire, from the time at which a packet is on it. True when the packet arrives now.
// `is_behind`: others arrived in this pass that those now sent must not meet before the next one.
bool pass_wire(const Transit& t, Held& held, uint32_t row, uint64_t at, uint64_t now,
               bool is_behind) {
  if ((held.fate & kLost) != 0) {
    ++t.state.counters.lost;
    t.w.count_drops(t.from, DropReason::link_loss, 1);
    return false;
  }
  held.due = at + (uint64_t{held.delay} << kDelayBits);
  if ((held.fate & kOutOfTurn) == 0) {
    held.due = std::max(held.due, t.state.last_due);
    t.state.last_due = held.due;
  }
  // What is due and not released yet still comes first.
  is_behind |= t.state.waiting[kWire] != 0;
  const bool arrives = held.due <= now && (!counts(held) || !is_behind);
  const bool is_kept = arrives || keep(t, held, row);
  if (is_kept && (held.fate & kReordered) != 0) ++t.state.counters.reordered;
  if (is_kept && (held.fate & kDuplicated) != 0) duplicate(t, held, held.due);
  if (is_kept && (held.fate & kCorrupted) != 0) corrupt(t, held);
  return arrives;
}

// The far router reads a corrupted header with the eyes of its input checks.
bool survives(const Transit& t, const Held& held, uint32_t row) {
  Inspected packet;
  if (const auto reason = inspect(held.frame, held.packet->data_len, packet)) {
    t.w.count_drops(t.link.to, *reason, 1);
    return false;
  }
  packet.info = info::make(info::length(packet.info), info::ttl(packet.info),
                           info::kMaxCrossed - info::left(held.info));
  fill_row(t.w.pass, row, packet);
  return true;
}

// Puts a packet that arrives into the set.
void emit(const Transit& t, const Held& held, uint32_t row, RowSet& rows) {
  // What a tunnel carries is judged when it is opened.
  const bool is_suspect = (held.fate & kCorrupted) != 0 && t.crossing.tunnels == nullptr;
  if (is_suspect && !survives(t, held, row)) return;
  rows.add(row);
}

// From where packets are due to the far router's queue; `tsc` is now.
void arrive(const Transit& t, RowSet& rows, uint64_t tsc) {
  if (!t.link.is_up.load(std::memory_order_relaxed)) [[unlikely]] {
    t.state.counters.cut += rows.count();
    return t.w.drop_all(t.from, DropReason::link_down, rows);
  }
  // A router that is down opens nothing: enqueue() drops for it.
  if (t.crossing.tunnels != nullptr && !rows.is_empty() &&
      t.w.tables.routers[t.link.to].is_up.load(std::memory_order_relaxed)) {
    open_rows(t.w, t.index, *t.crossing.tunnels[t.w.index], rows);
  }
  if (t.link.nat_entering != 0) translate_rows(t.w, t.link.to, t.link.nat_entering, rows);
  t.w.enqueue(t.link.to, rows, tsc);
}

// A row for a packet that comes back from the calendar.
uint32_t take_row(PassTable& pass, const Held& held) {
  const uint32_t row = pass.count++;
  pass.packet[row] = held.packet;
  pass.frame[row] = held.frame;
  pass.stamp[row] = held.stamp;
  fill_row(pass, row, {held.destination, held.hash, held.info, held.is_plain});
  return row;
}

// One packet whose time has come where it waited. True when it arrives.
bool go_on(const Transit& t, Held& held, uint32_t row, uint64_t now) {
  if (counts(held)) --t.state.waiting[held.stage];
  if (held.stage == kWire) {
    t.w.counters.lateness_cycles.record(t.w.link_time() - held.due);
    return true;
  }
  t.crossing.limits[held.stage].shaper->leave(octets_of(t, held));
  ++held.stage;
  // Its time counts, not when the worker came to see it.
  const uint64_t at = held.due;
  return pass_limits(t, held, row, at) && pass_wire(t, held, row, at, now, false);
}

// Limits and wire for what has been sent; what arrives at once.
RowSet pass_link(const Transit& t, const RowSet& rows, uint64_t now, bool is_behind) {
  Worker& w = t.w;
  PassTable& pass = w.pass;
  RowSet arriving;
  rows.for_each([&](uint32_t row) {
    Held held;
    held.packet = pass.packet[row];
    held.frame = pass.frame[row];
    held.stamp = pass.stamp[row];
    held.destination = pass.destination[row];
    held.hash = pass.hash[row];
    held.info = pass.info[row];
    held.link = t.index;
    held.from = t.from;
    held.is_plain = pass.flow[row].is_present();
    draw_fate(t, held);
    if (pass_limits(t, held, row, now) && pass_wire(t, held, row, now, now, is_behind)) {
      emit(t, held, row, arriving);
    }
  });
  w.held_count.store(w.calendar->count(), std::memory_order_relaxed);
  return arriving;
}

}  // namespace

void Crossing::State::seed(uint64_t seed) {
  Random random(seed);
  for (Random* each : {&losses, &duplications, &corruptions, &places, &reorderings, &jitters}) {
    *each = Random(random.next());
  }
}

void cross(Worker& w, RouterIndex from, LinkIndex index, const RowSet& sent, uint64_t tsc) {
  const Transit t(w, from, index);
  const Crossing& crossing = t.crossing;
  const uint64_t now = w.link_time();
  LinkCounters& counters = w.link_counters[index];
  const uint64_t esp_cycles = counters.seal_cycles + counters.open_cycles;
  if (crossing.writes_packets()) depart(w.pass, sent);
  RowSet rows = sent;
  if (crossing.tunnels != nullptr) seal_rows(w, from, index, *crossing.tunnels[w.index], rows);
  if (crossing.capture != nullptr) [[unlikely]]
    crossing.capture->write(w.pass, rows);
  const bool is_behind = t.state.arrived_in == w.passes.load(std::memory_order_relaxed);
  if (!crossing.is_instant || is_behind || !t.state.is_clear(now)) {
    rows = pass_link(t, rows, now, is_behind);
  }
  arrive(t, rows, tsc);
  // The router that is being routed counts all of its time; this part is the link's.
  w.router_counters[from].cycles -= counters.seal_cycles + counters.open_cycles - esp_cycles;
}

void arrive_from_outside(Worker& w, LinkIndex index, uint32_t count, uint64_t tsc) {
  PassTable& pass = w.pass;
  const Link& link = w.tables.links[index];
  const Crossing* crossing = link.crossing.load(std::memory_order_acquire);
  RowSet rows;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t row = pass.count++;
    pass.frame[row] = rte_pktmbuf_mtod(pass.packet[row], uint8_t*);
    pass.stamp[row] = tsc;
    rows.add(row);
  }
  w.counters.offered += count;
  w.has_one_stamp = false;
  if (!link.is_up.load(std::memory_order_relaxed)) {
    return w.drop_all(link.to, DropReason::link_down, rows);
  }
  if (crossing != nullptr && crossing->tunnels != nullptr) {
    open_rows(w, index, *crossing->tunnels[w.index], rows);
  }
  // Only now does anybody know what they are.
  RowSet good;
  rows.for_each([&](uint32_t row) {
    pass.length[row] = pass.packet[row]->data_len;
    inspect_slowly(w, link.to, row, good);
  });
  if (link.nat_entering != 0) translate_rows(w, link.to, link.nat_entering, good);
  w.enqueue(link.to, good, tsc);
}

bool release_held(Worker& w) {
  const uint64_t now = w.link_time();
  const uint64_t tsc = rte_rdtsc();
  // What arrives from one link.
  std::optional<Transit> t;
  RowSet rows;
  Held held;
  uint32_t room = Worker::kReleased;
  for (; room != 0 && w.calendar->take(now, held); --room) {
    if (!t || held.link != t->index || held.from != t->from) {
      if (t) arrive(*t, rows, tsc);
      rows.clear();
      t.emplace(w, held.from, held.link);
    }
    const uint32_t row = take_row(w.pass, held);
    if (!go_on(*t, held, row, now)) continue;
    t->state.arrived_in = w.passes.load(std::memory_order_relaxed);
    emit(*t, held, row, rows);
  }
  if (t) arrive(*t, rows, tsc);
  w.has_one_stamp = false;
  w.held_count.store(w.calendar->count(), std::memory_order_relaxed);
  return room != 0;
}

}  // namespace skyhop::dataplane
