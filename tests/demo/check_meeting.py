#!/usr/bin/python3
"""Looks at what a demo left behind with its own eyes and compares it with what the nodes said:
flash, beep, frame number and tone in recordings, grid, mixes and per-peer sinks.

usage: check_meeting.py [--untimed] FOLDER   (made by `./dev demo --keep --sinks all`)
With --untimed a bound that a busy machine can miss is measured and printed ("slow"), but is no
failure: tests run on shared machines.
Exit 0 when every line passes, 1 when one does not, 2 when there is nothing to look at."""
import argparse
import json
import math
import os
import sys

import numpy as np

import look
import source_geometry as source

SINK_SIZE = (320, 180)
INDEX_MS = 5.0
SYNC_MS = 40.0  # of a recording; and pictures wait for sound that is later by this, not for less
SOUND_AHEAD_MS, SOUND_BEHIND_MS = 30.0, 60.0  # the gate of lip sync where people see and hear
AUDIO_P95_MS = 20 + 6.5 + 60
VIDEO_WAIT_MS = 60.0
RECORD_LENGTH_S = 0.5


class Report:
    """The table of checks."""

    def __init__(self, untimed=False):
        self.rows = []
        self.untimed = untimed

    def add(self, check, where, value, bound, good, timed=False):
        miss = "slow" if timed and self.untimed else "FAIL"
        self.rows.append((check, where, value, bound, "pass" if good else miss))

    def within(self, check, where, value, limit, unit="ms", timed=False):
        """|value| <= limit; a figure that could not be measured fails."""
        measured = value is not None and math.isfinite(value)
        self.add(check, where, f"{value:.1f} {unit}" if measured else "not measured",
                 f"≤ {limit:g} {unit}", measured and abs(value) <= limit, timed and measured)

    def failed(self):
        return [row for row in self.rows if row[-1] == "FAIL"]

    def print(self):
        widths = [max(len(row[n]) for row in self.rows) for n in range(5)]
        for row in self.rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def p(values, percent):
    return float(np.percentile(values, percent)) if len(values) else None


def check_sync(report, where, times, numbers, beeps, shown=False):
    """Sound against picture at every beep. Beeps are at whole seconds of the capture clock, frame
    numbers tell the capture time of pictures: what is left is how far the two are apart. The
    middle tells of a constant offset, nine of ten must each be inside."""
    readable = numbers >= 0
    lag = look.lag_behind(times[readable], source.captured_s(numbers[readable]))
    offsets = 1000 * look.centred([beep - lag(beep) for beep in beeps])
    offsets = offsets[np.isfinite(offsets)]
    if len(offsets) < 2:
        report.add("sync", where, f"{len(offsets)} events", "≥ 2", False)
        return
    middle = SYNC_MS + INDEX_MS if shown else SYNC_MS
    report.within("sound behind picture, middle", where, p(offsets, 50), middle, timed=shown)
    if not shown:
        report.within("sound beside picture, 9 of 10", where, p(np.abs(offsets), 90), SYNC_MS)
        return
    behind, ahead = p(offsets, 90), -p(offsets, 10)
    report.add("sound beside picture, 9 of 10", where, f"{-ahead:.1f} … {behind:.1f} ms",
               f"−{SOUND_AHEAD_MS:g} … {SOUND_BEHIND_MS:g} ms",
               ahead <= SOUND_AHEAD_MS and behind <= SOUND_BEHIND_MS, timed=True)


def check_pictures(report, where, luma, seconds):
    """Frame numbers are readable and only grow; the flash is where they say. Returns them."""
    numbers = source.frame_numbers(luma)
    readable = numbers[numbers >= 0]
    share = len(readable) / max(1, len(numbers))
    report.add("numbers readable", where, f"{100 * share:.1f} % of {len(numbers)}", "≥ 99 %",
               len(numbers) > 0 and share >= 0.99)
    back = int(np.sum(np.diff(readable) <= 0))
    report.add("numbers grow", where, f"{back} steps back", "0", len(readable) > 1 and back == 0)
    flashes = numbers[source.flashing(luma)]
    astray = int(np.sum((flashes >= 0) & (flashes % source.FPS != 0)))
    # A busy machine leaves pictures out, flashes among them; one at the wrong time is never its doing.
    report.add("flash at whole second", where, f"{len(flashes)} flashes, {astray} astray",
               f"{seconds:.0f} ± 2, 0", abs(len(flashes) - seconds) <= 2 and astray == 0,
               timed=astray == 0 and len(flashes) > 0)
    return numbers


