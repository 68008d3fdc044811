// The input is a capture file: it is read to its end, and every frame described.
#include <cstdio>
#include <cstdlib>

#include "pcap/packet.h"
#include "pcap/reader.h"

using skyhop::pcap::CaptureReader;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::FILE* stream = fmemopen(const_cast<uint8_t*>(data), size, "rb");
  if (stream == nullptr) return 0;
  auto reader = CaptureReader::open(stream, "input");
  if (!reader) return 0;
  while (true) {
    const auto frame = reader->next();
    if (!frame) {
      // Once damaged, always damaged.
      const auto again = reader->next();
      if (again || again.error().to_string() != frame.error().to_string()) std::abort();
      return 0;
    }
    if (!*frame) return 0;
    const auto& f = **frame;
    if (f.bytes.size() > f.original_length) std::abort();
    if (describe_frame(f.link, f.bytes, f.original_length).empty()) std::abort();
  }
}
