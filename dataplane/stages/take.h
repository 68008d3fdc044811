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
    if (!read_plain(pass.frame[ref], pass.length[ref], lane)) [[unlikely]] {
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

#if defined(__AVX512BW__) && defined(__AVX512VL__)

/// Sixteen octets at `offset` of sixteen frames, as four columns of words: column k holds octets
/// 4k..4k+3 of each frame.
SKYHOP_INLINE void load_columns(uint8_t* const* frames, uint32_t offset, __m512i* columns) {
  __m512i rows[4];  // rows[r] holds frames r, r+4, r+8, r+12
  for (uint32_t r = 0; r < 4; ++r) {
    const auto octets = [&](uint32_t frame) {
      return _mm_loadu_si128(reinterpret_cast<const __m128i*>(frames[frame] + offset));
    };
    rows[r] = _mm512_castsi128_si512(octets(r));
    rows[r] = _mm512_inserti32x4(rows[r], octets(r + 4), 1);
    rows[r] = _mm512_inserti32x4(rows[r], octets(r + 8), 2);
    rows[r] = _mm512_inserti32x4(rows[r], octets(r + 12), 3);
  }
  const __m512i low01 = _mm512_unpacklo_epi32(rows[0], rows[1]);
  const __m512i high01 = _mm512_unpackhi_epi32(rows[0], rows[1]);
  const __m512i low23 = _mm512_unpacklo_epi32(rows[2], rows[3]);
  const __m512i high23 = _mm512_unpackhi_epi32(rows[2], rows[3]);
  columns[0] = _mm512_unpacklo_epi64(low01, low23);
  columns[1] = _mm512_unpackhi_epi64(low01, low23);
  columns[2] = _mm512_unpacklo_epi64(high01, high23);
  columns[3] = _mm512_unpackhi_epi64(high01, high23);
}

/// lpm::flow_hash of sixteen flows.
SKYHOP_INLINE __m512i flow_hashes(__m512i source, __m512i destination, __m512i ports,
                                  __m512i protocol) {
  const auto times = [](__m512i value, uint32_t factor) {
    return _mm512_mullo_epi32(value, _mm512_set1_epi32(static_cast<int>(factor)));
  };
  __m512i h = times(source, 0x9E3779B1u);
  h = times(_mm512_xor_si512(_mm512_rol_epi32(h, 13), destination), 0x85EBCA77u);
  h = times(_mm512_xor_si512(_mm512_rol_epi32(h, 13), ports), 0xC2B2AE3Du);
  h = times(_mm512_xor_si512(_mm512_rol_epi32(h, 13), protocol), 0x27D4EB2Fu);
  h = times(_mm512_xor_si512(h, _mm512_srli_epi32(h, 15)), 0x85EBCA77u);
  return _mm512_xor_si512(h, _mm512_srli_epi32(h, 13));
}

/// Addresses in network order whose first octet is_bad_source() refuses.
SKYHOP_INLINE __mmask16 bad_addresses(__m512i address) {
  const __m512i net = _mm512_and_si512(address, _mm512_set1_epi32(0xff));
  return _mm512_cmpgt_epu32_mask(_mm512_sub_epi32(net, _mm512_set1_epi32(1)),
                                 _mm512_set1_epi32(222)) |
         _mm512_cmpeq_epi32_mask(net, _mm512_set1_epi32(127));
}

/// Makes lanes of sixteen rows if all of them are plain and good; else does nothing.
SKYHOP_INLINE bool take_sixteen(PassTable& pass, uint32_t first, Batch& batch) {
  // From the EtherType on: type and version | length, id | fragment, TTL, protocol | checksum and
  // source | source and destination | destination and port | port.
  __m512i w[8];
  load_columns(&pass.frame[first], 12, &w[0]);
  load_columns(&pass.frame[first], 28, &w[4]);
  const auto word = [](uint32_t value) { return _mm512_set1_epi32(static_cast<int>(value)); };
  const auto join = [](__m512i low, __m512i high) {
    return _mm512_or_si512(_mm512_srli_epi32(low, 16), _mm512_slli_epi32(high, 16));
  };
  const __m512i kSwap32 =
      _mm512_broadcast_i32x4(_mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
  const __m512i kLengthToInfo = _mm512_broadcast_i32x4(
      _mm_setr_epi8(-1, -1, 1, 0, -1, -1, 5, 4, -1, -1, 9, 8, -1, -1, 13, 12));

  const __m512i info_length = _mm512_shuffle_epi8(w[1], kLengthToInfo);  // length << 16
  const __m512i ttl = _mm512_and_si512(_mm512_srli_epi32(w[2], 8), word(0xff00));
  const __m512i protocol = _mm512_srli_epi32(w[2], 24);
  const __m512i source = join(w[3], w[4]);
  const __m512i destination = join(w[4], w[5]);
  const __m512i ports = join(w[5], w[6]);

  __m512i sum = _mm512_srli_epi32(w[0], 16);
  for (uint32_t k = 1; k <= 4; ++k) {
    sum = _mm512_add_epi32(
        sum, _mm512_add_epi32(_mm512_and_si512(w[k], word(0xffff)), _mm512_srli_epi32(w[k], 16)));
  }
  sum = _mm512_add_epi32(sum, _mm512_and_si512(w[5], word(0xffff)));
  sum = _mm512_add_epi32(_mm512_and_si512(sum, word(0xffff)), _mm512_srli_epi32(sum, 16));
  sum = _mm512_add_epi32(_mm512_and_si512(sum, word(0xffff)), _mm512_srli_epi32(sum, 16));

  const __m512i total = _mm512_srli_epi32(info_length, 16);
  const __m512i frame_length = _mm512_loadu_si512(&pass.length[first]);
  const __mmask16 bad =
      _mm512_cmpneq_epi32_mask(_mm512_and_si512(w[0], word(0x00ffffff)), word(0x00450008)) |
      _mm512_test_epi32_mask(w[2], word(0xff3f)) |
      (_mm512_cmpneq_epi32_mask(protocol, word(17)) & _mm512_cmpneq_epi32_mask(protocol, word(6))) |
      _mm512_cmplt_epu32_mask(total, word(kMinIpv4Header + 8)) |
      _mm512_cmpgt_epu32_mask(_mm512_add_epi32(total, word(kEthernetLength)), frame_length) |
      _mm512_cmpneq_epi32_mask(sum, word(0xffff)) | bad_addresses(source) |
      bad_addresses(destination);
  if (bad != 0) [[unlikely]]
    return false;

  const uint32_t at = batch.count;
  const __m512i to = _mm512_shuffle_epi8(destination, kSwap32);
  const __m512i refs = _mm512_add_epi32(
      word(first), _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
  _mm512_storeu_si512(&batch.destination[at], to);
  _mm512_storeu_si512(&batch.hash[at], flow_hashes(_mm512_shuffle_epi8(source, kSwap32), to,
                                                   _mm512_shuffle_epi8(ports, kSwap32), protocol));
  _mm512_storeu_si512(&batch.info[at], _mm512_or_si512(info_length, ttl));
  _mm512_storeu_si512(&batch.ref[at], refs);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(&pass.shape[first]), _mm_setzero_si128());
  static_assert(PassTable::kPlain == 0);
  batch.count = at + 16;
  return true;
}

SKYHOP_INLINE void take_rows(Worker& w, RouterIndex router, uint32_t first, uint32_t last,
                             Batch& batch) {
  for (; first + 16 <= last; first += 16) {
    if (!take_sixteen(w.pass, first, batch)) take_scalar(w, router, first, first + 16, batch);
  }
  take_scalar(w, router, first, last, batch);
}

#else

SKYHOP_INLINE void take_rows(Worker& w, RouterIndex router, uint32_t first, uint32_t last,
                             Batch& batch) {
  take_scalar(w, router, first, last, batch);
}

#endif
