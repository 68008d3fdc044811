// An ethdev made from a --port argument, for as long as this object lives.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "lpm/error.h"

struct rte_mempool;

namespace skyhop::dataplane {

/// How a DEVARGS string is understood.
struct DeviceName {
  std::string bus;        ///< "vdev" or "pci"
  std::string name;       ///< "net_pcap_skyhop0", "0000:03:00.0"
  std::string arguments;  ///< what follows the first comma
};

/// Virtual devices get a name of their own, so that two ports may use the same driver.
[[nodiscard]] DeviceName parse_devargs(const std::string& devargs, unsigned number);

/// Packets of the capture that net_pcap preloads because of infinite_rx=1: they occupy buffers.
/// 0 for every other device.
[[nodiscard]] Result<uint32_t> preloaded_packets(const std::string& devargs);

class Device {
 public:
  /// Plugs, configures and starts the device. `tx_queues` are asked for, one is settled for.
  static Result<std::unique_ptr<Device>> open(const std::string& port_name,
                                              const std::string& devargs, unsigned number,
                                              uint16_t tx_queues, rte_mempool* pool);
  /// Stops, closes and unplugs.
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  [[nodiscard]] uint16_t id() const { return id_; }
  [[nodiscard]] uint16_t tx_queues() const { return tx_queues_; }
  /// False where every mbuf is known to be ours, whole and unshared (net_pcap copies, net_null).
  [[nodiscard]] bool may_share_buffers() const { return may_share_buffers_; }

 private:
  explicit Device(DeviceName name) : name_(std::move(name)) {}
  Result<void> configure(const std::string& where, uint16_t tx_queues, rte_mempool* pool);

  DeviceName name_;
  uint16_t id_ = 0;
  uint16_t tx_queues_ = 1;
  bool is_plugged_ = false;
  bool has_port_ = false;
  bool is_started_ = false;
  bool may_share_buffers_ = true;
};

}  // namespace skyhop::dataplane
