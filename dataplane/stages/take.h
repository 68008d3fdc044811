// The fast reader of the input stage: plain UDP and TCP packets, unfragmented, without options.
// Everything else goes to inspect() (stages/input.h), which also names what is wrong.
//
// Included by hot_loop.cc only, in the namespace of the CPU level.

/// The flow table's entry of a plain packet: what it needs stands in sixteen octets in a row.
SKYHOP_INLINE __m128i plain_flow(const uint8_t* frame) {
  const __m128i octets =
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(frame + kEthernetLength + 8));
  const __m128i mask = _mm_setr_epi32(FlowEntry::kProtocolMask, -1, -1, -1);
  return _mm_or_si128(_mm_and_si128(octets, mask), _mm_setr_epi32(FlowEntry::kPresent, 0, 0, 0));
}

/// Fills the row of a plain, good packet; false: not plain, or not good.
SKYHOP_INLINE bool take_plain(PassTable& pass, uint32_t row) {
  const uint8_t* frame = pass.frame[row];
  const uint32_t length = pass.length[row];
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
  const uint32_t destination = __builtin_bswap32(destination_be);
  if (sum != 0xffff || is_bad_source(source) || is_bad_destination(destination)) return false;
  pass.destination[row] = destination;
  pass.net[row] = destination >> 8;
  pass.hash[row] = lpm::flow_hash(source, destination, __builtin_bswap32(ports_be), protocol);
  pass.info[row] = info::make(total, words[1] & 0xff);
  pass.came[row] = static_cast<uint32_t>(words[1]);
  _mm_store_si128(reinterpret_cast<__m128i*>(&pass.flow[row]), plain_flow(frame));
  return true;
}

SKYHOP_INLINE void take_one_by_one(Worker& w, RouterIndex router, uint32_t first, uint32_t last,
                                   RowSet& rows) {
  for (uint32_t row = first; row < last; ++row) {
    if (take_plain(w.pass, row)) [[likely]] {
      rows.add(row);
    } else {
      inspect_slowly(w, router, row, rows);
    }
  }
}

#if defined(__AVX512BW__) && defined(__AVX512VL__)

/// Octets 6 to 21 and 22 to 37 of sixteen frames: vector r of each holds frames 4r to 4r + 3.
SKYHOP_INLINE void load_headers(uint8_t* const* frames, __m512i* front, __m512i* back) {
  const auto two = [&](uint32_t i) {
    const auto octets = [&](uint32_t k) {
      return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(frames[i + k] + 6));
    };
    return _mm512_inserti64x4(_mm512_castsi256_si512(octets(0)), octets(1), 1);
  };
  for (uint32_t r = 0; r < 4; ++r) {
    const __m512i first = two(4 * r), second = two(4 * r + 2);
    front[r] = _mm512_shuffle_i64x2(first, second, 0b10001000);
    back[r] = _mm512_shuffle_i64x2(first, second, 0b11011101);
  }
}

