"""A damaged lab in build/validate/NAME: sim/ with one patch of tests/validate/breaks/, only the files that it touches
compiled anew and linked before the library that holds the sound ones."""
import json
import os
import re
import shlex
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PATCHES = os.path.join(ROOT, "tests/validate/breaks")


def names():
    if not os.path.isdir(PATCHES):
        return []
    return sorted(name.removesuffix(".patch") for name in os.listdir(PATCHES) if name.endswith(".patch"))


def build(name, binaries, out):
    """The damaged program by its name, and the row that its patch says must turn red."""
    path = os.path.join(PATCHES, f"{name}.patch")
    with open(path, encoding="utf-8") as stream:
        text = stream.read()
    row = re.search(r"^Row: (\S+)$", text, re.M)
    touched = re.findall(r"^\+\+\+ b/(sim/\S+)$", text, re.M)
    if not row or not touched or not all(file.endswith(".cc") for file in touched):
        raise RuntimeError(f"{path} must say `Row: NAME` and touch .cc files of sim/ only")
    folder = os.path.join(out, name)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(os.path.join(ROOT, "sim"), os.path.join(folder, "sim"))
    done = subprocess.run(["patch", "-p1", "--fuzz=0", "--no-backup-if-mismatch", "-i", path], cwd=folder, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise RuntimeError(f"{name}.patch does not apply any more: make it anew.\n{done.stdout}")
    tree = os.path.dirname(os.path.abspath(binaries))
    objects = [compiled(file, folder, tree) for file in touched]
    program = "diemcau-sim" if row.group(1).startswith("nodes") else "diemcau-validate"
    link(os.path.join(folder, program), objects, tree)
    return {program: os.path.join(folder, program)}, row.group(1)


def run(words, tree):
    done = subprocess.run(words, cwd=tree, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise RuntimeError(f"{shlex.join(words)}\n{done.stdout}")


def compiled(file, folder, tree):
    """As the build compiles it, but for where it lies."""
    with open(os.path.join(tree, "compile_commands.json"), encoding="utf-8") as stream:
        entry = next(e for e in json.load(stream) if e["file"] == os.path.join(ROOT, file))
    words = shlex.split(entry["command"])
    target = os.path.join(folder, os.path.basename(file) + ".o")
    words[words.index("-o") + 1] = target
    words[words.index(entry["file"])] = os.path.join(folder, file)
    run(words + ["-Wno-error"], entry["directory"])
    return target


def link(program, objects, tree):
    """The link line of the sound program; an object named first wins over the same one in the library."""
    name = os.path.basename(program)
    said = subprocess.run(["ninja", "-C", tree, "-t", "commands", "-s", f"bin/{name}"], text=True, check=True,
                          stdout=subprocess.PIPE).stdout
    command = next(line for line in reversed(said.splitlines()) if name in line and " -o " in line)
    words = shlex.split(command.removeprefix(": && ").removesuffix(" && :"))
    output = words.index("-o")
    words[output + 1] = program
    run(words[:output] + objects + words[output:], tree)
