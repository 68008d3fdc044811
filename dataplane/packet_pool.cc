#include "dataplane/packet_pool.h"

#include <rte_errno.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <utility>

#include "dataplane/ports/device.h"
#include "dataplane/worker.h"

namespace skyhop::dataplane {
namespace {

constexpr unsigned kCache = RTE_MEMPOOL_CACHE_MAX_SIZE;
constexpr uint32_t kDeviceQueues = 2 * 1024;  // descriptors, both ways
constexpr uint32_t kMaxRing = 4096;

}  // namespace

size_t PoolSize::bytes() const {
  constexpr size_t kObjectOverhead = 128;  // mempool's header, padding
  return packets * (sizeof(rte_mbuf) + kPrivateSize + data_room + kObjectOverhead);
}

PoolSize size_pool(const Image& image, unsigned workers) {
  PoolSize size;
  size.packets = workers * (kRows + Worker::kOriginated + 2 * kCache);
  size.packets += workers * image.held_packets;
  uint32_t longest = RTE_MBUF_DEFAULT_DATAROOM;
  for (const PortSpec& port : image.ports) {
    if (!port.devargs.empty()) {
      size.packets += kDeviceQueues + kMaxRing;
      size.packets += preloaded_packets(port.devargs).value_or(0);
    } else if (!port.capture_file.empty()) {
      size.packets += kMaxRing;
    }
  }
  for (const StreamSpec& stream : image.streams) {
    for (const uint16_t frame : stream.frame_sizes) longest = std::max<uint32_t>(longest, frame);
  }
  for (const LinkSpec& link : image.links) {
    if (!link.esp) continue;
    constexpr uint32_t kEspTail = 64;  // padding, ICV, and what librte_ipsec keeps behind it
    longest += kEspTail;
    break;
  }
  size.packets = std::max(size.packets, 8191u);
  size.data_room = RTE_PKTMBUF_HEADROOM + ((longest + 63) & ~63u);
  return size;
}

Result<PacketPool> PacketPool::create(const PoolSize& size, unsigned number) {
  if (size.data_room > UINT16_MAX) return fail("frames are too long for a packet buffer");
  rte_mempool* pool = rte_pktmbuf_pool_create(
      ("skyhop-packets-" + std::to_string(number)).c_str(), size.packets, kCache, kPrivateSize,
      static_cast<uint16_t>(size.data_room), static_cast<int>(SOCKET_ID_ANY));
  if (pool == nullptr) {
    return fail("cannot make packet buffers: " + std::string(rte_strerror(rte_errno)), {},
                "give EAL more memory: " + std::to_string(size.bytes() >> 20) + " MB are needed");
  }
  return PacketPool(pool);
}

PacketPool::~PacketPool() { rte_mempool_free(pool_); }

PacketPool::PacketPool(PacketPool&& other) noexcept : pool_(std::exchange(other.pool_, nullptr)) {}

PacketPool& PacketPool::operator=(PacketPool&& other) noexcept {
  std::swap(pool_, other.pool_);
  return *this;
}

}  // namespace skyhop::dataplane
