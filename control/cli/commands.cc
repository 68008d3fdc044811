#include "control/cli/commands.h"

namespace skyhop::cli {
namespace {

constexpr Command kCommands[] = {
    {"run", "Converge, forward packets, and report what happened", "LAB [options]",
     "Brings every BGP session up, starts the worker lcores, plays the lab's timeline and checks\n"
     "while traffic flows, and prints sessions, throughput, latency, and every drop's reason.",
     "  skyhop run configs/ars-multipeer.yaml\n"
     "  skyhop run configs/ars-multipeer.yaml --from spoke1-test-vm --to spoke2-test-vm \\\n"
     "      --size imix --duration 10 --json",
     parse_and_run<"run", parse_run, run>},
    {"check", "Play timeline and checks of labs, without packets", "LAB... [options]",
     "Time is virtual: hours of hold timers and polling take no time.",
     "  skyhop check configs/*.yaml --junit checks.xml",
     parse_and_run<"check", parse_check, check>},
    {"trace", "The path of a flow there and back, with the reason for every hop",
     "LAB SRC DST [options]",
     "SRC is a VM; DST a VM, a gateway or an address. Each hop shows the matching prefix, which\n"
     "source won and why the others lost, the ECMP choice, and the verdict of security groups.",
     "  skyhop trace configs/ars-multipeer.yaml spoke1-test-vm spoke2-test-vm\n"
     "  skyhop trace configs/ars-multipeer.yaml spoke1-test-vm 10.0.110.5 --proto tcp --dport 80\n"
     "  skyhop trace configs/ars-multipeer.yaml spoke1-test-vm spoke2-test-vm --mtr",
     parse_and_run<"trace", parse_trace, trace>},
    {"routes", "The table of a router, of a VM or of a subnet", "LAB ROUTER|VM|SUBNET [options]",
     "A gateway's table, or the effective routes of a VM's NIC or of a subnet (VNET/SUBNET).",
     "  skyhop routes configs/ars-multipeer.yaml transit-1\n"
     "  skyhop routes configs/ars-multipeer.yaml spoke1-test-vm",
     parse_and_run<"routes", parse_routes, routes>},
    {"bgp", "BGP sessions, and what each speaker learned and advertised",
     "LAB [summary | ROUTER [learned|advertised] [PEER]] [options]",
     "ROUTER alone shows its best routes; PEER is a peer's name or address.",
     "  skyhop bgp configs/ars-multipeer.yaml\n"
     "  skyhop bgp configs/ars-multipeer.yaml routerserver-0 learned\n"
     "  skyhop bgp configs/ars-multipeer.yaml transit-1 advertised 10.0.10.4",
     parse_and_run<"bgp", parse_bgp, bgp>},
    {"replay", "Send the packets of a capture through the lab", "LAB --pcap IN --from VM [options]",
     "Destination addresses decide where packets go; every one that does not arrive is counted\n"
     "with its reason.",
     "  skyhop replay configs/ars-multipeer.yaml --pcap in.pcap --from spoke1-test-vm --out "
     "out.pcap",
     parse_and_run<"replay", parse_replay, replay>},
    {"validate", "Check a lab file", "FILE [options]",
     "Prints everything that is wrong with it, with its place and the cloud's rule that it breaks.",
     "  skyhop validate configs/ars-multipeer.yaml\n"
     "  skyhop validate --schema > lab.schema.json",
     parse_and_run<"validate", parse_validate, validate>},
    {"show", "The network that the clouds make of a lab, with reasons", "FILE [options]",
     "Addresses, subnets, twins, tunnels and sessions that nobody wrote down, and why they are so.",
     "  skyhop show configs/ars-multipeer.yaml\n"
     "  skyhop show configs/ars-multipeer.yaml --json",
     parse_and_run<"show", parse_show, show>},
    {"bench", "Measure the kinds of forwarding tables side by side", "lpm [options]",
     "The same routes (an Internet-like mix of lengths) and the same destinations for each kind:\n"
     "look-ups, additions, changes and deletions a second, and memory. Answers are compared.\n"
     "rte_lpm's own adding takes longer the more routes there are; --limit bounds it.",
     "  skyhop bench lpm\n"
     "  skyhop bench lpm --routes 1k,1M --limit 10 --json",
     parse_and_run<"bench", parse_bench, bench>},
};

}  // namespace

std::span<const Command> all_commands() { return kCommands; }

}  // namespace skyhop::cli
