#include "dataplane/eal.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <rte_memory.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>

#include "dataplane/image.h"
#include "dataplane/ipsec/control.h"
#include "dataplane/packet_pool.h"
#include "lpm/rte_lpm_table.h"

namespace skyhop::dataplane {
namespace {

struct Started {
  EalInfo info;
  std::filesystem::path runtime_dir;
};
std::optional<Started> started;

// What EAL said last, for the message when it fails.
std::string last_log;

ssize_t keep_log(void*, const char* text, size_t size) {
  const std::string_view line(text, size);
  if (line.find_first_not_of(" \n") != std::string_view::npos) {
    last_log = line.substr(0, line.find_last_not_of(" \n") + 1);
  }
  return static_cast<ssize_t>(size);
}

std::vector<unsigned> usable_cpus() {
  std::vector<unsigned> cpus;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return {0};
  for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

size_t free_hugepages_mb() {
  std::ifstream meminfo("/proc/meminfo");
  std::string key;
  size_t value = 0, pages = 0, page_kb = 0;
  std::string rest;
  while (meminfo >> key >> value && std::getline(meminfo, rest)) {
    if (key == "HugePages_Free:") pages = value;
    if (key == "Hugepagesize:") page_kb = value;
  }
  return pages * page_kb / 1024;
}

// As EAL chooses it (root: /var/run, others: XDG_RUNTIME_DIR or /tmp).
std::filesystem::path runtime_dir(const std::string& prefix) {
  const char* own = std::getenv("RUNTIME_DIRECTORY");
  std::filesystem::path base = "/var/run";
  if (own != nullptr) {
    base = own;
  } else if (getuid() != 0) {
    const char* xdg = std::getenv("XDG_RUNTIME_DIR");
    base = xdg != nullptr ? xdg : "/tmp";
  }
  return base / "dpdk" / prefix;
}

std::string value_after(const std::vector<std::string>& arguments, std::string_view option) {
  for (const std::string& argument : arguments) {
    if (argument.starts_with(option)) return argument.substr(option.size());
  }
  return {};
}

// Without hugepages of EAL's own, the kernel's transparent ones save most of the TLB misses. Not
// for models of hundreds of tables: each would take two megabytes where it needs a few kilobytes.
void ask_for_transparent_hugepages(size_t memory_mb) {
  constexpr size_t kMaxMemoryMb = 8192;
  if (memory_mb > kMaxMemoryMb) return;
  rte_memseg_list_walk(
      [](const rte_memseg_list* list, void*) {
        if (list->external == 0) madvise(list->base_va, list->len, MADV_HUGEPAGE);
        return 0;
      },
      nullptr);
}

}  // namespace

Result<std::vector<std::string>> eal_arguments(const EalOptions& options, const Machine& machine,
                                               EalInfo& info) {
  const unsigned lcores = options.workers + 1;
  if (options.workers == 0) return fail("at least one worker lcore is needed");
  if (lcores > RTE_MAX_LCORE) {
    return fail("too many workers: " + std::to_string(options.workers), {},
                "DPDK has " + std::to_string(RTE_MAX_LCORE) + " lcores, the main one among them");
  }
  const std::vector<unsigned>& cpus = options.cpus.empty() ? machine.cpus : options.cpus;
  for (const unsigned cpu : cpus) {
    if (std::ranges::find(machine.cpus, cpu) == machine.cpus.end()) {
      return fail("CPU " + std::to_string(cpu) + " is not available to this process");
    }
  }
  if (cpus.empty()) return fail("no CPU is available to this process");

  // lcore 0 is the main one. Workers take the CPUs after its own, and share when there are no more.
  std::string map;
  info.workers.clear();
  for (unsigned lcore = 0; lcore < lcores; ++lcore) {
    if (lcore != 0) {
      map += ',';
      info.workers.push_back(lcore);
    }
    map += std::to_string(lcore) + "@" + std::to_string(cpus[lcore % cpus.size()]);
  }
  info.cpus_shared = lcores > cpus.size();

  const size_t memory_mb = options.memory_mb == 0 ? kDefaultMemoryMb : options.memory_mb;
  const std::string prefix =
      options.file_prefix.empty() ? "skyhop-" + std::to_string(getpid()) : options.file_prefix;
  std::vector<std::string> arguments = {"skyhop",         "--lcores=" + map,
                                        "--main-lcore=0", "--file-prefix=" + prefix,
                                        "--no-telemetry", "--iova-mode=va"};
  if (options.pci_devices.empty()) {
    arguments.emplace_back("--no-pci");
  } else {
    for (const std::string& device : options.pci_devices) {
      arguments.push_back("--allow=" + device);
    }
  }
  info.has_hugepages = options.allow_hugepages && machine.free_hugepages_mb >= memory_mb;
  if (info.has_hugepages) {
    arguments.emplace_back("--in-memory");
    info.note = "packets and tables in hugepages";
  } else {
    arguments.emplace_back("--no-huge");
    arguments.emplace_back("--no-shconf");
    arguments.emplace_back("-m");
    arguments.push_back(std::to_string(memory_mb));
    info.note = options.allow_hugepages
                    ? "hugepages: " + std::to_string(memory_mb) + " MB wanted, " +
                          std::to_string(machine.free_hugepages_mb) +
                          " MB free: running with --no-huge (slower)"
                    : "running with --no-huge, as asked";
  }
  if (info.cpus_shared) {
    info.note += "; " + std::to_string(lcores) + " lcores share " + std::to_string(cpus.size()) +
                 (cpus.size() == 1 ? " CPU" : " CPUs");
  }
  return arguments;
}

Result<EalInfo> start_eal(const EalOptions& options) {
  if (started) return started->info;
  EalInfo info;
  auto arguments = eal_arguments(options, {usable_cpus(), free_hugepages_mb()}, info);
  if (!arguments) return std::unexpected(arguments.error());
  if (const char* level = std::getenv("SKYHOP_DPDK_LOG")) {
    arguments->push_back(std::string("--log-level=*:") + level);
  } else {
    cookie_io_functions_t functions{};
    functions.write = keep_log;
    // Lives as long as the process, like EAL.
    std::FILE* log = fopencookie(nullptr, "w", functions);
    std::setvbuf(log, nullptr, _IONBF, 0);
    rte_openlog_stream(log);
  }
  const auto runtime = runtime_dir(value_after(*arguments, "--file-prefix="));
  std::vector<char*> argv;
  for (std::string& argument : *arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const int code = rte_eal_init(static_cast<int>(argv.size()) - 1, argv.data());
  // Open files stay open; nothing of them needs a name.
  std::error_code ignored;
  std::filesystem::remove_all(runtime, ignored);
  if (code < 0) {
    return fail("cannot start DPDK: " + (last_log.empty() ? rte_strerror(rte_errno) : last_log), {},
                "SKYHOP_DPDK_LOG=debug shows what it did");
  }
  if (!info.has_hugepages) {
    ask_for_transparent_hugepages(options.memory_mb == 0 ? kDefaultMemoryMb : options.memory_mb);
  }
  started = Started{info, runtime};
  std::atexit(stop_eal);
  return info;
}

void stop_eal() {
  if (!started) return;
  rte_eal_cleanup();
  std::error_code ignored;
  std::filesystem::remove_all(started->runtime_dir, ignored);
  std::filesystem::remove(started->runtime_dir.parent_path(), ignored);  // when it is empty
  started.reset();
}

const EalInfo* eal_info() { return started ? &started->info : nullptr; }

size_t memory_needed_mb(const Image& image, unsigned workers) {
  constexpr size_t kMiB = 1 << 20;
  size_t bytes = 0;
  for (const RouterSpec& router : image.routers) {
    // A table that may become one of rte_lpm must find room when it does.
    const lpm::TablePolicy policy{router.table, image.routers.size()};
    if (policy.kind_for(0) != lpm::TableKind::rte_lpm) continue;
    constexpr size_t kBlocks = 1024, kAlignment = kMiB;
    bytes += lpm::RteLpmTable::bytes_for(kBlocks) + kAlignment;
  }
  const PoolSize pool = size_pool(image, workers);
  bytes += pool.bytes();
  for (const LinkSpec& link : image.links) {
    if (link.esp) bytes += ipsec::memory_needed(*link.esp, workers);
  }
  constexpr size_t kSlack = 64 * kMiB;  // device queues, rings, QSBR, fragmentation of the heap
  return (bytes + kSlack) / kMiB;
}

}  // namespace skyhop::dataplane
