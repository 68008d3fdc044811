#!/usr/bin/env python3
"""Runs the test programs of a build directory and counts their cases.

usage: run_tests.py BUILD_DIR [FILTER]

Prints a line per program, every failure in full, why cases were skipped, and as its last line

    N passed, N failed, N skipped

FILTER is a part of a program's name; when no program has it, a GoogleTest filter for all of them.
Programs are those that meson knows: GoogleTest ones (counted by case) and scripts (one case each;
exit code 77 means skipped, the last line says why). Two run at a time, except those that meson is
told not to run in parallel, because their workers poll and would share a processor. A program of
meson's suite `waits` spends its time on other programs' timers: its cases run in several processes
at once. With TESTS_UNTIL in the environment (seconds since 1970) no program starts after that
moment: it counts as skipped.
"""

import concurrent.futures
import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree

AT_A_TIME = 2
# Processes of a program that waits. GoogleTest deals its cases out in turn: a prime mixes those that
# repeat for each of a few parameters.
WAITING_AT_A_TIME = 11
SKIPPED = 77  # exit code, as automake and meson have it


@dataclasses.dataclass
class Outcome:
    """What one program's run came to."""

    program: str
    seconds: float = 0.0
    passed: int = 0
    failures: list = dataclasses.field(default_factory=list)  # (case, text)
    skips: list = dataclasses.field(default_factory=list)  # (case, reason)

    def line(self):
        counts = f"{self.passed} passed"
        if self.failures:
            counts += f", {len(self.failures)} failed"
        if self.skips:
            counts += f", {len(self.skips)} skipped"
        return f"{self.program:<24}  {self.seconds:7.1f} s  {counts}"


def read_gtest_xml(text, outcome):
    """Adds the cases of a GoogleTest report. Disabled ones (`notrun`) count as skipped."""
    for case in ElementTree.fromstring(text).iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        failures = [f.text or f.get("message", "") for f in case.findall("failure")]
        skipped = case.find("skipped")
        if failures:
            outcome.failures.append((name, "\n".join(failures)))
        elif skipped is not None:
            # "file:line" and the reason, each on a line of its own.
            reason = (skipped.get("message") or "").strip().splitlines()
            outcome.skips.append((name, reason[-1] if reason else "no reason given"))
        elif case.get("status") == "notrun":
            outcome.skips.append((name, "disabled"))
        else:
            outcome.passed += 1


def read_gtest_log(log, outcome):
    """A program that died wrote no report; its log tells how far it came."""
    outcome.passed += sum(1 for line in log.splitlines() if line.startswith("[       OK ]"))


def how_it_ended(code):
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"


def run_waiting(test, gtest_filter):
    """One program in several processes, each with its share of the cases."""
    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(WAITING_AT_A_TIME) as pool:
        shares = [
            pool.submit(
                run_program, test, gtest_filter,
                {"GTEST_TOTAL_SHARDS": str(WAITING_AT_A_TIME), "GTEST_SHARD_INDEX": str(share)},
            )
            for share in range(WAITING_AT_A_TIME)
        ]
    outcome = Outcome(test["name"], time.monotonic() - started)
    for share in (s.result() for s in shares):
        outcome.passed += share.passed
        outcome.failures += share.failures
        outcome.skips += share.skips
    return outcome


def run_program(test, gtest_filter, share=None):
    """One program, in a process group of its own so that nothing outlives its time limit."""
    outcome = Outcome(test["name"])
    until = os.environ.get("TESTS_UNTIL")
    if until and time.time() >= float(until):
        outcome.skips.append((test["name"], "out of time"))
        return outcome
    is_gtest = test.get("protocol") == "gtest"
    with tempfile.TemporaryDirectory(prefix="skyhop-test-") as scratch:
        report = pathlib.Path(scratch, "report.xml")
        command = list(test["cmd"])
        if is_gtest:
            command += [f"--gtest_output=xml:{report}", "--gtest_color=no"]
            if gtest_filter:
                command.append(f"--gtest_filter={gtest_filter}")
        started = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=test.get("workdir") or scratch,
            env={**os.environ, **test.get("env", {}), **(share or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        limit = test["timeout"] * float(os.environ.get("TEST_TIMEOUT_FACTOR", "1"))
        try:
            output, _ = process.communicate(timeout=limit if limit > 0 else None)
            trouble = how_it_ended(process.returncode) if process.returncode else ""
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            trouble = f"still running after {limit:.0f} s"
        outcome.seconds = time.monotonic() - started
        log = output.decode(errors="replace")
        if is_gtest:
            if report.exists():
                read_gtest_xml(report.read_text(errors="replace"), outcome)
            else:
                read_gtest_log(log, outcome)
            if trouble and not outcome.failures:
                outcome.failures.append((trouble, log))
        elif process.returncode == SKIPPED:
            lines = log.strip().splitlines()
            outcome.skips.append((test["name"], lines[-1] if lines else "no reason given"))
        elif trouble:
            outcome.failures.append((trouble, log))
        else:
            outcome.passed += 1
    return outcome


def select(tests, wanted):
    """The programs to run, and the GoogleTest filter for them."""
    if not wanted:
        return tests, ""
    named = [t for t in tests if wanted in t["name"]]
    if named:
        return named, ""
    pattern = wanted if any(c in wanted for c in "*?:-") else f"*{wanted}*"
    return [t for t in tests if t.get("protocol") == "gtest"], pattern


def show(outcome):
    print(outcome.line(), flush=True)
    for case, text in outcome.failures:
        print(f"--- {outcome.program}: {case}\n{text.rstrip()}\n---", flush=True)


def main(arguments):
    if len(arguments) not in (2, 3) or arguments[1] == "--help":
        print(__doc__.strip())
        return 0 if "--help" in arguments else 2
    listing = subprocess.run(
        ["meson", "introspect", "--tests", arguments[1]],
        check=True, stdout=subprocess.PIPE, text=True,
    )
    tests, gtest_filter = select(
        json.loads(listing.stdout), arguments[2] if len(arguments) == 3 else ""
    )
    left_out = os.environ.get("TESTS_LEFT_OUT", "").split()
    for name in left_out:
        print(f"{name} is left out of this run", flush=True)
    tests = [t for t in tests if t["name"] not in left_out]
    outcomes = []

    def finish(outcome):
        # A filter for cases leaves most programs without any: not worth a line.
        if gtest_filter and not (outcome.passed or outcome.failures or outcome.skips):
            return
        outcomes.append(outcome)
        show(outcome)

    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        running = [
            pool.submit(run_program, t, gtest_filter) for t in tests if t.get("is_parallel", True)
        ]
        for future in concurrent.futures.as_completed(running):
            finish(future.result())
    for test in tests:
        if not test.get("is_parallel", True):
            waits = any(suite.endswith(":waits") for suite in test["suite"])
            finish((run_waiting if waits else run_program)(test, gtest_filter))

    skips = [(o.program, case, reason) for o in outcomes for case, reason in o.skips]
    if skips:
        print("skipped:")
        for program, case, reason in skips:
            print(f"  {program}: {case}: {reason}")
    passed = sum(o.passed for o in outcomes)
    failed = sum(len(o.failures) for o in outcomes)
    if failed:
        print("failed:")
        for outcome in outcomes:
            for case, _ in outcome.failures:
                print(f"  {outcome.program}: {case}")
    if not outcomes:
        print("no test matches")
    print(f"{passed} passed, {failed} failed, {len(skips)} skipped", flush=True)
    return 1 if failed or not outcomes else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
