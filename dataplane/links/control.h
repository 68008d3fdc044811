// The control side of links: makes their crossings, replaces them while workers run, gives the
// workers room for what links hold, and sums what they count.
#pragma once

#include <memory>
#include <vector>

#include "dataplane/ipsec/control.h"
#include "dataplane/links/crossing.h"
#include "dataplane/tables.h"
#include "lpm/qsbr.h"

namespace skyhop::dataplane {

/// Within what the data plane can do: see image.h.
[[nodiscard]] bool is_possible(const RateLimit& rate);
[[nodiscard]] bool is_possible(const LinkConditions& conditions);

class LinkControl {
 public:
  /// All of them outlive it. Links that the image gives more than to carry have crossings then.
  /// `ipsec` is null where no tunnel encrypts; captures are by link, null where there is none.
  LinkControl(const Image& image, Tables& tables,
              const std::vector<std::unique_ptr<Worker>>& workers, lpm::Qsbr& qsbr,
              const ipsec::Control* ipsec, std::vector<LinkCapture*> captures);

  void set_conditions(LinkIndex link, const LinkConditions& conditions);
  /// Summed over the workers.
  [[nodiscard]] CrossingCounters counters(LinkIndex link) const;

 private:
  struct Entry {
    LinkConditions conditions;
    ipsec::Tunnel* const* tunnels = nullptr;
    LinkCapture* capture = nullptr;
    std::unique_ptr<const Crossing> crossing;  ///< null: plain
    std::unique_ptr<Crossing::State[]> states;
    std::unique_ptr<Shaper> shaper;  ///< of its own rate
  };
  void publish(LinkIndex link);

  const Image& image_;
  Tables& tables_;
  lpm::Qsbr& qsbr_;
  size_t workers_;
  uint64_t epoch_ = 0;
  std::vector<Entry> entries_;
  std::vector<std::unique_ptr<Shaper>> limits_;  ///< Image::limits
};

}  // namespace skyhop::dataplane
