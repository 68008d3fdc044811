#include "dataplane/ports/capture.h"

#include <rte_cycles.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <chrono>
#include <cstring>

namespace skyhop::dataplane {

Result<std::unique_ptr<Replay>> Replay::open(const std::string& file, uint32_t loops,
                                             uint32_t max_frame) {
  auto reader = pcap::CaptureReader::open(file);
  if (!reader) return std::unexpected(reader.error());
  return std::unique_ptr<Replay>(new Replay(file, loops, max_frame, std::move(*reader)));
}

void Replay::finish(std::optional<Error> error) {
  error_ = std::move(error);
  done_.store(true, std::memory_order_release);
}

bool Replay::read_one(rte_mbuf* packet) {
  auto frame = reader_.next();
  while (frame && !*frame) {  // the end of the file
    if (--loops_left_ == 0 || reader_.frames() == 0) {
      finish(std::nullopt);
      return false;
    }
    auto again = pcap::CaptureReader::open(file_);
    if (!again) {
      finish(again.error());
      return false;
    }
    reader_ = std::move(*again);
    frame = reader_.next();
  }
  if (!frame) {
    finish(frame.error());
    return false;
  }
  const pcap::Frame& captured = **frame;
  auto* out = rte_pktmbuf_mtod(packet, uint8_t*);
  size_t header = 0;
  pcap::Bytes body = captured.bytes;
  if (const auto ip = captured.ipv4()) {
    pcap::EthernetHeader ethernet;
    ethernet.type = pcap::Be16(pcap::kEtherTypeIpv4);
    header = sizeof ethernet;
    std::memcpy(out, &ethernet, header);
    body = *ip;
  } else if (captured.link != pcap::LinkType::ethernet) {
    // An empty Ethernet header of no type keeps the octets from being taken for IPv4.
    header = sizeof(pcap::EthernetHeader);
    std::memset(out, 0, header);
  }
  const size_t size = std::min<size_t>(body.size(), max_frame_ - header);
  std::memcpy(out + header, body.data(), size);
  packet->data_len = static_cast<uint16_t>(header + size);
  packet->pkt_len = packet->data_len;
  return true;
}

uint32_t Replay::read(rte_mempool* pool, rte_mbuf** packets, uint32_t room) {
  if (is_done() || rte_pktmbuf_alloc_bulk(pool, packets, room) != 0) return 0;
  uint32_t count = 0;
  while (count < room && read_one(packets[count])) ++count;
  rte_pktmbuf_free_bulk(packets + count, room - count);
  return count;
}

Result<std::unique_ptr<CaptureSink>> CaptureSink::create(const std::string& file) {
  auto writer = pcap::CaptureWriter::create(file);
  if (!writer) return std::unexpected(writer.error());
  return std::unique_ptr<CaptureSink>(new CaptureSink(std::move(*writer)));
}

void CaptureSink::write(const rte_mbuf& packet, uint64_t now) {
  using std::chrono::duration_cast;
  using std::chrono::nanoseconds;
  if (first_tsc_ == 0) {
    first_tsc_ = now;
    first_ns_ = static_cast<uint64_t>(
        duration_cast<nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count());
  }
  const double ns =
      static_cast<double>(now - first_tsc_) * 1e9 / static_cast<double>(rte_get_tsc_hz());
  const pcap::Bytes frame(rte_pktmbuf_mtod(&packet, const uint8_t*), packet.data_len);
  const auto written = writer_.write(first_ns_ + static_cast<uint64_t>(ns), frame);
  if (!written && !error_) error_ = written.error();
}

std::optional<Error> CaptureSink::close() {
  const auto closed = writer_.close();
  if (!closed && !error_) error_ = closed.error();
  return error_;
}

}  // namespace skyhop::dataplane
