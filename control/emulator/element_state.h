// What is up and what is down: the one place that events write and everybody reads.
#pragma once

#include <vector>

#include "control/cloud/network.h"

namespace skyhop::emulator {

class ElementState {
 public:
  explicit ElementState(const cloud::Network& network);

  /// The gateway exists and its machine runs.
  [[nodiscard]] bool is_up(cloud::GatewayId gateway) const { return up_[gateway.index()]; }
  [[nodiscard]] bool is_present(cloud::GatewayId gateway) const {
    return present_[gateway.index()];
  }
  /// The link carries packets: not cut, and both ends run.
  [[nodiscard]] bool is_up(cloud::LinkId link) const;
  [[nodiscard]] bool is_cut(cloud::LinkId link) const { return cut_[link.index()]; }

  void set_up(cloud::GatewayId gateway, bool up) { up_[gateway.index()] = up; }
  void set_present(cloud::GatewayId gateway);
  void set_cut(cloud::LinkId link, bool cut) { cut_[link.index()] = cut; }

 private:
  [[nodiscard]] bool is_router_up(cloud::RouterId router) const;

  const cloud::Network& network_;
  std::vector<bool> present_;
  std::vector<bool> up_;
  std::vector<bool> cut_;
};

}  // namespace skyhop::emulator
