#!/usr/bin/python3
"""Who may include whom. The table is the architecture: change it only together with
docs/ARCHITECTURE.md."""
import re
import sys

import tree

CORE_LOW = ("core/units", "core/base")
CORE_ALL = ("core/units", "core/base", "core/wire", "core/send", "core/receive", "core/rate",
            "core/repair", "core/mesh", "core/quality")
# folder: folders it may include from. send and receive never see each other.
MAY_INCLUDE = {
    "core/units": CORE_LOW,
    "core/base": CORE_LOW,
    "core/wire": CORE_LOW + ("core/wire",),
    "core/repair": CORE_LOW + ("core/wire", "core/repair"),
    "core/send": CORE_LOW + ("core/wire", "core/send"),
    "core/receive": CORE_LOW + ("core/wire", "core/receive"),
    "core/rate": CORE_LOW + ("core/wire", "core/send", "core/rate"),
    "core/quality": CORE_LOW + ("core/wire", "core/quality"),
    "core/mesh": CORE_ALL,
    "codecs": CORE_LOW + ("codecs",),
    "node": CORE_ALL + ("codecs", "node"),
    "sim": CORE_ALL + ("sim",),
    "bench": None,  # may use anything
    "tests": None,
}
# core: what the standard library has without clock, thread, lock, file, locale or randomness.
CORE_STD = set("""algorithm array bit bitset charconv chrono compare concepts cstddef cstdint
cstdlib cstring deque exception functional initializer_list iterator limits list map memory new
numeric optional queue ranges set span string string_view tuple type_traits utility variant
vector""".split())
CORE_STD_EXTRA = {
    "core/base/check.cc": {"cstdio"},       # the one place where core speaks and dies
    "core/quality/emodel.cc": {"cmath"},    # reports a score, decides nothing
}
# folder: what of the outside world it must not see, and why.
FOREIGN_BANNED = {
    "codecs": (r"boost/|openssl/|srtp|sys/socket|netinet/|prometheus/",
               "codecs know frames and bytes, no network"),
    "sim": (r"boost/|openssl/|srtp|sys/socket|netinet/|prometheus/|opus|x264|libav",
            "sim runs core on modelled media in virtual time"),
    "node": (r"boost/asio\.hpp", "the umbrella costs 1.5 s per file: include the narrow headers"),
}
# The one door of a folder to what it must not see otherwise, and why it is needed.
DOORS = {
    "sim/relay_sockets.cc": (r"sys/socket|netinet/", "the emulator carries real nodes' datagrams"),
}
ONE_FILE = {r"toml\+\+/|toml\.hpp": "toml++ costs 0.8 s per file: it lives in one .cc per program"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def folder_of(path):
    parts = path.split("/")
    if parts[0] == "core" and len(parts) > 2:
        return "/".join(parts[:2])
    return parts[0]


def check_quoted(where, path, target):
    allowed = MAY_INCLUDE.get(folder_of(path), ())
    if allowed is None:
        return []
    if "/" not in target:
        return [f'{where}: "{target}" is not root-relative; write the path from the top']
    if folder_of(target) not in allowed:
        return [f"{where}: {folder_of(path)} may not include {target}; it may include "
                f"{', '.join(allowed) or 'nothing'}"]
    return []


def check_angled(where, path, target):
    if path.startswith("core/"):
        if target not in CORE_STD | CORE_STD_EXTRA.get(path, set()):
            return [f"{where}: core may not include <{target}>: pass time, randomness and bytes in"]
        return []
    pattern, why = FOREIGN_BANNED.get(folder_of(path), (None, None))
    door = DOORS.get(path)
    if door and re.search(door[0], target):
        return []
    if pattern and re.search(pattern, target):
        return [f"{where}: <{target}> is not for {folder_of(path)}: {why}"]
    return []


def check_own_first(path, includes, known):
    """What comes first has nothing before it to lean on: so every header is shown to compile alone."""
    own = path[:-3] + ".h"
    if not path.endswith(".cc") or own not in known or not includes:
        return []
    number, match = includes[0]
    return [] if match.group(2) == own else [f"{path}:{number}: its own header comes first: {own}"]


def main():
    root = tree.arguments(__doc__).parse_args().root
    paths = tree.files(root, (".h", ".cc"))
    findings, users, known = [], {}, set(paths)
    for path in paths:
        includes = [(number, match) for number, line in enumerate(tree.lines(root, path), 1)
                    if (match := INCLUDE.match(line))]
        findings += check_own_first(path, includes, known)
        for number, match in includes:
            where, target = f"{path}:{number}", match.group(2)
            check = check_quoted if match.group(1) == '"' else check_angled
            findings += check(where, path, target)
            for pattern, why in ONE_FILE.items():
                if re.match(pattern, target) and folder_of(path) in ("node", "sim"):
                    users.setdefault((pattern, folder_of(path), why), {}).setdefault(path, where)
    for (_, _, why), places in users.items():
        findings += [f"{where}: second file that includes it: {why}" for where in list(places.values())[1:]]
    tree.finish("include table", findings, len(paths))


if __name__ == "__main__":
    sys.exit(main())
