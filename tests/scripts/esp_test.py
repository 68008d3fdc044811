"""Independent judges of what tunnels carry: tshark and scapy, given the keys, decrypt what a run
captured, and packets that scapy made are let in."""

import hashlib
import hmac
import json
import os
import pathlib
import subprocess
import tempfile
import unittest
import warnings

warnings.simplefilter("ignore")
from scapy.layers.inet import IP, UDP  # noqa: E402
from scapy.layers.ipsec import ESP, IPSecIntegrityError, SecurityAssociation  # noqa: E402
from scapy.layers.l2 import Ether  # noqa: E402
from scapy.packet import Raw  # noqa: E402
from scapy.utils import rdpcap, wrpcap  # noqa: E402

ROOT = pathlib.Path(os.environ["SKYHOP_ROOT"])
SKYHOP = os.environ["SKYHOP"]
LAB = ROOT / "configs/ars-multipeer.yaml"
SPOKE1_VM, SPOKE2_VM = "10.0.30.5", "10.0.110.5"

INTEGRITY = {  # as scapy calls them, with the hash and the ICV's length
    "SHA1": ("HMAC-SHA1-96", hashlib.sha1, 12),
    "SHA256": ("SHA2-256-128", hashlib.sha256, 16),
    "SHA384": ("SHA2-384-192", hashlib.sha384, 24),
    "SHA512": ("SHA2-512-256", hashlib.sha512, 32),
    "MD5": ("HMAC-MD5-96", hashlib.md5, 12),
}
CIPHER = {"AES": "AES-CBC", "DES": "3DES", "Non": "NULL", "GCM": "AES-GCM"}


class Association:
    """An SA of a run's report, as scapy knows it."""

    def __init__(self, record):
        self.record = record
        self.extended = record["extended_sequence_numbers"]
        cipher, _, integrity = record["algorithm"].partition("/")
        self.name, self.hash, self.icv = INTEGRITY.get(integrity, (None, None, 0))
        self.key = bytes.fromhex(record["integrity_key"])
        # With 64-bit numbers the upper half goes into the ICV (RFC 4303 2.2.1); scapy knows that for
        # GCM only.
        self.by_hand = self.extended and self.hash is not None
        self.scapy = SecurityAssociation(
            ESP, spi=int(record["spi"], 16), crypt_algo=CIPHER[cipher[:3]],
            crypt_key=bytes.fromhex(record["encryption_key"]) or None,
            auth_algo=None if self.by_hand else self.name,
            auth_key=None if self.by_hand else self.key or None,
            tunnel_header=IP(src=record["source"], dst=record["destination"]),
            nat_t_header=UDP(sport=4500, dport=4500) if record["nat_traversal"] else None,
            esn_en=self.extended)

    def _icv(self, esp):
        return hmac.new(self.key, bytes(esp) + bytes(4), self.hash).digest()[:self.icv]

    def open(self, packet):
        """The IPv4 packet inside; raises when the ICV is wrong."""
        packet = packet.copy()
        if self.by_hand:
            esp = packet[ESP]
            octets, icv = bytes(esp)[:-self.icv], bytes(esp)[-self.icv:]
            if self._icv(octets) != icv:
                raise IPSecIntegrityError("wrong ICV")
            esp.data = esp.data[:-self.icv]
        return self.scapy.decrypt(packet)

    def seal(self, packet, sequence):
        sealed = self.scapy.encrypt(packet, seq_num=sequence)
        if self.by_hand:
            sealed[ESP].data += self._icv(sealed[ESP])
            del sealed.len, sealed.chksum
            sealed = IP(bytes(sealed))
        return sealed


def run(*arguments):
    done = subprocess.run([SKYHOP, *map(str, arguments), "--json"], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"{arguments}: {done.stderr}{done.stdout[-2000:]}")
    return json.loads(done.stdout)


def tshark(capture, keys, *fields):
    """The fields of every frame that tshark can decrypt with right ICVs."""
    command = ["tshark", "-r", capture, "-o", "esp.enable_encryption_decode:TRUE",
               "-o", "esp.enable_authentication_check:TRUE", "-T", "fields", "-E", "occurrence=l"]
    for line in pathlib.Path(keys).read_text().splitlines():
        command += ["-o", "uat:esp_sa:" + line]
    for field in fields:
        command += ["-e", field]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [line.split("\t") for line in out.splitlines()]


