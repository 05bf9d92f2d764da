#!/usr/bin/python3
"""`diemcau-node probe` through the emulator: two nodes, a line of 20 ms and 5 % loss each way, and a trace that must
say so and that the lab must read."""
import argparse
import csv
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

from errors import MeetingError
from meeting import Meeting

DELAY_MS, LOSS, NEAR_MS = 20.0, 0.05, 2.0
SIGMAS = 4.5  # one false alarm in 150,000 figures
PROFILE = f"""[profile.probe-check]
source = "made up for this check"
up = {{ rate = "100Mbit/s", delay = "{DELAY_MS:.0f}ms", queue = "100ms" }}
down = {{ rate = "100Mbit/s", delay = "{DELAY_MS:.0f}ms", queue = "100ms" }}
loss = {{ model = "iid", mean = {LOSS} }}
"""
REPLAY = """version = 1
name = "replayed"
seed = 1
duration = "3s"
[profile.near]
up = { rate = "1Gbit/s", delay = "0ms" }
down = { rate = "1Gbit/s", delay = "0ms" }
[site.central]
profile = "near"
[site.measured]
profile = "near"
up = { rate = "20Mbit/s", replay = "trace-to-peer.csv" }
down = { rate = "20Mbit/s", replay = "trace.csv" }
[[meeting]]
members = ["central", "measured"]
"""
findings = []


def expect(holds, what):
    print(f"{'ok  ' if holds else 'BAD '} {what}")
    if not holds:
        findings.append(what)


def band(count, share):
    """How many of `count` are lost when each is with probability `share`."""
    spread = SIGMAS * math.sqrt(count * share * (1 - share))
    return count * share - spread, count * share + spread


def trace(path):
    with open(path, encoding="utf-8", newline="") as stream:
        return [(float(row["time_s"]), float(row["delay_ms"]), row["lost"] == "1")
                for row in csv.DictReader(stream)]


def look_at(name, rows, count):
    lost = sum(row[2] for row in rows)
    low, high = band(len(rows), LOSS)
    median = statistics.median(row[1] for row in rows if not row[2])
    expect(len(rows) == count, f"{name}: {len(rows)} lines, {count} expected")
    expect(low <= lost <= high, f"{name}: {lost} lost, {low:.0f} to {high:.0f} expected")
    expect(abs(median - DELAY_MS) <= NEAR_MS, f"{name}: median delay {median:.2f} ms, {DELAY_MS} expected")
    expect(all(a[0] < b[0] for a, b in zip(rows, rows[1:])), f"{name}: times grow")


def check(options, folder):
    profiles = os.path.join(folder, "own-profiles")
    os.makedirs(profiles)
    with open(os.path.join(profiles, "probe-check.toml"), "w", encoding="utf-8") as stream:
        stream.write(PROFILE)
    out = os.path.join(folder, "trace.csv")
    with Meeting(options.bin, os.path.join(folder, "meeting"), 2, profile="probe-check") as meeting:
        meeting.lines.profiles = profiles
        os.makedirs(meeting.folder)
        meeting.prepare()
        central, member = meeting.bridges
        meeting.start([central])
        done = subprocess.run(
            [meeting.node, "probe", "--config", os.path.join(member.folder, "bridge.toml"),
             "--peer", central.id, "--seconds", str(options.seconds), "--out", out, "--json"],
            text=True, capture_output=True, timeout=options.seconds + 60)
        if done.returncode:
            raise MeetingError(f"probe ended with {done.returncode}: {done.stderr.strip()}\n"
                               f"{central.log_tail()}")
        told = json.loads(done.stdout)
        meeting.stop()
        meeting.lines.stop()
        lateness = meeting.lines.stats()["emulator"]["lateness_ms"]
    print(f"emulator late by p50 {lateness['p50']} ms, p99 {lateness['p99']} ms; "
          f"clocks drift by {told['drift_ppm']:.1f} ppm")
    asked = 100 * options.seconds
    there, back = trace(out.replace(".csv", "-to-peer.csv")), trace(out)
    expect(told["unknown"] <= 5, f"{told['unknown']} probes of unknown fate, 5 at most")
    look_at("to the peer", there, asked - told["unknown"])
    arrived = sum(not row[2] for row in there)
    look_at("to us", back, arrived)
    expect(told["to_us"]["packets"] == len(back) and told["to_peer"]["packets"] == len(there),
           "the report counts the same")
    scenario = os.path.join(folder, "replay.toml")
    with open(scenario, "w", encoding="utf-8") as stream:
        stream.write(REPLAY)
    replayed = subprocess.run([os.path.join(options.bin, "diemcau-sim"), "run", scenario, "--out",
                               os.path.join(folder, "replayed")],
                              text=True, capture_output=True, timeout=60)
    expect(replayed.returncode == 0, f"the lab replays both traces {replayed.stderr.strip()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", default="build/dev/bin")
    parser.add_argument("--seconds", type=int, default=12)
    options = parser.parse_args()
    if not os.path.exists(os.path.join(options.bin, "diemcau-node")):
        print("diemcau-node is not built", file=sys.stderr)
        return 77
    folder = tempfile.mkdtemp(prefix="diemcau-probe-")
    try:
        check(options, folder)
    except (MeetingError, OSError, subprocess.TimeoutExpired) as problem:
        print(f"probe_check: {problem}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
