#include "dataplane/stages/fragment.h"

#include <algorithm>
#include <cstring>

#include "pcap/checksum.h"
#include "pcap/headers.h"

namespace skyhop::dataplane {
namespace {

using pcap::Be16;
using pcap::Ipv4Header;

// Options that go into every fragment (copied flag, RFC 791 3.1), padded to whole words.
uint32_t copy_options(std::span<const uint8_t> options, uint8_t* out) {
  constexpr uint8_t kEnd = 0, kNoOperation = 1, kCopied = 0x80;
  uint32_t used = 0;
  for (size_t at = 0; at < options.size() && options[at] != kEnd;) {
    if (options[at] == kNoOperation) {
      ++at;
      continue;
    }
    if (at + 1 >= options.size()) break;
    const size_t length = options[at + 1];
    if (length < 2 || at + length > options.size()) break;
    if ((options[at] & kCopied) != 0) {
      std::memcpy(out + used, options.data() + at, length);
      used += static_cast<uint32_t>(length);
    }
    at += length;
  }
  const uint32_t padded = (used + 3) & ~3u;
  std::memset(out + used, kEnd, padded - used);
  return padded;
}

constexpr uint32_t kMaxOptions = 40;

}  // namespace

FragmentPlan plan_fragments(std::span<const uint8_t> ip, uint32_t mtu) {
  FragmentPlan plan;
  plan.first_header = (ip[0] & 15u) * 4;
  std::array<uint8_t, kMaxOptions> copied;
  plan.later_header =
      sizeof(Ipv4Header) +
      copy_options(ip.subspan(sizeof(Ipv4Header), plan.first_header - sizeof(Ipv4Header)),
                   copied.data());
  if (mtu < plan.first_header + 8) return plan;
  plan.first_data = (mtu - plan.first_header) & ~7u;
  plan.later_data = (mtu - plan.later_header) & ~7u;
  const auto data = static_cast<uint32_t>(ip.size()) - plan.first_header;
  if (data <= plan.first_data) return plan;
  plan.count = 1 + (data - plan.first_data + plan.later_data - 1) / plan.later_data;
  return plan;
}

uint32_t build_fragment(std::span<const uint8_t> ip, const FragmentPlan& plan, uint32_t index,
                        uint8_t* out) {
  const uint32_t header_length = index == 0 ? plan.first_header : plan.later_header;
  std::memcpy(out, ip.data(), index == 0 ? plan.first_header : sizeof(Ipv4Header));
  if (index != 0) {
    copy_options(ip.subspan(sizeof(Ipv4Header), plan.first_header - sizeof(Ipv4Header)),
                 out + sizeof(Ipv4Header));
  }
  const auto all = static_cast<uint32_t>(ip.size()) - plan.first_header;
  const uint32_t start = index == 0 ? 0 : plan.first_data + (index - 1) * plan.later_data;
  const uint32_t data = std::min(index == 0 ? plan.first_data : plan.later_data, all - start);
  std::memcpy(out + header_length, ip.data() + plan.first_header + start, data);

  auto& header = *reinterpret_cast<Ipv4Header*>(out);
  // The packet may be a fragment itself: its offset and its MF carry over.
  const uint32_t old = header.fragment.value();
  const uint32_t offset = (old & Ipv4Header::kFragmentOffset) + start / 8;
  const bool is_last = index + 1 == plan.count;
  const uint32_t more = is_last ? old & Ipv4Header::kMoreFragments : Ipv4Header::kMoreFragments;
  header.version_and_words = static_cast<uint8_t>(0x40 | header_length / 4);
  header.total_length = Be16(static_cast<uint16_t>(header_length + data));
  header.fragment = Be16(static_cast<uint16_t>(offset | more));
  header.checksum = Be16(0);
  header.checksum = Be16(pcap::internet_checksum({out, header_length}));
  return header_length + data;
}

}  // namespace skyhop::dataplane
