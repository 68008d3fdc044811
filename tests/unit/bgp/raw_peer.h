// A peer made of octets only, to say what a speaker never would.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "control/bgp/message/header.h"
#include "control/bgp/message/open.h"
#include "control/bgp/message/update.h"
#include "tests/unit/bgp/scene.h"

namespace skyhop::bgp::test {

/// Connects to speaker 1 as 10.255.0.2.
class RawPeer {
 public:
  explicit RawPeer(Scene& scene) : scene_(scene) {
    ConnectionCallbacks callbacks;
    callbacks.on_bytes = [this](Octets octets) {
      framer_.feed(octets);
      for (auto message = framer_.next(); message && *message; message = framer_.next()) {
        received_.emplace_back((*message)->octets.begin(), (*message)->octets.end());
      }
    };
    callbacks.on_closed = [this](const std::string&) { closed_ = true; };
    framer_.set_longest(kMaxExtendedLength);
    connection_ = scene.network().connect({Scene::address(2), Scene::address(1), 64}, callbacks);
    scene.run(milliseconds(10));
  }
  void send(const std::vector<uint8_t>& octets) {
    connection_->send(octets);
    scene_.run(milliseconds(10));
  }
  void establish(const Capabilities& capabilities = {.four_octet_as = true}) {
    send(encode(open(capabilities)));
    send(encode_keepalive());
  }
  static Open open(const Capabilities& capabilities = {.four_octet_as = true}) {
    Open open;
    static_cast<Capabilities&>(open) = capabilities;
    open.asn = 65515;
    open.hold_time = 180;
    open.router_id = Scene::address(2);
    return open;
  }
  /// An UPDATE with these three fields, in hex.
  void update(const std::string& withdrawn, const std::string& attributes,
              const std::string& nlri) {
    std::vector<uint8_t> out;
    const size_t begun = begin_message(out, MessageType::update);
    Writer writer(out);
    for (const auto& field : {hex(withdrawn), hex(attributes)}) {
      writer.u16(static_cast<uint16_t>(field.size()));
      writer.bytes(field);
    }
    writer.bytes(hex(nlri));
    end_message(out, begun);
    send(out);
  }
  void announce(const std::string& nlri, const std::string& more_attributes = "") {
    update("", kAttributes + more_attributes, nlri);
  }
  void drop() {
    connection_->close();
    scene_.run(milliseconds(10));
  }
  [[nodiscard]] Notification last_notification() const {
    return decode_notification(Octets(received_.back()).subspan(kHeaderLength));
  }
  [[nodiscard]] std::vector<std::vector<uint8_t>> received(MessageType type) const {
    std::vector<std::vector<uint8_t>> found;
    for (const auto& message : received_) {
      if (message[kHeaderLength - 1] == static_cast<uint8_t>(type)) found.push_back(message);
    }
    return found;
  }

  /// ORIGIN, AS_PATH 65515 and NEXT_HOP 10.255.0.2.
  static inline const std::string kAttributes =
      "40 01 01 00  40 02 06 02 01 0000ffeb  40 03 04 0aff0002";

  Scene& scene_;
  Framer framer_;
  std::unique_ptr<Connection> connection_;
  std::vector<std::vector<uint8_t>> received_;
  bool closed_ = false;
};

class RawSession : public testing::Test {
 protected:
  RawSession() : RawSession([](PeerConfig&) {}) {}
  template <typename Tune>
  explicit RawSession(Tune tune) {
    scene_.add(1, 65020);
    PeerConfig config;
    config.name = "raw";
    config.local_address = Scene::address(1);
    config.remote_address = Scene::address(2);
    config.remote_asn = 65515;
    config.passive = true;
    tune(config);
    peer_ = scene_.at(1).add_peer(config);
    scene_.start();
  }
  [[nodiscard]] PeerStatus status() { return scene_.at(1).status(peer_); }
  [[nodiscard]] size_t best_count() { return scene_.at(1).best_count(); }

  Scene scene_;
  PeerId peer_{};
};

}  // namespace skyhop::bgp::test
