"""Every rule that code, tests or labs cite is explained in docs/rules.md."""

import os
import pathlib
import re
import unittest

ROOT = pathlib.Path(os.environ["SKYHOP_ROOT"])
RULE = re.compile(r"(?<![\w.-])([AV]\d{1,2})(?![\w-]|\.\d)|(?<=[(, ])([AV]\d{1,2})_[A-Z]")


def cited():
    """Rule -> a file that cites it."""
    found = {}
    for top in ("lpm", "dataplane", "control", "configs", "tests"):
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix in (".h", ".cc", ".yaml"):
                for match in RULE.finditer(path.read_text(errors="replace")):
                    found.setdefault(match[1] or match[2], path.relative_to(ROOT))
    return found


class Rules(unittest.TestCase):
    EXPLAINED = re.findall(
        r"^\| ([AV]\d+) \| \S", (ROOT / "docs/rules.md").read_text(), re.MULTILINE
    )

    def test_every_cited_rule_is_explained(self):
        rules = cited()
        self.assertGreater(len(rules), 20)
        for rule, path in sorted(rules.items()):
            self.assertIn(rule, self.EXPLAINED, f"cited in {path}")

    def test_each_is_explained_once(self):
        self.assertEqual(len(self.EXPLAINED), len(set(self.EXPLAINED)))

    def test_every_aviatrix_rule_is_in_the_name_of_a_test(self):
        named = set()
        for path in sorted((ROOT / "tests").rglob("*.cc")):
            for name in re.findall(r"^TEST(?:_[FP])?\(\w+,\s*(\w+)\)", path.read_text(), re.MULTILINE):
                named.update(re.findall(r"(?:^|_)(V\d+)(?=_)", name))
        rules = [rule for rule in self.EXPLAINED if rule.startswith("V")]
        self.assertEqual(len(rules), 60)
        self.assertEqual([], [rule for rule in rules if rule not in named])


if __name__ == "__main__":
    unittest.main()
