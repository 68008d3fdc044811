// The control side of IPsec: makes tunnels and their SAs, gives workers new ones in time, and takes
// old ones away. It stands for what IKE does between two gateways.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/ipsec/tunnel.h"
#include "lpm/qsbr.h"

namespace skyhop::dataplane::ipsec {

/// SAs of one tunnel and direction at a time: those ahead, and all with the one in use and old
/// ones.
struct Stock {
  uint32_t spares = 1;
  uint32_t all = 4;
};
/// More for short lives: workers must not run out of them before the control thread comes round.
[[nodiscard]] Stock stock_for(const EspSpec& spec);

/// What SAs of so many workers take in EAL's memory.
[[nodiscard]] size_t memory_needed(const EspSpec& spec, unsigned workers);

class Control {
 public:
  struct Link {
    uint32_t index = 0;
    std::string name;
    EspSpec spec;
  };
  /// EAL must run. `number` tells data planes of one process apart.
  static Result<std::unique_ptr<Control>> create(std::vector<Link> links, unsigned workers,
                                                 unsigned number, lpm::Qsbr& qsbr);
  ~Control();
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  /// By worker; null for a link that is no tunnel.
  [[nodiscard]] Tunnel* const* tunnels(uint32_t link) const;
  [[nodiscard]] Workspace* workspace(unsigned worker) const { return workspaces_[worker].get(); }

  /// To be called every few milliseconds; `now` is the time by which SAs age, in seconds.
  void tend(double now);
  /// All SAs, by link, tunnel, worker and generation.
  [[nodiscard]] std::vector<AssociationRecord> records() const;

 private:
  struct Live {
    std::unique_ptr<Association> association;
    uint32_t generation = 0;
    double born = 0;  ///< when it was put to use, where it was
    uint64_t opened = 0;
    uint64_t quiet_since = 0;  ///< TSC: nothing has come out of it since
  };
  /// SAs of one tunnel, direction and worker, oldest first.
  struct Line {
    size_t link;  ///< in links_
    uint32_t member;
    uint32_t worker;
    Tunnel* tunnel;
    std::deque<Live> live;
    uint32_t next_generation = 0;
    const Association* current = nullptr;
  };

  Control(std::vector<Link> links, lpm::Qsbr& qsbr) : links_(std::move(links)), qsbr_(qsbr) {}
  Result<void> build(unsigned workers, unsigned number);
  Result<Engine*> engine_for(const std::string& driver, unsigned number, unsigned workers);
  Result<void> add(Line& line);
  Result<void> fill(Line& line);
  void age(Line& line, double now);
  void retire(Line& line, bool needs_room);
  [[nodiscard]] AssociationRecord record_of(const Line& line, const Live& live) const;

  std::vector<Link> links_;
  lpm::Qsbr& qsbr_;
  std::map<std::string, std::unique_ptr<Engine>> engines_;
  std::vector<Engine*> engine_of_;  ///< by link of links_
  std::vector<std::unique_ptr<Tunnel>> tunnels_;
  std::map<uint32_t, std::vector<Tunnel*>> by_worker_;  ///< by link index
  std::vector<std::unique_ptr<Workspace>> workspaces_;
  std::deque<Line> lines_;
  size_t next_line_ = 0;
  std::vector<std::unique_ptr<Association>> leaving_;
  std::vector<AssociationRecord> gone_;
};

}  // namespace skyhop::dataplane::ipsec
