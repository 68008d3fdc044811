// Announcements and withdrawals on their way into as few UPDATEs as hold them, for several peers at
// once: a message is made once and sent to all whom it is for.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "control/bgp/message/update.h"
#include "control/bgp/rib/decision.h"

namespace skyhop::bgp {

/// Whom a message is for.
class Audience {
 public:
  static constexpr Audience everybody() { return Audience(0); }
  static constexpr Audience all_but(PeerId peer) { return Audience(2 * number(peer) + 1); }
  static constexpr Audience only(PeerId peer) { return Audience(2 * number(peer) + 2); }

  [[nodiscard]] constexpr bool includes(PeerId peer) const {
    if (code_ == 0) return true;
    return code_ % 2 != 0 ? code_ != all_but(peer).code_ : code_ == only(peer).code_;
  }
  [[nodiscard]] constexpr uint64_t code() const { return code_; }
  friend constexpr bool operator==(Audience, Audience) = default;

 private:
  static constexpr uint64_t number(PeerId peer) { return static_cast<uint32_t>(peer); }
  explicit constexpr Audience(uint64_t code) : code_(code) {}
  uint64_t code_;
};

template <typename P>
class UpdateBatch {
 public:
  /// `attributes` numbers the set; sets are told in the order in which they first come up.
  void announce(uint32_t attributes, Audience audience, const Nlri<P>& route) {
    bucket_for(announced_, attributes, audience).routes.push_back(route);
  }
  void withdraw(Audience audience, const Nlri<P>& route) {
    bucket_for(withdrawn_, 0, audience).routes.push_back(route);
  }
  [[nodiscard]] bool is_empty() const {
    return withdrawn_.buckets.empty() && announced_.buckets.empty();
  }

  /// Withdrawals first, so that no peer holds more than it should. `encoded(attributes)` gives what
  /// the set's announcements have in common; `send(audience, message)` gets each message.
  template <typename Encoded, typename Send>
  void send(const SessionContext& context, Encoded encoded, Send send) const {
    for (const Bucket& bucket : withdrawn_.buckets) {
      encode_withdrawals(bucket.routes, context, [&](const std::vector<uint8_t>& message) {
        send(bucket.audience, message);
      });
    }
    for (const Bucket& bucket : announced_.buckets) {
      encode_announcements(
          bucket.routes, encoded(bucket.attributes), context,
          [&](const std::vector<uint8_t>& message) { send(bucket.audience, message); });
    }
  }

 private:
  struct Bucket {
    uint32_t attributes;
    Audience audience;
    std::vector<Nlri<P>> routes;
  };
  struct Key {
    uint32_t attributes;
    uint64_t audience;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const {
      return (key.attributes ^ (key.audience << 32)) * 0x9E3779B97F4A7C15ull >> 16;
    }
  };
  struct Buckets {
    std::vector<Bucket> buckets;
    std::unordered_map<Key, size_t, KeyHash> index;
    size_t last = 0;  ///< neighbours mostly share a set
  };

  static Bucket& bucket_for(Buckets& all, uint32_t attributes, Audience audience) {
    if (!all.buckets.empty()) {
      Bucket& last = all.buckets[all.last];
      if (last.attributes == attributes && last.audience == audience) return last;
    }
    const auto [at, is_new] =
        all.index.try_emplace({attributes, audience.code()}, all.buckets.size());
    if (is_new) all.buckets.push_back({attributes, audience, {}});
    all.last = at->second;
    return all.buckets[at->second];
  }

  Buckets withdrawn_;
  Buckets announced_;
};

}  // namespace skyhop::bgp
