// The rare ways of a packet: what the batches' fast stages leave to be done one by one.
#include <rte_mbuf.h>

#include <cstring>

#include "dataplane/stages/fragment.h"
#include "dataplane/stages/icmp.h"
#include "dataplane/stages/input.h"
#include "dataplane/stages/rewrite.h"
#include "dataplane/worker.h"

namespace skyhop::dataplane {
namespace {

std::span<uint8_t> ip_of(const PassTable& pass, uint32_t row) {
  return {pass.frame[row] + kEthernetLength, info::length(pass.info[row])};
}

// Queues a packet that the router made, for its own look-up in the next pass.
bool originate(Worker& w, RouterIndex router, rte_mbuf* packet) {
  const uint32_t count = w.originated_count.load(std::memory_order_relaxed);
  if (count == Worker::kOriginated) return false;
  w.originated[(w.originated_head + count) % Worker::kOriginated] = {packet, rte_rdtsc(), router};
  w.originated_count.store(count + 1, std::memory_order_relaxed);
  ++w.counters.originated;
  return true;
}

void set_length(rte_mbuf* packet, uint32_t ip_length) {
  packet->data_len = static_cast<uint16_t>(kEthernetLength + ip_length);
  packet->pkt_len = packet->data_len;
}

// Fills new rows, behind all others, with the fragments of a packet; false when there is no room.
bool fragment(Worker& w, uint32_t mtu, uint32_t row, RowSet& rows) {
  PassTable& pass = w.pass;
  const auto ip = ip_of(pass, row);
  const FragmentPlan plan = plan_fragments(ip, mtu);
  if (plan.count == 0 || !pass.has_room(plan.count)) return false;
  rte_mbuf* packets[kRows];
  if (rte_pktmbuf_alloc_bulk(w.tables.pool, packets, plan.count) != 0) return false;

  write_header(ip.data(), pass.info[row]);
  const uint32_t ttl_and_left = pass.info[row] & 0xffff;
  for (uint32_t k = 0; k < plan.count; ++k) {
    const uint32_t piece = pass.count++;
    auto* frame = rte_pktmbuf_mtod(packets[k], uint8_t*);
    std::memcpy(frame, pass.frame[row], kEthernetLength);
    const uint32_t length = build_fragment(ip, plan, k, frame + kEthernetLength);
    set_length(packets[k], length);
    pass.packet[piece] = packets[k];
    pass.frame[piece] = frame;
    pass.stamp[piece] = pass.stamp[row];
    pass.destination[piece] = pass.destination[row];
    pass.net[piece] = pass.net[row];
    pass.hash[piece] = lpm::flow_hash(flow_of(frame + kEthernetLength));
    pass.info[piece] = (length << 16) | ttl_and_left;
    std::memcpy(&pass.came[piece], frame + kEthernetLength + kChangingWord, sizeof(uint32_t));
    pass.flow[piece] = FlowEntry::none();
    rows.add(piece);
  }
  // One packet became several: it lives on in the first, the others are new.
  w.counters.originated += plan.count - 1;
  return true;
}

}  // namespace

void report(Worker& w, RouterIndex index, const IcmpError& error, uint32_t row, uint32_t row_info) {
  const Router& router = w.tables.routers[index];
  const auto ip = ip_of(w.pass, row);
  if (!router.answers_icmp || !may_report(ip)) return;
  rte_mbuf* packet = rte_pktmbuf_alloc(w.tables.pool);
  if (packet == nullptr) return;
  write_header(ip.data(), row_info);
  auto* frame = rte_pktmbuf_mtod(packet, uint8_t*);
  std::memcpy(frame, w.pass.frame[row], kEthernetLength);
  set_length(packet,
             build_icmp_error(error, Ipv4Address(router.address), ip, frame + kEthernetLength));
  if (!originate(w, index, packet)) rte_pktmbuf_free(packet);
}

void answer_local(Worker& w, RouterIndex index, const RowSet& rows) {
  const Router& router = w.tables.routers[index];
  rows.for_each([&](uint32_t row) {
    const auto ip = ip_of(w.pass, row);
    if (!router.answers_icmp || !is_echo_request(ip)) {
      return w.count_drops(index, DropReason::local_unhandled, 1);
    }
    rte_mbuf* packet = w.pass.packet[row];
    turn_into_echo_reply(ip);
    set_length(packet, static_cast<uint32_t>(ip.size()));
    if (originate(w, index, packet)) {
      w.pass.gone.add(row);
      w.count_drops(index, DropReason::answered, 1);
    } else {
      w.count_drops(index, DropReason::no_buffer, 1);
    }
  });
}

void expire(Worker& w, RouterIndex index, bool forwards, RowSet& rows) {
  const Router& router = w.tables.routers[index];
  const uint32_t step = info::kOneCrossed + (router.decrements_ttl ? info::kOneTtl : 0);
  rows.for_each([&](uint32_t row) {
    const uint32_t came = w.pass.info[row] + step;
    if (router.decrements_ttl && info::ttl(came) < 2) {
      w.pass.info[row] = came;  // an info that went below zero names no length
      report(w, index, IcmpError::time_exceeded(), row, came);
      w.count_drops(index, DropReason::ttl_expired, 1);
    } else if (forwards && info::left(came) < 2) {
      w.count_drops(index, DropReason::looping, 1);
    } else {
      return;
    }
    rows.remove(row);
  });
}

// Fragments stand in new rows behind all others. So that no packet of the set overtakes them, what
// comes after the first of them moves behind it.
void fit_mtu(Worker& w, RouterIndex index, uint32_t mtu, RowSet& rows) {
  constexpr uint32_t kDontFragment = 0x4000;
  const Router& router = w.tables.routers[index];
  PassTable& pass = w.pass;
  const RowSet came = rows;
  bool moves = false;
  came.for_each([&](uint32_t row) {
    if (info::length(pass.info[row]) <= mtu) {
      if (!moves) return;
      rows.remove(row);
      if (!pass.has_room(1)) return w.count_drops(index, DropReason::no_buffer, 1);
      return rows.add(pass.move_to_end(row));
    }
    rows.remove(row);
    const uint8_t* ip = pass.frame[row] + kEthernetLength;
    const bool may_cut = (load_be16(ip + 6) & kDontFragment) == 0;
    if (!router.answers_icmp) {
      w.count_drops(index, DropReason::mtu_exceeded, 1);
    } else if (!may_cut) {
      // Quoted as it came, before this router's decrement.
      const uint32_t info = pass.info[row] + (router.decrements_ttl ? info::kOneTtl : 0);
      report(w, index, IcmpError::fragmentation_needed(mtu), row, info);
      w.count_drops(index, DropReason::mtu_exceeded, 1);
    } else if (fragment(w, mtu, row, rows)) {
      moves = true;
    } else {
      w.count_drops(index, DropReason::no_buffer, 1);
    }
  });
}

bool admit(Worker& w, const Filter& filter, uint32_t row) {
  return filter.admit(filter_input(w.pass.frame[row] + kEthernetLength), w.counters.flow_evictions);
}

void guard_rows(Worker& w, RouterIndex index, const Guard& guard, RowSet& rows) {
  rows.for_each([&](uint32_t row) {
    const uint8_t* ip = w.pass.frame[row] + kEthernetLength;
    if (guard.admits(load_be32(ip + 12))) return;
    w.count_drops(index, DropReason::forwarded_traffic, 1);
    rows.remove(row);
  });
}

void translate_rows(Worker& w, RouterIndex index, NatIndex nat, RowSet& rows) {
  const Nat& rules = *w.tables.nats[nat];
  const auto now = static_cast<uint32_t>(rte_rdtsc() / w.tables.tsc_hz);
  PassTable& pass = w.pass;
  rows.for_each([&](uint32_t row) {
    uint8_t* const ip = pass.frame[row] + kEthernetLength;
    const NatOutcome outcome = rules.apply(ip, now);
    if (outcome == NatOutcome::failed) {
      w.count_drops(index, DropReason::nat_failed, 1);
      rows.remove(row);
    } else if (outcome == NatOutcome::translated) {
      const uint32_t hash = lpm::flow_hash(flow_of(ip));
      fill_row(pass, row, {load_be32(ip + 16), hash, pass.info[row], pass.flow[row].is_present()});
    }
  });
}

bool make_contiguous(Worker& w, RouterIndex index, rte_mbuf* packet) {
  if (rte_pktmbuf_linearize(packet) == 0) return true;
  w.count_drops(index, DropReason::no_buffer, 1);
  rte_pktmbuf_free(packet);
  return false;
}

void inspect_slowly(Worker& w, RouterIndex index, uint32_t row, RowSet& rows) {
  Inspected packet;
  const auto reason = inspect(w.pass.frame[row], w.pass.length[row], packet);
  if (reason) return w.count_drops(index, *reason, 1);
  fill_row(w.pass, row, packet);
  rows.add(row);
}

void fill_row(PassTable& pass, uint32_t row, const Inspected& packet) {
  pass.destination[row] = packet.destination;
  pass.net[row] = packet.destination >> 8;
  pass.hash[row] = packet.hash;
  pass.info[row] = packet.info;
  std::memcpy(&pass.came[row], pass.frame[row] + kEthernetLength + kChangingWord, sizeof(uint32_t));
  pass.flow[row] = packet.is_plain ? FlowEntry::of(flow_of(pass.frame[row] + kEthernetLength))
                                   : FlowEntry::none();
}

}  // namespace skyhop::dataplane
