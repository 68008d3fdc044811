// Starts DPDK once for all tests of this program: no hugepages, no devices, any machine.
#include <gtest/gtest.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

namespace skyhop::lpm {
namespace {

class EalEnvironment : public testing::Environment {
 public:
  void SetUp() override {
    // One table takes 64 MiB; no test holds more than two.
    std::vector<std::string> words = {"unit_lpm",
                                      "--no-huge",
                                      "--no-shconf",
                                      "-m",
                                      "256",
                                      "--no-pci",
                                      "--log-level=error",
                                      "--file-prefix=unit_lpm_" + std::to_string(getpid())};
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    ASSERT_GE(rte_eal_init(static_cast<int>(argv.size()), argv.data()), 0)
        << rte_strerror(rte_errno);
  }
  void TearDown() override {
    const std::string folder = rte_eal_get_runtime_dir();
    rte_eal_cleanup();
    std::filesystem::remove_all(folder);  // EAL leaves it behind
  }
};

[[maybe_unused]] testing::Environment* const kEnvironment =
    testing::AddGlobalTestEnvironment(new EalEnvironment);

}  // namespace
}  // namespace skyhop::lpm