/// Such vectors as columns of words: column k holds octets 4k to 4k + 3 of each frame's sixteen.
/// Lanes are in the order of kColumnOrder; in_order() puts them right.
SKYHOP_INLINE void to_columns(const __m512i* rows, __m512i* columns) {
  const __m512i low01 = _mm512_unpacklo_epi32(rows[0], rows[1]);
  const __m512i high01 = _mm512_unpackhi_epi32(rows[0], rows[1]);
  const __m512i low23 = _mm512_unpacklo_epi32(rows[2], rows[3]);
  const __m512i high23 = _mm512_unpackhi_epi32(rows[2], rows[3]);
  columns[0] = _mm512_unpacklo_epi64(low01, low23);
  columns[1] = _mm512_unpackhi_epi64(low01, low23);
  columns[2] = _mm512_unpacklo_epi64(high01, high23);
  columns[3] = _mm512_unpackhi_epi64(high01, high23);
}
SKYHOP_INLINE __m512i in_order(__m512i column) {
  const __m512i kColumnOrder =
      _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm512_permutexvar_epi32(kColumnOrder, column);
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

/// Fills sixteen rows if all their packets are plain and good; else does nothing of use.
SKYHOP_INLINE bool take_sixteen(PassTable& pass, uint32_t first) {
  const auto word = [](uint32_t value) { return _mm512_set1_epi32(static_cast<int>(value)); };
  __m512i rows[4], front[4], back[4];
  load_headers(&pass.frame[first], rows, back);
  // What flow tables compare: from the TTL on, but without it and without the checksum.
  const __m512i kept = _mm512_broadcast_i32x4(_mm_setr_epi32(FlowEntry::kProtocolMask, -1, -1, -1));
  const __m512i present = _mm512_broadcast_i32x4(_mm_setr_epi32(FlowEntry::kPresent, 0, 0, 0));
  for (uint32_t r = 0; r < 4; ++r) {
    _mm512_storeu_si512(&pass.flow[first + 4 * r],
                        _mm512_or_si512(_mm512_and_si512(back[r], kept), present));
  }
  to_columns(rows, front);  // - | -, EtherType | version, service, length | id, fragment
  to_columns(back, back);   // TTL, protocol, checksum | source | destination | ports

  const __m512i source = back[1], destination = back[2], ports = back[3];
  const __m512i protocol = _mm512_and_si512(_mm512_srli_epi32(back[0], 8), word(0xff));
  const auto halves = [&](__m512i value) {
    return _mm512_add_epi32(_mm512_and_si512(value, word(0xffff)), _mm512_srli_epi32(value, 16));
  };
  __m512i sum = _mm512_add_epi32(halves(front[2]), halves(front[3]));
  sum = _mm512_add_epi32(sum, _mm512_add_epi32(halves(back[0]), halves(source)));
  sum = _mm512_add_epi32(sum, halves(destination));
  sum = halves(halves(sum));

  const __m512i kLengthToInfo = _mm512_broadcast_i32x4(
      _mm_setr_epi8(-1, -1, 3, 2, -1, -1, 7, 6, -1, -1, 11, 10, -1, -1, 15, 14));
  const __m512i info_length = _mm512_shuffle_epi8(front[2], kLengthToInfo);  // length << 16
  const __m512i total = _mm512_srli_epi32(info_length, 16);
  const __mmask16 bad =
      _mm512_cmpneq_epi32_mask(_mm512_srli_epi32(front[1], 16), word(0x0008)) |
      _mm512_cmpneq_epi32_mask(_mm512_and_si512(front[2], word(0xff)), word(0x45)) |
      _mm512_test_epi32_mask(front[3], word(0xff3f0000)) |
      (_mm512_cmpneq_epi32_mask(protocol, word(17)) & _mm512_cmpneq_epi32_mask(protocol, word(6))) |
      _mm512_cmplt_epu32_mask(total, word(kMinIpv4Header + 8)) |
      _mm512_cmpneq_epi32_mask(sum, word(0xffff)) | bad_addresses(source) |
      bad_addresses(destination);
  const __mmask16 too_long =
      _mm512_cmpgt_epu32_mask(_mm512_add_epi32(in_order(total), word(kEthernetLength)),
                              _mm512_loadu_si512(&pass.length[first]));
  if ((bad | too_long) != 0) [[unlikely]]
    return false;

  const __m512i kSwap32 =
      _mm512_broadcast_i32x4(_mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
  const __m512i to = _mm512_shuffle_epi8(destination, kSwap32);
  const __m512i hash = flow_hashes(_mm512_shuffle_epi8(source, kSwap32), to,
                                   _mm512_shuffle_epi8(ports, kSwap32), protocol);
  const __m512i ttl = _mm512_slli_epi32(_mm512_and_si512(back[0], word(0xff)), 8);
  const __m512i info = _mm512_or_si512(_mm512_or_si512(info_length, ttl), word(info::kMaxCrossed));
  _mm512_storeu_si512(&pass.destination[first], in_order(to));
  _mm512_storeu_si512(&pass.net[first], in_order(_mm512_srli_epi32(to, 8)));
  _mm512_storeu_si512(&pass.hash[first], in_order(hash));
  _mm512_storeu_si512(&pass.info[first], in_order(info));
  _mm512_storeu_si512(&pass.came[first], in_order(back[0]));
  return true;
}

SKYHOP_INLINE void take_rows(Worker& w, RouterIndex router, uint32_t first, uint32_t last,
                             RowSet& rows) {
  for (; first + 16 <= last; first += 16) {
    if (take_sixteen(w.pass, first)) [[likely]] {
      rows.add_sixteen(first);
    } else {
      take_one_by_one(w, router, first, first + 16, rows);
    }
  }
  take_one_by_one(w, router, first, last, rows);
}

#else

SKYHOP_INLINE void take_rows(Worker& w, RouterIndex router, uint32_t first, uint32_t last,
                             RowSet& rows) {
  take_one_by_one(w, router, first, last, rows);
}

#endif
