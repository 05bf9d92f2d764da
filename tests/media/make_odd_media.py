#!/usr/bin/python3
"""Media files as people really have them: odd sizes, rates, pixel formats, rotations, and broken ones.

usage: make_odd_media.py FOLDER [NAME ...]   (all of them without a NAME; needs the ffmpeg program)"""
import os
import subprocess
import sys


def picture(size, rate, seconds):
    return ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}:duration={seconds}"]


def tone(rate, seconds, hz=440):
    return ["-f", "lavfi", "-i", f"sine=frequency={hz}:sample_rate={rate}:duration={seconds}"]


FAST = ["-c:v", "libx264", "-preset", "ultrafast"]
# name: arguments of ffmpeg before the output
FILES = {
    "cinema.mkv": picture("1920x1080", "24000/1001", 1) + tone(44100, 1) +
                  FAST + ["-pix_fmt", "yuv422p", "-c:a", "aac", "-ac", "2"],
    "sound_only.ogg": tone(44100, 1) + ["-c:a", "libopus"],
    "telephone.wav": tone(8000, 1) + ["-ac", "1", "-c:a", "pcm_s16le"],
    "silent.mp4": picture("640x360", "30", 1) + FAST + ["-pix_fmt", "yuv420p"],
    "ten_bits.mkv": picture("640x360", "25", 1) + FAST + ["-pix_fmt", "yuv420p10le"],
    "odd_size.mkv": picture("853x481", "30", 1) + ["-c:v", "ffv1", "-pix_fmt", "yuv444p"],
    "anamorphic.mkv": picture("720x576", "25", 1) + FAST + ["-vf", "setsar=16/11", "-pix_fmt",
                                                            "yuv420p"],
    "fast.mkv": picture("320x240", "60", 1) + tone(48000, 1) + FAST +
                ["-pix_fmt", "yuv420p", "-c:a", "pcm_s24le", "-ac", "6"],
    "short_sound.mkv": picture("320x240", "30", 2) + tone(48000, 0.5) + FAST +
                       ["-pix_fmt", "yuv420p", "-c:a", "pcm_s16le"],
}


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *arguments], check=True, timeout=60)


def make_upright(folder):
    """A telephone film: stored lying, shown standing."""
    lying = os.path.join(folder, "lying.mp4")
    ffmpeg(*picture("640x360", "30", 0.5), *FAST, "-pix_fmt", "yuv420p", lying)
    ffmpeg("-i", lying, "-c", "copy", "-metadata:s:v:0", "rotate=90",
           os.path.join(folder, "upright.mp4"))
    os.remove(lying)


def make_truncated(folder):
    """Cut in the middle, as by a full disk: Matroska can still be read so far."""
    whole = os.path.join(folder, "whole.mkv")
    ffmpeg(*picture("640x360", "30", 2), *tone(48000, 2), *FAST, "-pix_fmt", "yuv420p", whole)
    with open(whole, "rb") as stream:
        content = stream.read()
    with open(os.path.join(folder, "truncated.mkv"), "wb") as stream:
        stream.write(content[:len(content) // 2])
    os.remove(whole)


def make_garbage(folder):
    with open(os.path.join(folder, "garbage.mp4"), "wb") as stream:
        stream.write(bytes((7 * n * n + n // 3) & 255 for n in range(50000)))
    open(os.path.join(folder, "empty.mkv"), "wb").close()


MORE = {"upright.mp4": make_upright, "truncated.mkv": make_truncated, "garbage.mp4": make_garbage,
        "empty.mkv": make_garbage}


def main():
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    for name in sys.argv[2:] or [*FILES, *MORE]:
        if name in FILES:
            ffmpeg(*FILES[name], os.path.join(folder, name))
        elif name in MORE:
            MORE[name](folder)
        else:
            print(f"make_odd_media: no recipe for {name}", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
