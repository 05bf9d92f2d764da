"""Second implementations of queues, written from their papers and not from ours: Mahimahi's link
(Netravali et al. 2015), CoDel (RFC 8289), and the bound of a thin flow under FQ-CoDel (RFC 8290).

Packets are (arrival in ns, bytes, flow), in order of time; an answer is the ns at which each has left, or -1."""
import collections
import math
import random

MTU = 1514  # RFC 8289 §5.6 maxpacket and RFC 8290's quantum, as Ethernet has them
MS = 1_000_000
OPPORTUNITY = 1504  # bytes: Mahimahi's PACKET_SIZE


def mahimahi(packets, opportunities_ms):
    """Each opportunity carries 1504 bytes of what had come before it; what it does not use is gone. A packet leaves
    with the opportunity that takes its last byte. The file begins anew at its last number."""
    left, waiting, i, base = [-1] * len(packets), collections.deque(), 0, 0
    while i < len(packets) or waiting:
        for at in (base + ms * MS for ms in opportunities_ms):
            while i < len(packets) and packets[i][0] < at:
                waiting.append([i, packets[i][1]])
                i += 1
            room = OPPORTUNITY
            while room and waiting:
                used = min(room, waiting[0][1])
                room, waiting[0][1] = room - used, waiting[0][1] - used
                if not waiting[0][1]:
                    left[waiting.popleft()[0]] = at
        base += opportunities_ms[-1] * MS
    return left


class CoDel:
    """RFC 8289 §5.4 to §5.6, name by name; drops go to `dropped`."""

    def __init__(self, target=5 * MS, interval=100 * MS):
        self.target, self.interval = target, interval
        self.queue, self.bytes = collections.deque(), 0
        self.first_above_time = self.drop_next = self.count = self.lastcount = 0
        self.dropping = False
        self.dropped = []

    def enqueue(self, packet):
        self.queue.append(packet)
        self.bytes += packet[2]

    def control_law(self, t, count):
        return t + int(self.interval / math.sqrt(count))  # time_t: a clock of 1 ns

    def dodequeue(self, now):
        if not self.queue:
            self.first_above_time = 0
            return None, False
        packet = self.queue.popleft()
        self.bytes -= packet[2]
        ok_to_drop = False
        sojourn_time = now - packet[1]
        if sojourn_time < self.target or self.bytes <= MTU:
            self.first_above_time = 0
        elif self.first_above_time == 0:
            self.first_above_time = now + self.interval
        elif now >= self.first_above_time:
            ok_to_drop = True
        return packet, ok_to_drop

    def dequeue(self, now):
        packet, ok_to_drop = self.dodequeue(now)
        if self.dropping:
            if not ok_to_drop:
                self.dropping = False
            while now >= self.drop_next and self.dropping:
                self.dropped.append(packet[0])
                self.count += 1
                packet, ok_to_drop = self.dodequeue(now)
                if not ok_to_drop:
                    self.dropping = False
                else:
                    self.drop_next = self.control_law(self.drop_next, self.count)
        elif ok_to_drop:
            self.dropped.append(packet[0])
            packet, ok_to_drop = self.dodequeue(now)
            self.dropping = True
            delta = self.count - self.lastcount
            self.count = 1
            if delta > 1 and now - self.drop_next < 16 * self.interval:
                self.count = delta
            self.drop_next = self.control_law(now, self.count)
            self.lastcount = self.count
        return packet


def codel_line(packets, ns_per_byte):
    """A line with that queue and no limit; what begins service at an instant goes before what comes at it."""
    codel, left, free, i = CoDel(), [-1] * len(packets), 0, 0
    while i < len(packets) or codel.queue:
        if codel.queue and (i == len(packets) or free <= packets[i][0]):
            now = free
        else:
            now, size, _ = packets[i]
            codel.enqueue((i, now, size))
            i += 1
            if now < free:
                continue
        packet = codel.dequeue(now)
        if packet:
            free = now + packet[2] * ns_per_byte
            left[packet[0]] = free
    return left


# ---- what is sent -----------------------------------------------------------------------------

def opportunity_file(seed=1):
    """10 s of a restless line of about 12 Mbit/s: gaps of 0 to 8 ms, none for half a second now and then."""
    chance, at, times = random.Random(seed), 0, []
    while at < 10_000:
        u = chance.random()
        at += 500 if u < 0.0005 else int(8 * chance.random()) if u < 0.1 else int(2 * chance.random())
        times.append(at)
    return times


def packets_for_opportunities(seed=2):
    """60 s at about nine tenths of that line: small ones, large ones, some longer than an opportunity, some that come
    exactly with one."""
    chance, at, packets = random.Random(seed), 0, []
    while at < 60_000 * MS:
        at += int(-math.log(1 - chance.random()) * 0.85 * MS)
        if chance.random() < 0.05:
            at = (at // MS + 1) * MS
        u = chance.random()
        size = 60 if u < 0.2 else 3000 if u > 0.97 else 100 + int(1404 * chance.random())
        packets.append((at, size, 0))
    return packets


def packets_for_codel(seed=3):
    """60 s at 8 Mbit/s, seven seconds at a time: five with a load of 1.3, two with 0.7, so that dropping begins, goes
    on, ends, and resumes at its old rate. Times are odd numbers of ns: none falls on an end of service."""
    chance, at, packets = random.Random(seed), 0, []
    while at < 60_000 * MS:
        load = 1.3 if at % (7_000 * MS) < 5_000 * MS else 0.7
        size = 200 + int(1300 * chance.random())
        at += int(-math.log(1 - chance.random()) * 850_000 / load) | 1
        packets.append((at | 1, size, 0))
    return packets


def thin_beside_bulk(seed=4):
    """10 Mbit/s for 30 s: a flow of 15 Mbit/s in full packets, and 200 bytes every 20 ms or so."""
    chance, packets, at = random.Random(seed), [], 0
    packets += [(n * 807_467, MTU, 1) for n in range(37_000)]
    while at < 29_000 * MS:
        at += int((15 + 10 * chance.random()) * MS)
        packets.append((at, 200, 2))
    return sorted(packets)
