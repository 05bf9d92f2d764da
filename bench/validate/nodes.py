"""Two real nodes over the emulated lines of a scenario, against `diemcau-sim run` of the same scenario.

What both can see is compared: what entered the lines per stream, and how long it took from there to the far end. In
the lab that is from the pacer to the arrival; in the emulator from reading a datagram to handing it to the kernel, so
that its own lateness is in the figure and is shown in rows of its own."""
import json
import os
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "demo"))
from lines import Lines  # noqa: E402
from meeting import Meeting  # noqa: E402

SECONDS, WARMUP = 40, 10
# Ordinary office lines, with jitter and loss besides. Neither site is central, so that both take mid of each other:
# encoders of hi would need most of a small machine, and then the machine is measured.
SCENARIO = f"""version = 1
name = "two-nodes"
seed = 1
duration = "{SECONDS}s"
warmup = "{WARMUP}s"

[profile.line]
up = {{ rate = "20Mbit/s", delay = "6ms", queue = "120ms", overhead = 38 }}
down = {{ rate = "50Mbit/s", delay = "6ms", queue = "120ms", overhead = 38 }}
loss = {{ model = "iid", mean = 0.0005 }}
jitter = {{ model = "bounded-inorder", sigma = "1ms", cap = "3ms" }}

[site.north]
profile = "line"

[site.south]
profile = "line"

[[meeting]]
members = ["north", "south"]
"""
ALL_UP_WITHIN_S = 8
SEEDS = range(1, 9)
PICTURES = "mid"


class ScenarioLines(Lines):
    """The emulator on our scenario, for its length."""
    central = "north"

    def __init__(self, program, folder, scenario):
        super().__init__("", folder, None)
        self.program, self.path = program, scenario

    def scenario(self, count):
        return self.path, "south"

    def options(self):
        return ["--seconds", str(SECONDS)]


class PlainMeeting(Meeting):
    """Nodes that record and draw nothing."""

    def config_of(self, bridge, roster):
        return "\n".join([
            "[node]", f'id = "{bridge.id}"', f'listen = "127.0.0.1:{bridge.port}"',
            f"data_dir = {json.dumps(bridge.folder)}", "", "[roster]", f"file = {json.dumps(roster)}", "",
            "[media]", 'kind = "generated"', "", "[record]", "enabled = false", "",
            # The lab's members look at equal tiles, whoever speaks.
            "[sink]", 'layout = "alike"', "", "[metrics]", f'listen = "127.0.0.1:{bridge.metrics_port}"', ""])


def emulated(programs, folder, scenario):
    """The emulator's figures after a meeting of real nodes."""
    lines = ScenarioLines(programs["diemcau-sim"], folder, scenario)
    with PlainMeeting(os.path.dirname(programs["diemcau-node"]), folder, 2, say=lambda text: None) as meeting:
        meeting.lines = lines
        meeting.prepare()
        begun = time.monotonic()
        meeting.start()
        meeting.wait_until_connected()
        if time.monotonic() - begun > ALL_UP_WITHIN_S:
            raise RuntimeError("the nodes needed longer than the warm-up to connect: is the machine free?")
        lines.process.wait(SECONDS + 20)
        for bridge in meeting.bridges:
            if bridge.process.poll() is not None:
                raise RuntimeError(f"the node {bridge.id} ended early: {bridge.log_tail(4)}")
        meeting.stop()
        late = {bridge.id: meeting_late(bridge) for bridge in meeting.bridges}
    return lines.stats(), late


def meeting_late(bridge):
    """Pictures that a node was too slow to encode: then its rate says nothing about the lab."""
    with open(bridge.summary_path, encoding="utf-8") as stream:
        return json.load(stream).get("late_encodes", 0)


def flows_of(figures):
    return {(f["from"], f["to"], f["layer"]): f for f in figures["flows"] if "delay_ms" in f and "sent_kbps" in f}


def in_lab(programs, scenario, out, seed):
    subprocess.run([programs["diemcau-sim"], "run", scenario, "--seed", str(seed), "--out", out], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=120)
    with open(os.path.join(out, "run.json"), encoding="utf-8") as stream:
        return flows_of(json.load(stream))


def within(row, measured, expected, tolerance, unit):
    return {"row": row, "measured": measured, "expected": expected, "tolerance": tolerance, "unit": unit,
            "pass": abs(measured - expected) <= tolerance}


def rows(programs, out):
    folder = os.path.join(out, "nodes")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    scenario = os.path.join(folder, "scenario.toml")
    with open(scenario, "w", encoding="utf-8") as stream:
        stream.write(SCENARIO)
    by_seed = [in_lab(programs, scenario, os.path.join(folder, "run"), seed) for seed in SEEDS]
    lab = by_seed[0]
    stats, late = emulated(programs, folder, scenario)
    real = flows_of(stats)
    yield within("nodes/streams", len(real.keys() & lab.keys()), len(real.keys() | lab.keys()), 0, "of these in both")
    yield within("nodes/late_pictures", sum(late.values()), 0, 2 * SECONDS * 30 // 100, "of the real encoders")
    for pair in sorted({key[:2] for key in real.keys() & lab.keys()}):
        sent, *expected = (sum(f["sent_kbps"] for key, f in flows.items() if key[:2] == pair)
                           for flows in (real, *by_seed))
        # A packet of sound that is lost, or not, makes a twentieth: what chance makes of it in the lab is as good.
        expected = min(max(sent, min(expected)), max(expected))
        yield within("nodes/{}-{}/rate".format(*pair), sent, expected, 0.03 * expected, "kbit/s")
    for key in sorted(real.keys() & lab.keys()):
        name = "nodes/{}-{}/{}".format(*key)
        # Nothing that chance decides is in the pictures' rate.
        if key[2] == PICTURES:
            yield within(f"{name}/rate", real[key]["sent_kbps"], lab[key]["sent_kbps"], 0.03 * lab[key]["sent_kbps"],
                         "kbit/s")
        for percentile, tolerance in (("p50", 0.5), ("p95", 2)):
            yield within(f"{name}/{percentile}", real[key]["delay_ms"][percentile], lab[key]["delay_ms"][percentile],
                         tolerance, "ms")
    lateness = stats["emulator"]["lateness_ms"]
    # Half of what the delays of a stream may differ by in the middle, all of it in the tail.
    yield within("nodes/emulator_late/p50", lateness["p50"], 0, 0.25, "ms")
    yield within("nodes/emulator_late/p99", lateness["p99"], 0, 2, "ms")
    lost = sum(stats["emulator"][cause] for cause in ("no_room", "overrun", "send_failed"))
    yield within("nodes/emulator_lost", lost, 0, 0, "datagrams, by the machine")
