#include "dataplane/links/crossing.h"

#include <algorithm>

#include "dataplane/worker.h"

namespace skyhop::dataplane {
namespace {

// From where packets are due to the far router's queue; `now` is the TSC.
void arrive(Worker& w, RouterIndex from, LinkIndex index, const RowSet& rows, uint64_t now) {
  const Link& link = w.tables.links[index];
  if (!link.is_up.load(std::memory_order_relaxed)) [[unlikely]] {
    return w.drop_all(from, DropReason::link_down, rows);
  }
  w.enqueue(link.to, rows, now);
}

// Keeps packets until `due`.
void hold(Worker& w, RouterIndex from, LinkIndex link, Crossing::State& state, uint64_t due,
          const RowSet& rows) {
  PassTable& pass = w.pass;
  rows.for_each([&](uint32_t row) {
    Held held;
    held.due = due;
    held.packet = pass.packet[row];
    held.frame = pass.frame[row];
    held.stamp = pass.stamp[row];
    held.destination = pass.destination[row];
    held.hash = pass.hash[row];
    held.info = pass.info[row];
    held.link = link;
    held.from = from;
    held.is_plain = pass.flow[row].is_present();
    if (w.calendar->add(held)) {
      pass.gone.add(row);
      ++state.held;
    } else {
      w.count_drops(from, DropReason::no_buffer, 1);
    }
  });
  w.held_count.store(w.calendar->count(), std::memory_order_relaxed);
}

uint32_t take_row(Worker& w, const Held& held) {
  PassTable& pass = w.pass;
  const uint32_t row = pass.count++;
  pass.packet[row] = held.packet;
  pass.frame[row] = held.frame;
  pass.stamp[row] = held.stamp;
  fill_row(pass, row, {held.destination, held.hash, held.info, held.is_plain});
  return row;
}

}  // namespace

void cross(Worker& w, RouterIndex from, LinkIndex index, const RowSet& rows, uint64_t tsc) {
  const Crossing& crossing = *w.tables.links[index].crossing.load(std::memory_order_acquire);
  const uint64_t now = w.link_time();
  Crossing::State& state = crossing.states[w.index];
  const uint64_t due = std::max(now + crossing.delay, state.last_due);
  // What is held and due already still comes first.
  if (due <= now && state.held == 0) return arrive(w, from, index, rows, tsc);
  state.last_due = due;
  hold(w, from, index, state, due, rows);
}

bool release_held(Worker& w) {
  const uint64_t now = w.link_time();
  const uint64_t tsc = rte_rdtsc();
  // Packets of one link that follow each other arrive together; rows are taken from what inputs
  // leave over.
  RowSet rows;
  Crossing::State* state = nullptr;
  RouterIndex from = 0;
  LinkIndex link = 0;
  Held held;
  uint32_t room = Worker::kReleased;
  for (; room != 0 && w.calendar->take(now, held); --room) {
    if (state == nullptr || held.link != link || held.from != from) {
      if (state != nullptr) arrive(w, from, link, rows, tsc);
      rows.clear();
      link = held.link;
      from = held.from;
      const Crossing* crossing = w.tables.links[link].crossing.load(std::memory_order_acquire);
      state = &crossing->states[w.index];
    }
    --state->held;
    rows.add(take_row(w, held));
  }
  if (state != nullptr) arrive(w, from, link, rows, tsc);
  w.has_one_stamp = false;
  w.held_count.store(w.calendar->count(), std::memory_order_relaxed);
  return room != 0;
}

}  // namespace skyhop::dataplane
