"""The lab's side: a case under many seeds, and what its figures were."""
import concurrent.futures
import json
import os
import subprocess

from cases import WARMUP_S

# Of a FLOW row of run.json and of a node's summary: name there, name here.
FLOW_FIGURES = (("residual_loss_ratio", "residual_loss"), ("repair_overhead_ratio", "repair_overhead"))


def figures_of_flow(flows, source, target):
    """Of the pictures from one to the other, the layer with most frames."""
    video = [f for f in flows if (f["from"], f["to"], f["media"]) == (source, target, "video")]
    flow = max(video, key=lambda f: f.get("frames") or 0, default={})
    return {ours: flow[theirs] for theirs, ours in FLOW_FIGURES if theirs in flow}


def one_run(programs, scenario, folder, seed, seconds):
    """{(from, to): figures} of one seed."""
    done = subprocess.run([programs["device-figures"], "lab", scenario, str(seed), str(WARMUP_S),
                           str(WARMUP_S + seconds)], check=True, stdout=subprocess.PIPE, text=True, timeout=300)
    pairs = {(row.pop("from"), row.pop("to")): row for row in json.loads(done.stdout)}
    out = os.path.join(folder, f"lab-{seed}")
    subprocess.run([programs["diemcau-sim"], "run", scenario, "--seed", str(seed), "--out", out], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=300)
    with open(os.path.join(out, "run.json"), encoding="utf-8") as stream:
        flows = json.load(stream)["flows"]
    for (source, target), figures in pairs.items():
        figures.update(figures_of_flow(flows, source, target))
    return pairs


def runs(programs, scenario, folder, seeds, seconds):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda seed: one_run(programs, scenario, folder, seed, seconds), seeds))
