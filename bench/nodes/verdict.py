"""Are real nodes where the lab says? Intervals, what the machine may add to them, and rows.

Interval. Of every figure the lab's seeds give a range; the interval is that range and one standard deviation on both
sides. One further seed of a normal figure would be outside once in 250 times, the median of three practically never.

Machine. The lab knows the PC that was measured (sim/host_times.h), not what else this one does. What it adds is
measured with the clean line, where nothing is left to chance: by how much delays, gaps and rate differ from the lab
there is added to the interval of every other case, at most MOST of each. The clean case itself must lie within MOST.
A run is the machine's, not the line's, when encoders or emulator were later than LIMITS: what is outside then is marked
and says nothing about nodes or lab."""
import math
import statistics

# Figure: unit, which pair of a mesh is the worst, how much the machine may add. None: a share of the lab's value.
FIGURES = {
    "picture_rate": ("1/s", min, 0.6),  # 2 % of the pictures
    "video_p50": ("ms", max, 17),  # half a picture
    "video_p95": ("ms", max, 33),  # a picture: the next one when a thread came too late
    "picture_gap": ("ms", max, 67),  # two
    "freezes": ("times", max, 0),
    "sound_concealed": ("ratio", max, 0.001),
    "sound_p95": ("ms", max, 20),  # a frame of sound
    "sent_kbps": ("kbit/s", sum, None),
    "residual_loss": ("ratio", max, 0),
    "repair_overhead": ("ratio", max, 0.01),
    "encodes_per_s": ("1/s", max, 0.6),
}
MOST_OF_RATE = 0.05  # x264 at the rate it is told, against RFC 8593's source
# What one event more or less makes of a figure.
STEP = {"picture_rate": 1, "encodes_per_s": 1, "freezes": 1, "residual_loss": 1 / 30, "sound_concealed": 1 / 50}
LIMITS = {"late_pictures_per_s": 0.3, "emulator_late_p99_ms": 2, "emulator_lost": 0}
LIGHT_EFFORT = 1  # every picture is encoded, some with less care; below, every second one
PSNR_DB = 0.3  # that the same pictures differ by at one rate; 5 % of rate are 0.2 dB


def worst(pairs, figure):
    """Of all pairs of a mesh; nothing when no pair has it."""
    values = [p[figure] for p in pairs.values() if p.get(figure) is not None]
    return FIGURES[figure][1](values) if values else None


def looked_at(case, pairs):
    """From the member to the central bridge; of a mesh everybody to everybody."""
    return pairs if case.bridges > 2 else {("member", "central"): pairs["member", "central"]}


def figures_of(case, pairs):
    """{figure: value} of one run, lab's or real."""
    chosen = looked_at(case, pairs)
    found = {figure: worst(chosen, figure) for figure in FIGURES}
    return {figure: value for figure, value in found.items() if value is not None}


def most_of(figure, lab_value):
    most = FIGURES[figure][2]
    return MOST_OF_RATE * lab_value if most is None else most


def added_by_machine(real, lab):
    """{figure: how far the clean case was from the lab}, rate as a share; never more than the machine may add."""
    added = {}
    for figure in FIGURES:
        known = [r[figure] for r in lab if figure in r]
        seen = [r[figure] for r in real if figure in r]
        if known and seen:
            expected = statistics.median(known)
            apart = min(max(abs(v - expected) for v in seen), most_of(figure, expected))
            added[figure] = apart / expected if FIGURES[figure][2] is None and expected else apart
    return added


def interval(figure, values, added, seconds):
    """(low, high) for a real node; `added` is what the machine adds, None: as much as it may."""
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    middle = statistics.median(values)
    if added is None:
        machine = most_of(figure, middle)
    else:
        machine = added.get(figure, 0.0) * (middle if FIGURES[figure][2] is None else 1)
    more = spread + machine + STEP.get(figure, 0) / seconds * (seconds if figure == "freezes" else 1)
    return max(0.0, min(values) - more), max(values) + more


def slow(machine):
    """Which figures of the machine are over their limits, as words."""
    words = [f"{name} {machine[name]:.3g} > {limit:g}" for name, limit in LIMITS.items() if machine[name] > limit]
    if machine["least_encode_effort"] < LIGHT_EFFORT:
        words.append(f"encode effort {machine['least_encode_effort']}")
    return words


def row(case, figure, value, unit, low=None, high=None, bound=None, excuse=()):
    """As bench/run.py has them. What is outside while the machine was too slow neither passes nor fails."""
    out = {"case": f"nodes/{case}", "metric": figure, "value": value, "unit": unit}
    if bound is not None:
        out["bound"] = bound
    if low is None and high is None:
        return out
    out["bar"] = {k: v for k, v in (("min", low), ("max", high)) if v is not None}
    inside = (low is None or value >= low) and (high is None or value <= high) and math.isfinite(value)
    if inside or not excuse:
        out["pass"] = inside
    else:
        out["machine"] = list(excuse)
    return out


def rows_of(case, real, lab, added, seconds):
    """Rows of a case: `real` and `lab` are figures by run. The median of the real ones is judged."""
    excuse = sorted({word for run in real for word in run["slow"]})
    for figure, (unit, _, _) in FIGURES.items():
        known = [r[figure] for r in lab if figure in r]
        seen = [r["figures"][figure] for r in real if figure in r["figures"]]
        if not known and not seen:
            continue
        if not known or not seen:  # only one of the two has it at all
            yield row(case.name, figure, math.nan, unit, *((min(known), max(known)) if known else (0, 0)),
                      excuse=excuse)
            continue
        value = statistics.median(seen)
        low, high = interval(figure, known, added, seconds)
        yield {**row(case.name, figure, value, unit, low, high, statistics.median(known), excuse),
               "least": min(seen), "most": max(seen)}
        if figure in case.bars:
            yield row(case.name, figure + "_bar", max(seen), unit, None, case.bars[figure], excuse=excuse)


def psnr_rows(case, real, clean_db, excuse=()):
    """Pictures at hi's full rate must be as good as on the clean line: what repair gives back is the same byte for
    byte. Where the line has no room for that rate, the figure is for looking at."""
    seen = [r["psnr"][0] for r in real if r["psnr"]]
    if not seen:
        return
    low = clean_db - PSNR_DB if case.fair_psnr and clean_db is not None else None
    yield row(case.name, "psnr_y", statistics.median(seen), "dB", low, bound=clean_db, excuse=excuse)
