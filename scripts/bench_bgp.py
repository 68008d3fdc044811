#!/usr/bin/env python3
"""Runs BIRD and skyhop against bgp_blast in turn and prints medians and their ratios.

usage: bench_bgp.py FOLDER [--rows ROWS] [--pairs N] [--routes N] [--at-most RATIO] [--json]

FOLDER holds bgp_blast and bgp_router. scripts/bench-bgp says what the rows are.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

LOCAL = "10.91.255.254"  # the measured router
REMOTE = "10.91.0.1"     # its first neighbour; the others follow
SINK = "10.91.200.1"
ASN = 65000
PEER_ASN = 65001

ROWS = {  # routes, neighbours, shape, passes on
    "learn": (500_000, 1, "blast", False),
    "million": (1_000_000, 1, "blast", False),
    "peers": (1_000_000, 50, "blast", False),
    "through": (500_000, 1, "blast", True),
    "internet": (580_000, 1, "internet", False),
    "scattered": (500_000, 1, "one", False),
}


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


class Namespaces:
    """The router's network and the neighbours', joined by a veth."""

    def __enter__(self):
        self.router = f"skyhop-router-{os.getpid()}"
        self.far = f"skyhop-far-{os.getpid()}"
        for name in (self.router, self.far):
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "link", "add", "bgp0", "netns", self.router, "type", "veth",
            "peer", "name", "bgp0", "netns", self.far)
        run("ip", "-n", self.router, "address", "add", LOCAL + "/16", "dev", "bgp0")
        for n in range(1, 51):
            run("ip", "-n", self.far, "address", "add", f"10.91.0.{n}/16", "dev", "bgp0")
        run("ip", "-n", self.far, "address", "add", SINK + "/16", "dev", "bgp0")
        for name in (self.router, self.far):
            run("ip", "-n", name, "link", "set", "bgp0", "up")
        return self

    def __exit__(self, *_):
        for name in (self.router, self.far):
            subprocess.run(["ip", "netns", "delete", name], check=False)

    @staticmethod
    def start(name, command, **kwargs):
        return subprocess.Popen(["ip", "netns", "exec", name, *command], text=True, **kwargs)


class Events:
    """The lines of JSON that a program says."""

    def __init__(self, program):
        self.program = program
        self.seen = {}

    def wait(self, event):
        while event not in self.seen:
            line = self.program.stdout.readline()
            if not line:
                sys.exit(f"bench-bgp: {self.program.args[4]} ended before '{event}'")
            said = json.loads(line)
            self.seen[said["event"]] = said
        return self.seen[event]

    def at(self, event):
        return self.wait(event)["at"]


def stop(program):
    program.terminate()
    program.wait()


class Bird:
    name = "bird"

    def __init__(self, spaces, folder, tools, peers, passes_on):
        self.spaces, self.folder, self.peers, self.passes_on = spaces, folder, peers, passes_on

    def __enter__(self):
        text = f"router id {LOCAL};\nlog stderr {{ fatal, bug }};\nprotocol device {{}}\n"
        neighbours = [(f"p{i}", f"10.91.0.{i + 1}", PEER_ASN + i, "import all; export none;")
                      for i in range(self.peers)]
        if self.passes_on:
            neighbours.append(("sink", SINK, PEER_ASN + self.peers,
                               "import none; export all; next hop self;"))
        for name, address, asn, policy in neighbours:
            text += (f"protocol bgp {name} {{\n  local {LOCAL} as {ASN};\n"
                     f"  neighbor {address} as {asn};\n  passive on;\n  hold time 240;\n"
                     f"  ipv4 {{ {policy} }};\n}}\n")
        path = self.folder / "bird.conf"
        path.write_text(text)
        self.program = self.spaces.start(
            self.spaces.router,
            ["/usr/sbin/bird", "-f", "-c", str(path), "-s", str(self.folder / "bird.ctl"),
             "-P", str(self.folder / "bird.pid")])
        return self

    def __exit__(self, *_):
        stop(self.program)

    def pid(self):
        return self.program.pid

    def wait_loaded(self, blast):
        blast.wait("answered")

    def wait_emptied(self, blast):
        blast.wait("withdrawn")

    @staticmethod
    def figures(blast, routes):
        before, loaded = blast.seen["established"], blast.seen["answered"]
        withdrawn = blast.seen["withdrawn"]
        return {"s": loaded["at"] - before["at"],
                "withdraw_s": withdrawn["at"] - blast.at("withdrawing"),
                "octets_per_route": (loaded["rss"] - before["rss"]) / routes,
                "left": withdrawn["rss"] / loaded["rss"]}


class Skyhop:
    name = "skyhop"

    def __init__(self, spaces, folder, tools, peers, passes_on, routes):
        self.command = [str(tools / "bgp_router"), "--local", LOCAL, "--remote", REMOTE,
                        "--peers", str(peers), "--routes", str(routes),
                        "--asn", str(ASN), "--peer-asn", str(PEER_ASN)]
        if passes_on:
            self.command += ["--sink", SINK, "--sink-local", LOCAL]
        self.spaces = spaces

    def __enter__(self):
        self.program = self.spaces.start(self.spaces.router, self.command, stdout=subprocess.PIPE)
        self.events = Events(self.program)
        self.events.wait("ready")
        return self

    def __exit__(self, *_):
        stop(self.program)

    def pid(self):
        return self.program.pid

    def wait_loaded(self, blast):
        blast.wait("answered")
        self.events.wait("loaded")

    def wait_emptied(self, blast):
        blast.wait("withdrawn")
        self.events.wait("emptied")

    def figures(self, blast, routes):
        before, loaded = self.events.seen["established"], self.events.seen["loaded"]
        emptied = self.events.seen["emptied"]
        tables = loaded["rss"] - before["rss"] - (loaded["fib"] - before["fib"])
        return {"s": loaded["at"] - before["at"],
                "withdraw_s": emptied["at"] - blast.at("withdrawing"),
                "octets_per_route": tables / routes,
                "left": emptied["rss"] / loaded["rss"]}


def measure(kind, spaces, tools, row, routes_wanted):
    routes, peers, shape, passes_on = ROWS[row]
    routes = routes_wanted or routes
    with tempfile.TemporaryDirectory() as folder:
        extra = (routes,) if kind is Skyhop else ()
        with kind(spaces, pathlib.Path(folder), tools, peers, passes_on, *extra) as router:
            command = [str(tools / "bgp_blast"), "--remote", LOCAL, "--local", REMOTE,
                       "--peers", str(peers), "--routes", str(routes), "--shape", shape,
                       "--asn", str(PEER_ASN), "--withdraw", "--pid", str(router.pid()),
                       "--hold", "3"]  # a flood must not delay KEEPALIVEs
            if passes_on:
                command += ["--sink", SINK, "--sink-remote", LOCAL]
            program = spaces.start(spaces.far, command, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE)
            blast = Events(program)
            router.wait_loaded(blast)
            if passes_on:
                blast.wait("updates")
            program.stdin.write("\n")
            program.stdin.flush()
            router.wait_emptied(blast)
            figures = router.figures(blast, routes)
            if passes_on:
                figures["s"] = blast.at("passed_on") - blast.at("established")
                figures["withdraw_s"] = blast.at("withdrawal_passed_on") - blast.at("withdrawing")
                figures["updates"] = blast.seen["updates"]["count"]
            program.stdin.close()
            program.wait()
            return figures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--rows", default=" ".join(ROWS))
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--routes", type=int, default=0)
    parser.add_argument("--at-most", type=float)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results, too_slow = {}, []
    if not options.json:
        print(f"{'':10} {'BIRD':>8} {'skyhop':>8} {'ratio':>6}   withdrawal: {'BIRD':>7} "
              f"{'skyhop':>8} {'ratio':>6}   octets per route: {'BIRD':>4} {'skyhop':>6}")
    with Namespaces() as spaces:
        for row in options.rows.split():
            runs = {Bird: [], Skyhop: []}
            for _ in range(options.pairs):
                for kind, figures in runs.items():
                    figures.append(measure(kind, spaces, options.folder, row, options.routes))
            result = {}
            for kind, figures in runs.items():
                for key in figures[0]:
                    result[f"{kind.name}_{key}"] = statistics.median(f[key] for f in figures)
            result["ratio"] = result["skyhop_s"] / result["bird_s"]
            result["withdraw_ratio"] = result["skyhop_withdraw_s"] / result["bird_withdraw_s"]
            results[row] = result
            for ratio in ("ratio", "withdraw_ratio"):
                if options.at_most and result[ratio] > options.at_most:
                    too_slow.append(f"{row}: {ratio} {result[ratio]:.2f}")
            if not options.json:
                print(f"{row:10} {result['bird_s']:7.3f}s {result['skyhop_s']:7.3f}s "
                      f"{result['ratio']:6.2f} {result['bird_withdraw_s']:19.3f}s "
                      f"{result['skyhop_withdraw_s']:7.3f}s {result['withdraw_ratio']:6.2f} "
                      f"{result['bird_octets_per_route']:24.0f} "
                      f"{result['skyhop_octets_per_route']:6.0f}", flush=True)
    if options.json:
        print(json.dumps(results, indent=1))
    for line in too_slow:
        print(f"bench-bgp: {line} is more than {options.at_most}", file=sys.stderr)
    return 1 if too_slow else 0


if __name__ == "__main__":
    sys.exit(main())
