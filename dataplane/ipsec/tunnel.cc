#include "dataplane/ipsec/tunnel.h"

#include <rte_crypto.h>
#include <rte_cryptodev.h>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace skyhop::dataplane::ipsec {
namespace {

/// An SPI stands in one of so many places from its own on.
constexpr uint32_t kProbes = 8;

uint32_t inner_octets(const rte_mbuf* packet) { return packet->pkt_len - kEthernet; }

/// Which of n tunnels a flow uses. Routers have used the upper bits of the hash for ECMP.
uint32_t member_of(uint32_t hash, uint32_t members) {
  hash = (hash ^ (hash >> 16)) * 0x7feb352du;
  hash = (hash ^ (hash >> 15)) * 0x846ca68bu;
  return static_cast<uint32_t>((uint64_t{hash ^ (hash >> 16)} * members) >> 32);
}

/// The lane of a run whose buffer is `packet`: there is one.
uint32_t lane_of(const Parcel& parcel, const uint16_t* lanes, const rte_mbuf* packet) {
  while (parcel.packet[*lanes] != packet) ++lanes;
  return *lanes;
}

}  // namespace

// ---- Workspace ----------------------------------------------------------------------------------

Result<std::unique_ptr<Workspace>> Workspace::create(unsigned number, uint16_t queue) {
  auto workspace = std::unique_ptr<Workspace>(new Workspace(queue));
  const std::string name = "esp-ops-" + std::to_string(number) + "-" + std::to_string(queue);
  workspace->pool_ = rte_crypto_op_pool_create(name.c_str(), RTE_CRYPTO_OP_TYPE_SYMMETRIC, kRows, 0,
                                               kIvRoom, static_cast<int>(SOCKET_ID_ANY));
  if (workspace->pool_ == nullptr ||
      rte_crypto_op_bulk_alloc(workspace->pool_, RTE_CRYPTO_OP_TYPE_SYMMETRIC,
                               workspace->ops_.data(), kRows) != kRows) {
    return fail(std::string("cannot make crypto operations: ") + rte_strerror(rte_errno));
  }
  return workspace;
}

Workspace::~Workspace() {
  if (ops_[0] != nullptr) {
    rte_mempool_put_bulk(pool_, reinterpret_cast<void**>(ops_.data()), kRows);
  }
  rte_mempool_free(pool_);
}

// ---- What the control thread does ---------------------------------------------------------------

Tunnel::Tunnel(lpm::Ipv4Address source, lpm::Ipv4Address destination, uint32_t members,
               uint32_t spares, uint32_t associations)
    : source_(source.value()),
      destination_(destination.value()),
      spare_mask_(std::bit_ceil(spares) - 1),
      spare_count_(spares),
      members_(members) {
  for (Member& member : members_) {
    member.spares = std::make_unique<std::atomic<Association*>[]>(spare_mask_ + 1);
  }
  // A quarter full at most, so that an SPI finds a place among its first few.
  const uint32_t places = std::max(std::bit_ceil(4 * members * associations), 64u);
  table_shift_ = 32 - static_cast<uint32_t>(std::countr_zero(places));
  table_ = std::make_unique<std::atomic<Association*>[]>(places + kProbes);
}

bool Tunnel::admit(Association* association) {
  if (find(association->spi) != nullptr) return false;
  const uint32_t first = slot_of(association->spi);
  for (uint32_t i = first; i < first + kProbes; ++i) {
    if (table_[i].load(std::memory_order_relaxed) != nullptr) continue;
    table_[i].store(association, std::memory_order_release);
    return true;
  }
  return false;
}

void Tunnel::dismiss(const Association* association) {
  const uint32_t first = slot_of(association->spi);
  for (uint32_t i = first; i < first + kProbes; ++i) {
    if (table_[i].load(std::memory_order_relaxed) == association) {
      table_[i].store(nullptr, std::memory_order_release);
    }
  }
}

bool Tunnel::provide(uint32_t index, Association* association) {
  Member& member = members_[index];
  if (member.current.load(std::memory_order_relaxed) == nullptr) {
    member.current.store(association, std::memory_order_release);
    return true;
  }
  if (spares(index) == spare_count_) return false;
  const uint32_t tail = member.tail.load(std::memory_order_relaxed);
  member.spares[tail & spare_mask_].store(association, std::memory_order_relaxed);
  member.tail.store(tail + 1, std::memory_order_release);
  return true;
}

uint32_t Tunnel::spares(uint32_t index) const {
  const Member& member = members_[index];
  return member.tail.load(std::memory_order_acquire) - member.head.load(std::memory_order_acquire);
}

// ---- Sealing ------------------------------------------------------------------------------------

