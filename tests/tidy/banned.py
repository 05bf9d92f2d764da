#!/usr/bin/python3
"""Calls that we do not make, each with what to write instead, and words that do not belong in a
finished file."""
import os
import re
import sys

import cpp_text
import tree

ALL = ("core", "codecs", "node", "sim", "bench", "tests")
PRODUCT = ("core", "codecs", "node", "sim")
# (folders, pattern in code, what to write instead)
CALLS = [
    (ALL, r"(?<![\w.>:])(?:std::)?(?:rand|srand|random)\s*\(", "diemcau::Rng with a printed seed"),
    (("core", "sim", "codecs"), r"\bstd::(?:random_device|mt19937\w*|uniform_\w+_distribution"
     r"|normal_distribution)", "diemcau::Rng: <random> differs between libraries"),
    (("core", "sim", "codecs"),
     r"\b(?:steady|system|high_resolution)_clock::now\b|\bclock_gettime\s*\(",
     "the `now` that the caller gives"),
    (PRODUCT, r"\bsleep_(?:for|until)\b|\b(?:usleep|nanosleep)\s*\(|(?<![\w.>:])sleep\s*\(",
     "a timer, or next_deadline()"),
    (ALL, r"(?<![\w.>])(?:std::)?(?:strcpy|strcat|strncpy|sprintf|vsprintf|gets|strtok)\s*\(",
     "std::string, std::span or snprintf"),
    (PRODUCT, r"(?<![\w.>])(?:std::)?(?:atoi|atol|atof|atoll|stoi|stol|stoul|stod|strtou?l|strtod)"
     r"\s*\(",
     "std::from_chars: it says what was wrong and never throws"),
    (ALL, r"(?<![\w_])assert\s*\(|#\s*include\s*<cassert>", "CHECK: it stays on in release"),
    (PRODUCT, r"\bstd::(?:cout|cerr|clog|endl)\b|#\s*include\s*<iostream>", "fmt::print or spdlog"),
    (("core", "sim"), r"\bstd::unordered_(?:map|set|multimap|multiset)\b",
     "std::map or a sorted vector: the order must be the same on every machine"),
    (ALL, r"\bstd::regex\b|#\s*include\s*<regex>", 
     "a few lines of parsing with ByteReader or string_view"),
    (PRODUCT, r"(?<![\w.>:])(?:std::)?(?:system|popen)\s*\(", 
     "posix_spawn with an argument list: no shell"),
    (ALL, r"\busing\s+namespace\s+std\s*;", "the name in full"),
    (("core",), r"\bthrow\b|\bcatch\s*\(", "Result for what a peer did, CHECK for what we did"),
    (PRODUCT, r"\bvolatile\b", "std::atomic"),
    (PRODUCT, r"(?<![\w:])(?:malloc|calloc|realloc)\s*\(", "a container or a pool"),
    (PRODUCT, r"(?<!operator )\bdelete\s*(?:\[\s*\])?\s+\w+"
     r"|(?<![\w.:>])new\s+[A-Za-z_][\w:]*\s*[({\[]",
     "std::make_unique"),
    (ALL, r"\bNULL\b", "nullptr"),
    (("core",), r"\bgetenv\s*\(|\bstd::locale\b", "BridgeConfig"),
]
HEADER_CALLS = [(PRODUCT, r"^\s*using\s+namespace\b(?!\s+std::\w*literals)",
                 "the name in full: a header decides for everybody")]
# Split so that this file does not find itself.
WORDS = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK|st" r"ub(?:bed|s)?|place" r"holder"
                   r"|dum" r"my|mo" r"ck(?:ed|s)?|WI" r"P)\b", re.I)
# FFmpeg and x264 have such words in their own API names.
WORDS_ALLOWED = re.compile(r"AV_\w+|av_\w+")
TYPE_NAMES = re.compile(r"\b(?:class|struct)\s+(\w*(?:Manager|Helper|Utils?|Handler|Wrapper))\b")
FILE_NAMES = re.compile(r"(?:^|[/_])(?:manager|helpers?|utils?|misc|common)\.(?:h|cc|py)$")
TEXT = (".h", ".cc", ".py", ".md", ".txt", ".cmake", ".toml", ".json", ".sh", "/dev", "/run")


def exceptions(root):
    path = os.path.join(root, "tests/tidy/exceptions.txt")
    found = set()
    if os.path.exists(path):
        for line in open(path, encoding="utf-8"):
            fields = line.strip().split(None, 2)
            if len(fields) == 3 and fields[0] == "banned":
                found.add(tuple(fields[1].split(":", 1)))
    return found


def main():
    root = tree.arguments(__doc__).parse_args().root
    allowed, findings = exceptions(root), []
    used = set()
    paths = tree.files(root, (".h", ".cc"))
    for path in paths:
        text = "\n".join(tree.lines(root, path))
        code = cpp_text.code_only(text)
        rules = CALLS + (HEADER_CALLS if path.endswith(".h") else [])
        for folders, pattern, instead in rules:
            if path.split("/")[0] not in folders:
                continue
            for match in re.finditer(pattern, code, re.M):
                word = re.sub(r"[^\w:]+", "", match.group(0)).removeprefix("std::")
                if (path, word) in allowed:
                    used.add((path, word))
                    continue
                number = code.count("\n", 0, match.start() + len(match.group(0)) // 2) + 1
                findings.append(f"{path}:{number}: {match.group(0).strip()}: write {instead}")
        for match in TYPE_NAMES.finditer(code):
            number = code.count("\n", 0, match.start()) + 1
            findings.append(f"{path}:{number}: {match.group(1)} says nothing: name what it is")
    everything = [p for p in tree.files(root, TEXT, None)
                  if not p.startswith("tests/tidy/") and p not in ("LICENSE",)]
    for path in everything:
        if FILE_NAMES.search(path):
            findings.append(f"{path}:1: a file name that says nothing: name what it holds")
        for number, line in enumerate(tree.lines(root, path), 1):
            match = WORDS.search(WORDS_ALLOWED.sub("", line))
            if match:
                findings.append(f"{path}:{number}: '{match.group(0)}': finish it, or open an issue")
    for path, word in sorted(allowed - used):
        findings.append(f"tests/tidy/exceptions.txt: banned {path}:{word} is not needed any more")
    tree.finish("banned", findings, len(paths) + len(everything))


if __name__ == "__main__":
    sys.exit(main())
