#!/usr/bin/python3
"""Lets tshark, an independent decoder, read packets that core wrote.

Usage: tshark_check.py CORE_TESTS_BINARY. Exit 0: every field is as written; 1: not; 77: no tshark.
"""
import os
import shutil
import subprocess
import sys
import tempfile

# Per frame of the capture (capture_test.cc), in its order: field and the values that tshark must
# print, every occurrence in order.
EXPECTED = [
    {
        "stun.type": ["0x0001"],
        "stun.att.type": ["0x0006", "0xc0dc", "0x001c", "0x8028"],
        "stun.att.username": ["tinh:xa-an-binh"],
        "stun.att.crc32.status": ["1"],  # tshark computed the same CRC
    },
    {
        "stun.type": ["0x0101"],
        "stun.att.type": ["0x0020", "0xc0dd", "0x001c", "0x8028"],
        "stun.att.ipv4": ["192.0.2.1"],
        "stun.att.port": ["32853"],
        "stun.att.crc32.status": ["1"],
    },
    {
        "rtp.version": ["2"],
        "rtp.marker": ["1"],
        "rtp.p_type": ["111"],
        "rtp.seq": ["4660"],
        "rtp.timestamp": ["960000"],
        "rtp.ssrc": ["0xcafebabe"],
        "rtp.ext.profile": ["0xbede"],
        "rtp.ext.rfc5285.id": ["1", "2"],
        "rtp.ext.rfc5285.data": ["9e", "e8d4a51012345678"],
        "rtp.payload": ["f8fffe"],
    },
    {
        "rtcp.pt": ["200", "202", "205", "203"],
        "rtcp.length_check": ["1"],  # the lengths of the compound add up
        "rtcp.timestamp.ntp.msw": [str(0xE8D4A510)],
        "rtcp.timestamp.ntp.lsw": [str(0x80000000)],
        "rtcp.timestamp.rtp": ["960000"],
        "rtcp.sender.packetcount": ["1000"],
        "rtcp.sender.octetcount": ["80000"],
        "rtcp.ssrc.fraction": ["64"],
        "rtcp.ssrc.cum_nr": ["5"],
        "rtcp.ssrc.ext_high": ["70000"],
        "rtcp.ssrc.jitter": ["90"],
        "rtcp.ssrc.dlsr": ["65536"],
        "rtcp.sdes.text": ["xa-an-binh", "leaving"],
        "rtcp.rtpfb.nack_pid": ["100", "102"],  # the second is derived from the BLP
        "rtcp.rtpfb.nack_blp": ["0x0002"],
    },
    {
        "rtcp.pt": ["205"],
        "rtcp.rtpfb.fmt": ["11"],
        "rtcp.senderssrc": ["0xcafebabe"],
        "rtcp.length_check": ["1"],
        # tshark 4.0 does not take FMT 11 apart: the first stream's SSRC stands where feedback has
        # its media source. Behind it: begin 1000, 3 reports, received 100 ticks ago, lost,
        # CE 50 ticks ago, padding, report timestamp.
        "rtcp.mediassrc": ["0xbbbbbbbb"],
        "rtcp.fci": ["03e8000380640000e0320000a5108000"],
    },
]


def decode(tshark, capture, fields):
    command = [tshark, "-n", "-r", capture, "-d", "udp.port==5004,rtp", "-d", "udp.port==5005,rtcp",
               "-T", "fields", "-E", "separator=|", "-E", "aggregator=,"]
    for field in fields:
        command += ["-e", field]
    out = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    return [dict(zip(fields, (v.split(",") for v in line.split("|")))) for line in out.splitlines()]


def main():
    if len(sys.argv) != 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    tshark = shutil.which("tshark")
    if not tshark:
        print("SKIP: tshark is not installed (Debian package tshark)")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        capture = os.path.join(folder, "wire.pcap")
        subprocess.run([sys.argv[1], "[.capture]"], check=True, timeout=60,
                       stdout=subprocess.DEVNULL, env={**os.environ, "DIEMCAU_CAPTURE": capture})
        fields = sorted({field for frame in EXPECTED for field in frame})
        frames = decode(tshark, capture, fields)
    bad = 0 if len(frames) == len(EXPECTED) else 1
    print(f"{len(frames)} of {len(EXPECTED)} packets decoded")
    for number, (expected, frame) in enumerate(zip(EXPECTED, frames), start=1):
        for field, values in expected.items():
            # Old tshark prints hex bytes with colons.
            got = [v.replace(":", "") if field.endswith(("data", "payload", "fci")) else v
                   for v in frame[field]]
            if got != values:
                bad += 1
                print(f"packet {number}: {field} is {got}, expected {values}")
    print("every field as written" if bad == 0 else f"{bad} differences")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
