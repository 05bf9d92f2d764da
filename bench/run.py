#!/usr/bin/python3
"""Runs the bench programs, prints what they say as ratios, and writes rows {case, metric, value,
unit, bound?, bar?, pass?} to build/bench/<name>.json. Exit 1 when a bar is missed.

A bar stands in bench/bars.json: {"case": {"metric": {"max": V} or {"min": V}}}; ratios of two figures of
the same run have one, memory, the time of a start, and what core takes for a packet. Figures are medians; run it on a
quiet machine."""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
NAMES = ("core", "codecs", "node", "sim", "load")
PROVINCE_SECONDS = 10  # of virtual time in configs/province-105.toml
QUIET = 1.5  # load average of two cores above which times are not worth much
NS3_ROUNDS = 7
NOT_FIGURES = {"name", "run_name", "run_type", "repetitions", "repetition_index", "threads",
               "iterations", "time_unit", "aggregate_name", "aggregate_unit", "family_index",
               "per_family_instance_index", "label", "error_occurred", "error_message"}
# name, case of the ratio, case measured, case that it is held against
QUOTIENTS = (
    ("codecs", "three_layers", "three_layers_one_second", "sum_of_parts_one_second"),
    ("codecs", "light_effort", "encode_hi_light", "encode_one_layer/0"),
    ("node", "srtp/120", "srtp/node/120", "srtp/libsrtp/120"),
    ("node", "srtp/1172", "srtp/node/1172", "srtp/libsrtp/1172"),
    ("node", "repair_kernel", "multiply_add_isal", "multiply_add/node"),
)
# What a ratio is of, for people.
SAYS = {
    "three_layers": "three layers : three encoders and scalers of their own",
    "light_effort": "hi at light effort : at full effort",
    "srtp/120": "seal and open sound : libsrtp",
    "srtp/1172": "seal and open video : libsrtp",
    "repair_kernel": "bare ISA-L's multiply-add : repair's kernel",
    ("code_window_of_24", "packet_us"): "a repair packet over 24 packets of 1,100 bytes",
    "udp/port/6/1172": "port, a frame at a time : sendto + recvfrom",
    "udp/port/1/120": "port, one small packet : sendto + recvfrom",
    "udp/path/6/1100": "bridge to bridge, a frame at a time : sockets + libsrtp",
    "udp/path/1/100": "bridge to bridge, one small packet : sockets + libsrtp",
    ("udp/path/6/1100", "ratio_to_loop"): "a frame at a time : the same in a bare event loop",
    ("udp/path/1/100", "ratio_to_loop"): "one small packet : the same in a bare event loop",
    "frame/path": "picture from encoder to decoder : sum of its parts",
    ("frame/path", "pictures"): "that came through; fewer: the machine is too busy",
    "meeting/province_4": "virtual time : real time",
    "meeting/mesh_11": "virtual time : real time",
    "meeting/province_11": "virtual time : real time",
    "mesh/11": "lines alone, packets per second : ns-3",
    "mesh/104": "lines alone, packets per second : ns-3",
    ("mesh/104", "peak_mib"): "memory of 104 bridges' lines alone",
    ("start/105", "start_ms"): "process start, scenario and lines of 105 sites",
    ("meeting/province_105", "peak_mib"): "memory of a meeting of 105, payload elided",
    "packet_us": "core, send and receive, pacing and reports on, per packet",
    "reported_packet_us": "feedback, per packet that a report tells of",
    "allocations_per_packet": "allocations on the same way, per packet",
    "times_real_time": "virtual time : real time",
    "ratio_to_ns3": "whole cores of 11 bridges, packets per second : ns-3's lines",
    "node_cpu_ratio": "node's CPU : its codecs + sockets + libsrtp",
    "core_thread_ratio": "core thread's CPU : the same datagrams in a bare event loop",
}
LIMITS = ("peak_mib", "start_ms", "packet_us", "reported_packet_us", "allocations_per_packet", "pictures")
RATIOS = ("ratio", "ratio_to_loop", "times_real_time", "node_cpu_ratio", "core_thread_ratio",
          "ratio_to_ns3")


