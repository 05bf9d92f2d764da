#!/usr/bin/python3
"""Holds meetings of real nodes over emulated lines and compares them with the lab's of the same lines.

Each case is held in real time with every seed, and in the lab with twenty. A row is a figure: the real nodes' median,
the lab's median and interval, whether it is inside. Rows go to build/bench/nodes.json. Exit 1 when one is outside and
the machine was not too slow to tell."""
import argparse
import json
import os
import re
import shutil
import sys
import time

import lab
import real
import verdict
from cases import WARMUP_S, all_cases

ROOT = real.ROOT
LAB_SEEDS = range(1, 21)
QUICK, QUICK_S = "loss-10-rtt40", 20
PROGRAMS = ("diemcau-node", "diemcau-sim", "device-figures", "picture-quality")


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench nodes", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", action="append", metavar="NAME", help="this case alone; may be repeated")
    parser.add_argument("--seeds", default="1..3", metavar="A..B", help="of the real meetings (1..3)")
    parser.add_argument("--seconds", type=int, default=60, metavar="S",
                        help=f"that are measured, after {WARMUP_S} of warm-up (60)")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} alone, seed 1, {QUICK_S} s")
    parser.add_argument("--list", action="store_true", help="say which cases there are and run nothing")
    parser.add_argument("--keep", action="store_true", help="keep what the nodes left behind, but for pictures")
    parser.add_argument("--bin", default=os.path.join(ROOT, "build/dev/bin"), help=argparse.SUPPRESS)
    parser.add_argument("--out", default=os.path.join(ROOT, "build/bench"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.quick:
        options.case, options.seeds, options.seconds = [QUICK], "1..1", QUICK_S
    seeds = re.fullmatch(r"(\d+)\.\.(\d+)", options.seeds)
    if not seeds or int(seeds[1]) > int(seeds[2]):
        parser.error("--seeds: write 1..3, say")
    if not 10 <= options.seconds <= 3600:
        parser.error("--seconds: from 10 to 3600")
    options.seeds = range(int(seeds[1]), int(seeds[2]) + 1)
    known = {case.name: case for case in all_cases()}
    for name in options.case or ():
        if name not in known:
            parser.error(f"there is no case {name}; see --list")
    options.cases = [case for name, case in known.items() if not options.case or name in options.case]
    options.clean = known["clean"]
    return options


def real_runs(options, programs, case, scenario, folder, seeds):
    runs = []
    for seed in seeds:
        own = os.path.join(folder, f"seed-{seed}")
        os.makedirs(own)
        run = real.hold(programs, own, case, scenario, seed, options.seconds)
        runs.append({"seed": seed, "figures": verdict.figures_of(case, run.pairs), "machine": run.machine,
                     "slow": verdict.slow(run.machine), "psnr": run.psnr})
        if not options.keep:
            shutil.rmtree(own)
    return runs


def held(options, programs, case, seeds):
    """(real runs, the lab's figures) of a case."""
    folder = os.path.join(options.out, "nodes", case.name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    scenario = os.path.join(folder, "scenario.toml")
    with open(scenario, "w", encoding="utf-8") as stream:
        stream.write(case.scenario(options.seconds))
    known = [verdict.figures_of(case, pairs)
             for pairs in lab.runs(programs, scenario, folder, LAB_SEEDS, options.seconds)]
    return real_runs(options, programs, case, scenario, folder, seeds), known


def seed_rows(case, runs):
    for run in runs:
        for group, unit in (("figures", None), ("machine", "machine")):
            for figure, value in run[group].items():
                yield {"case": f"nodes/{case.name}", "metric": figure, "value": value, "seed": run["seed"],
                       "unit": unit or verdict.FIGURES[figure][0]}


def show(row):
    bar = row.get("bar", {})
    low, high = (f"{bar[k]:.4g}" if k in bar else "" for k in ("min", "max"))
    lab_says = f"{row['bound']:.4g}" if row.get("bound") is not None else ""
    spread = f"{row['least']:.4g} … {row['most']:.4g}" if "least" in row else ""
    inside = {True: "inside", False: "OUTSIDE", None: "machine" if "machine" in row else ""}[row.get("pass")]
    print(f"{row['case'][6:]:<15} {row['metric']:<17} {row['value']:>9.4g} {row['unit']:<7} {spread:<19} "
          f"{lab_says:>8}  {low:>8} … {high:<8} {inside}", flush=True)


def say_machine(case, runs):
    for run in runs:
        m = run["machine"]
        print(f"{case.name:<15} machine, seed {run['seed']}: {m['late_pictures_per_s']:.2f} late pictures a second, "
              f"emulator late p99 {m['emulator_late_p99_ms']:.2f} ms, somebody waited for a CPU "
              f"{100 * m['cpu_wanted']:.0f} % of the time"
              f"{': the machine is the limit: ' + ', '.join(run['slow']) if run['slow'] else ''}", flush=True)


def measure(options, programs):
    """All rows; the table is printed as they come."""
    rows, added, clean_db = [], None, None
    # The clean line tells what the machine adds; it is held first, once at least.
    for case in [options.clean] + [c for c in options.cases if c.name != "clean"]:
        wanted = case in options.cases
        runs, known = held(options, programs, case, options.seeds if wanted else options.seeds[:1])
        excuse = sorted({word for run in runs for word in run["slow"]})
        if case.name == "clean":
            judged = list(verdict.rows_of(case, runs, known, None, options.seconds))
            added = verdict.added_by_machine([run["figures"] for run in runs], known)
            clean_db = max((run["psnr"][0] for run in runs if run["psnr"]), default=None)
        else:
            judged = list(verdict.rows_of(case, runs, known, added, options.seconds))
        judged += verdict.psnr_rows(case, runs, clean_db, excuse)
        for row in judged:
            show(row)
        say_machine(case, runs)
        rows += [*seed_rows(case, runs), *judged]
    return rows


def main():
    options = arguments()
    if options.list:
        for case in options.cases:
            print(f"{case.name:<15} {case.says}")
        return 0
    programs = {name: os.path.join(options.bin, name) for name in PROGRAMS}
    begun = time.monotonic()
    print(f"{'case':<15} {'figure':<17} {'nodes':>9} {'':<7} {'of the seeds':<19} {'lab':>8}  {'interval':^19}")
    rows = measure(options, programs)
    path = os.path.join(options.out, "nodes.json")
    with open(path, "w", encoding="utf-8") as stream:
        json.dump(rows, stream, indent=1)
        stream.write("\n")
    barred = [row for row in rows if "bar" in row]
    outside = [row for row in barred if row.get("pass") is False]
    machine = [row for row in barred if "machine" in row]
    print(f"{len(barred)} rows, {len(outside)} outside, {len(machine)} that this machine is too slow to tell; "
          f"{time.monotonic() - begun:.0f} s; rows: {os.path.relpath(path)}")
    return 1 if outside else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (real.MeetingError, OSError, RuntimeError) as problem:
        print(f"bench nodes: {problem}", file=sys.stderr)
        sys.exit(2)
