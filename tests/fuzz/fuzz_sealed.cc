// What can be read of a sealed frame, before any key is asked: dataplane/ipsec/outer_header.h.
#include <cstdlib>
#include <vector>

#include "dataplane/ipsec/outer_header.h"
#include "pcap/checksum.h"

namespace skyhop::dataplane::ipsec {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// A gateway that tells the packet inside of congestion leaves it with a right checksum.
void check_congestion(std::span<const uint8_t> frame) {
  std::vector<uint8_t> ip(frame.begin() + kEthernet, frame.begin() + kEthernet + kIpv4);
  const bool is_capable = (ip[1] & 3) != 0;
  mark_congested(ip.data());
  require(pcap::internet_checksum(ip) == 0);
  require(((ip[1] & 3) == 3) == is_capable);
}

void check(std::span<const uint8_t> frame) {
  Sealed sealed;
  if (read_sealed(frame, sealed)) return;
  require(sealed.spi != 0);
  require(sealed.offset == kEthernet + kIpv4 || sealed.offset == kEthernet + kIpv4 + kUdp);
  require(sealed.length >= kEspHeader);
  require(sealed.offset + sealed.length <= frame.size());
  check_congestion(frame);
}

}  // namespace
}  // namespace skyhop::dataplane::ipsec

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  skyhop::dataplane::ipsec::check({data, size});
  return 0;
}
