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
     "  skyhop routes configs/ars-multipeer.yaml transit-1 --product\n"
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
    {"import", "A lab file from a Terraform plan or state", "FILE [options]",
     "FILE is what `terraform show -json PLAN > FILE` prints, of a plan or a state. What nobody "
     "knows\n"
     "before it is applied is filled in: by what refers to what, and by the clouds' own rules.\n"
     "Secrets are never read.",
     "  skyhop import plan.json -o my.yaml\n"
     "  skyhop import state.json --json",
     parse_and_run<"import", parse_import, import>},
    {"show", "The network that the clouds make of a lab, with reasons", "FILE [options]",
     "Addresses, subnets, twins, tunnels and sessions that nobody wrote down, and why they are so.",
     "  skyhop show configs/ars-multipeer.yaml\n"
     "  skyhop show configs/ars-multipeer.yaml --cost\n"
     "  skyhop show configs/ars-multipeer.yaml --json",
     parse_and_run<"show", parse_show, show>},
    {"explain", "Why a router has a route or not; why a packet arrives or does not",
     "LAB (ROUTER PREFIX | --from VM --to VM|ADDRESS) [options]",
     "A route's whole story: who has it of his own, each speaker it crossed with what was "
     "changed,\n"
     "who refused it by which rule, why it won or lost, which tables hold it. ROUTER may also be "
     "a\n"
     "route server instance, a VM or a subnet; PREFIX an address.\n"
     "For a packet: where it ends, the first cause, and the change to the lab that was tried and\n"
     "makes it arrive.",
     "  skyhop explain configs/ars-multipeer.yaml transit-1 10.0.110.0/24\n"
     "  skyhop explain configs/branch-to-branch-off.yaml --from spoke1-test-vm \\\n"
     "      --to spoke2-test-vm --proto tcp --dport 80",
     parse_and_run<"explain", parse_explain, explain>},
    {"lint", "The traps of such networks that this lab has stepped into", "LAB [options]",
     "Each with its cause, what it costs in the lab's own tables, and the fix. Ends with 1 when\n"
     "there is a trap; notes alone end with 0.",
     "  skyhop lint configs/branch-to-branch-off.yaml", parse_and_run<"lint", parse_lint, lint>},
    {"activity", "Everything that changed in a lab, and when", "LAB [options]",
     "Sessions, links and gateways, what the Aviatrix controller read when it polled, programmed\n"
     "and advertised, approvals and switchovers, in virtual time.",
     "  skyhop activity configs/spoke2-cidrs.yaml\n"
     "  skyhop activity configs/fail-transit-1.yaml --at 2m --json",
     parse_and_run<"activity", parse_timed, activity>},
    {"alerts", "What somebody should look at", "LAB [options]",
     "Learned routes that overlap spokes, limits that are near, CIDRs that wait for approval,\n"
     "sessions with one of two route server instances, and what is down.",
     "  skyhop alerts configs/approval.yaml\n"
     "  skyhop alerts configs/fail-transit-1.yaml --at 60s --json",
     parse_and_run<"alerts", parse_timed, alerts>},
    {"az", "What the az CLI would answer, in its own JSON and tables", "COMMAND... [options]",
     "COMMAND is one of az's, with or without 'network' in front:\n"
     "  nic show-effective-route-table | list-effective-nsg             -n NIC\n"
     "  routeserver show                                                -n NAME\n"
     "  routeserver peering show | list-learned-routes | list-advertised-routes\n"
     "                                                     --routeserver NAME -n PEERING\n"
     "  vnet-gateway list-learned-routes | list-bgp-peer-status         -n NAME\n"
     "  vnet-gateway list-advertised-routes                             -n NAME --peer IP\n"
     "  watcher show-next-hop            --vm VM --source-ip IP --dest-ip IP\n"
     "  watcher test-ip-flow             --vm VM --direction Inbound|Outbound\n"
     "                                   --protocol TCP|UDP --local IP:PORT --remote IP:PORT",
     "  skyhop az network nic show-effective-route-table -g lab -n spoke1-test-vm-nic -o table \\\n"
     "      --lab configs/ars-multipeer.yaml\n"
     "  skyhop az routeserver peering list-learned-routes -g lab --routeserver routerserver \\\n"
     "      -n transit-1 --lab configs/ars-multipeer.yaml",
     parse_and_run<"az", parse_az, az>},
    {"diff", "Real az output beside the lab: what differs, and what would explain it",
     "LAB --az FILE... [options]",
     "Each FILE holds what one az command printed of the real network (-o json). Which command,\n"
     "and whose answer it is, follows from the contents or from the file's name; NAME=FILE says\n"
     "it. Each row that differs has its story in the lab, and changes to the lab that make the\n"
     "two agree are named when trying them showed that they do. Ends with 1 when something\n"
     "differs.",
     "  skyhop diff configs/ars-multipeer.yaml --az spoke1-test-vm-nic=nic.json\n"
     "  skyhop diff configs/ars-multipeer.yaml --az captures/*.json --json",
     parse_and_run<"diff", parse_diff, diff>},
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
