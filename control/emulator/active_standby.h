// Active-standby: of a connection with a tunnel from each gateway of a pair one tunnel forwards and
// the other stands by (V50). The standby keeps its tunnel and its BGP session, and neither takes
// nor tells routes over it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "control/cloud/network.h"

namespace skyhop::emulator {

class ActiveStandby {
 public:
  struct Ask {
    /// The gateway runs and one of its tunnels of the connection carries packets.
    std::function<bool(const std::string& connection, cloud::GatewayId)> is_usable;
    /// The gateway's tunnel starts to stand by, or stops.
    std::function<void(const std::string& connection, cloud::GatewayId, bool stands_by)> set;
    std::function<void(const std::string& subject, const std::string& what)> note;
  };

  ActiveStandby(const lab::Lab& lab, const cloud::Network& network, Ask ask);

  /// Takes the places that the lab gives.
  void start();
  /// A tunnel or a gateway was noticed dead or alive again.
  void changed();
  /// The other tunnel takes over; false when it cannot.
  bool switch_over(const std::string& connection);
  /// The gateway whose tunnel forwards; nothing for other connections.
  [[nodiscard]] std::optional<cloud::GatewayId> active(const std::string& connection) const;

 private:
  struct Pair {
    std::string connection;
    cloud::GatewayId gateways[2];
    size_t preferred = 0;
    size_t active = 0;
    bool preemptive = false;
  };
  void activate(Pair& pair, size_t which, const std::string& why);

  const cloud::Network& network_;
  Ask ask_;
  std::vector<Pair> pairs_;
};

}  // namespace skyhop::emulator
