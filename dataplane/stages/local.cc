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

std::span<uint8_t> ip_of(Worker& w, uint32_t ref, uint32_t lane_info) {
  return {w.pass.frame[ref] + kEthernetLength, info::length(lane_info)};
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

void copy_lane(Batch& to, const Batch& from, uint32_t i) {
  const uint32_t at = to.count++;
  to.destination[at] = from.destination[i];
  to.hash[at] = from.hash[i];
  to.info[at] = from.info[i];
  to.ref[at] = from.ref[i];
}

// Replaces a lane by the fragments of its packet, in order; false when there is no room for them.
bool fragment(Worker& w, uint32_t mtu, const Batch& batch, uint32_t i, Batch& out) {
  const uint32_t ref = batch.ref[i];
  const auto ip = ip_of(w, ref, batch.info[i]);
  const FragmentPlan plan = plan_fragments(ip, mtu);
  if (plan.count == 0 || w.pass.count + plan.count > kBatchCapacity) return false;
  rte_mbuf* packets[kBatchCapacity];
  if (rte_pktmbuf_alloc_bulk(w.tables.pool, packets, plan.count) != 0) return false;

  write_header(ip.data(), batch.info[i]);
  const uint32_t ttl_and_crossed = batch.info[i] & 0xffff;
  for (uint32_t k = 0; k < plan.count; ++k) {
    const uint32_t piece = w.pass.count++;
    auto* frame = rte_pktmbuf_mtod(packets[k], uint8_t*);
    std::memcpy(frame, w.pass.frame[ref], kEthernetLength);
    const uint32_t length = build_fragment(ip, plan, k, frame + kEthernetLength);
    set_length(packets[k], length);
    w.pass.packet[piece] = packets[k];
    w.pass.frame[piece] = frame;
    w.pass.stamp[piece] = w.pass.stamp[ref];
    w.pass.shape[piece] = PassTable::kUnusual;
    const uint32_t at = out.count++;
    out.destination[at] = batch.destination[i];
    out.hash[at] = lpm::flow_hash(flow_of(frame + kEthernetLength));
    out.info[at] = (length << 16) | ttl_and_crossed;
    out.ref[at] = piece;
  }
  // One packet became several: it lives on in the first, the others are new.
  w.counters.originated += plan.count - 1;
  w.release(w.pass.packet[ref]);
  return true;
}

}  // namespace

void report(Worker& w, RouterIndex index, const IcmpError& error, uint32_t ref,
            uint32_t lane_info) {
  const Router& router = w.tables.routers[index];
  const auto ip = ip_of(w, ref, lane_info);
  if (!router.answers_icmp || !may_report(ip)) return;
  rte_mbuf* packet = rte_pktmbuf_alloc(w.tables.pool);
  if (packet == nullptr) return;
  write_header(ip.data(), lane_info);
  auto* frame = rte_pktmbuf_mtod(packet, uint8_t*);
  std::memcpy(frame, w.pass.frame[ref], kEthernetLength);
  set_length(packet,
             build_icmp_error(error, Ipv4Address(router.address), ip, frame + kEthernetLength));
  if (!originate(w, index, packet)) w.release(packet);
}

void answer_local(Worker& w, RouterIndex index, Batch* batch) {
  const Router& router = w.tables.routers[index];
  for (uint32_t i = 0; i < batch->count; ++i) {
    const uint32_t ref = batch->ref[i];
    const auto ip = ip_of(w, ref, batch->info[i]);
    if (!router.answers_icmp || !is_echo_request(ip)) {
      w.drop(index, DropReason::local_unhandled, ref);
      continue;
    }
    rte_mbuf* packet = w.pass.packet[ref];
    turn_into_echo_reply(ip);
    set_length(packet, info::length(batch->info[i]));
    if (originate(w, index, packet)) {
      w.count_drops(index, DropReason::answered, 1);
    } else {
      w.drop(index, DropReason::no_buffer, ref);
    }
  }
  w.give_back(batch);
}

