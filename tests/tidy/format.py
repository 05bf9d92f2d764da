#!/usr/bin/python3
"""Every C++ file is as clang-format 14 writes it. `./dev format` mends it."""
import os
import re
import shutil
import subprocess
import sys

import tree


def main():
    root = tree.arguments(__doc__).parse_args().root
    tool = shutil.which("clang-format-14")
    if not tool:
        print("clang-format-14 is not installed: ./dev setup test")
        return 77
    paths = tree.files(root, (".h", ".cc"))
    run = subprocess.run([tool, "--dry-run", "--Werror", *paths], cwd=root, text=True,
                         capture_output=True)
    named = re.finditer(r"^([^\s:]+):\d+:\d+: error", run.stderr, re.M)
    wrong = sorted({match.group(1) for match in named})
    findings = [f"{path}: not formatted; run ./dev format {path}" for path in wrong]
    if run.returncode and not findings:
        findings = [run.stderr.strip()]
    tree.finish("format", findings, len(paths))


if __name__ == "__main__":
    os.environ["LC_ALL"] = "C.UTF-8"
    sys.exit(main())
