"""A meeting of several nodes on this machine: keys, roster, configs, processes, and their end.

Only the standard library. Whatever happens, every child that was started is stopped by its pid."""
import json
import os
import signal
import socket
import subprocess
import time
import urllib.request

from errors import MeetingError
from lines import Lines

CENTRAL = ("trung-tam", "Điểm cầu trung tâm")
MEMBERS = [
    ("buon-ho", "Phường Buôn Hồ"), ("ea-sup", "Xã Ea Súp"), ("krong-nang", "Xã Krông Năng"),
    ("cu-mgar", "Xã Cư M’gar"), ("ea-drang", "Xã Ea Drăng"), ("lien-son", "Xã Liên Sơn Lắk"),
    ("ea-kar", "Xã Ea Kar"), ("quang-phu", "Xã Quảng Phú"), ("hoa-thang", "Phường Hòa Thắng"),
    ("duc-lap", "Xã Đức Lập"),
]
READY_WITHIN_S = 30.0
LEAVE_WITHIN_S = 15.0


def bridges(count):
    """(id, name) per bridge, central first."""
    named = [CENTRAL] + MEMBERS
    more = [(f"xa-{n:02d}", f"Xã số {n}") for n in range(1, count)]
    return (named + more)[:count]


def free_ports(count, kind):
    """Ports that were free a moment ago; all are held until the last is found."""
    held = []
    try:
        for _ in range(count):
            sock = socket.socket(socket.AF_INET, kind)
            sock.bind(("127.0.0.1", 0))
            held.append(sock)
        return [sock.getsockname()[1] for sock in held]
    finally:
        for sock in held:
            sock.close()


def toml_string(text):
    return json.dumps(str(text), ensure_ascii=False)


class Bridge:
    def __init__(self, number, identity, folder, port, metrics_port):
        self.id, self.name = identity
        self.central = number == 0
        self.folder = os.path.join(folder, self.id)
        self.port, self.metrics_port = port, metrics_port
        self.summary_path = os.path.join(self.folder, "summary.json")
        self.log_path = os.path.join(self.folder, "log.txt")
        self.process = None
        self.up_at = {}  # peer id -> CLOCK_MONOTONIC seconds at which /metrics first said it is up

    def scrape(self):
        url = f"http://127.0.0.1:{self.metrics_port}/metrics"
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.read().decode("utf-8")

    def peers_up(self):
        try:
            text = self.scrape()
        except OSError:
            return set()
        return {line.split('peer="', 1)[1].split('"', 1)[0] for line in text.splitlines()
                if line.startswith("diemcau_peer_up{") and float(line.rsplit(" ", 1)[1]) == 1}

    def log_tail(self, lines=12):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as stream:
                return "".join(stream.readlines()[-lines:]).strip()
        except OSError:
            return "(no log)"


