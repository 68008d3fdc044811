#!/usr/bin/env python3
"""Checks that no folder includes a folder above it.

usage: check_includes.py [ROOT]

The order is the house plan's, lowest first. A folder may include itself and every folder of a lower
level; folders of one level do not know each other, except where it is said.
"""

import pathlib
import re
import sys

LEVELS = [
    ["lpm"],
    ["pcap"],
    ["dataplane"],
    ["control/lab", "control/bgp"],
    ["control/cloud"],
    ["control/routing"],
    ["control/emulator"],
    ["control/explain"],
    ["control/report"],
    ["control/cli"],
]
# The message codec must be fuzzable alone: it turns octets into these values and back.
ISOLATED = {"control/bgp/message/": ["control/bgp/message/", "control/bgp/attributes.h", "control/bgp/prefix.h",
                                     "lpm/"]}

LEVEL_OF = {folder: level for level, folders in enumerate(LEVELS) for folder in folders}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def folder_of(path):
    """The folder of the plan that a path from the root lies in, or None."""
    parts = pathlib.PurePosixPath(path).parts
    for depth in (2, 1):
        name = "/".join(parts[:depth])
        if len(parts) > depth and name in LEVEL_OF:
            return name
    return None


def complaint(source, included):
    """Why this include is wrong, or None. Both are paths from the root."""
    mine, theirs = folder_of(source), folder_of(included)
    if mine is None:
        return None
    if theirs is None:
        return f"{included} is in no folder of the plan; includes are written from the root"
    for folder, allowed in ISOLATED.items():
        if source.startswith(folder) and not any(included.startswith(a) for a in allowed):
            return f"{folder} stands alone and may not know {included}"
    if mine != theirs and LEVEL_OF[theirs] >= LEVEL_OF[mine]:
        return f"{mine} may not know {theirs}"
    return None


def check(root):
    """All complaints as "file:line: why", in file order."""
    complaints = []
    for top in sorted({folder.split("/")[0] for folder in LEVEL_OF}):
        for path in sorted(pathlib.Path(root, top).rglob("*")):
            if path.suffix not in (".h", ".cc"):
                continue
            source = path.relative_to(root).as_posix()
            if folder_of(source) is None:
                complaints.append(f"{source}:1: is in no folder of the plan")
            for number, line in enumerate(path.read_text().splitlines(), start=1):
                match = INCLUDE.match(line)
                why = complaint(source, match.group(1)) if match else None
                if why:
                    complaints.append(f"{source}:{number}: {why}")
    return complaints


if __name__ == "__main__":
    found = check(sys.argv[1] if len(sys.argv) > 1 else ".")
    print("\n".join(found), end="\n" if found else "")
    sys.exit(1 if found else 0)
