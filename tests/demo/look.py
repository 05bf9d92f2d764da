"""Eyes and ears of the checker: reads recordings and sinks, finds flash, beep, frame number, tone.

Independent on purpose: numpy and the ffmpeg programs, nothing of this project."""
import json
import subprocess

import numpy as np

RATE = 48000


# ---- reading ----------------------------------------------------------------------------------

def run(command, timeout=300):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout)


def probe(path):
    """ffprobe's view of a file: streams, format, or None when it cannot be read."""
    done = run(["ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", path])
    if done.returncode:
        return None
    return json.loads(done.stdout)


def decode_complaints(path):
    """What `ffmpeg -v error -f null` says about the file; empty when it is clean. Times stay in the
    file's own unit: rounded to a raster of 1/30 s, 50 and 83 ms are the same time, and ffmpeg then
    complains of what it made itself."""
    done = run(["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-enc_time_base", "-1", "-f",
                "null", "-"])
    text = done.stderr.decode("utf-8", "replace").strip()
    return text or ("" if done.returncode == 0 else f"exit {done.returncode}")


def picture_times(path):
    done = run(["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries",
                "frame=best_effort_timestamp_time", "-of", "csv=p=0", path])
    return np.array([float(field) for line in done.stdout.decode().split()
                     if (field := line.strip(",")) and field != "N/A"])


def sound_lasts_s(path):
    """From the first packet of sound to the end of the last."""
    done = run(["ffprobe", "-v", "error", "-select_streams", "a:0", "-show_entries",
                "packet=pts_time,duration_time", "-of", "csv=p=0", path])
    packets = [tuple(map(float, line.split(",")[:2])) for line in done.stdout.decode().split()]
    return packets[-1][0] + packets[-1][1] - packets[0][0] if packets else 0.0


