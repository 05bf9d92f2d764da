#!/usr/bin/python3
"""What README and docs tell people to type exists: ./dev commands, presets, stages, files, and the
subcommands of the programs (when --bin says where they are). And docs/HACKING.md tells all of
./dev."""
import json
import os
import re
import subprocess
import sys

import tree

BLOCK = re.compile(r"```(?:sh|bash|console)?\n(.*?)```", re.S)
INLINE = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"^(?:core|codecs|node|sim|bench|tests|configs|docs|cmake|\.ci)/[\w./*-]+$")


def commands_of(text):
    """Lines a reader would type: shell blocks and inline code."""
    for block in BLOCK.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            yield line.strip().removeprefix("$ ")
    yield from INLINE.findall(BLOCK.sub("", text))


def dev_commands(root):
    text = "\n".join(tree.lines(root, "dev"))
    block = re.search(r"^case \$command in\n(.*?)^esac", text, re.S | re.M).group(1)
    names = re.findall(r"^    ([a-z]+)\)", block, re.M)
    stages = re.search(r'known="([^"]+)"', text).group(1).split()
    return names, stages


def check_program(binary, subcommands):
    asked = subprocess.run([binary, *subcommands, "--help"], capture_output=True, text=True,
                           timeout=20)
    return asked.returncode == 0


def check_line(root, binaries, line, known):
    words = line.split(" #", 1)[0].split()
    if not words:
        return None
    if words[0] in ("./dev", "dev") and len(words) > 1:
        if words[1] not in known["dev"] + ["help"]:
            return f"./dev has no command '{words[1]}'"
        if words[1] == "build" and len(words) > 2 and words[2] not in known["presets"]:
            return f"there is no preset '{words[2]}'"
        if words[1] == "test":
            for word in words[2:]:
                if not word.startswith("-") and word not in known["stages"]:
                    return f"./dev test has no stage '{word}'"
    match = re.match(r"cmake .*--(?:preset|workflow --preset) (\S+)", line)
    if match and match.group(1) not in known["presets"]:
        return f"there is no preset '{match.group(1)}'"
    program = os.path.basename(words[0])
    if binaries and program.startswith("diemcau-"):
        path = os.path.join(binaries, program)
        subcommands = [w for w in words[1:3] if re.match(r"^[a-z]+$", w)]
        if not os.path.exists(path):
            return f"there is no program {program}"
        if subcommands and not check_program(path, subcommands):
            if len(subcommands) < 2 or not check_program(path, subcommands[:1]):
                return f"{program} does not know '{' '.join(subcommands)}'"
    return None


def main():
    parser = tree.arguments(__doc__)
    parser.add_argument("--bin", default="")
    options = parser.parse_args()
    root = options.root
    names, stages = dev_commands(root)
    presets = [p["name"] for p in json.loads("\n".join(tree.lines(root, "CMakePresets.json")))
               ["configurePresets"]]
    known = {"dev": names, "stages": stages, "presets": presets}
    pages = [p for p in tree.files(root, (".md",), None) if "/" not in p or p.startswith("docs/")]
    findings = []
    for page in pages:
        text = "\n".join(tree.lines(root, page))
        for line in commands_of(text):
            wrong = check_line(root, options.bin, line, known)
            if wrong:
                findings.append(f"{page}: `{line}`: {wrong}")
            is_path = PATH.match(line) and "*" not in line
            if is_path and not os.path.exists(os.path.join(root, line)):
                findings.append(f"{page}: `{line}`: there is no such file")
        for target in re.findall(r"\]\(([^)#:]+)\)", text):
            if not os.path.exists(os.path.join(root, os.path.dirname(page), target)):
                findings.append(f"{page}: link to {target}: there is no such file")
    hacking = "\n".join(tree.lines(root, "docs/HACKING.md"))
    findings += [f"docs/HACKING.md: does not tell of ./dev {name}" for name in names
                 if name not in ("stage", "help") and f"./dev {name}" not in hacking]
    findings += [f"docs/HACKING.md: does not tell of the stage {stage}" for stage in stages
                 if f"`{stage}`" not in hacking]
    tree.finish("docs", findings, len(pages))


if __name__ == "__main__":
    sys.exit(main())
