// Reads captures one packet at a time: pcap and pcapng, microseconds or nanoseconds, either byte
// order. The work is libpcap's; this adds ownership, typed errors and where they are in the file.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "lpm/error.h"
#include "pcap/link_layer.h"

struct pcap;  // libpcap's handle

namespace skyhop::pcap {

/// One captured frame. `bytes` is valid until the next call to the reader.
struct Frame {
  uint64_t timestamp_ns = 0;     ///< since 1970-01-01 UTC
  Bytes bytes;                   ///< as captured, from the link header on
  uint32_t original_length = 0;  ///< octets on the wire; more than bytes.size() when cut
  LinkType link = LinkType::ethernet;

  /// True when the capture holds less than was on the wire (snap length).
  [[nodiscard]] bool truncated() const { return bytes.size() < original_length; }
  /// The IPv4 packet in the frame, if there is one; cut where the capture is.
  [[nodiscard]] std::optional<Bytes> ipv4() const { return find_ipv4(link, bytes); }
};

/// A capture file being read. Uses one packet's memory, whatever the size of the file.
class CaptureReader {
 public:
  /// "-" is standard input. Fails on a missing, empty or unknown file and on link types other than
  /// those of LinkType.
  static Result<CaptureReader> open(const std::string& path);
  /// Reads an open stream and closes it in the end; `name` is for messages.
  static Result<CaptureReader> open(std::FILE* stream, const std::string& name);

  /// The next frame, nothing at the end. A cut or corrupt file yields all packets before the
  /// damage, then an Error naming the file, the packet's number and the octet where it should
  /// start; the same Error again on later calls.
  Result<std::optional<Frame>> next();

  [[nodiscard]] LinkType link() const { return link_; }
  /// Frames read so far.
  [[nodiscard]] uint64_t frames() const { return frames_; }

 private:
  struct Close {
    void operator()(::pcap* handle) const;
  };

  CaptureReader(::pcap* handle, std::string path, LinkType link);

  std::unique_ptr<::pcap, Close> handle_;
  std::string path_;
  LinkType link_;
  uint64_t frames_ = 0;
  std::optional<Error> failure_;
};

}  // namespace skyhop::pcap
