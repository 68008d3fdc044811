#include "dataplane/eal.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "dataplane/image.h"
#include "dataplane/ports/device.h"

namespace skyhop::dataplane {
namespace {

bool has(const std::vector<std::string>& arguments, const std::string& argument) {
  return std::ranges::find(arguments, argument) != arguments.end();
}

TEST(EalArguments, WorkersTakeTheCpusAfterTheMainOne) {
  EalInfo info;
  const auto arguments = eal_arguments({.workers = 3}, {{4, 5, 6, 7}, 0}, info);
  ASSERT_TRUE(arguments);
  EXPECT_TRUE(has(*arguments, "--lcores=0@4,1@5,2@6,3@7"));
  EXPECT_EQ(info.workers, (std::vector<unsigned>{1, 2, 3}));
  EXPECT_FALSE(info.cpus_shared);
  EXPECT_TRUE(has(*arguments, "--no-pci"));
}

TEST(EalArguments, MoreWorkersThanCpusShareThem) {
  EalInfo info;
  const auto arguments = eal_arguments({.workers = 3}, {{0, 1}, 0}, info);
  ASSERT_TRUE(arguments);
  EXPECT_TRUE(has(*arguments, "--lcores=0@0,1@1,2@0,3@1"));
  EXPECT_TRUE(info.cpus_shared);
  EXPECT_NE(info.note.find("4 lcores share 2 CPUs"), std::string::npos);
}

TEST(EalArguments, HugepagesWhenEnoughAreFree) {
  EalInfo info;
  auto arguments = eal_arguments({.memory_mb = 600}, {{0, 1}, 600}, info);
  ASSERT_TRUE(arguments);
  EXPECT_TRUE(info.has_hugepages);
  EXPECT_TRUE(has(*arguments, "--in-memory"));
  EXPECT_FALSE(has(*arguments, "--no-huge"));

  arguments = eal_arguments({.memory_mb = 601}, {{0, 1}, 600}, info);
  ASSERT_TRUE(arguments);
  EXPECT_FALSE(info.has_hugepages);
  EXPECT_FALSE(has(*arguments, "--in-memory"));
  EXPECT_TRUE(has(*arguments, "--no-huge"));
  EXPECT_TRUE(has(*arguments, "601"));
  EXPECT_NE(info.note.find("--no-huge (slower)"), std::string::npos);

  arguments = eal_arguments({.memory_mb = 10, .allow_hugepages = false}, {{0}, 600}, info);
  ASSERT_TRUE(arguments);
  EXPECT_FALSE(info.has_hugepages);
}

TEST(EalArguments, UnusableCpusAndTooManyWorkersAreRefused) {
  EalInfo info;
  EXPECT_FALSE(eal_arguments({.cpus = {0, 9}}, {{0, 1}, 0}, info));
  EXPECT_FALSE(eal_arguments({.workers = 128}, {{0, 1}, 0}, info));
  EXPECT_FALSE(eal_arguments({.workers = 0}, {{0, 1}, 0}, info));
}

TEST(EalArguments, ChosenCpusAndDevicesArePassedOn) {
  EalInfo info;
  const auto arguments =
      eal_arguments({.cpus = {3, 1}, .file_prefix = "own", .pci_devices = {"0000:03:00.0"}},
                    {{0, 1, 2, 3}, 0}, info);
  ASSERT_TRUE(arguments);
  EXPECT_TRUE(has(*arguments, "--lcores=0@3,1@1"));
  EXPECT_TRUE(has(*arguments, "--file-prefix=own"));
  EXPECT_TRUE(has(*arguments, "--allow=0000:03:00.0"));
  EXPECT_FALSE(has(*arguments, "--no-pci"));
}

TEST(EalMemory, CountsEveryTableAndThePackets) {
  Image image;
  image.routers.resize(25);
  const size_t needed = memory_needed_mb(image, 1);
  EXPECT_GE(needed, 25u * 65);
  EXPECT_LE(needed, 25u * 70 + 200);
  EXPECT_GT(memory_needed_mb(image, 8), needed);
}

TEST(Devargs, VirtualDevicesGetNamesOfTheirOwn) {
  const DeviceName name = parse_devargs("net_pcap,rx_pcap=a.pcap,infinite_rx=1", 3);
  EXPECT_EQ(name.bus, "vdev");
  EXPECT_EQ(name.name, "net_pcap_skyhop3");
  EXPECT_EQ(name.arguments, "rx_pcap=a.pcap,infinite_rx=1");
  EXPECT_EQ(parse_devargs("net_null0", 4).name, "net_null_skyhop4");
  EXPECT_EQ(parse_devargs("net_null0", 4).arguments, "");
}

TEST(Devargs, PciAddressesStayAsTheyAre) {
  const DeviceName name = parse_devargs("0000:03:00.0,queues=2", 1);
  EXPECT_EQ(name.bus, "pci");
  EXPECT_EQ(name.name, "0000:03:00.0");
  EXPECT_EQ(name.arguments, "queues=2");
}

}  // namespace
}  // namespace skyhop::dataplane
