"""The real side: one meeting of nodes over the emulated lines of a case, and what it was like.

Pictures are told by the frame number in them, which says when they were captured; when they were shown, and what was
played, by the sinks' indices. Rates are differences of the nodes' own counters."""
import collections
import json
import os
import re
import subprocess
import sys
import time

from cases import WARMUP_S
from lab import figures_of_flow

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "demo"))
import look  # noqa: E402
import source_geometry as source  # noqa: E402
from errors import MeetingError  # noqa: E402
from lines import Lines  # noqa: E402
from meeting import Meeting  # noqa: E402

SINK = (160, 90)  # large enough to read the numbers, cheap to scale
CONNECTED_WITHIN_S = WARMUP_S - 2
SAMPLE = re.compile(r"^diemcau_(\w+?)(?:\{(.*)\})? (\S+)$", re.M)

Run = collections.namedtuple("Run", "pairs machine psnr")


class CaseLines(Lines):
    """The emulator on a case's scenario. `zero_ns`: when its time began, of CLOCK_MONOTONIC."""

    def __init__(self, program, folder, case, scenario, seed, seconds):
        super().__init__("", folder, None)
        self.program, self.case, self.path = program, case, scenario
        self.more = ["--seed", str(seed), "--seconds", str(WARMUP_S + seconds + 30)]
        self.zero_ns = None

    def start(self, bridges):
        super().start(bridges)
        self.zero_ns = time.monotonic_ns()

    def scenario(self, count):
        return self.path, self.case.site(1).replace("01", "{:02d}")

    def options(self):
        return self.more


class CaseMeeting(Meeting):
    """Central records, everybody has a sink."""
    hi_kbps = 0

    def config_of(self, bridge, roster):
        return "\n".join([
            "[node]", f'id = "{bridge.id}"', f'listen = "127.0.0.1:{bridge.port}"',
            f"data_dir = {json.dumps(bridge.folder)}", "[roster]", f"file = {json.dumps(roster)}",
            "[media]", 'kind = "generated"', "[record]", f"dir = {json.dumps(os.path.join(bridge.folder, 'record'))}",
            "[sink]", f"dir = {json.dumps(os.path.join(bridge.folder, 'sink'))}", f'size = "{SINK[0]}x{SINK[1]}"',
            # The lab's members look at equal tiles, whoever speaks.
            'layout = "alike"', "[rate]", f'hi = "{self.hi_kbps}kbit/s"',
            "[metrics]", f'listen = "127.0.0.1:{bridge.metrics_port}"', ""])


def wait_for_cpu_s():
    """Seconds in which somebody waited for a processor, of the whole machine, since it started."""
    try:
        with open("/proc/pressure/cpu", encoding="ascii") as stream:
            return int(re.search(r"some .*total=(\d+)", stream.read()).group(1)) / 1e6
    except (OSError, AttributeError):
        return float("nan")


def counters(bridge):
    """{(name, labels): value}"""
    return {(name, labels or ""): float(value) for name, labels, value in SAMPLE.findall(bridge.scrape())}


def sleep_until(meeting, at_s):
    while (left := at_s - time.monotonic()) > 0:
        meeting.check_alive()
        time.sleep(min(left, 0.5))


class Counted:
    """What the nodes counted between two moments."""

    def __init__(self, meeting):
        self.meeting, self.wait = meeting, wait_for_cpu_s()
        self.first = {b.id: counters(b) for b in meeting.bridges}
        self.last = None

    def end(self):
        self.last = {b.id: counters(b) for b in self.meeting.bridges}
        self.wait = wait_for_cpu_s() - self.wait

    def of(self, bridge, name, labels=""):
        key = (name, labels)
        return self.last[bridge.id].get(key, 0.0) - self.first[bridge.id].get(key, 0.0)


# ---- looking -------------------------------------------------------------------------------------

def true_index(folder, peer):
    """Rewrites a sink's index so that pictures are captured when their numbers say. Its path."""
    sink = look.Sink(folder, peer, *SINK)
    shown = sink.shown_s()
    numbers = source.frame_numbers(sink.luma)
    captured = source.captured_s(numbers, shown)
    path, seen = os.path.join(folder, f"{peer}.true.tsv"), 0
    with open(os.path.join(folder, f"{peer}.tsv"), encoding="utf-8") as rows, \
            open(path, "w", encoding="utf-8") as out:
        out.write(next(rows))
        for row in rows:
            fields = row.split("\t")
            if fields[0] == "video":
                n = int(fields[1])
                if n >= len(numbers) or numbers[n] < 0:
                    continue  # nobody could tell what it shows
                fields[2] = str(round(captured[n] * 1e9))
                seen += 1
            out.write("\t".join(fields))
    if seen < len(numbers) * 0.99:
        raise MeetingError(f"only {seen} of {len(numbers)} pictures of {peer} can be read")
    os.remove(os.path.join(folder, f"{peer}.i420"))
    os.remove(os.path.join(folder, f"{peer}.s16"))
    return path