# ---- sinks --------------------------------------------------------------------------------------

def check_against_summary(report, where, delays, flow, tolerance_ms, bound_p95):
    said = (flow or {}).get("end_to_end_ms") or {}
    if not len(delays) or "p50" not in said:
        report.add("delay", where, f"{len(delays)} events, summary {said or 'silent'}", "both",
                   False)
        return
    report.add("delay = summary", where, f"{p(delays, 50):.1f} vs {said['p50']:.1f} ms",
               f"± {tolerance_ms:.1f} ms", abs(p(delays, 50) - said["p50"]) <= tolerance_ms)
    report.within("delay p95 seen", where, p(delays, 95), bound_p95, timed=True)
    report.within("delay p95 said", where, said.get("p95"), bound_p95, timed=True)


def flow_of(summary, source_id, target_id, media):
    flows = [f for f in summary["pairs"]
             if (f["from"], f["to"], f["media"]) == (source_id, target_id, media)]
    return max(flows, key=lambda f: f.get("frames") or 0) if flows else None


def check_sink(report, summary, folder, source_id, target_id, seconds):
    where = f"sink {source_id}→{target_id}"
    try:
        sink = look.Sink(folder, source_id, *SINK_SIZE)
    except (OSError, ValueError) as problem:
        report.add("sink", where, str(problem), "readable", False)
        return
    shown = sink.shown_s()
    unnamed = int(np.isnan(shown).sum())
    report.add("sink index", where, f"{unnamed} of {len(shown)} unnamed", "0",
               len(shown) > 0 and unnamed == 0 and bool(sink.audio))
    if not len(shown) or unnamed or not sink.audio:
        return
    numbers = check_pictures(report, where, sink.luma, seconds)
    readable = numbers >= 0
    captured = source.captured_s(numbers[readable], shown[readable])
    video, audio = (flow_of(summary, source_id, target_id, kind) for kind in ("video", "audio"))
    frame_ms = 1000 / ((video or {}).get("fps") or source.FPS)
    check_against_summary(report, where + " video", 1000 * (shown[readable] - captured), video,
                          frame_ms, frame_ms + VIDEO_WAIT_MS)
    beeps = np.array([sink.played_s(at) for at in look.beep_onsets(sink.samples, source.BEEP_HZ)])
    # Ten beeps are few: they prove the index right, and the index tells of every frame.
    error = [1000 * look.centred(sink.captured_s(at))
             for at in look.beep_onsets(sink.samples, source.BEEP_HZ)]
    report.within("index against beeps", where, p([e for e in error if np.isfinite(e)], 50),
                  INDEX_MS)
    check_against_summary(report, where + " audio", sink.audio_delays_ms(), audio, 10.0,
                          AUDIO_P95_MS)
    check_sync(report, where, shown, numbers, beeps, shown=True)


# ---- files --------------------------------------------------------------------------------------

def check_clean(report, where, path):
    complaints = look.decode_complaints(path)
    report.add("decodes cleanly", where, complaints.splitlines()[0][:60] if complaints else "clean",
               "no complaint", not complaints)
    return look.probe(path) if os.path.exists(path) else None


def check_events_in_file(report, where, path, seconds):
    luma, times = look.pictures(path, *SINK_SIZE)
    samples = look.sound(path)
    numbers = check_pictures(report, where, luma, seconds)
    beeps = look.beep_onsets(samples, source.BEEP_HZ) / look.RATE
    report.add("beeps", where, f"{len(beeps)}", f"{seconds:.0f} ± 2",
               abs(len(beeps) - seconds) <= 2)
    check_sync(report, where, times, numbers, beeps)
    return samples


def link_began(central, bridge, timeline):
    """From the sink, to the sample, where there is one; else when /metrics first said so."""
    try:
        return look.Sink(os.path.join(central["folder"], "sink"), bridge, *SINK_SIZE).began_s()
    except (OSError, ValueError, IndexError):
        return central["up_at"].get(bridge, timeline["ready"])


