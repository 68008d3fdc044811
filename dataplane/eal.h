// DPDK's environment: started once per process, from our own arguments.
#pragma once

#include <string>
#include <vector>

#include "lpm/error.h"

namespace skyhop::dataplane {

struct Image;

struct EalOptions {
  unsigned workers = 1;        ///< worker lcores, besides the main one
  std::vector<unsigned> cpus;  ///< CPUs for main, worker 1, worker 2, ...; empty: chosen
  size_t memory_mb = 0;        ///< see memory_needed_mb(); 0: kDefaultMemoryMb
  bool allow_hugepages = true;
  std::string file_prefix;               ///< empty: one of this process
  std::vector<std::string> pci_devices;  ///< empty: --no-pci
};

inline constexpr size_t kDefaultMemoryMb = 512;

struct EalInfo {
  bool has_hugepages = false;
  std::string note;  ///< "no hugepages: running with --no-huge (slower)"; for the report
  std::vector<unsigned> workers;  ///< lcore ids
  bool cpus_shared = false;       ///< fewer CPUs than lcores
};

/// Starts EAL, or says clearly why not. A second call returns the first call's info.
/// Falls back to --no-huge when no hugepages are free, and says so in `note`. DPDK's log is kept
/// quiet; SKYHOP_DPDK_LOG=info (or debug, ...) in the environment lets it speak on stderr.
[[nodiscard]] Result<EalInfo> start_eal(const EalOptions& options);
/// Releases what EAL left on disk; called at exit.
void stop_eal();

/// Memory that an image takes in EAL: 64 MiB for each router's table, packet buffers, slack.
/// Without hugepages it is address space: only what is touched becomes memory.
[[nodiscard]] size_t memory_needed_mb(const Image& image, unsigned workers);

/// EAL's arguments for these options, given what the machine has. Pure, for tests.
struct Machine {
  std::vector<unsigned> cpus;  ///< that this process may use
  size_t free_hugepages_mb = 0;
};
[[nodiscard]] Result<std::vector<std::string>> eal_arguments(const EalOptions& options,
                                                             const Machine& machine, EalInfo& info);

/// The info of a started EAL; nothing before start_eal().
[[nodiscard]] const EalInfo* eal_info();

}  // namespace skyhop::dataplane
