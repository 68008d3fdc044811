// Writes captures: pcap with nanosecond time stamps, link type Ethernet.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "lpm/error.h"
#include "pcap/headers.h"

struct pcap;         // libpcap's handle
struct pcap_dumper;  // and its file being written

namespace skyhop::pcap {

/// A capture file being written. Call close() to learn whether everything reached the disk; the
/// destructor closes too, but has nobody to tell.
class CaptureWriter {
 public:
  /// "-" is standard output. An existing file is replaced.
  static Result<CaptureWriter> create(const std::string& path);

  /// Appends one Ethernet frame. `original_length` 0 stands for frame.size(). Output is buffered: a
  /// full disk may show only at a later write, flush() or close().
  Result<void> write(uint64_t timestamp_ns, Bytes frame, uint32_t original_length = 0);
  Result<void> flush();
  /// Flushes and closes; later calls of anything fail. Idempotent in its error.
  Result<void> close();

  /// Frames written so far.
  [[nodiscard]] uint64_t frames() const { return frames_; }

 private:
  struct CloseHandle {
    void operator()(::pcap* handle) const;
  };
  struct CloseFile {
    void operator()(::pcap_dumper* file) const;
  };

  CaptureWriter(::pcap* handle, ::pcap_dumper* file, std::string path);
  [[nodiscard]] std::unexpected<Error> failure(int error_number) const;

  std::unique_ptr<::pcap, CloseHandle> handle_;
  std::unique_ptr<::pcap_dumper, CloseFile> file_;  // after handle_: closed first
  std::string path_;
  uint64_t frames_ = 0;
};

}  // namespace skyhop::pcap
