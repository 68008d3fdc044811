// DPDK's environment: started once per process, from our own arguments.
#pragma once

#include <string>
#include <vector>

#include "lpm/error.h"

namespace skyhop::dataplane {

struct EalOptions {
  unsigned workers = 1;         ///< worker lcores, besides the main one
  std::vector<unsigned> cpus;   ///< CPUs for main, worker 1, worker 2, ...; empty: chosen
  size_t memory_mb = 0;         ///< 0: computed by the caller's image; at least one table's 64 MiB
  bool allow_hugepages = true;
  std::string file_prefix;      ///< empty: one of this process
  std::vector<std::string> pci_devices;  ///< empty: --no-pci
};

struct EalInfo {
  bool has_hugepages = false;
  std::string note;  ///< "no hugepages: running with --no-huge (slower)"; for the report
  std::vector<unsigned> workers;  ///< lcore ids
  bool cpus_shared = false;       ///< fewer CPUs than lcores
};

/// Starts EAL, or says clearly why not. A second call returns the first call's info.
/// Falls back to --no-huge when no hugepages are free, and says so in `note`.
[[nodiscard]] Result<EalInfo> start_eal(const EalOptions& options);
/// Releases what EAL left on disk; called at exit.
void stop_eal();

}  // namespace skyhop::dataplane
