// Crypto devices: who encrypts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "dataplane/ipsec/keys.h"
#include "dataplane/ipsec/transform.h"
#include "lpm/error.h"

struct rte_cryptodev_sym_session;
struct rte_crypto_sym_xform;
struct rte_mempool;

namespace skyhop::dataplane::ipsec {

enum class Direction : uint8_t { seal, open };

/// A cryptodev of one driver, made for us and unplugged again with this object. Its sessions serve
/// all workers; each worker has a queue pair of its own, where the driver works by queue.
class Engine {
 public:
  /// `driver` is DPDK's name ("crypto_aesni_mb"); `number` tells devices of one process apart.
  /// Room for so many sessions at a time.
  static Result<std::unique_ptr<Engine>> create(const std::string& driver, unsigned number,
                                                unsigned workers, uint32_t sessions);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  [[nodiscard]] const std::string& driver() const { return driver_; }
  [[nodiscard]] uint8_t id() const { return id_; }
  /// The caller's CPU does the work inside the call (RTE_CRYPTODEV_FF_SYM_CPU_CRYPTO).
  [[nodiscard]] bool works_in_call() const { return works_in_call_; }
  [[nodiscard]] rte_mempool* sessions() const { return sessions_; }

 private:
  explicit Engine(std::string driver) : driver_(std::move(driver)) {}
  Result<void> start(unsigned number, unsigned workers, uint32_t sessions);

  std::string driver_;
  std::string device_;
  rte_mempool* sessions_ = nullptr;
  uint8_t id_ = 0;
  bool is_plugged_ = false;
  bool is_started_ = false;
  bool works_in_call_ = false;
};

/// The octets that an engine's session takes in EAL's memory, at most; for sizing it ahead.
inline constexpr size_t kSessionBytes = 2048;

}  // namespace skyhop::dataplane::ipsec