def check_recordings(report, summary, timeline, generated):
    by_bridge = {}
    for recording in summary["recordings"]:
        by_bridge.setdefault(recording["bridge"], []).append(recording)
    central = next(b for b in timeline["bridges"] if b["central"])
    for bridge in timeline["bridges"]:
        if bridge["central"]:
            continue
        where = f"record {bridge['id']}"
        parts = by_bridge.get(bridge["id"], [])
        lasted = 0.0
        for part in parts:
            facts = check_clean(report, f"{where} part {part['part']}", part["path"])
            # A part begins with its picture, up to half a second before the last one's sound ends: each
            # frame of sound is in one part only.
            lasted += look.sound_lasts_s(part["path"]) if facts else 0.0
            kinds = sorted(s["codec_name"] for s in facts["streams"]) if facts else []
            report.add("h264 and opus", where, "+".join(kinds), "both", kinds == ["h264", "opus"])
        expected = timeline["stopped"] - link_began(central, bridge["id"], timeline)
        report.add("length", where, f"{lasted:.2f} s in {len(parts)} parts",
                   f"{expected:.2f} ± {RECORD_LENGTH_S} s",
                   bool(parts) and abs(lasted - expected) <= RECORD_LENGTH_S)
        if generated and parts:
            longest = max(parts, key=lambda part: part.get("duration_s") or 0)
            samples = check_events_in_file(report, where, longest["path"],
                                           longest.get("duration_s") or lasted)
            check_tones(report, where, samples, tones_of(timeline), {bridge["id"]})


def tones_of(timeline):
    """Bridge id -> Hz; the index is the place in the roster, which is sorted by id."""
    ids = sorted(bridge["id"] for bridge in timeline["bridges"])
    return {bridge: source.tone_of(index) for index, bridge in enumerate(ids)}


def check_tones(report, where, samples, tones, wanted):
    """Every wanted tone is there; any other is 20 dB below the weakest wanted. A tone never stops,
    so one that is not wanted is looked for where nobody talks: in a room of three others somebody
    talks in more than half of the windows, and talk has sound at every frequency."""
    levels = {bridge: (look.tone_level if bridge in wanted else look.tone_level_without_talk)(
        samples, hertz) for bridge, hertz in tones.items()}
    weakest = min((levels[bridge] for bridge in wanted), default=0.0)
    for bridge, level in levels.items():
        if bridge in wanted:
            report.add("tone heard", f"{where} ← {bridge}", f"{level:.0f}",
                       f"≥ {source.TONE_AUDIBLE:.0f}", level >= source.TONE_AUDIBLE)
        else:
            report.add("tone absent", f"{where} ← {bridge}", f"{level:.0f}",
                       f"≤ {weakest / 10:.0f}", level <= weakest / 10)


def tiles(count, width, height):
    """Where the small tiles of central's grid stand, in roster order: in the right quarter, four to
    a column of its own shape, left to right and then down."""
    left, columns = width * 3 // 4, math.ceil(math.sqrt(count / 4))
    rows = max(math.ceil(count / columns), 4 * columns)
    wide, high = (width - left) // columns, height // rows
    for n in range(count):
        row, column = divmod(n, columns)
        yield (slice(row * high, (row + 1) * high),
               slice(left + column * wide, left + (column + 1) * wide))


