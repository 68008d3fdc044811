#include "dataplane/ipsec/engine.h"

#include <rte_cryptodev.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_memory.h>

#include "dataplane/rows.h"

namespace skyhop::dataplane::ipsec {
namespace {

// A batch is enqueued whole, and comes back whole before the next one goes in.
constexpr uint32_t kDescriptors = 2 * kRows;

std::string describe_errno(int code) { return rte_strerror(code < 0 ? -code : code); }

}  // namespace

Result<std::unique_ptr<Engine>> Engine::create(const std::string& driver, unsigned number,
                                               unsigned workers, uint32_t sessions) {
  auto engine = std::unique_ptr<Engine>(new Engine(driver));
  if (auto started = engine->start(number, workers, sessions); !started) {
    return std::unexpected(started.error());
  }
  return engine;
}

Result<void> Engine::start(unsigned number, unsigned workers, uint32_t sessions) {
  device_ = driver_ + "_skyhop" + std::to_string(number);
  const std::string arguments = "max_nb_queue_pairs=" + std::to_string(workers);
  if (const int code = rte_eal_hotplug_add("vdev", device_.c_str(), arguments.c_str()); code != 0) {
    return fail("cannot make the crypto device: " + describe_errno(code), driver_,
                "the driver exists: crypto_aesni_gcm, crypto_aesni_mb, crypto_openssl");
  }
  is_plugged_ = true;
  const int id = rte_cryptodev_get_dev_id(device_.c_str());
  if (id < 0) return fail("the device does no cryptography", driver_);
  id_ = static_cast<uint8_t>(id);

  rte_cryptodev_info info{};
  rte_cryptodev_info_get(id_, &info);
  works_in_call_ = (info.feature_flags & RTE_CRYPTODEV_FF_SYM_CPU_CRYPTO) != 0;
  rte_cryptodev_config config{};
  config.nb_queue_pairs = static_cast<uint16_t>(workers);
  config.socket_id = info.device != nullptr ? rte_cryptodev_socket_id(id_) : 0;
  if (const int code = rte_cryptodev_configure(id_, &config); code != 0) {
    return fail("cannot configure the crypto device: " + describe_errno(code), driver_);
  }
  sessions_ = rte_cryptodev_sym_session_pool_create(
      (device_.substr(7, 12) + std::to_string(number)).c_str(), sessions,
      rte_cryptodev_sym_get_private_session_size(id_), 0, 0, static_cast<int>(SOCKET_ID_ANY));
  if (sessions_ == nullptr) {
    return fail("cannot make room for " + std::to_string(sessions) +
                    " crypto sessions: " + describe_errno(rte_errno),
                driver_);
  }
  rte_cryptodev_qp_conf queue{};
  queue.nb_descriptors = kDescriptors;
  queue.mp_session = sessions_;
  for (uint16_t i = 0; i < workers; ++i) {
    if (const int code = rte_cryptodev_queue_pair_setup(id_, i, &queue, config.socket_id);
        code != 0) {
      return fail("cannot set up a crypto queue: " + describe_errno(code), driver_);
    }
  }
  if (const int code = rte_cryptodev_start(id_); code != 0) {
    return fail("cannot start the crypto device: " + describe_errno(code), driver_);
  }
  is_started_ = true;
  return {};
}

Engine::~Engine() {
  if (is_started_) rte_cryptodev_stop(id_);
  if (is_plugged_) rte_eal_hotplug_remove("vdev", device_.c_str());
  rte_mempool_free(sessions_);
}

}  // namespace skyhop::dataplane::ipsec
