#include "pcap/writer.h"

#include <pcap.h>

#include <cerrno>
#include <cstring>

namespace skyhop::pcap {
namespace {

constexpr int kSnapLength = 262144;  // the most that libpcap and Wireshark accept for Ethernet

}  // namespace

void CaptureWriter::CloseHandle::operator()(::pcap* handle) const { pcap_close(handle); }
void CaptureWriter::CloseFile::operator()(::pcap_dumper* file) const { pcap_dump_close(file); }

CaptureWriter::CaptureWriter(::pcap* handle, ::pcap_dumper* file, std::string path)
    : handle_(handle), file_(file), path_(std::move(path)) {}

Result<CaptureWriter> CaptureWriter::create(const std::string& path) {
  std::unique_ptr<::pcap, CloseHandle> handle(
      pcap_open_dead_with_tstamp_precision(DLT_EN10MB, kSnapLength, PCAP_TSTAMP_PRECISION_NANO));
  if (!handle) return fail("out of memory for the capture", path);
  ::pcap_dumper* file = pcap_dump_open(handle.get(), path.c_str());
  if (file == nullptr) {
    return fail(std::string("cannot create the capture: ") + pcap_geterr(handle.get()), path);
  }
  return CaptureWriter(handle.release(), file, path);
}

std::unexpected<Error> CaptureWriter::failure(int error_number) const {
  return fail(std::string("cannot write the capture: ") + std::strerror(error_number), path_);
}

Result<void> CaptureWriter::write(uint64_t timestamp_ns, Bytes frame, uint32_t original_length) {
  if (!file_) return failure(EBADF);
  if (frame.size() > kSnapLength) return failure(EMSGSIZE);
  const pcap_pkthdr header{
      .ts = {.tv_sec = static_cast<time_t>(timestamp_ns / 1'000'000'000u),
             .tv_usec = static_cast<suseconds_t>(timestamp_ns % 1'000'000'000u)},  // precision: ns
      .caplen = static_cast<bpf_u_int32>(frame.size()),
      .len = original_length != 0 ? original_length : static_cast<bpf_u_int32>(frame.size())};
  errno = 0;
  pcap_dump(reinterpret_cast<u_char*>(file_.get()), &header, frame.data());
  if (std::ferror(pcap_dump_file(file_.get())) != 0) return failure(errno != 0 ? errno : EIO);
  ++frames_;
  return {};
}

Result<void> CaptureWriter::flush() {
  if (!file_) return failure(EBADF);
  errno = 0;
  // ferror too: libpcap ignores the result of its own writes.
  if (pcap_dump_flush(file_.get()) != 0 || std::ferror(pcap_dump_file(file_.get())) != 0) {
    return failure(errno != 0 ? errno : EIO);
  }
  return {};
}

Result<void> CaptureWriter::close() {
  auto result = flush();
  file_.reset();
  return result;
}

}  // namespace skyhop::pcap
