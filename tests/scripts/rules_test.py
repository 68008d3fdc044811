"""docs/rules.md: every rule that code, tests or labs cite is explained there, and each names the test
that proves it, or why it is not modelled. SKYHOP_UPDATE=1 writes the tests' names anew."""

import os
import pathlib
import re
import unittest

ROOT = pathlib.Path(os.environ["SKYHOP_ROOT"])
DOCUMENT = ROOT / "docs/rules.md"
RULE = re.compile(r"(?<![\w.-])([AV]\d{1,2})(?![\w-]|\.\d)|(?<=[(, ])([AV]\d{1,2})_[A-Z]")
ROW = re.compile(r"^\| ([AV]\d+) \| (.*?) \|(?: (.*?) \|)?$", re.MULTILINE)
NOT_MODELLED = "not modelled: "
COUNTS = {"A": 70, "V": 60}
# Suites of what looks at a rule's effect: named only where no other test proves the rule.
ONLOOKERS = ("Lint", "Diff", "ExplainPacket", "ExplainRoute", "Az", "Interop")


def cited():
    """Rule -> a file that cites it."""
    found = {}
    for top in ("lpm", "dataplane", "control", "configs", "tests"):
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix in (".h", ".cc", ".yaml"):
                for match in RULE.finditer(path.read_text(errors="replace")):
                    found.setdefault(match[1] or match[2], path.relative_to(ROOT))
    return found


def rules_in(name):
    return re.findall(r"(?:^|_)([AV]\d+)(?=_|$)", name)


def proofs():
    """Rule -> tests that carry it in their names, those that begin with it first."""

    def rank(rule, test):
        suite, name = test.split(".", 1)
        return suite in ONLOOKERS, not name.split("/")[-1].startswith(rule + "_")

    found = {}
    for path in sorted((ROOT / "tests").rglob("*_test.cc")):
        text = path.read_text()
        names = re.findall(r"^TEST(?:_F)?\((\w+),\s*(\w+)\)", text, re.MULTILINE)
        for suite, name in re.findall(r"^TEST_P\((\w+),\s*(\w+)\)", text, re.MULTILINE):
            names.append((suite, name))
            for case in re.findall(r'^\s*\{"((?:[AV]\d+_)+\w+)",', text, re.MULTILINE):
                names.append((suite, f"{name}/{case}"))
        for suite, name in names:
            for rule in rules_in(name.split("/")[-1]):
                found.setdefault(rule, []).append(f"{suite}.{name}")
    for rule, tests in found.items():
        tests.sort(key=lambda test, rule=rule: rank(rule, test))
    return found


def update():
    proven = proofs()

    def row(match):
        rule, text, proof = match[1], match[2], match[3] or ""
        if not proof.startswith(NOT_MODELLED):
            proof = f"`{proven[rule][0]}`" if rule in proven else ""
        return f"| {rule} | {text} | {proof} |"

    text = ROW.sub(row, DOCUMENT.read_text())
    text = re.sub(r"^\| rule \| \|(?: \w[\w ]* \|)?\n\|---\|---\|(?:---\|)?$",
                  "| rule | | proven by |\n|---|---|---|", text, flags=re.MULTILINE)
    DOCUMENT.write_text(text)


class Rules(unittest.TestCase):
    ROWS = ROW.findall(DOCUMENT.read_text())
    EXPLAINED = [rule for rule, _, _ in ROWS]

    def test_every_cited_rule_is_explained(self):
        rules = cited()
        self.assertGreater(len(rules), 20)
        for rule, path in sorted(rules.items()):
            self.assertIn(rule, self.EXPLAINED, f"cited in {path}")

    def test_each_is_explained_once(self):
        wanted = {f"{kind}{n}" for kind, count in COUNTS.items() for n in range(1, count + 1)}
        self.assertEqual(wanted, set(self.EXPLAINED))
        self.assertEqual(len(self.EXPLAINED), len(set(self.EXPLAINED)))

    def test_each_names_a_test_that_proves_it_or_why_it_is_not_modelled(self):
        proven = proofs()
        for rule, _, proof in self.ROWS:
            with self.subTest(rule):
                if proof.startswith(NOT_MODELLED):
                    self.assertGreater(len(proof), len(NOT_MODELLED) + 20)
                else:
                    self.assertIn(proof.strip("`"), proven.get(rule, []))


if __name__ == "__main__":
    if "SKYHOP_UPDATE" in os.environ:
        update()
    else:
        unittest.main()