Association* Tunnel::replace(Member& member, Association* current) {
  const uint32_t head = member.head.load(std::memory_order_relaxed);
  Association* next = member.spares[head & spare_mask_].load(std::memory_order_relaxed);
  member.head.store(head + 1, std::memory_order_release);
  member.current.store(next, std::memory_order_release);
  current->is_replaced.store(true, std::memory_order_release);
  return next;
}

void Tunnel::assign(Workspace& w, Parcel& parcel, Member& member, uint32_t first, uint32_t count) {
  Association* association = member.current.load(std::memory_order_relaxed);
  while (count != 0) {
    const bool has_spare =
        member.tail.load(std::memory_order_acquire) != member.head.load(std::memory_order_relaxed);
    Association& a = *association;
    const bool is_expired = a.is_expired.load(std::memory_order_relaxed);
    const bool is_old = a.packets >= std::min(a.soft_packets, a.sequence_packets) ||
                        a.octets >= a.soft_octets || is_expired ||
                        a.is_old.load(std::memory_order_relaxed);
    if (is_old && has_spare) {
      association = replace(member, association);
      continue;
    }
    const uint64_t most_packets =
        std::min(has_spare ? a.soft_packets : a.hard_packets, a.sequence_packets);
    const uint64_t most_octets = has_spare ? a.soft_octets : a.hard_octets;
    uint32_t taken = 0;
    if (!is_expired) [[likely]] {
      // An SA ends with the packet that uses up its octets.
      while (taken < count && a.packets < most_packets && a.octets < most_octets) {
        ++a.packets;
        a.octets += inner_octets(parcel.packet[w.order_[first + taken]]);
        ++taken;
      }
    }
    if (taken != 0) w.runs_[w.run_count_++] = {association, first, taken, 0};
    first += taken;
    count -= taken;
    if (count != 0 && !has_spare) {
      const Fault fault =
          a.packets >= a.sequence_packets ? Fault::sequence_overflow : Fault::no_association;
      for (uint32_t i = 0; i < count; ++i) parcel.fault[w.order_[first + i]] = fault;
      return;
    }
  }
}

void Tunnel::spread(Workspace& w, Parcel& parcel) {
  const uint32_t count = parcel.count;
  const auto members = static_cast<uint32_t>(members_.size());
  if (members == 1) {
    for (uint32_t i = 0; i < count; ++i) w.order_[i] = static_cast<uint16_t>(i);
    return assign(w, parcel, members_[0], 0, count);
  }
  // Counting sort: lanes of a member keep their order.
  constexpr uint32_t kMostMembers = 64;
  uint16_t starts[kMostMembers + 1] = {};
  uint8_t chosen[kRows];
  for (uint32_t i = 0; i < count; ++i) {
    chosen[i] = static_cast<uint8_t>(member_of(parcel.hash[i], members));
    ++starts[chosen[i] + 1];
  }
  for (uint32_t i = 1; i <= members; ++i)
    starts[i] = static_cast<uint16_t>(starts[i] + starts[i - 1]);
  uint16_t at[kMostMembers];
  std::copy_n(starts, members, at);
  for (uint32_t i = 0; i < count; ++i) w.order_[at[chosen[i]]++] = static_cast<uint16_t>(i);
  for (uint32_t i = 0; i < members; ++i) {
    const uint32_t lanes = starts[i + 1] - starts[i];
    if (lanes != 0) assign(w, parcel, members_[i], starts[i], lanes);
  }
}

namespace {

/// Sends operations through the engine's queue, and waits for them: in order, all of them. Failed
/// ones leave a flag on their buffers, as the library's process step wants it.
void run_queue(uint8_t engine, uint16_t queue, rte_crypto_op** ops, rte_crypto_op** done,
               uint32_t count) {
  uint32_t sent = 0, received = 0;
  while (received != count) {
    if (sent != count) {
      sent += rte_cryptodev_enqueue_burst(engine, queue, ops + sent,
                                          static_cast<uint16_t>(count - sent));
    }
    received += rte_cryptodev_dequeue_burst(engine, queue, done + received,
                                            static_cast<uint16_t>(count - received));
  }
  for (uint32_t i = 0; i < count; ++i) {
    if (done[i]->status != RTE_CRYPTO_OP_STATUS_SUCCESS) [[unlikely]] {
      // Behind the operation; the compiler takes `sym` for an array of nothing.
      const auto* symmetric = reinterpret_cast<const rte_crypto_sym_op*>(done[i] + 1);
      symmetric->m_src->ol_flags |= RTE_MBUF_F_RX_SEC_OFFLOAD_FAILED;
    }
  }
}

/// The library's last step; how many packets are good, and stand first.
uint32_t process(const Half& half, rte_mbuf** packets, uint32_t prepared) {
  if (prepared == 0) return 0;  // the library makes arrays of that length
  return rte_ipsec_pkt_process(half.session(), packets, static_cast<uint16_t>(prepared));
}

}  // namespace

