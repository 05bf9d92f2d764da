"""The oracle of a mesh: what ns-3 3.37 did to every packet of eleven bridges, kept as data.

A scenario is a list of packets (ns, from, to, payload bytes); ns-3 and we play the same one. The golden file keeps
the delay of each packet, or of every n-th one, and a hash of all."""
import hashlib
import json
import lzma
import os
import random
import subprocess

BRIDGES = 11
SECONDS = 5
HEADERS = 2 + 20 + 8  # PPP as ns-3 has it, IPv4, UDP
DELAY_NS = 10_000_000
# name: rate, queue in packets, packets of one size at an even pace, every n-th delay kept
SCENARIOS = {
    "no_drops": (20_000_000, 100, True, 1),
    # Sizes and gaps of chance: 50 ns a bit, so that ns-3's rounding of each packet changes nothing.
    "uneven": (20_000_000, 100_000, False, 2),
    "overload": (9_500_000, 20, True, 1),
}


def schedule(even):
    """1 Mbit/s of payload from everyone to everyone; each pair begins at a phase of its own."""
    chance, packets = random.Random(11), []
    for origin in range(BRIDGES):
        for to in (t for t in range(BRIDGES) if t != origin):
            at = int(9_600_000 * chance.random())
            while at < SECONDS * 1_000_000_000:
                size = 1200 if even else 100 + int(1300 * chance.random())
                packets.append((at, origin, to, size))
                at += 9_600_000 if even else int(12_000_000 * chance.random()) + 1
    return sorted(packets)


def text_of(packets, more):
    return "".join(f"{at} {origin} {to} {size + more}\n" for at, origin, to, size in packets)


def sha256(numbers):
    return hashlib.sha256("\n".join(map(str, numbers)).encode()).hexdigest()


def ours(program, name):
    """Arrival of every packet, -1 when it was dropped."""
    rate, queue, even, _ = SCENARIOS[name]
    size = [] if not even else [f"queue={queue * (1200 + HEADERS)}"]
    done = subprocess.run([program, "star", f"rate={rate}", f"delay={DELAY_NS}", *size], check=True, text=True,
                          input=text_of(schedule(even), HEADERS), stdout=subprocess.PIPE, timeout=300)
    return [int(line) for line in done.stdout.split()]


def kept(packets, arrivals, every):
    """Delays flow by flow, where they repeat, so that they pack well."""
    order = sorted(range(len(packets)), key=lambda i: (packets[i][1:3], packets[i][0]))
    return [[i, -1 if arrivals[i] < 0 else arrivals[i] - packets[i][0]] for i in order[::every]]


def write_golden(path, ns3, version):
    """`ns3` runs one scenario and gives arrivals."""
    golden = {"ns3": version, "scenarios": {}}
    for name, (rate, queue, even, every) in SCENARIOS.items():
        packets = schedule(even)
        arrivals = ns3(rate, queue, text_of(packets, 0))
        if len(arrivals) != len(packets):
            raise RuntimeError(f"ns-3 told of {len(arrivals)} packets of {len(packets)}")
        golden["scenarios"][name] = {
            "packets": len(packets), "sha256_sent": sha256(p for packet in packets for p in packet),
            "sha256_arrived": sha256(arrivals), "dropped": arrivals.count(-1), "every": every,
            "delays": [delay for _, delay in kept(packets, arrivals, every)]}
    with lzma.open(path, "wt", encoding="utf-8", preset=9 | lzma.PRESET_EXTREME) as stream:
        json.dump(golden, stream, separators=(",", ":"))
    return os.path.getsize(path)


def differences(program, path, name):
    """Of our arrivals from ns-3's: largest in ns, both counts of drops, share of packets with one fate, hashes equal.
    """
    with lzma.open(path, "rt", encoding="utf-8") as stream:
        golden = json.load(stream)["scenarios"][name]
    every, even = golden["every"], SCENARIOS[name][2]
    packets = schedule(even)
    if sha256(p for packet in packets for p in packet) != golden["sha256_sent"]:
        raise RuntimeError(f"{path} was made from other packets than {name}: ./dev validate --regenerate-ns3")
    arrivals = ours(program, name)
    mine = [delay for _, delay in kept(packets, arrivals, every)]
    pairs = list(zip(mine, golden["delays"], strict=True))
    return {
        "largest_ns": max(abs(a - b) for a, b in pairs if a >= 0 and b >= 0),
        "dropped": arrivals.count(-1), "dropped_ns3": golden["dropped"],
        "same_fate": sum((a < 0) == (b < 0) for a, b in pairs) / len(pairs),
        "equal": sha256(arrivals) == golden["sha256_arrived"],
    }
