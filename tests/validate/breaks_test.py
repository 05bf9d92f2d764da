#!/usr/bin/python3
"""Every patch of tests/validate/breaks still applies to sim/ and says which row must notice it; whether the row does is
for ./dev validate --break all."""
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
FOLDER = os.path.join(ROOT, "tests/validate/breaks")


def finding(name):
    path = os.path.join(FOLDER, name)
    with open(path, encoding="utf-8") as stream:
        text = stream.read()
    if not re.search(r"^Row: \S+$", text, re.M):
        return "does not say `Row: NAME`"
    done = subprocess.run(["patch", "-p1", "--fuzz=0", "--dry-run", "-i", path], cwd=ROOT, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return f"does not apply any more: {done.stdout.strip()}" if done.returncode else None


def main():
    if not shutil.which("patch"):
        print("patch is not installed: ./dev setup bench")
        return 77
    names = sorted(os.listdir(FOLDER))
    findings = {name: finding(name) for name in names}
    wrong = {name: what for name, what in findings.items() if what}
    for name, what in wrong.items():
        print(f"tests/validate/breaks/{name}: {what}")
    print(f"{len(names)} breaks, {len(wrong)} findings")
    return 1 if wrong or not names else 0


if __name__ == "__main__":
    sys.exit(main())
