// A lab of configs/, read, derived and converged in virtual time, with short ways to ask it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "control/cloud/derive.h"
#include "control/emulator/checks.h"
#include "control/emulator/emulation.h"
#include "control/emulator/names.h"
#include "control/emulator/trace.h"
#include "control/lab/reader.h"

namespace skyhop {

inline lpm::Ipv4Prefix prefix(const std::string& text) { return *lpm::Ipv4Prefix::parse(text); }
inline lpm::Ipv4Address address(const std::string& text) { return *lpm::Ipv4Address::parse(text); }

/// Next hops of a table row: "10.0.20.65", or the far router's name where there is no address.
using NextHops = std::set<std::string>;

class LiveLab {
 public:
  /// A file of configs/.
  explicit LiveLab(const std::string& config)
      : LiveLab(lab::read_file(std::string(SKYHOP_CONFIGS) + "/" + config)) {}
  /// A lab of configs/ with these sections on top of it.
  static std::unique_ptr<LiveLab> variant_of(const std::string& config,
                                             const std::string& sections) {
    return text("extends: " + config + "\nchecks: []\n" + sections);
  }
  /// The first lab with these sections on top of it.
  static std::unique_ptr<LiveLab> variant(const std::string& sections) {
    return variant_of("ars-multipeer.yaml", sections);
  }
  /// A lab of its own.
  static std::unique_ptr<LiveLab> text(const std::string& sections) {
    return std::make_unique<LiveLab>(
        lab::read_text("lab: variant\n" + sections, std::string(SKYHOP_CONFIGS) + "/variant.yaml"));
  }
  explicit LiveLab(lab::ReadResult read)
      : read_(std::move(read)),
        derived_(cloud::derive(read_.lab)),
        emulation_(std::make_unique<emulator::Emulation>(read_.lab, derived_.network, nullptr)) {}

  emulator::Convergence converge() { return emulation_->converge(); }
  [[nodiscard]] bool is_valid() const {
    return !lab::has_errors(read_.diagnostics) && !lab::has_errors(derived_.diagnostics);
  }
  /// Every finding, for a test that fails because the lab is wrong.
  [[nodiscard]] std::string findings() const {
    std::string text;
    for (const auto* list : {&read_.diagnostics, &derived_.diagnostics}) {
      for (const auto& finding : *list) text += lab::to_string(finding, read_.lab.file) + "\n";
    }
    return text;
  }
  [[nodiscard]] const lab::Lab& lab() const { return read_.lab; }
  [[nodiscard]] const cloud::Network& network() const { return derived_.network; }
  [[nodiscard]] emulator::Emulation& emulation() { return *emulation_; }

  [[nodiscard]] const routing::RouterTable& table(const std::string& name) const {
    return emulation_->table(*emulator::table_named(network(), name));
  }
  [[nodiscard]] const routing::Offer* best(const std::string& router, const std::string& to) const {
    const routing::Entry* entry = table(router).find(prefix(to));
    return entry == nullptr ? nullptr : entry->best();
  }
  /// What carries traffic now for exactly this prefix; empty without a route.
  [[nodiscard]] NextHops next_hops(const std::string& router, const std::string& to) const {
    const routing::RouterTable& rows = table(router);
    const routing::Entry* entry = rows.find(prefix(to));
    if (entry == nullptr || entry->best() == nullptr) return {};
    const auto active = rows.active(*entry);
    NextHops found;
    for (const auto* list : {&entry->best()->primary, &entry->best()->backup}) {
      for (const routing::NextHop& hop : *list) {
        if (std::ranges::find(active, hop.edge) == active.end()) continue;
        found.insert(hop.via ? hop.via->to_string() : hop.name);
      }
    }
    return found;
  }
  [[nodiscard]] std::string as_path(const std::string& router, const std::string& to) const {
    const routing::Offer* offer = best(router, to);
    return offer == nullptr ? "no route" : offer->as_path;
  }
  [[nodiscard]] std::string session(const std::string& name) const {
    return emulation_->session_state(*emulator::session_named(network(), name));
  }
  [[nodiscard]] emulator::Trace trace(const std::string& from, const std::string& to,
                                      uint8_t protocol = 1, uint16_t source_port = 0,
                                      uint16_t destination_port = 0) const {
    return emulator::trace(*emulation_, {.from = *emulator::vm_named(network(), from),
                                         .to = *emulator::destination_named(network(), to),
                                         .protocol = protocol,
                                         .source_port = source_port,
                                         .destination_port = destination_port});
  }
  void apply(lab::SetState change) {
    ASSERT_TRUE(emulation_->apply({.action = std::move(change)}));
  }
  /// The peer of a speaker, by the names of both gateways.
  [[nodiscard]] emulator::Emulation::SessionPeer peer(const std::string& of,
                                                      const std::string& towards) const {
    for (size_t i = 0; i < network().sessions.size(); ++i) {
      const cloud::Session& session = network().sessions[i];
      const bool is_a = network().at(session.a.gateway).name == of;
      const auto& far = is_a ? session.b : session.a;
      const auto& near = is_a ? session.a : session.b;
      if (network().at(near.gateway).name == of && network().at(far.gateway).name == towards) {
        return emulation_->session_peer(cloud::SessionId(i), is_a);
      }
    }
    return {};
  }
  /// What `of` has learned from `from` for the prefix, rejected or not.
  [[nodiscard]] std::optional<bgp::LearnedRoute> learned(const std::string& of,
                                                         const std::string& from,
                                                         const std::string& to) const {
    const auto end = peer(of, from);
    return end.speaker == nullptr ? std::nullopt : end.speaker->learned(end.peer, prefix(to));
  }

 private:
  lab::ReadResult read_;
  cloud::DeriveResult derived_;
  std::unique_ptr<emulator::Emulation> emulation_;
};

}  // namespace skyhop