def pictures(path, width, height):
    """Luma of every picture of the file as one array, scaled to width x height, and their times."""
    done = run(["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0:v:0", "-fps_mode",
                "passthrough", "-vf", f"scale={width}:{height}:flags=area", "-f", "rawvideo",
                "-pix_fmt", "gray", "-"])
    luma = np.frombuffer(done.stdout, np.uint8)
    luma = luma[:len(luma) // (width * height) * width * height].reshape(-1, height, width)
    times = picture_times(path)
    count = min(len(luma), len(times))
    return luma[:count], times[:count]


def sound(path):
    """48 kHz mono; sample 0 is time 0 of the file, holes are filled with silence."""
    # Without -copyts, ffmpeg takes the file's start time off, and the times of pictures keep it.
    done = run(["ffmpeg", "-nostdin", "-v", "error", "-copyts", "-i", path, "-map", "0:a:0", "-af",
                "aresample=48000:async=1:min_hard_comp=0.02:first_pts=0", "-ac", "1", "-f",
                "s16le", "-"])
    return np.frombuffer(done.stdout, np.int16)


class Sink:
    """<id>.i420, <id>.s16 and <id>.tsv of one peer."""

    def __init__(self, folder, peer, width, height):
        size = width * height * 3 // 2
        raw = np.memmap(f"{folder}/{peer}.i420", np.uint8, "r")
        count = len(raw) // size
        self.luma = raw[:count * size].reshape(count, size)[:, :width * height] \
            .reshape(count, height, width)
        self.samples = np.fromfile(f"{folder}/{peer}.s16", np.int16)
        self.video, self.audio = [], []  # rows of the index: (index, capture_ns, shown_ns, action)
        with open(f"{folder}/{peer}.tsv", encoding="utf-8") as stream:
            for line in stream:
                fields = line.rstrip("\n").split("\t")
                if fields[0] in ("video", "audio") and len(fields) >= 4:
                    row = (int(fields[1]), fields[2], int(fields[3]), fields[-1])
                    (self.video if fields[0] == "video" else self.audio).append(row)
        self.starts = np.array([row[0] for row in self.audio])

    def shown_s(self):
        """Second of CLOCK_MONOTONIC at which picture n was shown, for all n."""
        times = np.full(len(self.luma), np.nan)
        for index, _, shown, _ in self.video:
            if index < len(times):
                times[index] = shown / 1e9
        return times

    def row_of(self, sample):
        """The row of the index that this sample belongs to, and how far into it it is."""
        at = max(0, int(np.searchsorted(self.starts, sample, "right")) - 1)
        return self.audio[at], (sample - self.audio[at][0]) / RATE

    def played_s(self, sample):
        """Second of CLOCK_MONOTONIC at which this sample left the device."""
        row, into = self.row_of(sample)
        return row[2] / 1e9 + into

    def captured_s(self, sample):
        """When the index says that this sample was captured; NaN for what was made up."""
        row, into = self.row_of(sample)
        return int(row[1]) / 1e9 + into if row[1] else float("nan")

    def audio_delays_ms(self):
        """Of every frame of sound that was captured at all."""
        return np.array([(shown - int(captured)) / 1e6 for _, captured, shown, _ in self.audio
                         if captured])

    def began_s(self):
        """When the first sample was played: the link's beginning."""
        return self.played_s(0)


# ---- finding ----------------------------------------------------------------------------------

def rising_edges(on):
    """Indices at which a truth becomes true."""
    on = np.asarray(on, bool)
    if not len(on):
        return np.array([], int)
    return np.flatnonzero(on & ~np.concatenate(([True], on[:-1])))


def band_level(samples, frequency, window, hop):
    """Amplitude near a frequency, every `hop` samples, over a Hann window of `window` samples
    that begins there."""
    count = max(0, (len(samples) - window) // hop + 1)
    shape = np.hanning(window)
    kernel = shape * np.exp(-2j * np.pi * frequency * np.arange(window) / RATE) * 2 / shape.sum()
    starts = np.arange(count) * hop
    level = np.empty(count)
    step = 4096
    for first in range(0, count, step):
        rows = starts[first:first + step, None] + np.arange(window)[None, :]
        level[first:first + step] = np.abs(samples[rows] @ kernel)
    return level


def beep_onsets(samples, frequency=1000.0):
    """Sample index at which each beep begins: where the level crosses half of its plateau, which
    is when half of the (symmetric) window is inside of the beep."""
    window, hop = 480, 24
    if len(samples) < RATE // 2:
        return np.array([], int)
    level = band_level(samples.astype(np.float32), frequency, window, hop)
    plateau = np.percentile(level, 96.0)  # a beep sounds 8 % of the time
    floor = np.median(level)
    if plateau < 4 * floor or plateau < 500:
        return np.array([], int)
    threshold = floor + (plateau - floor) / 2
    held = int(0.04 * RATE / hop)
    kept = []
    for edge in rising_edges(level > threshold):
        far = not kept or edge - kept[-1] > 0.5 * RATE / hop
        if far and edge + held <= len(level) and np.mean(level[edge:edge + held] > threshold) > 0.8:
            kept.append(edge)
    return np.array(kept, int) * hop + window // 2


def tone_levels(samples, frequency):
    """Amplitude of a tone over windows of 0.25 s, which tells tones 16 Hz apart."""
    return band_level(samples.astype(np.float32), frequency, RATE // 4, RATE // 8)


def tone_level(samples, frequency):
    """Its median."""
    return float(np.median(tone_levels(samples, frequency))) if len(samples) >= RATE // 4 else 0.0


def tone_level_without_talk(samples, frequency, beside=25.0):
    """Its median over the quarter of the windows with the least at a frequency that is nobody's:
    talk has sound at both, a tone at its own alone."""
    if len(samples) < RATE // 4:
        return 0.0
    talk = tone_levels(samples, frequency + beside)
    return float(np.median(tone_levels(samples, frequency)[talk <= np.percentile(talk, 25)]))


def lag_behind(times, captured):
    """How far a track runs behind the capture clock: time - captured, smoothed over a second, as
    a function of time."""
    times, lag = np.asarray(times), np.asarray(times) - np.asarray(captured)

    def at(when):
        near = np.abs(times - when) <= 0.5
        return float(np.median(lag[near])) if near.any() else float("nan")
    return at


def centred(values, period=1.0):
    """Remainders in -period/2 ... period/2."""
    return (np.asarray(values, float) + period / 2) % period - period / 2