void age_slowly(Worker& w, RouterIndex index, bool forwards, Batch& batch) {
  const Router& router = w.tables.routers[index];
  const uint32_t count = batch.count;
  batch.count = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t value = batch.info[i];
    if (router.decrements_ttl && info::ttl(value) < 2) {
      report(w, index, IcmpError::time_exceeded(), batch.ref[i], value);
      w.drop(index, DropReason::ttl_expired, batch.ref[i]);
    } else if (forwards && info::crossed(value) + 1 >= info::kMaxCrossed) {
      w.drop(index, DropReason::looping, batch.ref[i]);
    } else {
      batch.info[i] += info::kOneCrossed;
      if (router.decrements_ttl) batch.info[i] -= info::kOneTtl;
      copy_lane(batch, batch, i);
    }
  }
}

void fit_mtu(Worker& w, RouterIndex index, uint32_t mtu, Batch& batch) {
  constexpr uint32_t kDontFragment = 0x4000;
  const Router& router = w.tables.routers[index];
  Batch* out = w.take_batch();
  for (uint32_t i = 0; i < batch.count; ++i) {
    if (info::length(batch.info[i]) <= mtu) {
      copy_lane(*out, batch, i);
      continue;
    }
    const uint32_t ref = batch.ref[i];
    const uint8_t* ip = w.pass.frame[ref] + kEthernetLength;
    const bool may_cut = (load_be16(ip + 6) & kDontFragment) == 0;
    if (!router.answers_icmp) {
      w.drop(index, DropReason::mtu_exceeded, ref);
    } else if (!may_cut) {
      // Quoted as it came, before this router's decrement.
      const uint32_t came = batch.info[i] + (router.decrements_ttl ? info::kOneTtl : 0);
      report(w, index, IcmpError::fragmentation_needed(mtu), ref, came);
      w.drop(index, DropReason::mtu_exceeded, ref);
    } else if (!fragment(w, mtu, batch, i, *out)) {
      w.drop(index, DropReason::no_buffer, ref);
    }
  }
  batch.count = 0;
  Worker::append(batch, *out);
  w.give_back(out);
}

bool admit(Worker& w, const Filter& filter, uint32_t ref) {
  return filter.admit(filter_input(w.pass.frame[ref] + kEthernetLength), w.counters.flow_evictions);
}

void guard_batch(Worker& w, RouterIndex index, const Guard& guard, Batch& batch) {
  const uint32_t count = batch.count;
  batch.count = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const uint8_t* ip = w.pass.frame[batch.ref[i]] + kEthernetLength;
    if (guard.admits(load_be32(ip + 12))) {
      copy_lane(batch, batch, i);
    } else {
      w.drop(index, DropReason::forwarded_traffic, batch.ref[i]);
    }
  }
}

void translate_batch(Worker& w, RouterIndex index, NatIndex nat, Batch& batch) {
  const Nat& rules = *w.tables.nats[nat];
  const auto now = static_cast<uint32_t>(rte_rdtsc() / w.tables.tsc_hz);
  const uint32_t count = batch.count;
  batch.count = 0;
  for (uint32_t i = 0; i < count; ++i) {
    uint8_t* const ip = w.pass.frame[batch.ref[i]] + kEthernetLength;
    const NatOutcome outcome = rules.apply(ip, now);
    if (outcome == NatOutcome::failed) {
      w.drop(index, DropReason::nat_failed, batch.ref[i]);
      continue;
    }
    if (outcome == NatOutcome::translated) {
      batch.destination[i] = load_be32(ip + 16);
      batch.hash[i] = lpm::flow_hash(flow_of(ip));
    }
    copy_lane(batch, batch, i);
  }
}

bool make_contiguous(Worker& w, RouterIndex index, rte_mbuf* packet) {
  if (rte_pktmbuf_linearize(packet) == 0) return true;
  w.count_drops(index, DropReason::no_buffer, 1);
  rte_pktmbuf_free(packet);
  return false;
}

void inspect_slowly(Worker& w, RouterIndex index, uint32_t ref, Batch& batch) {
  Inspected lane;
  const auto reason = inspect(w.pass.frame[ref], w.pass.length[ref], lane);
  if (reason) return w.drop(index, *reason, ref);
  w.pass.shape[ref] = lane.shape;
  const uint32_t at = batch.count++;
  batch.destination[at] = lane.destination;
  batch.hash[at] = lane.hash;
  batch.info[at] = lane.info;
  batch.ref[at] = ref;
}

}  // namespace skyhop::dataplane
