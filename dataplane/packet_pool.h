// Packet buffers: one pool for all ports and workers, so that any worker may free what any other
// received, in bulk.
#pragma once

#include <cstdint>

#include "dataplane/image.h"
#include "lpm/error.h"

struct rte_mempool;

namespace skyhop::dataplane {

struct PoolSize {
  uint32_t packets = 0;
  uint32_t data_room = 0;  ///< octets per packet, headroom included
  [[nodiscard]] size_t bytes() const;
};

/// Enough for what workers hold, their caches, device queues, and captures preloaded by net_pcap.
[[nodiscard]] PoolSize size_pool(const Image& image, unsigned workers);

/// Owns the pool.
class PacketPool {
 public:
  /// EAL must run.
  static Result<PacketPool> create(const PoolSize& size, unsigned number);
  ~PacketPool();
  PacketPool(PacketPool&& other) noexcept;
  PacketPool& operator=(PacketPool&& other) noexcept;

  [[nodiscard]] rte_mempool* get() const { return pool_; }

 private:
  explicit PacketPool(rte_mempool* pool) : pool_(pool) {}
  rte_mempool* pool_;
};

}  // namespace skyhop::dataplane