def device_figures(programs, index, zero_ns, seconds):
    done = subprocess.run([programs["device-figures"], "sink", index, str(zero_ns), str(WARMUP_S),
                           str(WARMUP_S + seconds)], check=True, stdout=subprocess.PIPE, text=True, timeout=60)
    return json.loads(done.stdout)


def psnr_of(programs, meeting, sender, zero_ns, seconds):
    """Mean dB of the recorded hi of `sender` in the measured time, and how many pictures; None without any."""
    ids = sorted(b.id for b in meeting.bridges)
    first = zero_ns / 1e9 + WARMUP_S
    found = {}
    for part in (p for b in meeting.bridges for p in summary_of(b).get("recordings", [])):
        if part["bridge"] != sender.id or part["layer"] != "hi":
            continue
        with subprocess.Popen(["ffmpeg", "-nostdin", "-v", "error", "-i", part["path"], "-map", "0:v:0", "-fps_mode",
                               "passthrough", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as decoder:
            done = subprocess.run([programs["picture-quality"], str(ids.index(sender.id)), str(first)],
                                  stdin=decoder.stdout, stdout=subprocess.PIPE, text=True, check=True, timeout=300)
        for line in done.stdout.splitlines():
            number, db = line.split("\t")
            captured = float(source.captured_s(int(number), first))
            if int(number) >= 0 and first <= captured < first + seconds:
                found[int(number)] = float(db)
        os.remove(part["path"])
    return (sum(found.values()) / len(found), len(found)) if found else None


def summary_of(bridge):
    with open(bridge.summary_path, encoding="utf-8") as stream:
        return json.load(stream)


def encodes_of_busiest_layer(counted, origin):
    """As the lab counts them: a layer that is served some of the time is no second encode of another."""
    return max(counted.of(origin, "encode_seconds_count", f'media="video",layer="{layer}"')
               for layer in ("lo", "mid", "hi"))


def pair_figures(programs, meeting, counted, case, seconds):
    """{(from site, to site): figures}"""
    site = {b.id: case.site(n) for n, b in enumerate(meeting.bridges)}
    pairs = {}
    for target in meeting.bridges:
        flows = summary_of(target)["pairs"]
        for origin in meeting.bridges:
            if origin is target:
                continue
            index = true_index(os.path.join(target.folder, "sink"), origin.id)
            row = device_figures(programs, index, meeting.lines.zero_ns, seconds)
            row.update(figures_of_flow(flows, origin.id, target.id))
            row["sent_kbps"] = counted.of(origin, "bytes_sent_total", f'peer="{target.id}"') * 8e-3 / seconds
            row["encodes_per_s"] = encodes_of_busiest_layer(counted, origin) / seconds
            pairs[site[origin.id], site[target.id]] = row
    return pairs


def machine_figures(meeting, counted, seconds):
    """How late the machine was: nothing of it is the line's or the node's doing."""
    stats = meeting.lines.stats()["emulator"]
    late = {b.id: counted.of(b, "late_encodes_total") for b in meeting.bridges}
    return {"late_pictures_per_s": max(late.values()) / seconds,
            "emulator_late_p99_ms": stats["lateness_ms"]["p99"],
            "emulator_lost": sum(stats[cause] for cause in ("no_room", "overrun", "send_failed")),
            "least_encode_effort": min(summary_of(b).get("encode_effort", 0) for b in meeting.bridges),
            "cpu_wanted": counted.wait / seconds}


def hold(programs, folder, case, scenario, seed, seconds):
    """One meeting, as a Run. Throws MeetingError."""
    lines = CaseLines(programs["diemcau-sim"], folder, case, scenario, seed, seconds)
    with CaseMeeting(os.path.dirname(programs["diemcau-node"]), folder, case.bridges,
                     say=lambda text: None) as meeting:
        meeting.lines, meeting.hi_kbps = lines, case.hi_kbps
        meeting.prepare()
        meeting.start()
        meeting.wait_until_connected()
        zero_s = lines.zero_ns / 1e9
        if time.monotonic() - zero_s > CONNECTED_WITHIN_S:
            raise MeetingError("the nodes needed longer than the warm-up to connect: is the machine free?")
        sleep_until(meeting, zero_s + WARMUP_S)
        counted = Counted(meeting)
        sleep_until(meeting, zero_s + WARMUP_S + seconds)
        counted.end()
        meeting.stop()
        pairs = pair_figures(programs, meeting, counted, case, seconds)
        psnr = psnr_of(programs, meeting, meeting.bridges[1], lines.zero_ns, seconds)
        return Run(pairs, machine_figures(meeting, counted, seconds), psnr)
