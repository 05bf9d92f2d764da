#!/usr/bin/python3
"""The look at a capture passes on sealed traffic and finds names, streams and packets in clear. The
captures are written by this file, byte by byte."""
import os
import random
import shutil
import struct
import sys
import tempfile
import unittest

import capture_check

PORTS = (40001, 40002)
NAME = "Phường Buôn Hồ".encode()
RANDOM = random.Random(5)


def ethernet(payload, source, target):
    """Ethernet, IPv4 and UDP without checksums around a payload."""
    udp = struct.pack("!HHHH", source, target, 8 + len(payload), 0) + payload
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0x4000, 64, 17, 0,
                     b"\x7f\0\0\1", b"\x7f\0\0\1")
    return b"\0" * 12 + b"\x08\0" + ip + udp


def write_pcap(path, payloads):
    with open(path, "wb") as stream:
        stream.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for number, payload in enumerate(payloads):
            packet = ethernet(payload, *(PORTS if number % 2 else PORTS[::-1]))
            stream.write(struct.pack("<IIII", 100, number, len(packet), len(packet)) + packet)


def stun():
    return struct.pack("!HHI", 1, 0, 0x2112A442) + RANDOM.randbytes(12)


def client_hello():
    body = b"\xfe\xfd" + RANDOM.randbytes(32) + b"\0\0" + b"\0\2\xc0\x2b" + b"\1\0"
    handshake = b"\1" + len(body).to_bytes(3, "big") + b"\0\0" + b"\0\0\0" + \
        len(body).to_bytes(3, "big") + body
    return b"\x16\xfe\xff" + b"\0" * 8 + struct.pack("!H", len(handshake)) + handshake


def rtp(ssrc, number, body):
    return struct.pack("!BBHII", 0x80, 96, number, 3000 * number, ssrc) + body


def sealed_meeting():
    packets = [stun() for _ in range(6)] + [client_hello()]
    for number in range(120):
        packets += [rtp(0x1000 + k, number, RANDOM.randbytes(700)) for k in range(4)]
    return packets


class Bridge:
    id = "trung-tam"


class CaptureTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="diemcau-capture-")
        self.addCleanup(shutil.rmtree, self.folder)

    def findings(self, packets):
        path = os.path.join(self.folder, "meeting.pcap")
        write_pcap(path, packets)
        return "\n".join(capture_check.check_capture(path, PORTS, [NAME]))

    def test_sealed_traffic_passes(self):
        self.assertEqual(self.findings(sealed_meeting()), "")

    def test_a_name_in_clear_is_found(self):
        self.assertIn("in clear", self.findings(sealed_meeting() + [rtp(7, 1, b"hello " + NAME)]))

    def test_padding_and_sealed_bytes_that_make_up_a_start_code_are_not(self):
        mark = capture_check.CLEAR_MARKS[-1]
        # A one-byte extension (RFC 8285) of one element and two bytes of padding, then 300 sealed ones.
        header = b"\x90" + rtp(7, 1, b"")[1:] + b"\xbe\xde\0\1" + b"\x10\0\0\0"
        path = os.path.join(self.folder, "meeting.pcap")

        def secrecy(body):
            write_pcap(path, [header + body + RANDOM.randbytes(300)])
            return capture_check.check_secrecy(path, [])

        self.assertEqual(secrecy(mark[3:]), [])
        for body in (mark, b"\x41" + mark, mark[3:] + mark):
            self.assertEqual(len(secrecy(body)), 1)

    def test_media_in_clear_is_found(self):
        clear = [rtp(0x1000 + k, n, bytes(RANDOM.choices(range(64), k=700)))
                 for n in range(120) for k in range(4)]
        self.assertIn("chi²", self.findings([stun(), client_hello()] + clear))

    def test_a_datagram_of_no_protocol_is_found(self):
        self.assertIn("neither", self.findings(sealed_meeting() + [b"\x50hello"]))

    def test_a_meeting_without_a_handshake_is_found(self):
        packets = [p for p in sealed_meeting() if p[:1] != b"\x16"]
        self.assertIn("no dtls", self.findings(packets))

    def test_a_loss_that_differs_between_metrics_and_summary_is_found(self):
        text = ('diemcau_packets_received_total{peer="a",media="video"} 900\n'
                'diemcau_packets_lost_total{peer="a",media="video"} 100\n')
        flow = {"from": "a", "to": "trung-tam", "media": "video", "loss_ratio": 0.1}
        agreed = capture_check.check_agreement(Bridge, text, {"pairs": [flow]})
        flow = {**flow, "loss_ratio": 0.0}
        differs = capture_check.check_agreement(Bridge, text, {"pairs": [flow]})
        self.assertEqual((len(agreed), len(differs)), (0, 1))

    def test_a_delay_that_differs_between_metrics_and_summary_is_found(self):
        text = "\n".join(f'diemcau_mouth_to_ear_seconds_bucket{{peer="a",le="{le}"}} {count}'
                         for le, count in (("0.05", 10), ("0.1", 90), ("+Inf", 100)))
        flow = {"from": "a", "to": "trung-tam", "media": "audio", "end_to_end_ms": {"p50": 70}}
        agreed = capture_check.check_agreement(Bridge, text, {"pairs": [flow]})
        flow = {**flow, "end_to_end_ms": {"p50": 130}}
        differs = capture_check.check_agreement(Bridge, text, {"pairs": [flow]})
        self.assertEqual((len(agreed), len(differs)), (0, 1))


if __name__ == "__main__":
    if not shutil.which("tshark"):
        print("tshark is not installed: ./dev setup test")
        sys.exit(77)
    unittest.main(verbosity=1)
