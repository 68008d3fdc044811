#!/usr/bin/env python3
"""Counts the data plane's instructions per packet under callgrind and holds them against bounds.

usage: instructions_test.py HOP_INSTRUCTIONS BOUNDS

A count does not depend on the machine, only on the compiler, so a stage that became slower shows
without a clock. BOUNDS (instructions.json) says for each CPU level and stage how many instructions
a packet may take there; with SKYHOP_UPDATE=1 in the environment it is written from what was
counted, with two percent to spare.
"""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
SPARE = 1.02  # compilers of one version differ by less
LOOSE = 0.9  # below this share of its bound a stage deserves a new one

# What a stage costs, from the scenarios of hop_instructions.cc.
STAGES = {
    'input and look-up': lambda s: s['drop'],
    'age and deliver': lambda s: s['deliver'] - s['drop'],
    'hop': lambda s: (s['line'] - s['deliver']) / 2,
    'hop over a tunnel': lambda s: (s['tunnels'] - s['deliver']) / 2,
    'hop by a prefix beyond /24': lambda s: (s['line'] - s['deliver']) / 2
    + (s['long'] - s['line']) / 3,
    'hop that splits, and one of its halves': lambda s: s['diamond'] - s['deliver'],
    'security group': lambda s: (s['filters'] - s['deliver']) / 2,
}


def count(program):
    """Instructions per packet of receive() and route_all(), by CPU level and scenario."""
    with tempfile.TemporaryDirectory(prefix='skyhop-callgrind-') as scratch:
        run = subprocess.run(
            ['valgrind', '--tool=callgrind', '--instr-atstart=no', '--collect-atstart=no',
             '--toggle-collect=*::receive(*', '--toggle-collect=*::route_all(*',
             f'--callgrind-out-file={scratch}/out', program],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if run.returncode != 0:
            sys.exit(f'{program} failed under callgrind:\n{run.stdout}')
        packets = int(re.search(r'^(\d+) packets$', run.stdout, re.M)[1])
        counts = {}
        for file in glob.glob(f'{scratch}/out*'):
            with open(file, encoding='utf-8') as dump:
                text = dump.read()
            name = re.search(r'Trigger: Client Request: (\w+) (\w+)$', text, re.M)
            total = re.search(r'^totals: (\d+)', text, re.M)
            if name and total:
                counts.setdefault(name[1], {})[name[2]] = int(total[1]) / packets
        return counts


def main(arguments):
    if len(arguments) != 3:
        print(__doc__.strip())
        return 2
    program, bounds_file = arguments[1:]
    if shutil.which('valgrind') is None:
        print('valgrind is not installed')
        return SKIPPED
    counted = {level: {stage: cost(scenarios) for stage, cost in STAGES.items()}
               for level, scenarios in sorted(count(program).items())}
    if not counted or any(cost <= 0 for stages in counted.values() for cost in stages.values()):
        sys.exit(f'callgrind counted nothing: {counted}')
    if os.environ.get('SKYHOP_UPDATE'):
        bounds = {level: {stage: round(cost * SPARE, 1) for stage, cost in stages.items()}
                  for level, stages in counted.items()}
        with open(bounds_file, 'w', encoding='utf-8') as out:
            out.write(json.dumps(bounds, indent=2) + '\n')
    with open(bounds_file, encoding='utf-8') as file:
        bounds = json.load(file)

    failures = []
    print(f'{"instructions per packet":<40} {"counted":>8} {"bound":>8}')
    for level, stages in counted.items():
        for stage, cost in stages.items():
            name, bound = f'{level} {stage}', bounds[level][stage]
            print(f'{name:<40} {cost:8.1f} {bound:8.1f}' +
                  ('  could be lower' if cost < bound * LOOSE else ''))
            if cost > bound:
                failures.append(f'{name}: {cost:.1f} instructions per packet, {bound:.1f} are '
                                f'allowed ({100 * (cost / bound - 1):+.1f} %)')
    if failures:
        print('\n'.join(failures))
        print(f'If this is the price of something worth it, set the bounds anew and say why in the '
              f'commit:\n  SKYHOP_UPDATE=1 {" ".join(arguments)}')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