def google(folder, name, repetitions):
    """Rows of one Google Benchmark program: medians over the repetitions."""
    program = os.path.join(folder, f"bench-{name}")
    done = subprocess.run([program, "--benchmark_format=json", "--benchmark_min_time=0.2",
                           f"--benchmark_repetitions={repetitions}",
                           f"--benchmark_enable_random_interleaving={str(name == 'codecs').lower()}",
                           "--benchmark_report_aggregates_only=true"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=1800, check=False)
    if done.returncode:
        raise RuntimeError(f"{program} ended with {done.returncode}: {done.stderr[-500:]}")
    results = json.loads(done.stdout)["benchmarks"]
    rows = []
    for result in results:
        if result.get("error_occurred"):
            raise RuntimeError(f"{result['name']}: {result.get('error_message')}")
        if result.get("aggregate_name") not in (None, "median"):
            continue
        case = re.sub(r"/(iterations:\d+|manual_time|real_time)", "",
                      result.get("run_name", result["name"]))
        manual = "/manual_time" in result["name"]
        for metric, value in result.items():
            if metric in NOT_FIGURES or not isinstance(value, (int, float)):
                continue
            if manual and metric == "cpu_time":  # holds the bare half and the pauses too
                continue
            rows.append({"case": case, "metric": metric, "value": value,
                         "unit": unit_of(metric, result["time_unit"])})
    for row in rows:
        if row["metric"] == "ratio":
            row["bound"] = 1.0
    return measured(rows) + quotients(name, rows)


def measured(rows):
    """Of cases of which most repetitions had no picture, that alone: a busy machine brings none through."""
    empty = {row["case"] for row in rows if row["metric"] == "pictures" and row["value"] == 0}
    return [row for row in rows if row["case"] not in empty or row["metric"] == "pictures"]


def unit_of(metric, time_unit):
    if metric in RATIOS:
        return "x"
    if metric.endswith("_us"):
        return "us"
    if metric.endswith("_time"):
        return time_unit
    return "1/s" if metric.endswith("_per_second") else "1"


def quotients(name, rows):
    """Ratios of two cases of the same run."""
    times = {row["case"]: row["value"] for row in rows if row["metric"] == "cpu_time"}
    return [{"case": case, "metric": "ratio", "value": times[above] / times[below], "unit": "x",
             "bound": 1.0}
            for which, case, above, below in QUOTIENTS
            if which == name and above in times and below in times]


def load(folder, bridges, seconds):
    """Rows of one real node under load; None when not all links came up."""
    done = subprocess.run([os.path.join(folder, "diemcau-bench"), "load", "--peers", str(bridges),
                           "--seconds", str(seconds), "--json", "--node",
                           os.path.join(folder, "diemcau-node")],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          timeout=2 * seconds + 120, check=False)
    if done.returncode:
        return None
    return json.loads(done.stdout)


def alone(command, most_s):
    """Seconds of one core and largest resident set, in MiB, of one command; it has most_s seconds. Not
    wall seconds: what else the machine does is not the command's."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as process:
        end = threading.Timer(most_s, process.kill)
        end.start()
        _, status, usage = os.wait4(process.pid, 0)
        end.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def footprints(folder):
    """What a large province takes: memory of its lines alone and of its whole meeting, each in a process of
    its own, and the time until virtual time can begin."""
    scenario = os.path.join(HERE, "..", "configs", "province-105.toml")
    lines = alone([os.path.join(folder, "bench-sim"), "--benchmark_filter=^mesh/104$"], 120)[1]
    starts = [alone([os.path.join(folder, "lab-start"), scenario], 10)[0] for _ in range(11)]
    with tempfile.TemporaryDirectory() as out:
        whole = alone([os.path.join(folder, "diemcau-sim"), "run", scenario, "--seed", "1", "--out", out],
                      1800)
    return [{"case": case, "metric": metric, "value": value, "unit": unit}
            for case, metric, value, unit in (
                ("mesh/104", "peak_mib", lines, "MiB"),
                ("start/105", "start_ms", statistics.median(starts) * 1e3, "ms"),
                ("meeting/province_105", "peak_mib", whole[1], "MiB"),
                ("meeting/province_105", "times_real_time", PROVINCE_SECONDS / whole[0], "x"))]


def packets_per_second(folder, cases):
    """Of each of these cases of bench-sim, once."""
    done = subprocess.run([os.path.join(folder, "bench-sim"), "--benchmark_format=json",
                           f"--benchmark_filter=^({'|'.join(cases)})$"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=600, check=True)
    return {result["name"]: result["packets_per_second"] for result in json.loads(done.stdout)["benchmarks"]}


def against_ns3(folder, out):
    """Delivered packets per second of one core of the same meshes in ns-3 3.37, and what ours are to it: by
    turns, because what a shared machine gives changes within a minute, and the median of the rounds."""
    program = os.path.join(out, "ns3-mesh-speed")
    # ns-3 3.37 is C++17: its headers do not compile as C++20.
    libraries = [f"-lns3-{part}" for part in
                 ("point-to-point", "internet", "traffic-control", "network", "core")]
    subprocess.run(["g++", "-std=c++17", "-O2", os.path.join(HERE, "ns3/mesh_speed.cc"), "-o", program,
                    *libraries], check=True)
    rows = []
    of_eleven = ("mesh/11", "meeting/mesh_11", "meeting/province_11")
    for bridges, seconds, cases in ((11, 10, of_eleven), (104, 0.5, ("mesh/104",))):
        theirs, ratios = [], {case: [] for case in cases}
        for _ in range(NS3_ROUNDS):
            ours = packets_per_second(folder, cases)
            done = subprocess.run([program, str(bridges), str(seconds)], check=True, text=True,
                                  stdout=subprocess.PIPE, timeout=900)
            packets, seconds_of_core = (float(word) for word in done.stdout.split())
            theirs.append(packets / seconds_of_core)
            for case in cases:
                ratios[case].append(ours[case] / theirs[-1])
        bound = statistics.median(theirs)
        rows.append({"case": f"ns3/{bridges}", "metric": "packets_per_second", "value": bound, "unit": "1/s"})
        rows += [{"case": case, "metric": "ratio_to_ns3", "value": statistics.median(of), "unit": "x",
                  "bound": bound, "least": min(of), "most": max(of)} for case, of in ratios.items()]
    return rows


def judge(rows):
    """Sets bar and pass; the number of bars missed."""
    with open(os.path.join(HERE, "bars.json"), encoding="utf-8") as stream:
        bars = json.load(stream)
    missed = 0
    for row in rows:
        bar = bars.get(row["case"], {}).get(row["metric"])
        if bar is None:
            continue
        row["bar"] = bar
        row["pass"] = bar.get("min", float("-inf")) <= row["value"] <= bar.get("max", float("inf"))
        missed += not row["pass"]
    return missed


def show_figures(rows):
    """One line per case: its time, or what else it measured."""
    timed = {row["case"] for row in rows if row["metric"] == "cpu_time"}
    for row in rows:
        wanted = "cpu_time" if row["case"] in timed else "real_time"
        if row["metric"] == wanted:
            print(f"  {row['case']:<34} {row['value']:>12.4g} {row['unit']}")
        elif row["case"].startswith("load/") and row["unit"] != "x":
            bound = f"   bare: {row['bound']:.4g}" if "bound" in row else ""
            print(f"  {row['metric']:<34} {row['value']:>12.4g} {row['unit']}{bound}")


def show_ratios(rows):
    print("\nratios and limits")
    for row in rows:
        if row["metric"] not in RATIOS and row["metric"] not in LIMITS:
            continue
        says = SAYS["ratio_to_ns3"] if row["metric"] == "ratio_to_ns3" and row["case"].startswith("meeting/") else \
            SAYS.get((row["case"], row["metric"])) or SAYS.get(row["case"]) or \
            SAYS.get(row["metric"], row["metric"])
        verdict = f"   {row['least']:.3g} to {row['most']:.3g}" if "least" in row else ""
        if "pass" in row:
            kind, limit = next(iter(row["bar"].items()))
            verdict += f"   {'pass' if row['pass'] else 'MISSED'} ({kind} {limit:g})"
        print(f"  {row['case']:<22} {row['value']:>9.4g} {row['unit']:<4}{says}{verdict}")


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME",
                        help=f"of {', '.join(NAMES)}; default: all")
    parser.add_argument("--bin", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--out", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--bridges", type=int, default=11, help="of the load (default 11)")
    parser.add_argument("--seconds", type=int, default=10, help="of the load (default 10)")
    parser.add_argument("--with-ns3", action="store_true",
                        help="hold bench sim against ns-3 3.37 as well (installs libns3-dev)")
    options = parser.parse_args()
    for name in options.names:
        if name not in NAMES:
            parser.error(f"there is no bench {name}; there are {', '.join(NAMES)}")
    return options


def main():
    options = arguments()
    os.makedirs(options.out, exist_ok=True)
    everything, failures = [], 0
    for name in options.names or NAMES:
        busy = os.getloadavg()[0]
        print(f"{name}{f'   (load average {busy:.1f}: not quiet)' if busy > QUIET else ''}",
              flush=True)
        rows = load(options.bin, options.bridges, options.seconds) if name == "load" else \
            google(options.bin, name, options.repetitions)
        if rows is None:
            failures += 1
            continue
        if name == "sim":
            rows += footprints(options.bin)
        if name == "sim" and options.with_ns3:
            rows += against_ns3(options.bin, options.out)
        failures += judge(rows)
        show_figures(rows)
        everything += rows
        rows.append({"case": "machine", "metric": "load_average_before", "value": busy,
                     "unit": "1"})
        with open(os.path.join(options.out, f"{name}.json"), "w", encoding="utf-8") as stream:
            json.dump(rows, stream, indent=1)
            stream.write("\n")
    show_ratios(everything)
    print(f"rows: {options.out}/<name>.json")
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, RuntimeError, subprocess.TimeoutExpired) as problem:
        print(f"bench: {problem}", file=sys.stderr)
        sys.exit(1)
