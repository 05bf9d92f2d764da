#!/usr/bin/python3
"""Runs the bench programs and writes rows {case, metric, value, unit, bound?, bar?, pass?} as JSON.

A bar comes from bench/bars.json: {"case": {"metric": {"max": V} or {"min": V}}}. Exit 1 when one is
missed. Medians of five repetitions; run it on a quiet machine."""
import argparse
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
NOT_FIGURES = {"name", "run_name", "run_type", "repetitions", "repetition_index", "threads",
               "iterations", "time_unit", "aggregate_name", "aggregate_unit", "family_index",
               "per_family_instance_index", "label", "error_occurred", "error_message"}


def programs(folder, wanted):
    found = sorted(name for name in os.listdir(folder) if name.startswith("bench-"))
    chosen = [n for n in found if not wanted or n in wanted or n.removeprefix("bench-") in wanted]
    missing = set(wanted) - set(chosen) - {n.removeprefix("bench-") for n in chosen}
    if missing or not chosen:
        print(f"bench: there is no {', '.join(sorted(missing)) or 'program'}; there are "
              f"{', '.join(n.removeprefix('bench-') for n in found)}", file=sys.stderr)
        sys.exit(2)
    return chosen


def measure(folder, program, repetitions):
    done = subprocess.run([os.path.join(folder, program), "--benchmark_format=json",
                           f"--benchmark_repetitions={repetitions}",
                           "--benchmark_enable_random_interleaving=true",
                           "--benchmark_report_aggregates_only=true"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=3600)
    if done.returncode:
        raise RuntimeError(f"{program} ended with {done.returncode}")
    return json.loads(done.stdout)["benchmarks"]


def rows_of(results):
    for result in results:
        if result.get("aggregate_name") not in (None, "median"):
            continue
        case = result.get("run_name", result["name"])
        for metric, value in result.items():
            if metric in NOT_FIGURES or not isinstance(value, (int, float)):
                continue
            unit = result["time_unit"] if metric.endswith("_time") else \
                "1/s" if metric.endswith("_per_second") else "1"
            yield {"case": case, "metric": metric, "value": value, "unit": unit}


def bars():
    path = os.path.join(HERE, "bars.json")
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as stream:
        return json.load(stream)


def judge(row, limits):
    limit = limits.get(row["case"], {}).get(row["metric"])
    if not limit:
        return
    row["bar"] = limit
    row["pass"] = row["value"] <= limit.get("max", float("inf")) and \
        row["value"] >= limit.get("min", float("-inf"))


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("names", nargs="*", help="core, codecs, node, sim; default: all")
    parser.add_argument("--bin", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--out", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    limits, missed = bars(), 0
    for program in programs(options.bin, options.names):
        print(f"== {program}", flush=True)
        rows = list(rows_of(measure(options.bin, program, options.repetitions)))
        for row in rows:
            judge(row, limits)
            missed += row.get("pass") is False
            verdict = "" if "pass" not in row else "  pass" if row["pass"] else "  MISSED"
            print(f"{row['case']:<48} {row['metric']:<24} {row['value']:>16.6g} {row['unit']}"
                  f"{verdict}")
        path = os.path.join(options.out, program.removeprefix("bench-") + ".json")
        with open(path, "w", encoding="utf-8") as stream:
            json.dump(rows, stream, indent=1)
        print(f"   rows: {path}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
