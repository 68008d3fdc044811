#include "dataplane/stages/esp.h"

#include <rte_mbuf.h>

#include "dataplane/ipsec/tunnel.h"
#include "dataplane/worker.h"

namespace skyhop::dataplane {
namespace {

using ipsec::Fault;

DropReason reason_of(Fault fault) {
  switch (fault) {
    case Fault::unknown_spi:
      return DropReason::esp_unknown_spi;
    case Fault::malformed:
      return DropReason::esp_malformed;
    case Fault::bad_checksum:
      return DropReason::bad_checksum;
    case Fault::replayed:
      return DropReason::esp_replayed;
    case Fault::authentication:
      return DropReason::esp_auth_failed;
    case Fault::no_association:
      return DropReason::esp_no_sa;
    case Fault::sequence_overflow:
      return DropReason::esp_overflow;
    case Fault::none:
    case Fault::no_room:
      break;
  }
  return DropReason::no_buffer;
}

void drop_faulty(Worker& w, RouterIndex at, const ipsec::Parcel& parcel, Batch& batch) {
  const uint32_t count = batch.count;
  uint32_t kept = 0;
  for (uint32_t i = 0; i < count; ++i) {
    if (parcel.fault[i] != Fault::none) {
      w.drop(at, reason_of(parcel.fault[i]), batch.ref[i]);
      continue;
    }
    batch.destination[kept] = batch.destination[i];
    batch.hash[kept] = batch.hash[i];
    batch.info[kept] = batch.info[i];
    batch.ref[kept] = batch.ref[i];
    ++kept;
  }
  batch.count = kept;
}

void find_frames(PassTable& pass, const Batch& batch) {
  for (uint32_t i = 0; i < batch.count; ++i) {
    const uint32_t ref = batch.ref[i];
    pass.frame[ref] = rte_pktmbuf_mtod(pass.packet[ref], uint8_t*);
  }
}

}  // namespace

void seal_batch(Worker& w, RouterIndex from, LinkIndex link, ipsec::Tunnel& tunnel, Batch& batch) {
  const uint64_t start = rte_rdtsc();
  ipsec::Parcel& parcel = w.ipsec->parcel;
  parcel.count = batch.count;
  for (uint32_t i = 0; i < batch.count; ++i) {
    parcel.packet[i] = w.pass.packet[batch.ref[i]];
    parcel.hash[i] = batch.hash[i];
  }
  if (tunnel.seal(*w.ipsec, parcel) != 0) [[unlikely]]
    drop_faulty(w, from, parcel, batch);
  find_frames(w.pass, batch);
  LinkCounters& counters = w.link_counters[link];
  counters.sealed += batch.count;
  counters.seal_cycles += rte_rdtsc() - start;
}

void open_batch(Worker& w, LinkIndex link, ipsec::Tunnel& tunnel, Batch& batch) {
  const uint64_t start = rte_rdtsc();
  ipsec::Parcel& parcel = w.ipsec->parcel;
  parcel.count = batch.count;
  for (uint32_t i = 0; i < batch.count; ++i) parcel.packet[i] = w.pass.packet[batch.ref[i]];
  if (tunnel.open(*w.ipsec, parcel) != 0) [[unlikely]] {
    drop_faulty(w, w.tables.links[link].to, parcel, batch);
  }
  find_frames(w.pass, batch);
  LinkCounters& counters = w.link_counters[link];
  counters.opened += batch.count;
  counters.open_cycles += rte_rdtsc() - start;
}

}  // namespace skyhop::dataplane