def check_large_tile(report, luma):
    """Left of them stands whoever spoke last of the others."""
    tile = luma[:, :, :luma.shape[2] * 3 // 4]
    area = source.find_picture(tile) if len(tile) else None
    if area is None:
        report.add("picture in tile", "grid speaker", "no number readable", "a picture", False)
        return
    live = source.frame_numbers(tile[:, area[0], area[1]]) >= 0
    first = int(np.argmax(live))
    share = 100 * live[first:].mean()
    report.add("numbers readable", "grid speaker", f"{share:.1f} % of {len(live) - first}",
               "≥ 95 %", share >= 95)


def check_grid(report, summary, timeline):
    path = summary.get("grid")
    if not path:
        report.add("grid", "central", "not in the summary", "a file", False)
        return
    check_clean(report, "grid", path)
    width, height = 640, 360
    luma, times = look.pictures(path, width, height)
    beeps = look.beep_onsets(look.sound(path), source.BEEP_HZ) / look.RATE
    bridges = sorted(timeline["bridges"], key=lambda bridge: bridge["id"])
    tracks = []
    for bridge, (rows, columns) in zip(bridges, tiles(len(bridges), width, height)):
        where, tile = f"grid {bridge['id']}", luma[:, rows, columns]
        area = source.find_picture(tile) if len(tile) else None
        if area is None:
            report.add("picture in tile", where, "no number readable", "a picture", False)
            continue
        numbers = source.frame_numbers(tile[:, area[0], area[1]])
        live = numbers >= 0
        # Before the first picture the tile is grey: what counts is from then on.
        first = int(np.argmax(live)) if live.any() else len(live)
        share = 100 * live[first:].mean() if first < len(live) else 0.0
        report.add("numbers readable", where, f"{share:.1f} % of {len(live) - first}", "≥ 95 %",
                   share >= 95)
        back = int(np.sum(np.diff(numbers[live]) < 0))
        report.add("numbers grow", where, f"{back} steps back", "0", live.any() and back == 0)
        if not bridge["central"] and live.any():
            tracks.append((np.median(times[live] - source.captured_s(numbers[live])), numbers))
    check_large_tile(report, luma)
    # In the mix the first of the others' beeps is heard first: it belongs to the quickest tile.
    if tracks:
        check_sync(report, "grid", times, min(tracks, key=lambda track: track[0])[1], beeps,
                   shown=True)


def check_mixes(report, timeline):
    everybody = {bridge["id"] for bridge in timeline["bridges"]}
    for bridge in timeline["bridges"]:
        where = f"mix of {bridge['id']}"
        path = os.path.join(bridge["folder"], "mix.wav")
        if not os.path.exists(path):
            report.add("mix", where, "no file", "a file", False)
            continue
        check_clean(report, where, path)
        check_tones(report, where, look.sound(path), tones_of(timeline),
                    everybody - {bridge["id"]})


def check_pairs(report, summary, timeline):
    ids = [bridge["id"] for bridge in timeline["bridges"]]
    central = next(b["id"] for b in timeline["bridges"] if b["central"])
    for source_id in ids:
        for target_id in ids:
            if source_id == target_id:
                continue
            where = f"{source_id}→{target_id}"
            for media in ("audio", "video"):
                flow = flow_of(summary, source_id, target_id, media)
                frames = (flow or {}).get("frames") or 0
                report.add(f"{media} flows", where, f"{frames} frames", "> 0", frames > 0)
            video = flow_of(summary, source_id, target_id, "video")
            if target_id == central:
                report.add("central sees hi", where, str((video or {}).get("layer")), "hi",
                           bool(video) and video["layer"] == "hi")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--untimed", action="store_true",
                        help="a bound that a busy machine can miss is printed, not asserted")
    arguments = parser.parse_args()
    folder = arguments.folder
    try:
        summary, timeline = (json.load(open(os.path.join(folder, name), encoding="utf-8"))
                             for name in ("summary.json", "meeting.json"))
    except (OSError, ValueError) as problem:
        print(f"check_meeting: {problem}", file=sys.stderr)
        return 2
    report, generated = Report(arguments.untimed), not timeline.get("media")
    check_pairs(report, summary, timeline)
    check_recordings(report, summary, timeline, generated)
    if generated:
        check_grid(report, summary, timeline)
        check_mixes(report, timeline)
        for target in timeline["bridges"]:
            sinks = os.path.join(target["folder"], "sink")
            if not os.path.isdir(sinks):
                if timeline["sinks"] == "all":
                    report.add("sink", target["id"], "no folder", sinks, False)
                continue
            for origin in timeline["bridges"]:
                if origin["id"] != target["id"]:
                    check_sink(report, summary, sinks, origin["id"], target["id"],
                               timeline["stopped"] - timeline["ready"])
    report.print()
    failed = report.failed()
    print(f"check_meeting: {len(report.rows)} checks, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
