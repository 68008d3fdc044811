// VMs and their NICs.
#include <fmt/format.h>

#include <algorithm>

#include "control/cloud/azure/derive.h"

namespace skyhop::cloud::azure {

namespace {

bool is_reserved(std::string_view subnet) {
  return subnet == kRouteServerSubnet || subnet == kGatewaySubnet;
}

/// The subnet the VM names, else the first one that VMs are meant for.
std::optional<SubnetId> subnet_of(Derivation& d, const lab::VirtualMachine& vm, VnetId vnet_id,
                                  const std::string& path) {
  const Vnet& vnet = d.network.at(vnet_id);
  if (vm.subnet) {
    const auto found = d.find_subnet(vnet_id, *vm.subnet);
    if (found) {
      if (!is_reserved(*vm.subnet)) return found;
      d.error(path + ".subnet", fmt::format("{} is for Azure's own gateways", *vm.subnet));
      return std::nullopt;
    }
    std::vector<std::string> candidates;
    for (const SubnetId id : vnet.subnets) candidates.push_back(d.network.at(id).name);
    d.error(path + ".subnet", fmt::format("VNet {} has no subnet \"{}\"{}", vnet.name, *vm.subnet,
                                          did_you_mean(*vm.subnet, candidates)));
    return std::nullopt;
  }
  for (const SubnetId id : vnet.subnets) {
    const Subnet& subnet = d.network.at(id);
    const bool is_private =
        subnet.route_table && d.network.at(*subnet.route_table).is_private_subnet;
    // Where spoke gateways stand in Public-subnet-1, that one is the first public subnet (V4).
    const bool is_passed_over = vnet.made_by_aviatrix &&
                                d.lab.settings.spoke_gateway_subnet == "Public-subnet-1" &&
                                subnet.name.ends_with("-Public-gateway-subnet-1");
    if (is_reserved(subnet.name) || is_private || is_passed_over) continue;
    d.fact(vm.name, "subnet", d.full_name(id),
           vnet.made_by_aviatrix ? "first public subnet of the VNet the controller makes"
                                 : "first subnet of the VNet that is not a gateway's");
    return id;
  }
  d.error(path + ".virtual_network_name", fmt::format("VNet {} has no subnet for VMs", vnet.name));
  return std::nullopt;
}

void derive_vm(Derivation& d, const lab::VirtualMachine& vm, VmId id) {
  const std::string path = "azurerm_linux_virtual_machine." + vm.name;
  const auto vnet = d.need_vnet(vm.virtual_network_name, path + ".virtual_network_name");
  if (!vnet) return;
  const auto subnet = subnet_of(d, vm, *vnet, path);
  if (!subnet) return;
  Nic nic{.name = vm.name + "-nic",
          .subnet = *subnet,
          .ip_forwarding = vm.ip_forwarding_enabled,
          .owner = id};
  if (vm.network_security_group) {
    nic.nsg = d.find_nsg(*vm.network_security_group);
    if (!nic.nsg) {
      d.error(path + ".network_security_group",
              fmt::format("there is no security group \"{}\"", *vm.network_security_group));
    }
  }
  if (vm.public_ip_address) {
    const auto public_ip =
        std::ranges::find(d.lab.public_ips, *vm.public_ip_address, &lab::PublicIp::name);
    if (public_ip == d.lab.public_ips.end()) {
      d.error(path + ".public_ip_address_id",
              fmt::format("there is no public IP \"{}\"", *vm.public_ip_address));
    } else {
      d.network.vms[id.index()].public_ip = public_ip->ip_address
                                                ? *public_ip->ip_address
                                                : d.take_public_address(PublicAddressKind::azure);
    }
  }
  const NicId nic_id = d.add_nic(std::move(nic), vm.private_ip_address,
                                 path + (vm.private_ip_address ? ".private_ip_address" : ""));
  d.network.vms[id.index()].nic = nic_id;
}

}  // namespace

void derive_vms(Derivation& d) {
  const auto& vms = d.lab.virtual_machines;
  for (const lab::VirtualMachine& vm : vms) {
    d.add_vm({.name = vm.name, .nic = {}}, "azurerm_linux_virtual_machine." + vm.name);
  }
  // Static addresses first, so that a dynamic one never takes what another VM asks for.
  for (size_t i = 0; i < vms.size(); ++i) {
    if (vms[i].private_ip_address) derive_vm(d, vms[i], VmId(i));
  }
  for (size_t i = 0; i < vms.size(); ++i) {
    if (!vms[i].private_ip_address) derive_vm(d, vms[i], VmId(i));
  }
}

}  // namespace skyhop::cloud::azure