class Meeting:
    """`with Meeting(...) as meeting: meeting.hold(seconds)`; leaving the block ends every child."""

    def __init__(self, binaries, folder, count, media=None, sinks="none", say=print, profile=None):
        self.node = os.path.join(binaries, "diemcau-node")
        folder = os.path.abspath(folder)  # paths in a config count from the config's own folder
        self.folder, self.media, self.sinks, self.say = folder, media, sinks, say
        ports = free_ports(count, socket.SOCK_DGRAM)
        metrics = free_ports(count, socket.SOCK_STREAM)
        self.bridges = [Bridge(n, identity, folder, ports[n], metrics[n])
                        for n, identity in enumerate(bridges(count))]
        self.lines = Lines(binaries, folder, profile) if profile else None
        self.started = self.ready = self.stopped = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        if self.lines:
            self.lines.stop()

    # -- before

    def run_tool(self, *arguments):
        done = subprocess.run([self.node, *arguments], text=True, capture_output=True, timeout=30)
        if done.returncode:
            raise MeetingError(f"diemcau-node {' '.join(arguments)}: "
                               f"{(done.stderr or done.stdout).strip()}")
        return done.stdout.strip()

    def prepare(self):
        roster = os.path.join(self.folder, "roster.toml")
        self.run_tool("roster", "new", "--roster", roster, "--province", "Đắk Lắk")
        for bridge in self.bridges:
            os.makedirs(bridge.folder, exist_ok=True)
            self.run_tool("keygen", "--out", bridge.folder)
            self.run_tool("roster", "add", "--roster", roster, "--id", bridge.id,
                          "--name", bridge.name,
                          "--role", "central" if bridge.central else "member",
                          "--address", f"127.0.0.1:{bridge.port}",
                          "--key", os.path.join(bridge.folder, "public.txt"))
        if self.lines:
            self.lines.start(self.bridges)
        for bridge in self.bridges:
            with open(os.path.join(bridge.folder, "bridge.toml"), "w", encoding="utf-8") as stream:
                stream.write(self.config_of(bridge, self.roster_of(bridge, roster)))

    def roster_of(self, bridge, roster):
        """The one roster of all, or over emulated lines a copy with the relays of this bridge."""
        if not self.lines:
            return roster
        with open(roster, encoding="utf-8") as stream:
            text = self.lines.roster_for(bridge, self.bridges, stream.read())
        own = os.path.join(bridge.folder, "roster.toml")
        with open(own, "w", encoding="utf-8") as stream:
            stream.write(text)
        return own

    def config_of(self, bridge, roster):
        text = ["[node]", f"id = {toml_string(bridge.id)}",
                f"listen = \"127.0.0.1:{bridge.port}\"",
                f"data_dir = {toml_string(bridge.folder)}", 'language = "vi"', "",
                "[roster]", f"file = {toml_string(roster)}", "", "[media]"]
        if self.media:
            text += ['kind = "file"', f"path = {toml_string(self.media)}", "loop = true"]
        else:
            text += ['kind = "generated"']
        text += ["", "[sink]", f"mix = {toml_string(os.path.join(bridge.folder, 'mix.wav'))}"]
        if bridge.central:
            text += [f"grid = {toml_string(os.path.join(bridge.folder, 'grid.mkv'))}"]
        if self.sinks == "all" or (self.sinks == "central" and bridge.central):
            text += [f"dir = {toml_string(os.path.join(bridge.folder, 'sink'))}",
                     'size = "320x180"']
        if bridge.central:
            text += ["", "[record]", f"dir = {toml_string(os.path.join(bridge.folder, 'record'))}"]
        text += ["", "[metrics]", f'listen = "127.0.0.1:{bridge.metrics_port}"', ""]
        return "\n".join(text)

    # -- during

    def start(self, bridges=None):
        """All, or some of them."""
        self.started = time.monotonic()
        for bridge in bridges or self.bridges:
            with open(bridge.log_path, "wb") as log:
                bridge.process = subprocess.Popen(
                    [self.node, "run", "--config", os.path.join(bridge.folder, "bridge.toml"),
                     "--summary", bridge.summary_path],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                    start_new_session=True)

    def check_alive(self):
        if self.lines:
            self.lines.check_alive()
        for bridge in self.bridges:
            code = bridge.process.poll()
            if code is not None:
                raise MeetingError(f"the node {bridge.id} ended with {code} during the meeting; "
                                   f"its last words:\n{bridge.log_tail()}")

    def wait_until_connected(self):
        """Until every node's own metrics say that every peer is up."""
        everybody = {bridge.id for bridge in self.bridges}
        while True:
            self.check_alive()
            for bridge in self.bridges:
                if len(bridge.up_at) < len(everybody) - 1:
                    now = time.monotonic()
                    for peer in bridge.peers_up():
                        bridge.up_at.setdefault(peer, now)
            waiting = [f"{b.id} for {', '.join(sorted(everybody - {b.id} - set(b.up_at)))}"
                       for b in self.bridges if len(b.up_at) < len(everybody) - 1]
            if not waiting:
                self.ready = time.monotonic()
                return
            if time.monotonic() - self.started > READY_WITHIN_S:
                raise MeetingError(f"not connected after {READY_WITHIN_S:.0f} s: "
                                   f"{'; '.join(waiting)} ({self.bridges[0].log_tail(4)})")
            time.sleep(0.05)

    def hold(self, seconds, during=None):
        """Starts, waits for all links, then lets the meeting run; `during(meeting, elapsed)` is
        called about four times a second."""
        self.start()
        self.wait_until_connected()
        while (elapsed := time.monotonic() - self.ready) < seconds:
            self.check_alive()
            if during:
                during(self, elapsed)
            time.sleep(min(0.25, max(0.0, seconds - elapsed)))

    # -- after

    def stop(self):
        running = [b for b in self.bridges if b.process and b.process.poll() is None]
        if running and self.stopped is None:
            self.stopped = time.monotonic()
        for bridge in running:
            bridge.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + LEAVE_WITHIN_S
        for bridge in running:
            try:
                bridge.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.say(f"{bridge.id} did not leave within {LEAVE_WITHIN_S:.0f} s: killed")
                bridge.process.kill()
                bridge.process.wait(5)
        if self.lines and running:
            self.lines.stop()

    def summary(self, seconds):
        """The nodes' summaries as one, in the form of build/demo/summary.json."""
        merged = {"schema": 1, "seconds": seconds, "bridges": [], "pairs": [], "recordings": []}
        if self.lines:
            merged["profile"] = self.lines.profile
        for bridge in self.bridges:
            try:
                with open(bridge.summary_path, encoding="utf-8") as stream:
                    own = json.load(stream)
            except (OSError, ValueError) as problem:
                raise MeetingError(f"{bridge.id} left no summary ({problem}); its last words:\n"
                                   f"{bridge.log_tail()}") from None
            entry = {"id": bridge.id, "name": bridge.name, "exit": bridge.process.returncode}
            entry.update({key: own[key] for key in ("rss_max_mib", "late_encodes", "encode_effort") if key in own})
            merged["bridges"].append(entry)
            merged["pairs"] += own.get("pairs", [])
            merged["recordings"] += own.get("recordings", [])
            for key in ("grid", "mix"):
                if own.get(key) and bridge.central:
                    merged[key] = own[key]
        return merged

    def timeline(self):
        """When things happened, on CLOCK_MONOTONIC: for the checker, which believes no summary."""
        return {"started": self.started, "ready": self.ready, "stopped": self.stopped,
                "sinks": self.sinks, "media": self.media,
                "bridges": [{"id": b.id, "name": b.name, "central": b.central, "port": b.port,
                             "folder": os.path.abspath(b.folder), "up_at": b.up_at}
                            for b in self.bridges]}
