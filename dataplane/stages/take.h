// The fast reader of the input stage: plain UDP and TCP packets, unfragmented, without options.
// Everything else goes to inspect() (stages/input.h), which also names what is wrong.
//
// Included by hot_loop.cc only, in the namespace of the CPU level.

/// What a plain, good packet leaves in its lane; false: not plain, or not good.
SKYHOP_INLINE bool read_plain(const uint8_t* frame, uint32_t length, Inspected& out) {
  constexpr uint32_t kLeast = kEthernetLength + kMinIpv4Header + 8;
  if (length < kLeast) return false;
  uint64_t words[2];  // version .. header checksum, source
  uint32_t destination_be, ports_be;
  std::memcpy(words, frame + 14, 16);
  std::memcpy(&destination_be, frame + 30, 4);
  std::memcpy(&ports_be, frame + 34, 4);
  uint32_t type_and_version;  // EtherType 0800, version 4, five words of header
  std::memcpy(&type_and_version, frame + 12, 4);
  const uint32_t protocol = (words[1] >> 8) & 0xff;
  const uint32_t total = __builtin_bswap16(static_cast<uint16_t>(words[0] >> 16));
  const bool is_fragment = (words[0] & 0xff3f000000000000ull) != 0;
  if ((type_and_version & 0x00ffffff) != 0x00450008 || is_fragment ||
      (protocol != 17 && protocol != 6) || total < kMinIpv4Header + 8 ||
      total > length - kEthernetLength) {
    return false;
  }
  uint64_t sum = (words[0] & 0xffffffff) + (words[0] >> 32) + (words[1] & 0xffffffff) +
                 (words[1] >> 32) + destination_be;
  sum = (sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  const uint32_t source = __builtin_bswap32(static_cast<uint32_t>(words[1] >> 32));
  out.destination = __builtin_bswap32(destination_be);
  if (sum != 0xffff || is_bad_source(source) || is_bad_destination(out.destination)) return false;
  out.hash = lpm::flow_hash(source, out.destination, __builtin_bswap32(ports_be), protocol);
  out.info = info::make(total, words[1] & 0xff);
  return true;
}

/// Makes lanes of the pass table's rows [first, last).
SKYHOP_INLINE void take_scalar(Worker& w, RouterIndex router, uint32_t first, uint32_t last,
                               Batch& batch) {
  PassTable& pass = w.pass;
  uint32_t count = batch.count;
  for (uint32_t ref = first; ref < last; ++ref) {
    Inspected lane;
    if (!read_plain(pass.frame[ref], pass.packet[ref]->data_len, lane)) [[unlikely]] {
      batch.count = count;
      inspect_slowly(w, router, ref, batch);
      count = batch.count;
      continue;
    }
    pass.shape[ref] = PassTable::kPlain;
    batch.destination[count] = lane.destination;
    batch.hash[count] = lane.hash;
    batch.info[count] = lane.info;
    batch.ref[count] = ref;
    ++count;
  }
  batch.count = count;
}

SKYHOP_INLINE void take_rows(Worker& w, RouterIndex router, uint32_t first, uint32_t last,
                             Batch& batch) {
  take_scalar(w, router, first, last, batch);
}
