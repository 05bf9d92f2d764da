#!/usr/bin/python3
"""Captures a short meeting on loopback and asks tshark what it sees: STUN, DTLS and SRTP, nothing
in clear. Scrapes /metrics during the meeting for promtool, and compares the last scrape with the
summary.

Exit 0 good, 1 not, 77 when this machine forbids capturing."""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time

from meeting import Meeting, MeetingError

SECONDS = 6
# What an H.264 or Opus stream in clear would show: the start of x264's SEI, parameter sets between
# start codes.
CLEAR_MARKS = [b"x264 - core", b"OpusHead", b"OpusTags", b"\x00\x00\x00\x01\x67"]
TOLERANCE = 0.02
LATER = 0.1  # share of a 10 s meeting that comes after the last scrape: one second


class Capture:
    def __init__(self, path, ports):
        expression = "udp and (" + " or ".join(f"port {port}" for port in ports) + ")"
        self.log_path = path + ".log"
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                ["dumpcap", "-q", "-i", "lo", "-f", expression, "-w", path, "-B", "64"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        time.sleep(1.0)

    def running(self):
        return self.process.poll() is None

    def said(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as stream:
            return stream.read().strip()

    def stop(self):
        if self.running():
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)


def tshark(path, ports, *arguments):
    decode = []
    for port in ports:
        decode += ["-d", f"udp.port=={port},rtp"]
    done = subprocess.run(["tshark", "-n", "-r", path, "-o", "rtp.heuristic_rtp:TRUE",
                           "--enable-heuristic", "stun_udp", "--enable-heuristic", "rtcp_udp",
                           *decode, *arguments],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    return done.stdout.splitlines()


def first_bytes(path):
    """Counts of datagrams by what RFC 7983 says their first byte is."""
    kinds = {"stun": 0, "dtls": 0, "rtp/rtcp": 0, "other": 0}
    for line in tshark(path, [], "-T", "fields", "-e", "udp.payload"):
        first = int(line[:2], 16) if line else 256
        kind = ("stun" if first <= 3 else "dtls" if 20 <= first <= 63 else
                "rtp/rtcp" if 128 <= first <= 191 else "other")
        kinds[kind] += 1
    return kinds


def check_capture(path, ports, marks):
    """Findings, as sentences. `marks` are bytes that must not be seen."""
    findings = []
    kinds = first_bytes(path)
    print(f"capture: {kinds}")
    for kind in ("stun", "dtls", "rtp/rtcp"):
        if kinds[kind] == 0:
            findings.append(f"no {kind} datagram in the capture")
    if kinds["other"]:
        findings.append(f"{kinds['other']} datagrams are neither STUN nor DTLS nor RTP")
    stun = tshark(path, [], "-Y", "stun", "-T", "fields", "-e", "frame.number")
    if len(stun) < kinds["stun"] * 0.99:
        findings.append(f"tshark reads {len(stun)} of {kinds['stun']} STUN datagrams as STUN")
    dtls = tshark(path, [], "-Y", "dtls.handshake.type == 1", "-T", "fields", "-e",
                  "frame.number")
    if not dtls:
        findings.append("tshark sees no DTLS ClientHello")
    rtp = tshark(path, ports, "-Y", "rtp", "-T", "fields", "-e", "rtp.p_type", "-e", "rtp.ssrc")
    print(f"capture: tshark reads {len(stun)} STUN, {len(dtls)} ClientHello, {len(rtp)} RTP, "
          f"{len(set(rtp))} streams")
    if len({line.split()[1] for line in rtp if len(line.split()) == 2}) < 4:
        findings.append("tshark finds fewer than 4 RTP streams")
    broken = tshark(path, [], "-Y", "stun and _ws.malformed", "-T", "fields", "-e", "frame.number")
    if broken:
        findings.append(f"tshark calls {len(broken)} STUN datagrams malformed")
    return findings + check_secrecy(path, marks)


def marks_of(meeting):
    """What this meeting would show if it were in clear: names, and parameter sets of recordings."""
    marks = [bridge.name.encode() for bridge in meeting.bridges]
    for recording in sorted(find_recordings(meeting)):
        marks += parameter_sets(recording)
    return marks


def header_end(payload):
    """Where SRTP begins to encrypt a datagram (RFC 3711 §3.1): behind the header and its extension."""
    end = 12 + 4 * (payload[0] & 15)
    if payload[0] & 16:
        end += 4 + 4 * int.from_bytes(payload[end + 2:end + 4], "big")
    return end


def across_header_end(payloads, mark):
    """How often a header's padding and the first sealed bytes make the mark up: of packets that end
    theirs with three zeros one in 65,536 by chance, so a capture of 2,000 in thirty at most."""
    count = 0
    for payload in payloads:
        if not (payload and 128 <= payload[0] <= 191):
            continue
        end = header_end(payload)
        found = payload.find(mark, max(end - len(mark) + 1, 0), end + len(mark) - 1)
        count += found >= 0
    return count


def check_secrecy(path, marks):
    """Nothing that a reader could read: known bytes, and payloads that repeat themselves."""
    findings = []
    with open(path, "rb") as stream:
        everything = stream.read()
    marks = CLEAR_MARKS + marks
    datagrams = [bytes.fromhex(line) for line in tshark(path, [], "-T", "fields", "-e",
                                                        "udp.payload")]
    for mark in marks:
        if everything.count(mark) > across_header_end(datagrams, mark):
            findings.append(f"in clear in the capture: {mark!r}")
    print(f"capture: {len(everything)} bytes searched for {len(marks)} marks")
    payloads = bytearray()
    for line in tshark(path, [], "-Y", "udp.length > 500", "-T", "fields", "-e", "udp.payload"):
        payload = bytes.fromhex(line)
        if payload and 128 <= payload[0] <= 191:
            payloads += payload[60:]
    if payloads:
        counts = [0] * 256
        for byte in payloads:
            counts[byte] += 1
        mean = len(payloads) / 256
        chi = sum((count - mean) ** 2 / mean for count in counts)
        # 255 degrees of freedom: 400 is ten standard deviations out; H.264 in clear gives > 10^4.
        print(f"capture: chi² of {len(payloads)} payload bytes: {chi:.0f}")
        if chi > 400:
            findings.append(f"payload bytes are not evenly distributed (chi² {chi:.0f}): in clear?")
    return findings


def find_recordings(meeting):
    for bridge in meeting.bridges:
        folder = os.path.join(bridge.folder, "record")
        if os.path.isdir(folder):
            yield from (os.path.join(folder, name) for name in os.listdir(folder))


def parameter_sets(path):
    """SPS and PPS of a recording, as ffprobe prints the codec's extradata."""
    done = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_data",
                           "-show_entries", "stream=extradata", "-of", "csv=p=0", path],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    data = bytearray()
    for line in done.stdout.splitlines():
        match = re.match(r"^[0-9a-f]{8}: ((?:[0-9a-f]{2,4} ?)+)", line)
        if match:
            data += bytes.fromhex(match.group(1).replace(" ", ""))
    # avcC (ISO 14496-15 §5.3.3): five bytes, number of SPS, then length and bytes of the first.
    if len(data) > 8 and data[0] == 1:
        length = int.from_bytes(data[6:8], "big")
        return [bytes(data[8:8 + length])]
    return []


# ---- metrics ----------------------------------------------------------------------------------

def promtool_findings(promtool, text):
    done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True,
                          text=True, timeout=30)
    said = (done.stdout + done.stderr).strip()
    return [f"promtool check metrics: {said}"] if done.returncode or said else []


