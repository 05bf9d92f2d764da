"""The lines between real nodes: each case is a scenario that lab and emulator read alike.

One member sends hi to the central bridge, which records; the member sees the central bridge small, so that a machine
of two cores encodes one hi. Figures are of the way from the member to the central bridge; of a mesh, of the worst."""
import dataclasses

WARMUP_S = 10

HEAD = """version = 1
name = "{name}"
seed = 1
duration = "{duration}s"
warmup = "0s"

[profile.free]
up = {{ rate = "1Gbit/s", delay = "0ms", queue = "100ms" }}
down = {{ rate = "1Gbit/s", delay = "0ms", queue = "100ms" }}
"""
PAIR = """
[link.bottleneck]
up = {{ {up} }}
down = {{ {down} }}

[site.central]
profile = "free"

[site.member]
profile = "free"
via = ["bottleneck"]

[[meeting]]
members = ["central", "member"]
video = {{ bitrate = "{hi}kbit/s", fps = 30 }}
"""
MESH = """
[profile.office]
up = {{ {up} }}
down = {{ {down} }}

[site.central]
profile = "office"

[group.member]
count = {members}
name = "member-%02d"
profile = "office"

[[meeting]]
members = ["central", "member-*"]
video = {{ bitrate = "{hi}kbit/s", fps = 30 }}
"""


@dataclasses.dataclass
class Case:
    name: str
    up: object  # keys of the direction that is looked at; or what makes them of the measured seconds
    down: str
    hi_kbps: int = 2000
    bridges: int = 2
    says: str = ""
    fair_psnr: bool = False  # hi has its full rate: its pictures must be as good as without loss
    bars: dict = dataclasses.field(default_factory=dict)  # fixed ones, beside the lab's interval

    def scenario(self, seconds):
        up = self.up(seconds) if callable(self.up) else self.up
        text = PAIR if self.bridges == 2 else MESH
        return (HEAD + text).format(name=self.name, duration=WARMUP_S + seconds, up=up, down=self.down,
                                    hi=self.hi_kbps, members=self.bridges - 1)

    def site(self, number):
        """Of the bridge with this number; 0 is central."""
        if number == 0:
            return "central"
        return "member" if self.bridges == 2 else f"member-{number:02d}"


def line(rate, one_way_ms, queue="300ms", more=""):
    return f'rate = "{rate}", delay = "{one_way_ms}ms", queue = "{queue}"{more}'


def losing(name, rtt_ms, loss, says, fair=True):
    one_way = rtt_ms // 2
    return Case(name, line("5Mbit/s", one_way, more=f", loss = {loss}"), line("5Mbit/s", one_way), says=says,
                fair_psnr=fair)


def step(seconds):
    at, back = WARMUP_S + seconds // 3, WARMUP_S + seconds // 2
    return (f'steps = [{{ at = "0s", rate = "3Mbit/s" }}, {{ at = "{at}s", rate = "0.6Mbit/s" }}, '
            f'{{ at = "{back}s", rate = "3Mbit/s" }}], delay = "40ms", queue = "300ms"')


def outage(seconds):
    return line("5Mbit/s", 20, more=f', outage = [{{ at = "{WARMUP_S + seconds // 3}s", for = "3s", kind = "cut" }}]')


def all_cases():
    fast_back = line("1Gbit/s", 40)
    cases = [Case("clean", line("5Mbit/s", 20), line("5Mbit/s", 20), fair_psnr=True,
                  says="5 Mbit/s, round trip 40 ms: what the machine itself adds")]
    for percent in (2, 5, 10, 20, 30):
        for rtt in (40, 80):
            cases.append(losing(f"loss-{percent}-rtt{rtt}", rtt, f'{{ model = "iid", mean = {percent / 100} }}',
                                f"{percent} % at random", fair=percent <= 20))
    cases += [
        losing("runs", 40, '{ model = "ge", mean = 0.05, burst = 5 }', "5 % in runs of 5 packets"),
        losing("bursts", 40, '{ model = "ge-time", mean = 0.02, burst = "33ms" }', "2 % in bursts of 33 ms"),
        Case("bufferbloat", line("1Mbit/s", 40, "1s"), fast_back, 1500, says="1 Mbit/s before a queue of a second"),
        Case("step", step, fast_back, 2500, says="3 Mbit/s, 0.6, 3 again"),
        Case("outage", outage, line("5Mbit/s", 20), says="nothing comes for 3 s"),
        Case("lte", 'wander = { mean = "2Mbit/s", sigma = 0.5, rho = 0.9, step = "100ms" }, delay = "40ms", '
             'queue = "500ms"', fast_back, 2500, says="a rate like LTE's, 2 Mbit/s on average"),
        Case("mesh-4", line("4Mbit/s", 10, "150ms", ', loss = { model = "ge", mean = 0.03, burst = 3 }'),
             line("20Mbit/s", 10), 1500, bridges=4, says="four bridges, 3 % in runs on every uplink of 4 Mbit/s",
             bars={"picture_gap": 150, "video_p95": 150, "encodes_per_s": 30.5})]
    return cases
