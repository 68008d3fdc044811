// Other people's BGP daemons, each started in a network of its own with a generated configuration.
//
// The daemon is a router between two of our speakers:
//
//     AS 65001 10.91.1.1 ---- 10.91.1.2  daemon, AS 65100  10.91.2.2 ---- 10.91.2.1 AS 4200000003
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/interop/network.h"

namespace skyhop::interop {

inline constexpr uint32_t kDaemonAsn = 65100;

struct Neighbour {
  std::string ours;    ///< the speaker's address
  std::string theirs;  ///< the daemon's
  uint32_t asn = 0;    ///< the speaker's
};

inline const std::vector<Neighbour> kNeighbours = {{"10.91.1.1", "10.91.1.2", 65001},
                                                   {"10.91.2.1", "10.91.2.2", 4200000003}};

struct Configuration {
  bool daemon_is_passive = false;
  unsigned hold_time = 90;  ///< seconds
  std::string md5_key;
};

class Daemon {
 public:
  virtual ~Daemon() = default;
  /// Starts it; sessions come up when they come up.
  virtual void start(const Configuration& configuration) = 0;
  /// Asks both of our speakers for their routes again (RFC 2918).
  virtual void request_refresh() = 0;
  /// What it has to say when a test fails.
  [[nodiscard]] virtual std::string log() const = 0;
  virtual void freeze() = 0;
  virtual void thaw() = 0;
};

/// A daemon that is one program.
class ProgramDaemon : public Daemon {
 public:
  ProgramDaemon(const Network& network, std::filesystem::path folder)
      : network_(network), folder_(std::move(folder)) {}
  [[nodiscard]] std::string log() const override;
  void freeze() override { program_->freeze(); }
  void thaw() override { program_->thaw(); }

 protected:
  /// The path of a file in the daemon's folder; with text, also writes it.
  [[nodiscard]] std::string file(const std::string& name) const { return folder_ / name; }
  [[nodiscard]] std::string write(const std::string& name, const std::string& text) const;
  void launch(const Command& command);
  Output command(const Command& words) const { return run(network_, words); }
  [[nodiscard]] const Network& network() const { return network_; }

 private:
  const Network& network_;
  std::filesystem::path folder_;
  std::unique_ptr<Process> program_;
};

struct DaemonKind {
  const char* name;     ///< as tests are named
  const char* package;  ///< Debian's
  const char* program;  ///< there when the package is
  unsigned flaps;       ///< that it comes back from at once, before it waits longer and longer
  std::unique_ptr<Daemon> (*make)(const Network& network, const std::filesystem::path& folder);
};

extern const DaemonKind kBird;
extern const DaemonKind kFrr;
extern const DaemonKind kGobgp;
extern const DaemonKind kOpenbgpd;

}  // namespace skyhop::interop
