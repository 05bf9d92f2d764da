#!/usr/bin/python3
"""Holds a meeting of several bridges on this machine and says how it went."""
import argparse
import json
import os
import shutil
import signal
import sys

from meeting import Meeting, MeetingError

MARK = "made-by-diemcau-demo"
HALF_RATE = 0  # of encode_effort, as in codecs/layered_encoder.h


def arguments():
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__)
    parser.add_argument("--bridges", type=int, default=4, metavar="N",
                        help="central and N-1 members (default 4)")
    parser.add_argument("--seconds", type=int, default=30, metavar="S",
                        help="length of the meeting, from the last link up (default 30)")
    parser.add_argument("--profile", metavar="NAME",
                        help="lines of configs/profiles/NAME.toml between the bridges, in real time")
    parser.add_argument("--media", metavar="FILE",
                        help="what every camera sees; any file FFmpeg reads")
    parser.add_argument("--keep", action="store_true",
                        help="keep keys, configs, logs and sinks beside the recordings")
    parser.add_argument("--sinks", choices=("none", "central", "all"), default="none",
                        help="raw pictures and sound per peer, for tests/demo/check_meeting.py")
    parser.add_argument("--bin", default="build/dev/bin", help=argparse.SUPPRESS)
    parser.add_argument("--out", default="build/demo", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not 2 <= options.bridges <= 32:
        parser.error("--bridges: from 2 to 32")
    if not 1 <= options.seconds <= 86400:
        parser.error("--seconds: from 1 to 86400")
    if options.media:
        options.media = os.path.abspath(options.media)
        if not os.access(options.media, os.R_OK):
            parser.error(f"--media: {options.media} cannot be read")
    return options


def clear(folder):
    """An old demo goes; a folder that is not ours stays and is an error."""
    if os.path.exists(folder) and os.listdir(folder):
        if not os.path.exists(os.path.join(folder, MARK)):
            raise MeetingError(f"{folder} is not empty and was not made by the demo: move it away")
        shutil.rmtree(folder)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, MARK), "w", encoding="utf-8"):
        pass


def figure(value, form="{:.0f}"):
    return "-" if value is None else form.format(value)


def figures_of(flow):
    """One cell group: layer, fps, loss %, end-to-end p50/p95, MOS."""
    if not flow:
        return ["-"] * 4
    delay = flow.get("end_to_end_ms") or {}
    loss = flow.get("loss_ratio")
    return [figure(flow.get("fps"), "{:.1f}"),
            figure(None if loss is None else 100 * loss, "{:.2f}"),
            f"{figure(delay.get('p50'))}/{figure(delay.get('p95'))}",
            figure(flow.get("mos"), "{:.2f}")]


def table(summary):
    names = {b["id"]: b["name"] for b in summary["bridges"]}
    flows = {}
    for flow in summary["pairs"]:
        pair = flows.setdefault((flow["from"], flow["to"]), {})
        # Several layers may have run one after the other: the one with the most frames tells.
        known = pair.get(flow["media"])
        if not known or (flow.get("frames") or 0) > (known.get("frames") or 0):
            pair[flow["media"]] = flow
    rows = [["from", "to", "layer", "fps", "loss %", "video ms p50/p95", "loss %",
             "audio ms p50/p95", "MOS"]]
    for (source, target), pair in sorted(flows.items()):
        video, audio = pair.get("video"), pair.get("audio")
        fps, video_loss, video_delay, _ = figures_of(video)
        _, audio_loss, audio_delay, mos = figures_of(audio)
        rows.append([names.get(source, source), names.get(target, target),
                     video["layer"] if video else "-", fps, video_loss, video_delay, audio_loss,
                     audio_delay, mos])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) if n < 3 else cell.rjust(width)
                               for n, (cell, width) in enumerate(zip(row, widths))).rstrip()
                     for row in rows)


def tidy_up(meeting, keep):
    if keep:
        return
    if meeting.lines:
        shutil.rmtree(meeting.lines.folder, ignore_errors=True)
    for bridge in meeting.bridges:
        for name in ("sink",):
            shutil.rmtree(os.path.join(bridge.folder, name), ignore_errors=True)
        for name in os.listdir(bridge.folder):
            if name not in ("record", "grid.mkv", "mix.wav", "summary.json", "log.txt"):
                path = os.path.join(bridge.folder, name)
                shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)


def say_lines(lines):
    """How the lines were, and how late the emulator itself was: that is not the lines'."""
    stats = lines.stats()
    lost, whole = sum(stats["dropped"].values()), stats["datagrams"]["offered"]
    late = stats["emulator"]["lateness_ms"]
    print(f"\nlines: profile {lines.profile}, {whole} datagrams, "
          f"{100 * lost / max(whole, 1):.2f} % lost; emulator late by p50 {figure(late.get('p50'), '{:.3f}')} ms, "
          f"p99 {figure(late.get('p99'), '{:.3f}')} ms")


def report(summary, out):
    print()
    print(table(summary))
    print()
    halved = [b["name"] for b in summary["bridges"] if b.get("encode_effort") == HALF_RATE]
    if halved:
        print(f"half the picture rate, because this machine could not encode more in time: {', '.join(halved)}\n")
    for recording in summary["recordings"]:
        print(f"recording  {os.path.relpath(recording['path'])}  "
              f"{figure(recording.get('duration_s'), '{:.1f}')} s, "
              f"{recording.get('frames', '-')} pictures")
    for key in ("grid", "mix"):
        if key in summary:
            print(f"{key:9}  {os.path.relpath(summary[key])}")
    print(f"summary    {os.path.join(out, 'summary.json')}")


def progress(seconds):
    def show(_, elapsed):
        if sys.stdout.isatty():
            print(f"\r{elapsed:4.0f} of {seconds} s ", end="", flush=True)
    return show


def main():
    options = arguments()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(130))
    try:
        clear(options.out)
        with Meeting(options.bin, options.out, options.bridges, options.media,
                     options.sinks, profile=options.profile) as meeting:
            meeting.prepare()
            lines = f", profile {options.profile}" if options.profile else ""
            print(f"{options.bridges} bridges on loopback{lines}, {options.seconds} s …", flush=True)
            meeting.hold(options.seconds, progress(options.seconds))
            meeting.stop()
            summary = meeting.summary(options.seconds)
        for name, value in (("summary.json", summary), ("meeting.json", meeting.timeline())):
            with open(os.path.join(options.out, name), "w", encoding="utf-8") as stream:
                json.dump(value, stream, ensure_ascii=False, indent=1)
                stream.write("\n")
        tidy_up(meeting, options.keep)
        if meeting.lines:
            say_lines(meeting.lines)
        report(summary, options.out)
    except (MeetingError, OSError) as problem:
        print(f"demo: {problem}", file=sys.stderr)
        return 1
    bad = [b["id"] for b in summary["bridges"] if b["exit"] != 0]
    if bad:
        print(f"demo: these nodes did not end cleanly: {', '.join(bad)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
