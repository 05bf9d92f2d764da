#!/usr/bin/python3
"""Holds the lab's lines against theory, second implementations and ns-3's golden data. Prints one line per row and
writes rows {row, measured, expected, tolerance, unit, pass} to validate.json. Exit 1 when a row is red.

--break NAME damages a copy of the lab and demands that the row named in the patch turns red."""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import breaks
import mesh
import nodes
import references
import tcp

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
GOLDEN = os.path.join(ROOT, "tests/golden/ns3_mesh.json.xz")
GOLDEN_TCP = os.path.join(ROOT, "tests/golden/ns3_tcp.json")


def within(row, measured, expected, tolerance, unit):
    return {"row": row, "measured": measured, "expected": expected, "tolerance": tolerance, "unit": unit,
            "pass": abs(measured - expected) <= tolerance}


def play(program, packets, *options):
    done = subprocess.run([program, "line", *options], check=True, text=True, stdout=subprocess.PIPE, timeout=300,
                          input="".join(f"{at} {size} {flow}\n" for at, size, flow in packets))
    return [int(line) for line in done.stdout.split()]


def opportunities(program):
    times, packets = references.opportunity_file(), references.packets_for_opportunities()
    with tempfile.NamedTemporaryFile("w", suffix=".mahimahi") as file:
        file.write("".join(f"{t}\n" for t in times))
        file.flush()
        measured = play(program, packets, f"opportunities={file.name}")
    expected = references.mahimahi(packets, times)
    differ = sum(a != b for a, b in zip(measured, expected, strict=True))
    yield within("opportunities/departures", differ, 0, 0, f"of {len(packets)} packets differ")


def codel(program):
    packets = references.packets_for_codel()
    measured = play(program, packets, "rate=8000000", "discipline=codel")
    expected = references.codel_line(packets, 1000)
    lists = [[i for i, at in enumerate(left) if at < 0] for left in (measured, expected)]
    differ = len(set(lists[0]) ^ set(lists[1]))
    yield within("codel/drop_list", differ, 0, 0, f"of {len(lists[1])} drops differ")
    yield within("codel/departures", sum(a != b for a, b in zip(measured, expected, strict=True)), 0, 0,
                 f"of {len(packets)} packets differ")


def fq_codel(program):
    """RFC 8290 §4.2: a flow that was idle is new and goes first, after the packet in service; one that sends again
    before its turn in the old list is over waits for a quantum of the bulk flow besides. Two full packets of 1.21 ms
    and its own 0.16 ms are 2.6 ms, well below the bound of 2 × target = 10 ms."""
    packets = references.thin_beside_bulk()
    measured = play(program, packets, "rate=10000000", "discipline=fq_codel")
    thin = [left - at if left >= 0 else float("inf")
            for (at, _, flow), left in zip(packets, measured, strict=True) if flow == 2]
    yield within("fq_codel/thin_flow", max(thin) / 1e6, 0, 10, "ms, the longest")


def mesh_rows(program):
    for name in ("no_drops", "uneven"):
        d = mesh.differences(program, GOLDEN, name)
        # The hash speaks for those whose delay is not kept.
        far = d["largest_ns"] if d["equal"] or d["largest_ns"] else 1
        yield within(f"mesh/{name}", far + d["dropped"], 0, 0, "ns, the largest")
    d = mesh.differences(program, GOLDEN, "overload")
    # ns-3 rounds every packet's time to 1 ns, we round none: up to 2.3 µs after 5 s without a pause, enough to turn a
    # tie now and then.
    yield within("mesh/overload/drops", d["dropped"], d["dropped_ns3"], 2, "packets")
    yield within("mesh/overload/same_packets", 100 * d["same_fate"], 100, 0.5, "%")


def tcp_rows(program):
    for case, goodput, goodput_ns3, wait, wait_ns3 in tcp.differences(program, GOLDEN_TCP):
        yield within(f"tcp/{case}/goodput", goodput, goodput_ns3, 0.05 * goodput_ns3, "kbit/s")
        yield within(f"tcp/{case}/wait", wait, wait_ns3, 0.1 * wait_ns3, "ms, the mean")


CHECKS = {"opportunities": opportunities, "codel": codel, "fq_codel": fq_codel, "mesh": mesh_rows, "tcp": tcp_rows}


# All but the two that need 10^7 packets of queueing, four times each, and the real nodes.
QUICK = ["queue/dd1", "queue/limit", "loss", "jitter", "wandering", "outage", *CHECKS]


def wanted(name, names):
    return not names or any(name.startswith(n) for n in names)


def may_answer(check, names):
    return wanted(check, names) or any(n.startswith(check) for n in names)