class Judges(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def judge(self, algorithm, *settings):
        link = "spoke1 -> transit-1"
        lab = LAB
        if settings:
            lab = self.folder / "lab.yaml"
            lab.write_text("\n".join([f"extends: {LAB}", "settings:", "  esp:",
                                      *(f"    {line}" for line in settings)]))
        capture, keys = self.folder / "tunnel.pcap", self.folder / "esp_sa"
        report = run("run", lab, "--esp-algorithm", algorithm, "--rate", "2k", "--duration", "100ms",
                     "--size", "imix", "--capture", f"{link}={capture}", "--keys", keys)
        self.assertEqual(report["packets"]["dropped"], {})
        records = [r for r in report["security_associations"] if r["link"] == link]
        self.assertEqual(len(records), 1)
        self.assertEqual(records[0]["algorithm"], algorithm)
        association = Association(records[0])

        packets = [frame[IP] for frame in rdpcap(str(capture))]
        self.assertEqual(len(packets), records[0]["packets"])
        self.assertGreater(len(packets), 20)
        inside = [association.open(packet) for packet in packets]
        for outer, inner in zip(packets, inside):
            self.assertEqual((outer.src, outer.dst), (records[0]["source"], records[0]["destination"]))
            self.assertEqual(UDP in outer, records[0]["nat_traversal"])
            self.assertEqual((inner.src, inner.dst, inner.ttl), (SPOKE1_VM, SPOKE2_VM, 63))
            checksum = inner.chksum
            del inner.chksum
            self.assertEqual(IP(bytes(inner)).chksum, checksum)
            self.assertEqual(inner.len, len(inner))
        if not association.extended:  # tshark 4.0 does not know 64-bit numbers
            seen = tshark(capture, keys, "ip.src", "ip.dst", "ip.len", "esp.icv_good")
            self.assertEqual(seen, [[SPOKE1_VM, SPOKE2_VM, str(p.len), "1"] for p in inside])

        self.let_in(lab, link, algorithm, association)

    def let_in(self, lab, link, algorithm, association):
        """Packets of scapy's making arrive; tampered ones are told apart."""
        made = [association.seal(IP(src=SPOKE1_VM, dst=SPOKE2_VM, ttl=9) /
                                 UDP(sport=4000 + i, dport=80) / Raw(b"x" * (5 + 31 * i)), i + 1)
                for i in range(8)]
        frames = [bytes(Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02", type=0x800) / p)
                  for p in made]
        corrupted, unknown, truncated = bytearray(frames[0]), bytearray(frames[1]), frames[2][:-5]
        corrupted[-1] ^= 0x10
        unknown[14 + 20 + (8 if association.record["nat_traversal"] else 0) + 1] ^= 0x40
        capture, out = self.folder / "made.pcap", self.folder / "out.pcap"
        wrpcap(str(capture), [bytes(corrupted), bytes(unknown), truncated, *frames, frames[7]],
               linktype=1)
        report = run("replay", lab, "--pcap", capture, "--link", link, "--out", out,
                     "--esp-algorithm", algorithm)
        self.assertEqual(report["packets"]["delivered"], len(made))
        self.assertEqual(report["packets"]["dropped"], {
            "esp_auth_failed": 1, "esp_unknown_spi": 1, "esp_malformed": 1, "esp_replayed": 1})
        arrived = [frame[IP] for frame in rdpcap(str(out))]
        self.assertEqual(sorted(p[UDP].sport for p in arrived), [4000 + i for i in range(8)])
        for packet in arrived:
            self.assertEqual(bytes(packet[UDP].payload), b"x" * (5 + 31 * (packet[UDP].sport - 4000)))


def add(algorithm, *settings, name=None):
    test = lambda self: self.judge(algorithm, *settings)  # noqa: E731
    label = name or algorithm.replace("/", "_")
    setattr(Judges, f"test_{label}", test)


for cipher in ("AES256", "AES192", "AES128"):
    for integrity in ("SHA384", "SHA256", "SHA1"):
        add(f"{cipher}/{integrity}")
for gcm in ("GCMAES256", "GCMAES192", "GCMAES128"):
    add(gcm)
for rare in ("AES256/SHA512", "AES128/MD5", "DES3/SHA1", "None/SHA256"):
    add(rare)
add("AES256/SHA256", "extended_sequence_numbers: true", name="cbc_with_64_bit_numbers")
add("GCMAES256", "extended_sequence_numbers: true", name="gcm_with_64_bit_numbers")
add("AES256/SHA256", "nat_traversal: off", name="cbc_without_udp")
add("GCMAES256", "nat_traversal: off", "driver: crypto_openssl", name="gcm_by_openssl")


if __name__ == "__main__":
    unittest.main()
