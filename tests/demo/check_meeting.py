#!/usr/bin/python3
"""Looks at what a demo left behind with its own eyes and compares it with what the nodes said:
flash, beep, frame number and tone in recordings, grid, mixes and per-peer sinks.

usage: check_meeting.py FOLDER   (made by `./dev demo --keep --sinks all`)
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
SYNC_MS = 40.0
AUDIO_P95_MS = 20 + 6.5 + 60
VIDEO_WAIT_MS = 60.0
RECORD_LENGTH_S = 0.5


class Report:
    """The table of checks."""

    def __init__(self):
        self.rows = []

    def add(self, check, where, value, bound, good):
        self.rows.append((check, where, value, bound, "pass" if good else "FAIL"))

    def within(self, check, where, value, limit, unit="ms"):
        """|value| <= limit; a figure that could not be measured fails."""
        measured = value is not None and math.isfinite(value)
        self.add(check, where, f"{value:.1f} {unit}" if measured else "not measured",
                 f"≤ {limit:g} {unit}", measured and abs(value) <= limit)

    def failed(self):
        return [row for row in self.rows if row[-1] != "pass"]

    def print(self):
        widths = [max(len(row[n]) for row in self.rows) for n in range(5)]
        for row in self.rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def p(values, percent):
    return float(np.percentile(values, percent)) if len(values) else None


def check_sync(report, where, flashes_s, beeps_s):
    """Sound against picture, at every event that has both. The middle tells of a constant offset,
    nine of ten must each be inside."""
    offsets = 1000 * look.nearest_offsets(flashes_s, beeps_s)
    if len(offsets) < 2:
        report.add("sync", where, f"{len(offsets)} events", "≥ 2", False)
        return
    report.within("sync, middle", where, p(offsets, 50), SYNC_MS)
    report.within("sync, 9 of 10", where, p(np.abs(offsets), 90), SYNC_MS)


def check_order(report, where, luma):
    """Frame numbers are readable and only grow."""
    numbers = source.frame_numbers(luma)
    readable = numbers[numbers >= 0]
    share = len(readable) / max(1, len(numbers))
    report.add("numbers readable", where, f"{100 * share:.1f} % of {len(numbers)}", "≥ 99 %",
               len(numbers) > 0 and share >= 0.99)
    back = int(np.sum(np.diff(readable) <= 0)) if len(readable) else -1
    report.add("numbers grow", where, f"{back} steps back", "0", back == 0)
    return numbers


# ---- sinks --------------------------------------------------------------------------------------

def since_whole_second(times):
    """Events are at whole seconds of CLOCK_MONOTONIC, and arrive within one second."""
    times = np.asarray(times, float)
    return 1000 * (times - np.floor(times))


def video_delays(sink, flash_times):
    """ms from capture to display, from the flashes: the first picture that shows one was captured
    at the whole second."""
    return since_whole_second(flash_times)


def audio_delays(sink, beeps):
    return since_whole_second([sink.played_s(sample) for sample in beeps])


def check_against_summary(report, where, delays, flow, tolerance_ms, bound_p95):
    said = (flow or {}).get("end_to_end_ms") or {}
    if not len(delays) or "p50" not in said:
        report.add("delay", where, f"{len(delays)} events, summary {said or 'silent'}", "both", False)
        return
    report.add("delay = summary", where, f"{p(delays, 50):.1f} vs {said['p50']:.1f} ms",
               f"± {tolerance_ms:.1f} ms", abs(p(delays, 50) - said["p50"]) <= tolerance_ms)
    report.within("delay p95 seen", where, p(delays, 95), bound_p95)
    report.within("delay p95 said", where, said.get("p95"), bound_p95)


def flow_of(summary, source_id, target_id, media):
    flows = [f for f in summary["pairs"]
             if (f["from"], f["to"], f["media"]) == (source_id, target_id, media)]
    return max(flows, key=lambda f: f.get("frames") or 0) if flows else None


def check_sink(report, summary, folder, source_id, target_id):
    where = f"sink {source_id}→{target_id}"
    try:
        sink = look.Sink(folder, source_id, *SINK_SIZE)
    except (OSError, ValueError) as problem:
        report.add("sink", where, str(problem), "readable", False)
        return
    shown = sink.shown_s()
    report.add("sink index", where, f"{np.isnan(shown).sum()} of {len(shown)} unnamed", "0",
               len(shown) > 0 and not np.isnan(shown).any())
    check_order(report, where, sink.luma)
    flashes = shown[look.rising_edges(source.flashing(sink.luma))]
    beeps = look.beep_onsets(sink.samples, source.BEEP_HZ, source.BEEP_S)
    video, audio = (flow_of(summary, source_id, target_id, kind) for kind in ("video", "audio"))
    fps = (video or {}).get("fps") or source.FPS
    check_against_summary(report, where + " video", video_delays(sink, flashes), video, 1000 / fps,
                          1000 / fps + VIDEO_WAIT_MS)
    check_against_summary(report, where + " audio", audio_delays(sink, beeps), audio, 10.0,
                          AUDIO_P95_MS)
    check_sync(report, where, flashes, [sink.played_s(sample) for sample in beeps])


# ---- files --------------------------------------------------------------------------------------

def check_clean(report, where, path):
    complaints = look.decode_complaints(path)
    report.add("decodes cleanly", where, complaints.splitlines()[0][:60] if complaints else "clean",
               "no complaint", not complaints)
    return look.probe(path) if os.path.exists(path) else None


def check_events_in_file(report, where, path):
    luma, times = look.pictures(path, *SINK_SIZE)
    samples = look.sound(path)
    check_order(report, where, luma)
    flashes = times[look.rising_edges(source.flashing(luma))]
    beeps = look.beep_onsets(samples, source.BEEP_HZ, source.BEEP_S) / look.RATE
    check_sync(report, where, flashes, beeps)
    return samples


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
            lasted += float(facts["format"].get("duration", 0)) if facts else 0.0
            kinds = sorted(s["codec_name"] for s in facts["streams"]) if facts else []
            report.add("h264 and opus", where, "+".join(kinds), "both", kinds == ["h264", "opus"])
        expected = timeline["stopped"] - central["up_at"].get(bridge["id"], timeline["ready"])
        report.add("length", where, f"{lasted:.2f} s in {len(parts)} parts",
                   f"{expected:.2f} ± {RECORD_LENGTH_S} s",
                   bool(parts) and abs(lasted - expected) <= RECORD_LENGTH_S)
        if generated and parts:
            longest = max(parts, key=lambda part: part.get("duration_s") or 0)
            samples = check_events_in_file(report, where, longest["path"])
            check_tones(report, where, samples, {bridge["id"]},
                        {b["id"] for b in timeline["bridges"]} - {bridge["id"]})


def check_tones(report, where, samples, wanted, unwanted):
    """Every wanted tone is there; an unwanted one is 20 dB below the weakest wanted."""
    levels = {bridge: look.tone_level(samples, source.tone_of(bridge))
              for bridge in sorted(wanted | unwanted)}
    weakest = min((levels[bridge] for bridge in wanted), default=0.0)
    for bridge in sorted(wanted):
        report.add("tone heard", f"{where} ← {bridge}", f"{levels[bridge]:.0f}",
                   f"≥ {source.TONE_AUDIBLE:.0f}", levels[bridge] >= source.TONE_AUDIBLE)
    for bridge in sorted(unwanted):
        report.add("tone absent", f"{where} ← {bridge}", f"{levels[bridge]:.0f}",
                   f"≤ {weakest / 10:.0f}", levels[bridge] <= weakest / 10)


def tiles(count, width, height):
    """Where the tiles of a grid are: as square as it goes, in roster order, left to right."""
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    for n in range(count):
        row, column = divmod(n, columns)
        yield (slice(row * height // rows, (row + 1) * height // rows),
               slice(column * width // columns, (column + 1) * width // columns))


def check_grid(report, summary, timeline):
    path = summary.get("grid")
    if not path:
        report.add("grid", "central", "not in the summary", "a file", False)
        return
    check_clean(report, "grid", path)
    luma, times = look.pictures(path, 640, 360)
    beeps = look.beep_onsets(look.sound(path), source.BEEP_HZ, source.BEEP_S) / look.RATE
    bridges = sorted(timeline["bridges"], key=lambda bridge: bridge["id"])
    seconds = timeline["stopped"] - timeline["ready"]
    others = []
    for bridge, (rows, columns) in zip(bridges, tiles(len(bridges), 640, 360)):
        flashes = times[look.rising_edges(source.tile_flashing(luma[:, rows, columns]))]
        report.add("flashes in tile", f"grid {bridge['id']}", f"{len(flashes)}",
                   f"{seconds:.0f} ± 2", abs(len(flashes) - seconds) <= 2)
        if not bridge["central"]:
            others.append(flashes)
    # What the room hears first is the first of the others' beeps; all flash at the same instant.
    if others and len(beeps):
        earliest = [min(events[np.abs(events - beep) < 0.5], default=np.nan, key=lambda t: t)
                    for beep in beeps for events in [np.concatenate(others)]]
        check_sync(report, "grid", np.array(earliest)[np.isfinite(earliest)], beeps)


def check_mixes(report, timeline):
    everybody = {bridge["id"] for bridge in timeline["bridges"]}
    for bridge in timeline["bridges"]:
        where = f"mix of {bridge['id']}"
        path = os.path.join(bridge["folder"], "mix.wav")
        if not os.path.exists(path):
            report.add("mix", where, "no file", "a file", False)
            continue
        check_clean(report, where, path)
        check_tones(report, where, look.sound(path), everybody - {bridge["id"]}, {bridge["id"]})


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
    folder = parser.parse_args().folder
    try:
        summary, timeline = (json.load(open(os.path.join(folder, name), encoding="utf-8"))
                             for name in ("summary.json", "meeting.json"))
    except (OSError, ValueError) as problem:
        print(f"check_meeting: {problem}", file=sys.stderr)
        return 2
    report, generated = Report(), not timeline.get("media")
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
                    check_sink(report, summary, sinks, origin["id"], target["id"])
    report.print()
    failed = report.failed()
    print(f"check_meeting: {len(report.rows)} checks, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
