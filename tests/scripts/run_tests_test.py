"""The test runner counts every case, and counts none that did not pass as passed."""

import sys
import unittest
import unittest.mock

import run_tests

REPORT = """<?xml version="1.0"?>
<testsuites>
  <testsuite name="Lpm">
    <testcase name="good" status="run" result="completed" classname="Lpm"/>
    <testcase name="bad" status="run" result="completed" classname="Lpm">
      <failure message="short">file.cc:1&#10;Expected 1</failure>
      <failure message="short">file.cc:2&#10;Expected 2</failure>
    </testcase>
    <testcase name="later" status="run" result="skipped" classname="Lpm">
      <skipped message="file.cc:3&#10;no hugepages"/>
    </testcase>
    <testcase name="DISABLED_never" status="notrun" result="suppressed" classname="Lpm"/>
  </testsuite>
</testsuites>
"""


def script(code, timeout=60, protocol="exitcode"):
    command = [sys.executable, "-c", code]
    return {"name": "it", "cmd": command, "timeout": timeout, "protocol": protocol}


class Gtest(unittest.TestCase):
    def test_counts_cases(self):
        outcome = run_tests.Outcome("unit_lpm")
        run_tests.read_gtest_xml(REPORT, outcome)
        self.assertEqual(outcome.passed, 1)
        self.assertEqual(outcome.failures, [("Lpm.bad", "file.cc:1\nExpected 1\nfile.cc:2\nExpected 2")])
        self.assertEqual(
            outcome.skips, [("Lpm.later", "no hugepages"), ("Lpm.DISABLED_never", "disabled")]
        )

    def test_a_program_that_dies_fails_and_keeps_what_passed(self):
        crash = "import os; print('[       OK ] A.b (0 ms)', flush=True); os.abort()"
        outcome = run_tests.run_program(script(crash, protocol="gtest"), "")
        self.assertEqual(outcome.passed, 1)
        self.assertEqual([case for case, _ in outcome.failures], ["killed by SIGABRT"])

    def test_a_bad_exit_after_passed_cases_fails(self):
        # A leak is found after the last case.
        code = (
            "import sys; path = [a for a in sys.argv if 'xml:' in a][0].split('xml:')[1];"
            "open(path, 'w').write('<testsuites/>'); sys.exit(23)"
        )
        outcome = run_tests.run_program(script(code, protocol="gtest"), "")
        self.assertEqual([case for case, _ in outcome.failures], ["exit code 23"])


class Waiting(unittest.TestCase):
    def test_every_share_runs_and_counts(self):
        share = "import os; print('[       OK ] A.', os.environ['GTEST_SHARD_INDEX'])"
        outcome = run_tests.run_waiting(script(share, protocol="gtest"), "")
        self.assertEqual(outcome.passed, run_tests.WAITING_AT_A_TIME)
        self.assertEqual(outcome.failures, [])

    def test_a_share_that_dies_fails(self):
        last = run_tests.WAITING_AT_A_TIME - 1
        dies = f"import os; os.environ['GTEST_SHARD_INDEX'] == '{last}' and os.abort()"
        outcome = run_tests.run_waiting(script(dies, protocol="gtest"), "")
        self.assertEqual([case for case, _ in outcome.failures], ["killed by SIGABRT"])


class Script(unittest.TestCase):
    def test_exit_codes(self):
        self.assertEqual(run_tests.run_program(script(""), "").passed, 1)
        failed = run_tests.run_program(script("print('why'); raise SystemExit(1)"), "")
        self.assertEqual(failed.failures, [("exit code 1", "why\n")])
        skipped = run_tests.run_program(script("print('no tshark'); raise SystemExit(77)"), "")
        self.assertEqual(skipped.skips, [("it", "no tshark")])

    def test_a_program_that_hangs_is_ended(self):
        hangs = script("input() if 0 else __import__('signal').pause()", 0.2)
        with unittest.mock.patch.dict("os.environ", {"TEST_TIMEOUT_FACTOR": "1"}):
            outcome = run_tests.run_program(hangs, "")
        self.assertEqual([case for case, _ in outcome.failures], ["still running after 0 s"])


class Until(unittest.TestCase):
    def test_no_program_starts_later(self):
        for until, skips in (("1", [("it", "out of time")]), ("99999999999", [])):
            with unittest.mock.patch.dict("os.environ", {"TESTS_UNTIL": until}):
                self.assertEqual(run_tests.run_program(script(""), "").skips, skips)


class Select(unittest.TestCase):
    TESTS = [
        {"name": "unit_lpm", "protocol": "gtest"},
        {"name": "unit_bgp", "protocol": "gtest"},
        {"name": "scripts_run_tests", "protocol": "exitcode"},
    ]

    def names(self, wanted):
        tests, pattern = run_tests.select(self.TESTS, wanted)
        return [t["name"] for t in tests], pattern

    def test_programs_first_then_cases(self):
        self.assertEqual(len(self.names("")[0]), 3)
        self.assertEqual(self.names("lpm"), (["unit_lpm"], ""))
        self.assertEqual(self.names("A19"), (["unit_lpm", "unit_bgp"], "*A19*"))
        self.assertEqual(self.names("Lpm.*"), (["unit_lpm", "unit_bgp"], "Lpm.*"))


if __name__ == "__main__":
    unittest.main()