def rows_of(programs, names, out):
    """All rows that the names begin."""
    program = programs["diemcau-validate"]
    theory = subprocess.Popen([program, "rows", *names], stdout=subprocess.PIPE, text=True)
    for line in theory.stdout:
        yield json.loads(line)
    if theory.wait() not in (0, 1):
        raise RuntimeError(f"{program} ended with {theory.returncode}")
    for check, run in CHECKS.items():
        if may_answer(check, names):
            yield from (row for row in run(program) if wanted(row["row"], names))
    if may_answer("nodes", names):
        yield from (row for row in nodes.rows(programs, out) if wanted(row["row"], names))


def show(row):
    print(f"{'ok ' if row['pass'] else 'RED'} {row['row']:<28} {row['measured']:>12.6g} {row['expected']:>12.6g} "
          f"± {row['tolerance']:<9.3g} {row['unit']}", flush=True)


def sound(binaries):
    return {name: os.path.join(binaries, name) for name in ("diemcau-validate", "diemcau-sim", "diemcau-node")}


def validate(options):
    print(f"    {'row':<28} {'measured':>12} {'expected':>12}   tolerance   (seed 1)")
    rows = []
    for row in rows_of(sound(options.bin), options.rows, options.out):
        show(row)
        rows.append(row)
    if not rows:
        print(f"validate: no row begins with {' or '.join(options.rows)}", file=sys.stderr)
        return 2
    with open(os.path.join(options.out, "validate.json"), "w", encoding="utf-8") as stream:
        json.dump({"seed": 1, "rows": rows}, stream, indent=1)
    red = [row["row"] for row in rows if not row["pass"]]
    print(f"validate: {len(rows)} rows, {len(red)} red")
    return 1 if red else 0


def wanted_for(row):
    """The quick rows and the one that must notice; real nodes alone, because lines are not what is damaged there."""
    return [row] if row.startswith("nodes") else QUICK + [row]


def prove(options):
    """Each break against the quick rows and its own; the number that nobody noticed decides."""
    missed = 0
    for name in breaks.names() if options.broken == "all" else [options.broken]:
        damaged, row = breaks.build(name, options.bin, options.out)
        programs = sound(options.bin) | damaged
        red = [r["row"] for r in rows_of(programs, options.rows or wanted_for(row), options.out) if not r["pass"]]
        noticed = any(r.startswith(row) for r in red)
        missed += not noticed
        print(f"{'noticed' if noticed else 'MISSED '} {name:<24} by {row + ':':<28} red: {' '.join(red) or 'none'}",
              flush=True)
    return 1 if missed else 0


def compiled(options, name, libraries):
    # ns-3 3.37 is C++17: its headers do not compile as C++20.
    program = os.path.join(options.out, f"ns3-{name}")
    subprocess.run(["g++", "-std=c++17", "-O2", os.path.join(HERE, f"ns3/{name}.cc"), "-o", program,
                    *(f"-lns3-{part}" for part in libraries)], check=True)
    return program


def regenerate(options):
    libraries = ["point-to-point", "internet", "traffic-control", "network", "core"]
    program = compiled(options, "mesh", libraries)

    def ns3(rate, queue, text):
        done = subprocess.run([program, str(rate), str(queue), str(mesh.DELAY_NS)], input=text, text=True, check=True,
                              stdout=subprocess.PIPE, timeout=600)
        return [int(line) for line in done.stdout.split()]

    os.makedirs(os.path.dirname(GOLDEN), exist_ok=True)
    size = mesh.write_golden(GOLDEN, ns3, "3.37")
    print(f"{os.path.relpath(GOLDEN, ROOT)}: {size} bytes")
    tcp.write_golden(GOLDEN_TCP, compiled(options, "tcp", ["applications", *libraries]), "3.37")
    print(f"{os.path.relpath(GOLDEN_TCP, ROOT)}: {os.path.getsize(GOLDEN_TCP)} bytes")
    return 0


def main():
    parser = argparse.ArgumentParser(prog="./dev validate", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help="begin of the names of rows (default: all)")
    parser.add_argument("--break", dest="broken", metavar="NAME", choices=["all", *breaks.names()],
                        help=f"all, {', '.join(breaks.names())}")
    parser.add_argument("--regenerate-ns3", action="store_true", help="install ns-3 3.37 and make the golden data anew")
    parser.add_argument("--bin", default=os.path.join(ROOT, "build/dev/bin"), help=argparse.SUPPRESS)
    parser.add_argument("--out", default=os.path.join(ROOT, "build/validate"), help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true",
                        help="without the rows of 10^7 packets of queueing and of real nodes")
    options = parser.parse_args()
    if options.quick:
        options.rows += QUICK
    os.makedirs(options.out, exist_ok=True)
    if options.regenerate_ns3:
        return regenerate(options)
    try:
        return prove(options) if options.broken else validate(options)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        print(f"validate: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
