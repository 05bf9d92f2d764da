#!/usr/bin/python3
"""Lengths that keep a file readable in one sitting. An exception stands in exceptions.txt with its
reason; an exception that is no longer needed is a finding too."""
import os
import re
import sys

import cpp_text
import tree

COLUMNS = 100
SCRIPT_COLUMNS = 120  # python: no tool of ours breaks its lines
FUNCTION = 60
NOT_A_FUNCTION = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b")

# What may stand before a body; ": a_(b), c_{d}" of a constructor included.
FUNCTION_HEAD = re.compile(r"\).*$(?<=[)}])|\)\s*(?:const|noexcept|override|final|mutable|&+|\s)+$"
                           r"|\).*->\s*[\w:<>,&*\s]+$")
MEMBER_INIT = re.compile(r"\)\s*(?:noexcept\s*)?:(?!:)(?:.*[,:])?\s*[\w:]+(?:<.*>)?$")
LABELS = ("public", "private", "protected")


def file_limit(path):
    if path.startswith("tests/"):
        return 500
    return 200 if path.endswith(".h") else 400


def functions(code):
    """(name, first line, last line) of every function body outside of another function."""
    stack, statement, line, found = [], "", 1, []
    start = None
    for char in code:
        if char == "\n":
            line += 1
        if char == "{":
            text = " ".join(statement.split())
            inside = any(kind == "function" for kind, *_ in stack)
            if MEMBER_INIT.search(text):
                stack.append(("init", text, start or line))
                statement = ""
                continue
            is_function = (not inside and bool(FUNCTION_HEAD.search(text))
                           and not NOT_A_FUNCTION.match(text))
            stack.append(("function" if is_function else "other", text, start or line))
            statement, start = "", None
        elif char == "}":
            if stack:
                kind, text, first = stack.pop()
                if kind == "function":
                    found.append((name_of(text), first, line))
                if kind == "init":  # the constructor's head goes on
                    statement, start = text + "{}", first
                    continue
            statement, start = "", None
        elif char == ";" or (char == ":" and statement.strip() in LABELS):
            statement, start = "", None
        else:
            if not char.isspace() and start is None:
                start = line
            statement += char
    return found


def name_of(text):
    match = re.search(r"([~\w:]+|operator\S+)\s*\(", text)
    return match.group(1) if match else text[:40]


def exceptions(root):
    """(rule, target) -> (limit, line number)."""
    path = os.path.join(root, "tests/tidy/exceptions.txt")
    table = {}
    if not os.path.exists(path):
        return table
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        rule, target, limit, reason = (line.split(None, 3) + ["", "", ""])[:4]
        if rule in ("file", "function"):
            if not limit.isdigit() or len(reason) < 15:
                print(f"tests/tidy/exceptions.txt:{number}: wants `rule target limit reason`")
                sys.exit(1)
            table[(rule, target)] = (int(limit), number)
    return table


def main():
    root = tree.arguments(__doc__).parse_args().root
    allowed, needed, findings = exceptions(root), set(), []
    paths = tree.files(root, (".h", ".cc"))
    scripts = tree.files(root, (".py",), None)

    def measure(rule, target, where, size, limit, what):
        if size <= limit:
            return
        more = allowed.get((rule, target))
        if more:
            needed.add((rule, target))
            limit = more[0]
        if size > limit:
            findings.append(f"{where}: {what} has {size} lines, {limit} are allowed; split it, or "
                            f"name it in tests/tidy/exceptions.txt with a reason")

    for path in paths:
        text = "\n".join(tree.lines(root, path))
        measure("file", path, f"{path}:1", text.rstrip("\n").count("\n") + 1, file_limit(path),
                "the file")
        for name, first, last in functions(cpp_text.code_only(text)):
            measure("function", f"{path}:{name}", f"{path}:{first}", last - first + 1, FUNCTION,
                    f"{name}()")
    for path in paths + scripts:
        for number, line in enumerate(tree.lines(root, path), 1):
            allowed_columns = COLUMNS if path.endswith((".h", ".cc")) else SCRIPT_COLUMNS
            if len(line) > allowed_columns and "include" not in line and "http" not in line:
                findings.append(f"{path}:{number}: {len(line)} columns, {allowed_columns} are allowed")
    for key, (_, number) in allowed.items():
        if key not in needed:
            findings.append(f"tests/tidy/exceptions.txt:{number}: {' '.join(key)} keeps its limit "
                            "now: remove the exception")
    tree.finish("limits", findings, len(paths))


if __name__ == "__main__":
    sys.exit(main())
