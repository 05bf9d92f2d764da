"""The oracle of TCP: what one flow of ns-3 3.37 gets through one bottleneck, kept as data.

HyStart is off in ns-3, because ours has none; bench/validate/ns3/tcp.cc says what else and why."""
import json
import subprocess

FROM_S, TO_S = 10, 60  # after slow start and its first losses
SEGMENT, ON_THE_WIRE = 1448, 1448 + 52 + 2  # with timestamps, TCP, IPv4 and PPP as ns-3 has it
# name: bit/s, round trip in ms, queue in packets: about one, a half and two bandwidth-delay products
LINES = {
    "10M-40ms": (10_000_000, 40, 33),
    "10M-40ms-shallow": (10_000_000, 40, 16),
    "20M-20ms-deep": (20_000_000, 20, 66),
    "4M-60ms": (4_000_000, 60, 20),
}
KINDS = ("newreno", "cubic")


def cases():
    for kind in KINDS:
        for name, (rate, rtt_ms, queue) in LINES.items():
            yield f"{kind}/{name}", kind, rate, rtt_ms * 1_000_000, queue


def write_golden(path, program, version):
    golden = {"ns3": version, "from_s": FROM_S, "to_s": TO_S, "flows": {}}
    for case, kind, rate, rtt_ns, queue in cases():
        done = subprocess.run([program, kind, str(rate), str(rtt_ns), str(queue), str(TO_S)], check=True, text=True,
                              stdout=subprocess.PIPE, timeout=600)
        seconds = [int(line) for line in done.stdout.split()]
        received, queued = seconds[FROM_S:TO_S], seconds[TO_S + FROM_S:]
        goodput = sum(received) / (TO_S - FROM_S)
        # Little: what waits on average, over what passes.
        wait = sum(queued) / len(queued) / (goodput * ON_THE_WIRE / SEGMENT)
        golden["flows"][case] = {"goodput_kbps": round(goodput * 8 / 1000, 1), "wait_ms": round(wait * 1000, 2)}
    with open(path, "w", encoding="utf-8") as stream:
        json.dump(golden, stream, indent=1)
        stream.write("\n")


def ours(program, kind, rate, rtt_ns, queue):
    """Goodput in kbit/s and mean wait in ms."""
    done = subprocess.run([program, "tcp", f"kind={kind}", f"rate={rate}", f"rtt={rtt_ns}", f"queue={queue}",
                           f"from={FROM_S}", f"to={TO_S}"], check=True, text=True, stdout=subprocess.PIPE, timeout=300)
    received, wait_ns = (int(line) for line in done.stdout.split())
    return received * 8 / 1000 / (TO_S - FROM_S), wait_ns / 1e6


def differences(program, path):
    """(case, our goodput, ns-3's, our mean wait, ns-3's)."""
    with open(path, encoding="utf-8") as stream:
        flows = json.load(stream)["flows"]
    for case, kind, rate, rtt_ns, queue in cases():
        if case not in flows:
            raise RuntimeError(f"{path} has no {case}: ./dev validate --regenerate-ns3")
        goodput, wait = ours(program, kind, rate, rtt_ns, queue)
        yield case, goodput, flows[case]["goodput_kbps"], wait, flows[case]["wait_ms"]
