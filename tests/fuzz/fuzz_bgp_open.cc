// The body of an OPEN.
#include <cstdlib>

#include "control/bgp/message/open.h"

using namespace skyhop::bgp;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > kMaxMessageLength - kHeaderLength) return 0;
  const auto open = decode_open({data, size});
  if (!open) return 0;
  const auto octets = encode(*open);
  const auto message = first_message(octets);
  if (!message || !*message) std::abort();
  if (decode_open((*message)->body) != open) std::abort();
  return 0;
}
