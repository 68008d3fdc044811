// A security association: one direction, both ends of it, as one worker has it.
//
// librte_ipsec does the protocol (headers, padding, sequence numbers, ESN, replay window), the
// engine the cryptography. Lifetimes are ours (tunnel.h).
//
// How librte_ipsec 22.11 is used, and why:
//   - GCM works in the call (RTE_SECURITY_ACTION_TYPE_CPU_CRYPTO) where the engine can. CBC goes
//     through the worker's crypto queue, there and back before anything else happens. In the call
//     the library would encrypt each packet's IV with itself, so that all packets of an SA carried
//     the same one; by queue it is encrypted with zero, and nobody can predict it (RFC 3602 3).
//     The queue also mixes the SAs of a bundle, which keeps all lanes of a multi-buffer engine
//     busy.
//   - The opening half never says UDP encapsulation: the library would leave its offsets unset. The
//     UDP header counts as part of the IP header instead.
//   - Debian's library (22.11.11) marks only numbers whose place in a word of the window is below
//   32
//     as seen: `mov %eax,%eax` cuts the bit off. Packets of the other half could be replayed. So
//     the window that decides is ours (replay_window.h), of the same width; the library's still
//     refuses what is behind it, and completes extended numbers.
//   - The library's window is widened where its bitmap would be too small for it (see
//     library_window()).
#pragma once

#include <rte_ipsec.h>

#include <atomic>
#include <cstdint>
#include <memory>

#include "dataplane/ipsec/engine.h"
#include "dataplane/ipsec/outer_header.h"
#include "dataplane/ipsec/replay_window.h"
#include "dataplane/ipsec/spec.h"

namespace skyhop::dataplane::ipsec {

/// Where the IV stands behind a crypto operation.
inline constexpr uint16_t kIvOffset = sizeof(rte_crypto_op) + sizeof(rte_crypto_sym_op);
inline constexpr uint16_t kIvRoom = 16;

/// What the library must be asked for, so that it keeps a window of `packets` at least.
[[nodiscard]] uint32_t library_window(uint32_t packets);

/// One end of an SA: librte_ipsec's state, and the engine's session.
class Half {
 public:
  static Result<Half> create(const AssociationSpec& spec, const Engine& engine,
                             Direction direction);
  ~Half();
  Half(Half&& other) noexcept;
  Half& operator=(Half&&) = delete;

  [[nodiscard]] const rte_ipsec_session* session() const { return session_.get(); }

 private:
  struct Free {
    void operator()(void* memory) const;
  };
  template <typename T>
  using Aligned = std::unique_ptr<T, Free>;

  Half() = default;

  Aligned<rte_ipsec_session> session_;
  Aligned<rte_ipsec_sa> sa_;
};

struct alignas(64) Association {
  static Result<std::unique_ptr<Association>> create(const AssociationSpec& spec,
                                                     const Engine& engine);
  Association(const AssociationSpec& spec, const Engine& engine, Half seal_half, Half open_half);

  // Read by the worker.
  Half seal;
  Half open;
  uint32_t spi;
  uint32_t constants;     ///< constant_sum() of the outer header
  uint32_t least_length;  ///< ESP octets that hold an IPv4 header at least
  uint32_t iv;
  uint32_t icv;
  uint32_t block_mask;    ///< the cipher's block less one
  uint32_t outer_length;  ///< Ethernet, IPv4 and UDP
  uint8_t engine;
  bool works_in_call;

  // Written by the worker.
  ReplayWindow window;
  uint64_t packets = 0;              ///< sealed
  uint64_t octets = 0;               ///< of the packets inside
  std::atomic<uint64_t> opened = 0;  ///< packets that came out of it
  uint32_t group = 0;                ///< scratch of one call
  uint32_t call = 0;

  // The end of its life (tunnel.h). A number of packets is exact, whatever comes in a burst.
  uint64_t soft_packets = ~uint64_t{0};  ///< from here on a new SA is used if there is one
  uint64_t hard_packets = ~uint64_t{0};  ///< and here it ends
  uint64_t soft_octets = ~uint64_t{0};
  uint64_t hard_octets = ~uint64_t{0};
  uint64_t sequence_packets;             ///< until the sequence number would cycle
  std::atomic<bool> is_old = false;      ///< written by the control thread: its time has come
  std::atomic<bool> is_expired = false;  ///< and is over
  /// The worker has put another SA in its place.
  std::atomic<bool> is_replaced = false;

  const AssociationSpec spec;
};

}  // namespace skyhop::dataplane::ipsec
