"""The lines between the nodes of a meeting: `diemcau-sim emulate` as relays on loopback, and rosters in which every
other bridge stands at its relay."""
import json
import os
import select
import signal
import subprocess

from errors import MeetingError

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
READY_WITHIN_S = 10.0

# The central bridge has no line of its own: what is seen is the profile, once up and once down.
SCENARIO = """version = 1
name = "demo-{count}"
seed = 1
duration = "1h"

[profile.none]
up = {{ rate = "10Gbit/s", delay = "0ms", queue = "1s", overhead = 0 }}
down = {{ rate = "10Gbit/s", delay = "0ms", queue = "1s", overhead = 0 }}

[site.central]
profile = "none"

[group.member]
count = {members}
name = "member-%02d"
profile = "none"

[[meeting]]
members = ["central", "member-*"]
"""


class Lines:
    """`lines.start(bridges)`, rosters with `lines.roster_for(...)`, `lines.stop()`; bridges[0] is central."""
    central = "central"  # its site

    def __init__(self, binaries, folder, profile, profiles=os.path.join(TOP, "configs", "profiles")):
        self.program = os.path.join(binaries, "diemcau-sim")
        self.folder = os.path.join(folder, "lines")
        self.stats_path = os.path.join(folder, "lines.json")
        self.profile, self.profiles = profile, profiles
        self.process = None
        self.ports, self.sites = {}, {}

    def scenario(self, count):
        """configs/province-4.toml for four bridges; else one is written."""
        if count == 4:
            return os.path.join(TOP, "configs", "province-4.toml"), "district-{:02d}"
        os.symlink(os.path.abspath(self.profiles), os.path.join(self.folder, "profiles"))
        path = os.path.join(self.folder, "scenario.toml")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(SCENARIO.format(count=count, members=count - 1))
        return path, "member-{:02d}"

    def options(self):
        return ["--profile", self.profile]

    def start(self, bridges):
        os.makedirs(self.folder, exist_ok=True)
        scenario, names = self.scenario(len(bridges))
        self.sites = {b.id: self.central if b.central else names.format(n)
                      for n, b in enumerate(bridges)}
        where = os.path.join(self.folder, "map.toml")
        with open(where, "w", encoding="utf-8") as stream:
            stream.write("[address]\n")
            stream.writelines(f'{self.sites[b.id]} = "127.0.0.1:{b.port}"\n' for b in bridges)
        ports = os.path.join(self.folder, "ports.json")
        self.process = subprocess.Popen(
            [self.program, "emulate", scenario, *self.options(), "--map", where, "--ports", ports,
             "--stats", self.stats_path],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True)
        ready, _, _ = select.select([self.process.stdout], [], [], READY_WITHIN_S)
        if not ready or self.process.stdout.readline() != "ready\n":
            self.process.kill()
            raise MeetingError(self.process.communicate()[1].strip() or
                               "diemcau-sim emulate did not become ready")
        with open(ports, encoding="utf-8") as stream:
            self.ports = json.load(stream)["ports"]

    def roster_for(self, viewer, bridges, text):
        """The roster `text` as `viewer` must have it."""
        for bridge in bridges:
            if bridge is not viewer:
                relay = self.ports[self.sites[viewer.id]][self.sites[bridge.id]]
                text = text.replace(f'"127.0.0.1:{bridge.port}"', f'"{relay}"')
        return text

    def check_alive(self):
        if self.process and self.process.poll() is not None:
            raise MeetingError(f"diemcau-sim emulate ended with {self.process.returncode}: "
                               f"{self.process.stderr.read().strip()}")

    def stop(self):
        if not self.process or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)

    def stats(self):
        with open(self.stats_path, encoding="utf-8") as stream:
            return json.load(stream)
