// The BGP speakers of a lab over one in-memory transport, each with the policies of what it is.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "control/bgp/memory_transport.h"
#include "control/bgp/speaker.h"
#include "control/cloud/network.h"
#include "control/emulator/aviatrix_policies.h"
#include "control/emulator/element_state.h"
#include "control/lab/lab.h"

namespace skyhop::emulator {

class Speakers {
 public:
  using OnRoutes = std::function<void(cloud::GatewayId, std::span<const bgp::Prefix>)>;
  using OnState = std::function<void(cloud::SessionId, bgp::SessionState from, bgp::SessionState to,
                                     const std::string& reason)>;

  /// Whether a tunnel is up and negotiated: sessions inside of it run only then.
  using CarriesPackets = std::function<bool(cloud::LinkId)>;

  /// Everything is referenced, nothing copied; all outlive the speakers.
  Speakers(const lab::Lab& lab, const cloud::Network& network, const ElementState& state,
           bgp::Scheduler& scheduler, CarriesPackets carries_packets);

  /// Best routes of a gateway changed; a session moved (told by its `a` end, or by the end it has).
  void observe(const OnRoutes& on_routes, const OnState& on_state);
  /// Boots the speakers of all gateways that are up.
  void start();
  void crash(cloud::GatewayId gateway);
  void restart(cloud::GatewayId gateway);
  void stop_session(cloud::SessionId session);
  void start_session(cloud::SessionId session);

  [[nodiscard]] bgp::Speaker* at(cloud::GatewayId gateway) {
    return speakers_[gateway.index()].get();
  }
  [[nodiscard]] const bgp::Speaker* at(cloud::GatewayId gateway) const {
    return speakers_[gateway.index()].get();
  }

  /// One end of a session as a peer of its gateway's speaker.
  struct End {
    cloud::GatewayId gateway;
    bgp::PeerId peer{};
    bool exists = false;  ///< false: this end is not configured, or can never come up
  };
  [[nodiscard]] const End& end_a(cloud::SessionId session) const {
    return ends_a_[session.index()];
  }
  [[nodiscard]] const End& end_b(cloud::SessionId session) const {
    return ends_b_[session.index()];
  }
  /// The session that a peer of a gateway's speaker belongs to.
  [[nodiscard]] cloud::SessionId session_of(cloud::GatewayId gateway, bgp::PeerId peer) const;

  /// What the policies of Aviatrix gateways look at.
  [[nodiscard]] AviatrixPolicies& aviatrix() { return aviatrix_; }
  [[nodiscard]] const AviatrixPolicies& aviatrix() const { return aviatrix_; }

  void record_messages() { records_ = true; }
  [[nodiscard]] const std::vector<std::string>& messages() const { return messages_; }

 private:
  void make_speaker(cloud::GatewayId gateway);
  End make_peer(cloud::SessionId id, const cloud::Session::End& own,
                const cloud::Session::End& other);
  [[nodiscard]] bool is_reachable(lpm::Ipv4Address from, lpm::Ipv4Address to, uint8_t ttl) const;
  [[nodiscard]] bool is_fabric_open(const cloud::Session& session, uint8_t ttl) const;

  const lab::Lab& lab_;
  const cloud::Network& network_;
  const ElementState& state_;
  CarriesPackets carries_packets_;
  AviatrixPolicies aviatrix_;
  bgp::MemoryTransport transport_;
  bgp::Scheduler& scheduler_;
  std::vector<std::unique_ptr<bgp::Speaker>> speakers_;          // by gateway; may be null
  std::vector<std::vector<cloud::SessionId>> sessions_of_peer_;  // by gateway, by PeerId
  std::vector<End> ends_a_;
  std::vector<End> ends_b_;
  std::map<std::pair<lpm::Ipv4Address, lpm::Ipv4Address>, cloud::SessionId> by_addresses_;
  bool records_ = false;
  std::vector<std::string> messages_;
};

}  // namespace skyhop::emulator
