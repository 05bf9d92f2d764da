#!/usr/bin/python3
"""clang-tidy 19 over core and over what differs from --base (default: the commit before HEAD); all
files with --all. Reads compile_commands.json of --build."""
import concurrent.futures
import json
import os
import subprocess
import sys

import tree

# GCC's options that clang does not know would each be a warning.
EXTRA = ["--extra-arg=-Wno-unknown-warning-option", "--quiet", "--warnings-as-errors=*"]


def changed(root, base):
    run = subprocess.run(["git", "diff", "--name-only", base, "--"], cwd=root, text=True,
                         capture_output=True)
    return set(run.stdout.split()) if run.returncode == 0 else set()


def tidy(root, build, path):
    run = subprocess.run(["clang-tidy-19", "-p", build, *EXTRA, path], cwd=root, text=True,
                         capture_output=True, timeout=300)
    return path, run.returncode, run.stdout


def main():
    parser = tree.arguments(__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--base", default="HEAD~1")
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args()
    root = os.path.abspath(options.root)
    with open(os.path.join(options.build, "compile_commands.json"), encoding="utf-8") as stream:
        compiled = {os.path.relpath(entry["file"], root) for entry in json.load(stream)}
    wanted = {p for p in compiled if p.startswith(("core/", "codecs/", "node/", "sim/"))}
    if not options.all:
        core = {p for p in wanted if p.startswith("core/")}
        wanted = core | (wanted & changed(root, options.base))
    findings = []
    with concurrent.futures.ThreadPoolExecutor(max_workers=options.jobs) as pool:
        for path, code, text in pool.map(lambda p: tidy(root, options.build, p), sorted(wanted)):
            if code:
                findings.append(f"== {path}\n{text.strip()}")
    tree.finish("clang-tidy", findings, len(wanted))


if __name__ == "__main__":
    sys.exit(main())
