#!/bin/sh
# Makes every capture of this folder with the command-line tools of Wireshark (Debian:
# wireshark-common), so that the tests read files that skyhop had no hand in.
set -eu
cd "$(dirname "$0")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Four packets from 10.0.30.4 to 10.0.110.4, 250 ms and some ns apart: text2pcap makes the headers.
one() { # seconds hex-octets text2pcap-options...
    time=$1 octets=$2
    shift 2
    printf '%s 0000 %s\n' "$time" "$octets" | text2pcap -q -F nsecpcap -t '%s.%f' "$@" - "$scratch/$time"
}
one 1700000000.000000001 '73 6b 79 68 6f 70' -4 10.0.30.4,10.0.110.4 -u 4000,5201
one 1700000000.250000002 '47 45 54 20 2f 0a' -4 10.0.30.4,10.0.110.4 -T 4001,80
one 1700000000.500000003 '08 00 f7 f5 00 07 00 03' -4 10.0.30.4,10.0.110.4 -i 1
one 1700000000.750000004 '01 02 03 04' -4 10.0.30.4,10.0.110.4 -i 50
mergecap -F nsecpcap -w ethernet_ns.pcap "$scratch"/1700000000.*

editcap -F pcap ethernet_ns.pcap ethernet_us.pcap
editcap -F pcapng ethernet_ns.pcap ethernet_ns.pcapng
editcap -F pcapng ethernet_us.pcap ethernet_us.pcapng
mergecap -I none -F pcapng -w "$scratch/merged" ethernet_ns.pcap ethernet_us.pcap
# mergecap writes the kernel's name into the file; blank it out.
kernel=$(uname -sr)
LC_ALL=C sed "s/$kernel/$(echo "$kernel" | sed 's/./x/g')/" "$scratch/merged" >two_interfaces.pcapng
editcap -F pcap -s 40 ethernet_us.pcap snapped.pcap
editcap -F pcap -T ieee-802-11 ethernet_us.pcap wifi.pcap

# The same four packets behind other link headers: cut the Ethernet header off, dump as hex, put
# the other header before, read the dump back with the link type's number.
editcap -F nsecpcap -C 14 -L -T rawip ethernet_ns.pcap raw.pcap
relink() { # file link-type-number header-in-hex
    for number in 1 2 3 4; do
        editcap -F nsecpcap -r raw.pcap "$scratch/one" "$number"
        # 24 octets of file header and 16 of packet header come before the packet.
        packet=$(od -An -v -tx1 -j40 "$scratch/one" | tr -d ' \n')
        printf '1700000000.0 0000 %s\n' "$(printf '%s%s' "$3" "$packet" | sed 's/../& /g')"
    done | text2pcap -q -F pcap -t '%s.%f' -l "$2" - "$1"
}
relink ethernet_vlan.pcap 1 0200000000020200000000018100006e0800
relink ethernet_qinq.pcap 1 02000000000202000000000188a8000a8100006e0800
relink linux_cooked.pcap 113 00000001000602000000000100000800
relink linux_cooked2.pcap 276 0800000000000002000100060200000000010000
relink null_little.pcap 0 02000000
relink null_big.pcap 0 00000002
relink loop.pcap 108 00000002
relink ipv4.pcap 228 ''
