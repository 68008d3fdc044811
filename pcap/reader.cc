#include "pcap/reader.h"

#include <pcap.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace skyhop::pcap {
namespace {

std::optional<LinkType> link_type_of(int dlt) {
  switch (dlt) {
    case DLT_EN10MB:
      return LinkType::ethernet;
    case DLT_RAW:
    case DLT_IPV4:
      return LinkType::raw_ip;
    case DLT_LINUX_SLL:
      return LinkType::linux_cooked;
    case DLT_LINUX_SLL2:
      return LinkType::linux_cooked2;
    case DLT_NULL:
    case DLT_LOOP:
      return LinkType::loopback;
    default:
      return std::nullopt;
  }
}

std::string name_of(int dlt) {
  const char* name = pcap_datalink_val_to_name(dlt);
  return name != nullptr ? name : std::to_string(dlt);
}

struct CloseStream {
  void operator()(std::FILE* stream) const { std::fclose(stream); }
};

}  // namespace

void CaptureReader::Close::operator()(::pcap* handle) const { pcap_close(handle); }

CaptureReader::CaptureReader(::pcap* handle, std::string path, LinkType link)
    : handle_(handle), path_(std::move(path)), link_(link) {}

Result<CaptureReader> CaptureReader::open(const std::string& path) {
  if (path == "-") return open(stdin, "standard input");
  std::FILE* stream = std::fopen(path.c_str(), "rb");
  if (stream == nullptr) {
    return fail(std::string("cannot open the capture: ") + std::strerror(errno), path);
  }
  return open(stream, path);
}

Result<CaptureReader> CaptureReader::open(std::FILE* stream, const std::string& name) {
  std::unique_ptr<std::FILE, CloseStream> owner(stream);
  const int first = std::fgetc(stream);
  if (first == EOF) {
    return fail(std::ferror(stream) != 0
                    ? std::string("cannot read the capture: ") + std::strerror(errno)
                    : "the capture is empty, it has not even a file header",
                name);
  }
  std::ungetc(first, stream);

  char message[PCAP_ERRBUF_SIZE] = "";
  ::pcap* handle =
      pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, message);
  if (handle == nullptr) {
    return fail(std::string("not a readable capture: ") + message, name,
                "pcap and pcapng files are read");
  }
  (void)owner.release();  // libpcap's now

  const int dlt = pcap_datalink(handle);
  const auto link = link_type_of(dlt);
  CaptureReader reader(handle, name, link.value_or(LinkType::ethernet));
  if (!link) {
    return fail("captures with link type " + name_of(dlt) + " are not read", name,
                "Ethernet, raw IP, Linux cooked v1 and v2 and BSD loopback are");
  }
  return reader;
}

Result<std::optional<Frame>> CaptureReader::next() {
  if (failure_) return std::unexpected(*failure_);
  const off_t start = ftello(pcap_file(handle_.get()));  // -1 on a pipe

  pcap_pkthdr* header = nullptr;
  const u_char* bytes = nullptr;
  const int code = pcap_next_ex(handle_.get(), &header, &bytes);
  if (code == PCAP_ERROR_BREAK) return std::nullopt;
  if (code != 1) {
    const std::string place = start >= 0 ? " (from octet " + std::to_string(start) + " on)" : "";
    failure_ = Error{"packet " + std::to_string(frames_ + 1) + place +
                         " cannot be read: " + pcap_geterr(handle_.get()),
                     path_, "the file is cut short or corrupt; the packets before are sound"};
    return std::unexpected(*failure_);
  }
  ++frames_;
  // Unsigned: a corrupt time stamp may be any number, and must only be wrong.
  const auto seconds = static_cast<uint64_t>(header->ts.tv_sec);
  const auto nanoseconds = static_cast<uint64_t>(header->ts.tv_usec);
  return Frame{.timestamp_ns = seconds * 1'000'000'000u + nanoseconds,
               .bytes = Bytes(bytes, header->caplen),
               .original_length = std::max(header->len, header->caplen),
               .link = link_};
}

}  // namespace skyhop::pcap