def samples_of(text):
    """(name, labels as a dict, value) of every sample line."""
    for line in text.splitlines():
        match = re.match(r"^(\w+)(?:\{(.*)\})? (\S+)", line)
        if match and not line.startswith("#"):
            labels = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match.group(2) or ""))
            yield match.group(1), labels, float(match.group(3))


class Figures:
    """A scrape, by name and peer."""

    def __init__(self, text):
        self.values, self.delays = {}, {}
        for name, labels, value in samples_of(text):
            if name == "diemcau_mouth_to_ear_seconds_bucket":
                bound = float(labels["le"].replace("+Inf", "inf"))
                self.delays.setdefault(labels.get("peer"), []).append((bound, value))
            key = (name.removeprefix("diemcau_"), labels.get("peer"), labels.get("media"))
            self.values.setdefault(key, value)

    def ratio(self, part, rest, peer, media):
        """part / (part + rest), None when nothing was counted."""
        a, b = (self.values.get((name, peer, media)) for name in (part, rest))
        return None if a is None or b is None or a + b == 0 else a / (a + b)

    def median_delay_is_about(self, peer, said):
        """`said` where the scraped distribution allows it as the median of a little later; else the
        bound of the bucket that holds the scraped one. Delays fall in the first seconds, so the two
        halves of a short meeting differ: what may differ is the rank, by the samples that the last
        second added, not the figure."""
        buckets = sorted(self.delays.get(peer, []))
        if not buckets or not buckets[-1][1]:
            return None
        total, slack = buckets[-1][1], 0.005
        below = max((count for bound, count in buckets if bound <= said - slack), default=0)
        up_to = min(count for bound, count in buckets if bound >= said + slack)
        if below <= (0.5 + LATER) * total and up_to >= (0.5 - LATER) * total:
            return said
        return next(bound for bound, count in buckets if count >= total / 2)

    def share(self, part, whole, peer):
        a, b = (self.values.get((name, peer, None)) for name in (part, whole))
        return None if a is None or not b else a / b


