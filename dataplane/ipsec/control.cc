#include "dataplane/ipsec/control.h"

#include <rte_cycles.h>

#include <algorithm>
#include <tuple>

namespace skyhop::dataplane::ipsec {
namespace {

/// Worth of packets that spares last for: at five million a second the control thread may be away
/// for fifty milliseconds.
constexpr uint64_t kPacketsAhead = 1u << 18;
constexpr uint32_t kMostSpares = 256;
/// An SA that was replaced goes when all its packets have come out, or none has for so long.
constexpr double kQuietSeconds = 10;
/// Lines that one call of tend() looks at, so that its time does not grow with the lab.
constexpr size_t kLinesAtOnce = 4096;
/// A new SA is put to use when nine tenths of the old one's life are over.
constexpr uint64_t kMargin = 10;

uint64_t soft_of(uint64_t hard) { return hard - hard / kMargin; }

uint32_t sessions_for(const EspSpec& spec, unsigned workers) {
  constexpr uint32_t kHalves = 2;
  return kHalves * stock_for(spec).all * spec.tunnels * workers;
}

std::string driver_of(const EspSpec& spec) {
  return spec.driver.empty() ? std::string(default_driver(spec.transform)) : spec.driver;
}

}  // namespace

std::string_view to_string(AssociationRecord::State state) {
  constexpr std::string_view kNames[] = {"spare", "current", "replaced", "gone"};
  return kNames[static_cast<uint8_t>(state)];
}

Stock stock_for(const EspSpec& spec) {
  uint64_t packets = kPacketsAhead;
  if (spec.lifetime.packets != 0) packets = std::min(packets, spec.lifetime.packets);
  if (spec.lifetime.octets != 0) packets = std::min(packets, spec.lifetime.octets / kIpv4 + 1);
  Stock stock;
  stock.spares = static_cast<uint32_t>(
      std::clamp<uint64_t>((kPacketsAhead + packets - 1) / packets, 1, kMostSpares));
  constexpr uint32_t kOld = 2;  // as many old ones as there are spares, and some
  stock.all = 2 * stock.spares + kOld;
  return stock;
}

size_t memory_needed(const EspSpec& spec, unsigned workers) {
  constexpr size_t kWorkspace = kRows * 512;
  return sessions_for(spec, workers) * kSessionBytes + workers * kWorkspace;
}

Result<std::unique_ptr<Control>> Control::create(std::vector<Link> links, unsigned workers,
                                                 unsigned number, lpm::Qsbr& qsbr) {
  auto control = std::unique_ptr<Control>(new Control(std::move(links), qsbr));
  if (auto built = control->build(workers, number); !built) {
    return std::unexpected(built.error());
  }
  return control;
}

Control::~Control() = default;

Result<Engine*> Control::engine_for(const std::string& driver, unsigned number, unsigned workers) {
  auto& engine = engines_[driver];
  if (!engine) {
    uint32_t sessions = 0;
    for (const Link& link : links_) {
      if (driver_of(link.spec) == driver) sessions += sessions_for(link.spec, workers);
    }
    auto made = Engine::create(driver, number, workers, sessions);
    if (!made) return std::unexpected(made.error());
    engine = std::move(*made);
  }
  return engine.get();
}

Result<void> Control::build(unsigned workers, unsigned number) {
  for (unsigned i = 0; i < workers; ++i) {
    auto workspace = Workspace::create(number, static_cast<uint16_t>(i));
    if (!workspace) return std::unexpected(workspace.error());
    workspaces_.push_back(std::move(*workspace));
  }
  for (size_t i = 0; i < links_.size(); ++i) {
    const Link& link = links_[i];
    const EspSpec& spec = link.spec;
    const std::string driver = driver_of(spec);
    if (driver.empty()) {
      return fail("nothing here encrypts with " + to_string(spec.transform), link.name,
                  "choose another algorithm, or --encryption none");
    }
    if (spec.tunnels == 0 || spec.tunnels > kMostTunnels) {
      return fail("a bundle of " + std::to_string(spec.tunnels) + " tunnels", link.name,
                  "1 to " + std::to_string(kMostTunnels));
    }
    auto engine = engine_for(driver, number, workers);
    if (!engine) return std::unexpected(engine.error());
    engine_of_.push_back(*engine);
    const Stock stock = stock_for(spec);
    for (unsigned worker = 0; worker < workers; ++worker) {
      tunnels_.push_back(std::make_unique<Tunnel>(spec.source, spec.destination, spec.tunnels,
                                                  stock.spares, stock.all));
      by_worker_[link.index].push_back(tunnels_.back().get());
      for (uint32_t member = 0; member < spec.tunnels; ++member) {
        lines_.push_back({.link = i,
                          .member = member,
                          .worker = worker,
                          .tunnel = tunnels_.back().get(),
                          .live = {}});
        if (auto filled = fill(lines_.back()); !filled) return filled;
      }
    }
  }
  return {};
}

Tunnel* const* Control::tunnels(uint32_t link) const {
  const auto found = by_worker_.find(link);
  return found == by_worker_.end() ? nullptr : found->second.data();
}

Result<void> Control::add(Line& line) {
  const Link& link = links_[line.link];
  const EspSpec& spec = link.spec;
  AssociationSpec sa{.transform = spec.transform,
                     .keys = {},
                     .source = spec.source,
                     .destination = spec.destination,
                     .udp = spec.udp,
                     .sequence_numbers = spec.sequence_numbers,
                     .replay_window = spec.replay_window,
                     .first_sequence = spec.first_sequence};
  KeyLabel label{.link = link.name,
                 .tunnel = line.member,
                 .worker = line.worker,
                 .generation = line.next_generation};
  const bool is_given =
      label.generation == 0 && label.worker == 0 && label.tunnel < spec.keys.size();
  for (;; ++label.draw) {
    sa.keys = is_given ? spec.keys[label.tunnel] : make_keys(spec.seed, label, spec.transform);
    auto made = Association::create(sa, *engine_of_[line.link]);
    if (!made) {
      Error error = made.error();
      if (error.where.empty()) error.where = link.name;
      return std::unexpected(error);
    }
    Association& association = **made;
    if (!line.tunnel->admit(&association)) {
      if (is_given)
        return fail("SPI " + std::to_string(sa.keys.spi) + " is given twice", link.name);
      continue;
    }
    const Lifetime& life = spec.lifetime;
    if (life.packets != 0) {
      association.hard_packets = life.packets;
      association.soft_packets = soft_of(life.packets);
    }
    if (life.octets != 0) {
      association.hard_octets = life.octets;
      association.soft_octets = soft_of(life.octets);
    }
    association.soft_packets =
        std::min(association.soft_packets, soft_of(association.sequence_packets));
    line.live.push_back(
        {.association = std::move(*made), .generation = line.next_generation++, .born = 0});
    // Known at the far end before it is used here.
    [[maybe_unused]] const bool is_taken = line.tunnel->provide(line.member, &association);
    return {};
  }
}

Result<void> Control::fill(Line& line) {
  const Stock stock = stock_for(links_[line.link].spec);
  while (line.live.empty() || line.tunnel->spares(line.member) < stock.spares) {
    if (line.live.size() >= stock.all) break;
    if (auto added = add(line); !added) return added;
  }
  if (line.current == nullptr) line.current = line.live.front().association.get();
  return {};
}

void Control::age(Line& line, double now) {
  const Association* current = line.tunnel->current(line.member);
  const auto live = std::ranges::find_if(
      line.live, [current](const Live& one) { return one.association.get() == current; });
  if (current != line.current) {
    line.current = current;
    live->born = now;
  }
  const double seconds = links_[line.link].spec.lifetime.seconds;
  if (seconds <= 0) return;
  Association& association = *live->association;
  const double used = now - live->born;
  if (used >= seconds - seconds / kMargin)
    association.is_old.store(true, std::memory_order_relaxed);
  if (used >= seconds) association.is_expired.store(true, std::memory_order_relaxed);
}

void Control::retire(Line& line, bool needs_room) {
  const uint64_t now = rte_rdtsc();
  const auto quiet = static_cast<uint64_t>(kQuietSeconds * static_cast<double>(rte_get_tsc_hz()));
  while (!line.live.empty()) {
    Live& oldest = line.live.front();
    const Association& association = *oldest.association;
    if (!association.is_replaced.load(std::memory_order_acquire)) return;
    const uint64_t opened = association.opened.load(std::memory_order_relaxed);
    if (opened != oldest.opened || oldest.quiet_since == 0) {
      oldest.opened = opened;
      oldest.quiet_since = now;
    }
    const bool is_done = opened == association.packets || now - oldest.quiet_since >= quiet;
    if (!is_done && !needs_room) return;
    needs_room = false;
    gone_.push_back(record_of(line, oldest));
    gone_.back().state = AssociationRecord::State::gone;
    line.tunnel->dismiss(&association);
    leaving_.push_back(std::move(oldest.association));
    line.live.pop_front();
  }
}

void Control::tend(double now) {
  const size_t count = std::min(lines_.size(), kLinesAtOnce);
  for (size_t i = 0; i < count; ++i) {
    Line& line = lines_[(next_line_ + i) % lines_.size()];
    age(line, now);
    const Stock stock = stock_for(links_[line.link].spec);
    retire(line, line.live.size() >= stock.all && line.tunnel->spares(line.member) < stock.spares);
  }
  if (!leaving_.empty()) {
    qsbr_.synchronize();
    leaving_.clear();
  }
  for (size_t i = 0; i < count; ++i) {
    // What failed once for want of memory is tried again the next time; until then workers go on
    // with what they have.
    [[maybe_unused]] const auto filled = fill(lines_[(next_line_ + i) % lines_.size()]);
  }
  if (!lines_.empty()) next_line_ = (next_line_ + count) % lines_.size();
}

AssociationRecord Control::record_of(const Line& line, const Live& live) const {
  const Association& association = *live.association;
  AssociationRecord record{.link = links_[line.link].index,
                           .tunnel = line.member,
                           .worker = line.worker,
                           .generation = live.generation,
                           .spec = association.spec,
                           .packets = association.packets,
                           .octets = association.octets,
                           .opened = association.opened.load(std::memory_order_relaxed)};
  if (association.is_replaced.load(std::memory_order_acquire)) {
    record.state = AssociationRecord::State::replaced;
  } else if (line.tunnel->current(line.member) == &association) {
    record.state = AssociationRecord::State::current;
  }
  return record;
}

std::vector<AssociationRecord> Control::records() const {
  std::vector<AssociationRecord> all = gone_;
  for (const Line& line : lines_) {
    for (const Live& live : line.live) all.push_back(record_of(line, live));
  }
  std::ranges::sort(all, {}, [](const AssociationRecord& r) {
    return std::tuple(r.link, r.tunnel, r.worker, r.generation);
  });
  return all;
}

}  // namespace skyhop::dataplane::ipsec