uint32_t Tunnel::seal(Workspace& w, Parcel& parcel) {
  std::fill_n(parcel.fault.begin(), parcel.count, Fault::none);
  w.run_count_ = 0;
  spread(w, parcel);
  uint32_t queued = 0;
  for (uint32_t r = 0; r < w.run_count_; ++r) {
    Workspace::Run& run = w.runs_[r];
    rte_mbuf** packets = &w.sorted_[run.first];
    for (uint32_t i = 0; i < run.count; ++i) {
      const uint32_t lane = w.order_[run.first + i];
      rte_mbuf* packet = parcel.packet[lane];
      packets[i] = packet;
      packet->tx_offload = kEthernet;  // l2_len, and nothing else
      std::memcpy(&w.fragment_[lane], rte_pktmbuf_mtod_offset(packet, uint8_t*, kEthernet + 6), 2);
    }
    const rte_ipsec_session* session = run.association->seal.session();
    const auto count = static_cast<uint16_t>(run.count);
    if (run.association->works_in_call) {
      run.good = rte_ipsec_pkt_cpu_prepare(session, packets, count);
      continue;
    }
    for (uint32_t i = 0; i < run.count; ++i) {
      // The IV that the library puts in front is encrypted with this one (association.h).
      std::memset(reinterpret_cast<uint8_t*>(w.ops_[queued + i]) + kIvOffset, 0, kIvRoom);
    }
    run.good = rte_ipsec_pkt_crypto_prepare(session, packets, &w.ops_[queued], count);
    queued += run.good;
  }
  if (queued != 0) {
    run_queue(w.runs_[0].association->engine, w.queue_, w.ops_.data(), w.done_.data(), queued);
  }
  uint32_t good = 0;
  for (uint32_t r = 0; r < w.run_count_; ++r) {
    Workspace::Run& run = w.runs_[r];
    rte_mbuf** packets = &w.sorted_[run.first];
    const uint16_t* lanes = &w.order_[run.first];
    run.good = process(run.association->seal, packets, run.good);
    for (uint32_t i = run.good; i < run.count; ++i) {
      packets[i]->ol_flags &= ~RTE_MBUF_F_RX_SEC_OFFLOAD_FAILED;
      parcel.fault[lane_of(parcel, lanes, packets[i])] = Fault::no_room;
    }
    good += run.good;
    for (uint32_t i = 0; i < run.count; ++i) {
      if (parcel.fault[lanes[i]] != Fault::none) continue;
      finish_outer(rte_pktmbuf_mtod_offset(parcel.packet[lanes[i]], uint8_t*, kEthernet),
                   run.association->constants, w.fragment_[lanes[i]]);
    }
  }
  return parcel.count - good;
}

// ---- Opening ------------------------------------------------------------------------------------

Association* Tunnel::find(uint32_t spi) const {
  const uint32_t first = slot_of(spi);
  for (uint32_t i = first; i < first + kProbes; ++i) {
    Association* association = table_[i].load(std::memory_order_acquire);
    if (association != nullptr && association->spi == spi) return association;
  }
  return nullptr;
}