def figures_twice(scraped, flow):
    """(what, value in /metrics, value in the summary, tolerance) of one flow."""
    peer, media = flow["from"], flow["media"]
    yield ("loss", scraped.ratio("packets_lost_total", "packets_received_total", peer, media),
           flow.get("loss_ratio"), TOLERANCE)
    if media == "audio":
        yield ("concealed", scraped.share("audio_concealed_samples_total", "audio_samples_total",
                                          peer), flow.get("concealed_ratio"), TOLERANCE)
        said = flow.get("end_to_end_ms", {}).get("p50")
        if said is not None:
            yield ("median delay s", scraped.median_delay_is_about(peer, said / 1000), said / 1000, 0)
    else:
        yield ("freezes", scraped.values.get(("video_freezes_total", peer, None)),
               flow.get("freezes"), 1)


def check_agreement(bridge, text, summary):
    """The last scrape against the summary a moment later."""
    findings, compared = [], 0
    scraped = Figures(text)
    for flow in summary["pairs"]:
        if flow["to"] != bridge.id:
            continue
        for what, value, said, tolerance in figures_twice(scraped, flow):
            if value is None or said is None:
                continue
            compared += 1
            if abs(value - said) > tolerance:
                findings.append(f"{bridge.id} ← {flow['from']} {flow['media']}: {what} is "
                                f"{value:.3f} in /metrics, {said:.3f} in the summary")
    print(f"capture: {compared} figures of {bridge.id} compared with its summary")
    if not compared:
        findings.append(f"{bridge.id}: nothing in /metrics can be compared with the summary")
    return findings


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--promtool", default="build/tools/usr/bin/promtool")
    options = parser.parse_args()
    shutil.rmtree(options.out, ignore_errors=True)
    os.makedirs(options.out)
    path = os.path.join(options.out, "meeting.pcapng")
    scrapes = {}

    def scrape(meeting, _):
        for bridge in meeting.bridges:
            scrapes[bridge.id] = bridge.scrape()

    try:
        with Meeting(options.bin, options.out, 2) as meeting:
            meeting.prepare()
            capture = Capture(path, [bridge.port for bridge in meeting.bridges])
            try:
                if not capture.running():
                    print(f"this machine forbids capturing: {capture.said()}")
                    return 77
                meeting.hold(SECONDS, scrape)
                meeting.stop()
            finally:
                capture.stop()
            summary = meeting.summary(SECONDS)
        findings = check_capture(path, [bridge.port for bridge in meeting.bridges],
                                 marks_of(meeting))
        for bridge in meeting.bridges:
            findings += promtool_findings(options.promtool, scrapes[bridge.id])
            findings += check_agreement(bridge, scrapes[bridge.id], summary)
    except (MeetingError, OSError) as problem:
        findings = [str(problem)]
    with open(os.path.join(options.out, "metrics.json"), "w", encoding="utf-8") as stream:
        json.dump(scrapes, stream, indent=1)
    for finding in findings:
        print(f"capture: {finding}")
    print(f"capture: {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
