"""The files a tidy test looks at, and the way it speaks: one line per finding, file:line first."""
import argparse
import os
import sys

CODE_DIRS = ("core", "codecs", "node", "sim", "bench", "tests")
SKIPPED_DIRS = {".git", "build", "__pycache__", "corpus", "golden"}


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--root", default=os.path.join(os.path.dirname(__file__), "..", ".."))
    return parser


def files(root, suffixes, dirs=CODE_DIRS):
    """Root-relative paths, sorted; `dirs` = None walks the whole tree."""
    found = []
    for top in dirs if dirs is not None else (".",):
        for folder, subs, names in os.walk(os.path.join(root, top)):
            subs[:] = sorted(d for d in subs if d not in SKIPPED_DIRS)
            for name in sorted(names):
                if name.endswith(suffixes):
                    found.append(os.path.relpath(os.path.join(folder, name), root))
    return found


def lines(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as stream:
        return stream.read().split("\n")


def finish(name, findings, looked_at):
    """Prints and ends the program: 1 with findings, and also when there was nothing to look at."""
    for finding in findings:
        print(finding)
    if not looked_at:
        print(f"{name}: found no file to look at; is --root right?")
        sys.exit(1)
    print(f"{name}: {looked_at} files, {len(findings)} findings")
    sys.exit(1 if findings else 0)