uint32_t Tunnel::open(Workspace& w, Parcel& parcel) {
  const uint32_t count = parcel.count;
  const uint32_t call = ++w.call_;
  w.run_count_ = 0;
  uint32_t congested = 0;
  // Whose is it?
  Association* last = nullptr;
  for (uint32_t lane = 0; lane < count; ++lane) {
    rte_mbuf* packet = parcel.packet[lane];
    w.frame_[lane] = rte_pktmbuf_mtod(packet, uint8_t*);
    w.association_[lane] = nullptr;
    Sealed sealed;
    if (const auto fault = read_sealed({w.frame_[lane], packet->data_len}, sealed)) {
      parcel.fault[lane] =
          *fault == SealedFault::bad_checksum ? Fault::bad_checksum : Fault::malformed;
      continue;
    }
    Association* association = last;
    if (last == nullptr || last->spi != sealed.spi) association = find(sealed.spi);
    if (association == nullptr || sealed.destination != destination_ || sealed.source != source_) {
      parcel.fault[lane] = Fault::unknown_spi;
      continue;
    }
    last = association;
    const Association& a = *association;
    const uint32_t payload = sealed.length - kEspHeader - a.iv - a.icv;
    if (sealed.offset != a.outer_length || sealed.length < a.least_length ||
        (payload & a.block_mask) != 0) {
      parcel.fault[lane] = Fault::malformed;
      continue;
    }
    parcel.fault[lane] = Fault::none;
    w.association_[lane] = association;
    w.sequence_[lane] = sealed.sequence;
    packet->data_len = static_cast<uint16_t>(sealed.offset + sealed.length);
    packet->pkt_len = packet->data_len;
    packet->tx_offload = kEthernet | (uint64_t{sealed.offset - kEthernet} << RTE_MBUF_L2_LEN_BITS);
    if (sealed.is_congested) [[unlikely]]
      w.congested_[congested++] = static_cast<uint16_t>(lane);
    if (association->call != call) {
      association->call = call;
      association->group = w.run_count_;
      w.runs_[w.run_count_++] = {association, 0, 0, 0};
    }
    ++w.runs_[association->group].count;
  }
  // Lanes of an SA together, in their order.
  uint32_t start = 0;
  for (uint32_t r = 0; r < w.run_count_; ++r) {
    w.runs_[r].first = start;
    start += w.runs_[r].count;
    w.runs_[r].good = w.runs_[r].first;  // where the next lane goes
  }
  for (uint32_t lane = 0; lane < count; ++lane) {
    if (w.association_[lane] == nullptr) continue;
    const uint32_t at = w.runs_[w.association_[lane]->group].good++;
    w.order_[at] = static_cast<uint16_t>(lane);
    w.sorted_[at] = parcel.packet[lane];
  }

  // Of what goes in, the library refuses only what the replay window has seen or left behind: all
  // lengths are right.
  uint32_t queued = 0;
  for (uint32_t r = 0; r < w.run_count_; ++r) {
    Workspace::Run& run = w.runs_[r];
    rte_mbuf** packets = &w.sorted_[run.first];
    const rte_ipsec_session* session = run.association->open.session();
    const auto lanes = static_cast<uint16_t>(run.count);
    if (run.association->works_in_call) {
      run.good = rte_ipsec_pkt_cpu_prepare(session, packets, lanes);
    } else {
      run.good = rte_ipsec_pkt_crypto_prepare(session, packets, &w.ops_[queued], lanes);
      queued += run.good;
    }
  }
  if (queued != 0) {
    run_queue(w.runs_[0].association->engine, w.queue_, w.ops_.data(), w.done_.data(), queued);
  }
  uint32_t good = 0;
  for (uint32_t r = 0; r < w.run_count_; ++r) {
    Workspace::Run& run = w.runs_[r];
    rte_mbuf** packets = &w.sorted_[run.first];
    const uint16_t* lanes = &w.order_[run.first];
    const uint32_t prepared = run.good;
    run.good = process(run.association->open, packets, prepared);
    for (uint32_t i = run.good; i < run.count; ++i) {
      rte_mbuf* packet = packets[i];
      const uint32_t lane = lane_of(parcel, lanes, packet);
      Fault fault = Fault::replayed;
      if ((packet->ol_flags & RTE_MBUF_F_RX_SEC_OFFLOAD_FAILED) != 0) {
        packet->ol_flags &= ~RTE_MBUF_F_RX_SEC_OFFLOAD_FAILED;
        fault = Fault::authentication;
      } else if (i < prepared && rte_pktmbuf_mtod(packet, uint8_t*) == w.frame_[lane]) {
        // Genuine, but not what was agreed: padding or next header. A second copy in the same
        // burst, in contrast, was stripped of its headers before the window refused it.
        fault = Fault::malformed;
      }
      parcel.fault[lane] = fault;
    }
    // The good ones keep their order: each stands behind the one before.
    const uint16_t* next = lanes;
    uint32_t taken = 0;
    for (uint32_t i = 0; i < run.good; ++i) {
      rte_mbuf* packet = packets[i];
      while (parcel.packet[*next] != packet) ++next;
      const uint32_t lane = *next++;
      if (!run.association->window.take(w.sequence_[lane])) [[unlikely]] {
        parcel.fault[lane] = Fault::replayed;
        continue;
      }
      ++taken;
      packet->data_off = static_cast<uint16_t>(packet->data_off - kEthernet);
      packet->data_len = static_cast<uint16_t>(packet->data_len + kEthernet);
      packet->pkt_len = packet->data_len;
      constexpr uint16_t kIpv4Type = 0x0008;  // as in memory
      std::memcpy(rte_pktmbuf_mtod_offset(packet, uint8_t*, 12), &kIpv4Type, sizeof kIpv4Type);
    }
    run.association->opened.store(run.association->opened.load(std::memory_order_relaxed) + taken,
                                  std::memory_order_relaxed);
    good += taken;
  }
  for (uint32_t i = 0; i < congested; ++i) {
    const uint32_t lane = w.congested_[i];
    if (parcel.fault[lane] != Fault::none) continue;
    mark_congested(rte_pktmbuf_mtod_offset(parcel.packet[lane], uint8_t*, kEthernet));
  }
  return count - good;
}

}  // namespace skyhop::dataplane::ipsec
