"""What the README says of the product is so."""

import os
import pathlib
import re
import unittest

ROOT = pathlib.Path(os.environ["SKYHOP_ROOT"])
README = (ROOT / "README.md").read_text()


class Readme(unittest.TestCase):
    def test_lists_every_drop_reason(self):
        header = (ROOT / "dataplane/drop_reason.h").read_text()
        reasons = re.findall(r'X\((\w+),\s*"([^"]*)"\)', header)
        self.assertGreater(len(reasons), 10)
        self.assertEqual(re.findall(r"^\| `(\w+)` \| (.*) \|$", README, re.MULTILINE), reasons)

    def test_names_only_files_that_exist(self):
        paths = re.findall(r"\]\(([^)#:]+)\)", README)
        paths += re.findall(r"\b((?:configs|scripts|docs|\.ci)/[\w./-]*\w)", README)
        self.assertGreater(len(paths), 5)
        for path in paths:
            self.assertTrue((ROOT / path).exists(), path)

    def test_shows_every_command(self):
        table = (ROOT / "control/cli/commands.cc").read_text()
        commands = re.findall(r'parse_and_run<"(\w+)"', table)
        self.assertGreater(len(commands), 5)
        for command in commands:
            self.assertRegex(README, rf"skyhop {command}\b")


if __name__ == "__main__":
    unittest.main()
