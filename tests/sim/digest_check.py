#!/usr/bin/python3
"""Recomputes a run's digest from its event file, with nothing of the project's code (docs/LAB.md).

usage: digest_check.py EVENTS [--skip-line N]
Prints 16 hex digits. --skip-line leaves out line N (from 1), which must give another digest.
"""
import argparse

MASK = (1 << 64) - 1


def digest(lines):
    value = 0xCBF29CE484222325
    for line in lines:
        for word in line.split():
            value = ((value ^ int(word)) * 0x9E3779B97F4A7C15) & MASK
            value ^= value >> 32
    return value


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("events")
    parser.add_argument("--skip-line", type=int)
    arguments = parser.parse_args()
    with open(arguments.events, encoding="ascii") as events:
        print(f"{digest(l for n, l in enumerate(events, 1) if n != arguments.skip_line):016x}")


if __name__ == "__main__":
    main()
