#!/usr/bin/python3
"""What core's archive asks of the world: no clock, thread, lock, file, socket, environment or
randomness; no writable global. nm sees what an include table cannot."""
import argparse
import re
import subprocess
import sys

# (what it would be, pattern of the demangled undefined symbol, what to do instead)
BANNED = [
    ("a clock", r"^(std::chrono::_V2::\w+::now|clock_gettime|gettimeofday|time|clock|times"
     r"|localtime\w*|gmtime\w*|mktime|ftime)\b", "take `now` from the caller"),
    ("a wait", r"^(nanosleep|usleep|sleep|clock_nanosleep|poll|select|epoll_\w+)\b",
     "return a deadline"),
    ("a thread or lock", r"^(pthread_(?!once|key|getspecific|setspecific)\w+|std::thread"
     r"|std::mutex|std::condition_variable|std::__future_base|sem_\w+)",
     "core has one caller at a time"),
    ("randomness", r"^(std::random_device|rand|srand|random|rand_r|getrandom|getentropy"
     r"|arc4random\w*|drand48|lrand48)\b", "use the Rng given at construction"),
    ("a file or socket", r"^(fopen|fdopen|freopen|open|openat|creat|read|write|pread|pwrite|close"
     r"|mmap|unlink|rename|stat|fstat|socket|bind|connect|send\w*|recv\w*|ioctl)(64)?\b"
     r"|^std::basic_\w*filebuf|^std::filesystem", "return an Output; the driver does it"),
    ("the environment", r"^(getenv|secure_getenv|setenv|std::locale|setlocale|uselocale)\b",
     "take it in BridgeConfig"),
    ("a stream", r"^std::(cout|cerr|clog|cin|ios_base|basic_ostream|basic_istream|ostream)\b",
     "return an Event"),
]
# abort with a word is check.cc's; nothing else in core prints.
STDIO = re.compile(r"^(f?printf|__f?printf_chk|puts|fputs|putchar|fputc|fwrite|perror|stderr|stdout"
                   r"|vf?printf)$")
STDIO_ALLOWED = "check.cc.o"
WRITABLE = re.compile(r"^\.(data(?!\.rel\.ro)|bss|tbss|tdata)")


def nm(*arguments):
    return subprocess.run(["nm", *arguments], check=True, text=True, capture_output=True).stdout


def undefined(archive):
    member = None
    for line in nm("-uC", archive).splitlines():
        if line.endswith(":") and " " not in line:
            member = line[:-1]
        elif line.strip():
            yield member, re.sub(r"@.*$", "", line.strip().split(" ", 1)[1].strip())


def writable_globals(archive):
    member = None
    for line in nm("-C", "-f", "sysv", archive).splitlines():
        header = re.match(r"(?:Symbols|Undefined symbols) from .*\[(.+)\]:", line)
        if header:
            member = header.group(1)
        columns = [column.strip() for column in line.split("|")]
        if len(columns) == 7 and WRITABLE.match(columns[6]) and columns[3] in ("OBJECT", "TLS"):
            if columns[0].startswith("DW.ref."):  # the compiler's pointer to a personality routine
                continue
            yield member, columns[0], columns[6]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive", help="libdiemcau_core.a")
    archive = parser.parse_args().archive
    findings = []
    members = subprocess.run(["ar", "t", archive], check=True, text=True,
                             capture_output=True).stdout.split()
    for member, symbol in undefined(archive):
        for what, pattern, instead in BANNED:
            if re.search(pattern, symbol):
                findings.append(f"{member}: uses {what}: {symbol}; {instead}")
        if STDIO.match(symbol) and member != STDIO_ALLOWED:
            findings.append(f"{member}: prints with {symbol}; only check.cc may")
    for member, symbol, section in writable_globals(archive):
        findings.append(f"{member}: writable global {symbol} in {section}; two bridges in one "
                        "process would share it: make it a member")
    print("\n".join(findings + [f"purity: {len(members)} objects, {len(findings)} findings"]))
    return 1 if findings or not members else 0


if __name__ == "__main__":
    sys.exit(main())
