#include "dataplane/ports/device.h"

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <filesystem>
#include <vector>

#include "pcap/reader.h"

namespace skyhop::dataplane {
namespace {

constexpr uint16_t kDescriptors = 1024;

// The values of one key in "a=1,b=2,a=3".
std::vector<std::string> values_of(const std::string& arguments, const std::string& key) {
  std::vector<std::string> values;
  for (size_t at = 0; at < arguments.size();) {
    const size_t end = std::min(arguments.find(',', at), arguments.size());
    const std::string pair = arguments.substr(at, end - at);
    if (pair.starts_with(key + "=")) values.push_back(pair.substr(key.size() + 1));
    at = end + 1;
  }
  return values;
}

// "0000:03:00.0" or "03:00.0".
bool is_pci_address(const std::string& name) {
  return !name.empty() && name.find(':') != std::string::npos &&
         std::ranges::all_of(
             name, [](unsigned char c) { return std::isxdigit(c) || c == ':' || c == '.'; });
}

std::string describe_errno(int code) { return rte_strerror(code < 0 ? -code : code); }

}  // namespace

DeviceName parse_devargs(const std::string& devargs, unsigned number) {
  const size_t comma = std::min(devargs.find(','), devargs.size());
  DeviceName name;
  name.name = devargs.substr(0, comma);
  if (comma < devargs.size()) name.arguments = devargs.substr(comma + 1);
  name.bus = is_pci_address(name.name) ? "pci" : "vdev";
  if (name.bus == "vdev") {
    while (!name.name.empty() && std::isdigit(static_cast<unsigned char>(name.name.back()))) {
      name.name.pop_back();
    }
    name.name += "_skyhop" + std::to_string(number);
  }
  return name;
}

Result<uint32_t> preloaded_packets(const std::string& devargs) {
  const DeviceName name = parse_devargs(devargs, 0);
  if (!name.name.starts_with("net_pcap")) return 0;
  const auto infinite = values_of(name.arguments, "infinite_rx");
  uint32_t count = 0;
  for (const std::string& file : values_of(name.arguments, "rx_pcap")) {
    if (!std::filesystem::exists(file)) {
      return fail("cannot read the capture: no such file", file, "rx_pcap names an existing file");
    }
    if (infinite.empty() || infinite.front() == "0") continue;
    auto reader = pcap::CaptureReader::open(file);
    if (!reader) return std::unexpected(reader.error());
    for (auto frame = reader->next(); frame && *frame; frame = reader->next()) ++count;
  }
  return count;
}

Result<std::unique_ptr<Device>> Device::open(const std::string& port_name,
                                             const std::string& devargs, unsigned number,
                                             uint16_t tx_queues, rte_mempool* pool) {
  auto device = std::unique_ptr<Device>(new Device(parse_devargs(devargs, number)));
  const DeviceName& name = device->name_;
  const std::string where = "port " + port_name + "=" + devargs;
  const int code = rte_eal_hotplug_add(name.bus.c_str(), name.name.c_str(), name.arguments.c_str());
  if (code != 0) {
    return fail("cannot make the device: " + describe_errno(code), where,
                name.bus == "pci" ? "the device is bound to vfio-pci or uio_pci_generic"
                                  : "the driver exists and its arguments are right, such as "
                                    "net_pcap,rx_pcap=FILE,infinite_rx=1");
  }
  device->is_plugged_ = true;
  if (rte_eth_dev_get_port_by_name(name.name.c_str(), &device->id_) != 0) {
    return fail("the device is no network port", where);
  }
  device->has_port_ = true;
  if (auto configured = device->configure(where, tx_queues, pool); !configured) {
    return std::unexpected(configured.error());
  }
  return device;
}

Result<void> Device::configure(const std::string& where, uint16_t tx_queues, rte_mempool* pool) {
  rte_eth_dev_info info{};
  if (const int code = rte_eth_dev_info_get(id_, &info); code != 0) {
    return fail("cannot ask the device what it is: " + describe_errno(code), where);
  }
  const std::string driver = info.driver_name;
  may_share_buffers_ = driver != "net_pcap" && driver != "net_null";
  tx_queues_ = info.max_tx_queues >= tx_queues ? tx_queues : uint16_t{1};

  rte_eth_conf conf{};
  conf.txmode.offloads = info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
  if (may_share_buffers_) conf.txmode.offloads = 0;
  int code = rte_eth_dev_configure(id_, 1, tx_queues_, &conf);
  if (code != 0) return fail("cannot configure the device: " + describe_errno(code), where);
  uint16_t rx_descriptors = kDescriptors, tx_descriptors = kDescriptors;
  code = rte_eth_dev_adjust_nb_rx_tx_desc(id_, &rx_descriptors, &tx_descriptors);
  if (code != 0) return fail("cannot size the device's rings: " + describe_errno(code), where);
  const int socket = rte_eth_dev_socket_id(id_);
  code =
      rte_eth_rx_queue_setup(id_, 0, rx_descriptors, static_cast<unsigned>(socket), nullptr, pool);
  if (code != 0) {
    return fail("cannot set up the receive queue: " + describe_errno(code), where,
                "a preloaded capture must fit in the packet buffers");
  }
  for (uint16_t queue = 0; queue < tx_queues_; ++queue) {
    code =
        rte_eth_tx_queue_setup(id_, queue, tx_descriptors, static_cast<unsigned>(socket), nullptr);
    if (code != 0) return fail("cannot set up a transmit queue: " + describe_errno(code), where);
  }
  code = rte_eth_dev_start(id_);
  if (code != 0) return fail("cannot start the device: " + describe_errno(code), where);
  is_started_ = true;
  // A VM's port takes what the fabric sends it; devices without the mode do so anyway.
  rte_eth_promiscuous_enable(id_);
  return {};
}

Device::~Device() {
  if (is_started_) rte_eth_dev_stop(id_);
  if (has_port_) rte_eth_dev_close(id_);
  if (is_plugged_) rte_eal_hotplug_remove(name_.bus.c_str(), name_.name.c_str());
}

}  // namespace skyhop::dataplane
