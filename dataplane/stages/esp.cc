#include "dataplane/stages/esp.h"

#include <rte_mbuf.h>

#include "dataplane/ipsec/tunnel.h"
#include "dataplane/stages/input.h"
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

void drop_faulty(Worker& w, RouterIndex at, const ipsec::Parcel& parcel, RowSet& rows) {
  uint32_t lane = 0;
  rows.for_each([&](uint32_t row) {
    const Fault fault = parcel.fault[lane++];
    if (fault == Fault::none) return;
    w.count_drops(at, reason_of(fault), 1);
    rows.remove(row);
  });
}

}  // namespace

void seal_rows(Worker& w, RouterIndex from, LinkIndex link, ipsec::Tunnel& tunnel, RowSet& rows) {
  const uint64_t start = rte_rdtsc();
  PassTable& pass = w.pass;
  ipsec::Parcel& parcel = w.ipsec->parcel;
  parcel.count = 0;
  rows.for_each([&](uint32_t row) {
    parcel.packet[parcel.count] = pass.packet[row];
    parcel.hash[parcel.count++] = pass.hash[row];
  });
  const uint32_t refused = tunnel.seal(*w.ipsec, parcel);
  if (refused != 0) [[unlikely]]
    drop_faulty(w, from, parcel, rows);
  rows.for_each(
      [&](uint32_t row) { pass.frame[row] = rte_pktmbuf_mtod(pass.packet[row], uint8_t*); });
  LinkCounters& counters = w.link_counters[link];
  counters.sealed += parcel.count - refused;
  counters.seal_cycles += rte_rdtsc() - start;
}

void open_rows(Worker& w, LinkIndex link, ipsec::Tunnel& tunnel, RowSet& rows) {
  const uint64_t start = rte_rdtsc();
  PassTable& pass = w.pass;
  ipsec::Parcel& parcel = w.ipsec->parcel;
  parcel.count = 0;
  rows.for_each([&](uint32_t row) { parcel.packet[parcel.count++] = pass.packet[row]; });
  const uint32_t refused = tunnel.open(*w.ipsec, parcel);
  if (refused != 0) [[unlikely]]
    drop_faulty(w, w.tables.links[link].to, parcel, rows);
  rows.for_each([&](uint32_t row) {
    pass.frame[row] = rte_pktmbuf_mtod(pass.packet[row], uint8_t*);
    // What is read from the header itself may have come from the outer one, and congestion on the
    // way changes the inner one.
    fill_row(pass, row,
             {pass.destination[row], pass.hash[row], pass.info[row], pass.flow[row].is_present()});
  });
  LinkCounters& counters = w.link_counters[link];
  counters.opened += parcel.count - refused;
  counters.open_cycles += rte_rdtsc() - start;
}

}  // namespace skyhop::dataplane
