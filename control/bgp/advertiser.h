// Tells the peers what the tables say: keeps the groups of peers that are told the same.
#pragma once

#include <memory>
#include <vector>

#include "control/bgp/export_group.h"
#include "control/bgp/timer.h"

namespace skyhop::bgp {

class Advertiser {
 public:
  /// `wake` is called when advance() should be.
  Advertiser(Ribs& ribs, Scheduler& scheduler, std::function<void()> wake,
             ExportGroup::Jitter jitter);

  /// A session was established; all there is will be told.
  void add(Peer& peer);
  void remove(const Peer& peer);
  void repeat(const Peer& peer, AddressFamily family);
  /// The rules for the peer, or what its policy looks at, have changed.
  void reconsider(const Peer& peer);
  template <typename P>
  void changed(const typename Rib<P>::Decisions& decisions) {
    for (const auto& group : groups_) group->template changed<P>(decisions);
  }
  /// Tells what fits into a turn. True: there is more that could be told at once.
  bool advance();

  [[nodiscard]] size_t told_count(const Peer& peer) const;
  /// By prefix, ascending.
  [[nodiscard]] std::vector<AdvertisedRoute> told(const Peer& peer) const;
  [[nodiscard]] size_t group_count() const { return groups_.size(); }

 private:
  using Groups = std::vector<std::unique_ptr<ExportGroup>>;

  [[nodiscard]] Groups::const_iterator group_of(const Peer& peer) const;
  /// True: some have left, so the others can go on.
  bool split_off_slow();
  void rejoin();
  void wake_at(Time time);

  Ribs& ribs_;
  Scheduler& scheduler_;
  ExportGroup::Jitter jitter_;
  Groups groups_;  ///< in the order in which they were made
  Timer alarm_;
};

}  // namespace skyhop::bgp
