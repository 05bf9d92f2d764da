#!/usr/bin/python3
"""The checker of a meeting passes on a good meeting and fails on a shifted, reordered, foreign, cut
or misreported one. The meeting here is drawn by this file and encoded with ffmpeg."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
WIDTH, HEIGHT, FPS, RATE = 320, 180, 30, 48000
SECONDS = 5
START = 4000.5  # second of CLOCK_MONOTONIC at which the meeting begins
VIDEO_DELAY, AUDIO_DELAY = 0.070, 0.060
CENTRAL, MEMBER = "trung-tam", "buon-ho"
IDS = sorted([CENTRAL, MEMBER])
RANDOM = np.random.default_rng(11)


def draw(number):
    """One picture of the source: code, flash or a moving gradient with noise."""
    picture = np.empty((HEIGHT, WIDTH))
    across = np.arange(WIDTH) + 2 * number
    picture[:] = 40 + 100 * ((across % WIDTH) / WIDTH)
    picture += RANDOM.normal(0, 2, picture.shape)
    if number % FPS == 0:
        picture[:] = 235
    high, wide = HEIGHT // 9, WIDTH // 16
    picture[:2 * high] = 16
    digits = sum((number >> shift) & 15 for shift in (0, 4, 8, 12, 16, 20))
    word = (number << 4) | (15 - digits % 16)
    for place in range(28):
        if (word >> (27 - place)) & 1:
            row, column = divmod(place, 14)
            picture[row * high:(row + 1) * high, (column + 1) * wide:(column + 2) * wide] = 235
    return np.clip(picture, 16, 235).astype(np.uint8)


def hear(bridge, first_s, seconds):
    """Sound of the source from first_s on."""
    time = first_s + np.arange(int(seconds * RATE)) / RATE
    tone = 1000 * np.sin(2 * np.pi * (300 + 50 * IDS.index(bridge)) * time)
    into = time - np.floor(time)
    envelope = np.clip(np.minimum(into, 0.080 - into) / 0.001, 0, 1)
    return tone + envelope * 9000 * np.sin(2 * np.pi * 1000 * into)


def resized(picture, height, width):
    rows = (np.arange(height) + 0.5) * picture.shape[0] / height
    columns = (np.arange(width) + 0.5) * picture.shape[1] / width
    return picture[rows.astype(int)][:, columns.astype(int)]


def s16(samples):
    return np.clip(samples, -32768, 32767).astype(np.int16)


def encode(path, frames, fps, samples, codecs):
    """Raw pictures and sound into a file."""
    video, audio = path + ".gray", path + ".s16"
    np.stack(frames).tofile(video)
    samples.tofile(audio)
    height, width = frames[0].shape
    subprocess.run(["ffmpeg", "-nostdin", "-y", "-v", "error", "-f", "rawvideo", "-pix_fmt", "gray",
                    "-s", f"{width}x{height}", "-r", str(fps), "-i", video, "-f", "s16le", "-ar",
                    str(RATE), "-ac", "1", "-i", audio, "-pix_fmt", "yuv420p", *codecs, path],
                   check=True, timeout=120)
    os.remove(video)
    os.remove(audio)


CODECS = ["-c:v", "libx264", "-preset", "superfast", "-bf", "0", "-c:a", "libopus", "-b:a", "48k"]


class FakeMeeting:
    """Everything that a meeting of two leaves behind."""

    def __init__(self, root):
        self.root = root
        self.first = int(np.ceil(START * FPS))
        self.frames = [draw(self.first + k) for k in range(SECONDS * FPS)]
        self.folders = {bridge: os.path.join(root, bridge) for bridge in IDS}
        for bridge in IDS:
            os.makedirs(os.path.join(self.folders[bridge], "sink"))
        self.write_recording(0.0)
        self.write_grid()
        for bridge, other in (IDS, IDS[::-1]):
            self.write_sink(bridge, other)
            self.write_mix(bridge, [other])
        self.write_words()

    def recording(self):
        return os.path.join(self.folders[CENTRAL], "record", f"{MEMBER}-p001.mkv")

    def write_recording(self, shift, seconds=SECONDS):
        os.makedirs(os.path.dirname(self.recording()), exist_ok=True)
        encode(self.recording(), self.frames[:int(seconds * FPS)], FPS,
               s16(hear(MEMBER, self.first / FPS - shift, seconds)), CODECS)

    def write_grid(self):
        canvases = []
        for k in range(SECONDS * 25):
            shown = self.frames[min(len(self.frames) - 1, round(k * FPS / 25))]
            canvas = np.full((360, 640), 40, np.uint8)
            for row in range(2):
                canvas[row * 90 + 5:row * 90 + 77, 496:624] = resized(shown, 72, 128)
            canvas[45:315, :480] = resized(shown, 270, 480)
            canvases.append(canvas)
        encode(os.path.join(self.folders[CENTRAL], "grid.mkv"), canvases, 25,
               s16(hear(MEMBER, self.first / FPS, SECONDS)), CODECS)

    def write_mix(self, bridge, heard):
        path = os.path.join(self.folders[bridge], "mix.wav")
        samples = s16(sum(hear(other, START, SECONDS) for other in heard))
        samples.tofile(path + ".s16")
        subprocess.run(["ffmpeg", "-nostdin", "-y", "-v", "error", "-f", "s16le", "-ar", str(RATE),
                        "-ac", "1", "-i", path + ".s16", path], check=True, timeout=60)
        os.remove(path + ".s16")

    def write_sink(self, bridge, other, order=None):
        base = os.path.join(self.folders[bridge], "sink", other)
        order = order or range(len(self.frames))
        grey = np.full(WIDTH * HEIGHT // 2, 128, np.uint8)
        with open(base + ".i420", "wb") as stream:
            for k in order:
                stream.write(self.frames[k].tobytes() + grey.tobytes())
        s16(hear(other, START - AUDIO_DELAY, SECONDS)).tofile(base + ".s16")
        with open(base + ".tsv", "w", encoding="utf-8") as table:
            table.write("kind\tindex\tcapture_ns\tshown_ns\tlayer\taction\n")
            for k in range(SECONDS * 50):
                at = START + k * 0.02
                table.write(f"audio\t{k * 960}\t{int((at - AUDIO_DELAY) * 1e9)}\t{int(at * 1e9)}"
                            "\tonly\tnormal\n")
            for k in range(len(self.frames)):
                captured = (self.first + k) / FPS
                table.write(f"video\t{k}\t{int(captured * 1e9)}\t"
                            f"{int((captured + VIDEO_DELAY) * 1e9)}\thi\tshow\n")

    def write_words(self, video_ms=1000 * VIDEO_DELAY):
        pairs = []
        for source, target in (IDS, IDS[::-1]):
            for media, delay in (("video", video_ms), ("audio", 1000 * AUDIO_DELAY)):
                pairs.append({"from": source, "to": target, "media": media, "layer": "hi",
                              "fps": FPS, "frames": 150, "loss_ratio": 0.0,
                              "end_to_end_ms": {"p50": delay, "p95": delay + 2, "p99": delay + 4}})
        summary = {"schema": 1, "seconds": SECONDS, "pairs": pairs,
                   "bridges": [{"id": bridge, "name": bridge, "exit": 0} for bridge in IDS],
                   "recordings": [{"bridge": MEMBER, "part": 1, "path": self.recording(),
                                   "duration_s": SECONDS, "frames": 150}],
                   "grid": os.path.join(self.folders[CENTRAL], "grid.mkv")}
        timeline = {"started": START - 1, "ready": START, "stopped": START + SECONDS, "media": None,
                    "sinks": "all",
                    "bridges": [{"id": bridge, "name": bridge, "central": bridge == CENTRAL,
                                 "folder": self.folders[bridge],
                                 "up_at": {other: START for other in IDS if other != bridge}}
                                for bridge in IDS]}
        for name, value in (("summary", summary), ("meeting", timeline)):
            with open(os.path.join(self.root, name + ".json"), "w", encoding="utf-8") as stream:
                json.dump(value, stream)


class CheckerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = tempfile.mkdtemp(prefix="diemcau-checker-")
        cls.meeting = FakeMeeting(cls.root)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.root)

    def check(self):
        done = subprocess.run([sys.executable, os.path.join(HERE, "check_meeting.py"), self.root],
                              text=True, capture_output=True, timeout=240)
        failed = [line for line in done.stdout.splitlines() if line.endswith("FAIL")]
        return done.returncode, failed, done.stdout + done.stderr

    def fails_only(self, *expected):
        """Every failed line is one of those expected, and each of those did fail."""
        code, failed, said = self.check()
        self.assertEqual(code, 1, said)
        for words in expected:
            self.assertTrue(any(line.startswith(words) for line in failed), f"{words}:\n{said}")
        for line in failed:
            self.assertTrue(line.startswith(expected), f"unexpected: {line}")

    def test_a_good_meeting_passes(self):
        code, failed, said = self.check()
        self.assertEqual((code, failed), (0, []), said)

    def test_sound_60_ms_late_in_a_recording_fails(self):
        self.meeting.write_recording(0.060)
        self.addCleanup(self.meeting.write_recording, 0.0)
        self.fails_only("sound be")

    def test_sound_60_ms_early_in_a_recording_fails(self):
        self.meeting.write_recording(-0.060)
        self.addCleanup(self.meeting.write_recording, 0.0)
        self.fails_only("sound be")

    def test_a_recording_that_ends_early_fails(self):
        self.meeting.write_recording(0.0, SECONDS - 0.8)
        self.addCleanup(self.meeting.write_recording, 0.0)
        self.fails_only("length")

    def test_a_damaged_recording_fails(self):
        path = self.meeting.recording()
        with open(path, "r+b") as stream:
            stream.seek(os.path.getsize(path) // 2)
            stream.write(b"\xff" * 600)
        self.addCleanup(self.meeting.write_recording, 0.0)
        code, failed, said = self.check()
        self.assertEqual(code, 1, said)
        self.assertTrue(any(line.startswith("decodes cleanly") for line in failed), said)

    def test_two_pictures_in_the_wrong_order_fail(self):
        order = list(range(SECONDS * FPS))
        order[40], order[41] = order[41], order[40]
        self.meeting.write_sink(CENTRAL, MEMBER, order)
        self.addCleanup(self.meeting.write_sink, CENTRAL, MEMBER)
        self.fails_only("numbers grow")

    def test_a_summary_that_says_50_ms_less_fails(self):
        self.meeting.write_words(1000 * VIDEO_DELAY - 50)
        self.addCleanup(self.meeting.write_words)
        self.fails_only("delay = summary")

    def test_ones_own_voice_in_the_mix_fails(self):
        self.meeting.write_mix(MEMBER, IDS)
        self.addCleanup(self.meeting.write_mix, MEMBER, [CENTRAL])
        self.fails_only("tone absent")

    def test_a_mix_without_somebody_fails(self):
        self.meeting.write_mix(CENTRAL, [CENTRAL])
        self.addCleanup(self.meeting.write_mix, CENTRAL, [MEMBER])
        self.fails_only("tone heard", "tone absent")


if __name__ == "__main__":
    unittest.main(verbosity=1)
