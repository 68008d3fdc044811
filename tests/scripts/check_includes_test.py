"""The include checker sees every wrong direction, and nothing else."""

import pathlib
import tempfile
import unittest

import check_includes


class Complaint(unittest.TestCase):
    def assert_allowed(self, source, included):
        self.assertIsNone(check_includes.complaint(source, included))

    def assert_refused(self, source, included):
        self.assertIsNotNone(check_includes.complaint(source, included))

    def test_a_folder_knows_itself_and_those_below(self):
        self.assert_allowed("lpm/address.cc", "lpm/address.h")
        self.assert_allowed("pcap/reader.cc", "lpm/error.h")
        self.assert_allowed("dataplane/worker.cc", "pcap/reader.h")
        self.assert_allowed("control/cli/run.cc", "control/emulator/runner.h")
        self.assert_allowed("control/emulator/runner.cc", "dataplane/dataplane.h")
        self.assert_allowed("control/cloud/azure/nsg.cc", "control/cloud/network.h")
        self.assert_allowed("control/report/latency.cc", "dataplane/latency/histogram.h")

    def test_no_folder_knows_those_above(self):
        self.assert_refused("lpm/address.cc", "pcap/reader.h")
        self.assert_refused("dataplane/worker.cc", "control/cloud/network.h")
        self.assert_refused("control/bgp/session.cc", "control/cloud/network.h")
        self.assert_refused("control/lab/reader.cc", "control/cloud/derive.h")
        self.assert_refused("control/routing/table.h", "control/emulator/trace.h")
        self.assert_refused("control/emulator/runner.cc", "control/report/table.h")
        self.assert_refused("control/report/table.cc", "control/cli/options.h")

    def test_neighbours_do_not_know_each_other(self):
        self.assert_refused("control/bgp/session.cc", "control/lab/lab.h")
        self.assert_refused("control/lab/reader.cc", "control/bgp/policy.h")

    def test_the_message_codec_stands_alone(self):
        self.assert_allowed("control/bgp/message/update.cc", "lpm/address.h")
        self.assert_allowed("control/bgp/message/update.cc", "control/bgp/attributes.h")
        self.assert_allowed("control/bgp/message/update.cc", "control/bgp/message/update.h")
        self.assert_allowed("control/bgp/session.cc", "control/bgp/message/update.h")
        self.assert_refused("control/bgp/message/update.cc", "control/bgp/session.h")

    def test_includes_are_written_from_the_root(self):
        self.assert_refused("lpm/address.cc", "address.h")


class Check(unittest.TestCase):
    def test_reports_file_and_line(self):
        with tempfile.TemporaryDirectory() as root:
            for path, text in {
                "lpm/a.h": "#pragma once\n#include <rte_lpm.h>\n",
                "pcap/b.cc": '#include "lpm/a.h"\n\n  #  include "dataplane/c.h"\n',
                "control/new/d.cc": "\n",
            }.items():
                file = pathlib.Path(root, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            self.assertEqual(
                check_includes.check(root),
                [
                    "control/new/d.cc:1: is in no folder of the plan",
                    "pcap/b.cc:3: pcap may not know dataplane",
                ],
            )


if __name__ == "__main__":
    unittest.main()
