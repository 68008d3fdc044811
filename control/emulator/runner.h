// A run with packets: converge, start the workers, play timeline and checks while traffic flows,
// stop, and add everything up.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "control/emulator/checks.h"
#include "control/emulator/limits_met.h"
#include "dataplane/counters.h"
#include "dataplane/ipsec/spec.h"

namespace skyhop::emulator {

struct RunOptions {
  std::optional<double> duration_s;  ///< default: the lab's timeline, or 3 s
  std::optional<double> pps;         ///< 0: as fast as possible; absent: as the lab says
  std::string frame_size;            ///< octets without FCS, or "imix"; empty: as the lab says
  std::string from;                  ///< VM; empty: the lab's traffic
  std::string to;
  unsigned workers = 1;
  std::vector<unsigned> cpus;                ///< empty: chosen
  std::map<std::string, std::string> ports;  ///< VM -> DPDK devargs
  bool allow_hugepages = true;
  /// Link -> file: what is on it goes there ("a -> b", or "a - b" for both directions).
  std::vector<std::pair<std::string, std::string>> link_captures;
  double time_scale = 0;  ///< virtual seconds per real second; 0: so that the timeline fits
  // replay
  std::string replay_file;   ///< packets enter at `from`, or arrive over `replay_link`
  std::string replay_link;   ///< "a -> b"
  std::string capture_file;  ///< what arrives is written here
  uint32_t loops = 1;
};

struct RunProgress {
  double elapsed_s = 0;
  double total_s = 0;
  Seconds virtual_now{0};
  double mpps = 0;
  uint64_t delivered = 0;
  uint64_t dropped = 0;
};

struct SessionRow {
  std::string name;
  std::string state;
  uint32_t asn_a = 0, asn_b = 0;
  std::string problem;
};

/// A router's forwarding table at the end of a run.
struct TableRow {
  lpm::TableKind kind = lpm::TableKind::rte_lpm;
  std::string why;
  size_t routes = 0;
  size_t bytes = 0;
  uint32_t moves = 0;  ///< from kind to kind
};

struct RunReport {
  Convergence convergence;
  std::vector<SessionRow> sessions;
  std::vector<CheckResult> checks;
  std::vector<std::string> events;
  dataplane::Counters counters;
  std::vector<std::string> router_names;  ///< as counters.routers
  std::vector<TableRow> tables;           ///< as counters.routers
  std::vector<std::string> link_names;    ///< as counters.links: directed, "a -> b"
  LimitNames limit_names;
  std::vector<std::string> port_names;  ///< as counters.ports
  /// SAs of the run, spares left out; their links are those of link_names.
  std::vector<dataplane::ipsec::AssociationRecord> associations;
  double seconds = 0;  ///< of traffic
  double tsc_hz = 0;
  unsigned workers = 0;
  double time_scale = 1;
  std::vector<std::string> notes;  ///< "no hugepages: ...", "CPUs are shared by lcores"
  std::optional<Error> replay_error;
  [[nodiscard]] bool passed() const;
};

[[nodiscard]] Result<RunReport> run(const lab::Lab& lab, const cloud::Network& network,
                                    const RunOptions& options,
                                    const std::function<void(const RunProgress&)>& on_progress);

}  // namespace skyhop::emulator
