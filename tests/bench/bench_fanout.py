"""Live fan-out: our server, naive Channels and Node `ws`, one publisher, N sockets, in one run.

    python -m tests.bench.bench_fanout [--sockets 1000 3000 8000] [--seconds 6]

Every contender gets the same 600-byte frames through the same Redis, from this process, and has its
clients in another one (tests/bench/load.py). CPU is that of the server process. Per contender and
number of sockets:

- *paced*: 5 frames a second; p50 and p99 from publish to receive, CPU per million deliveries
  (of naive Channels one second alone: it needs many for what was published in one);
- *saturated*: as fast as the publisher can with at most 64 frames on their way, so that nobody is
  judged by the length of his queue; deliveries per second and CPU per million deliveries;
- *burst* (ours): 5,000 frames with nothing to hold them back; a frame counts as lost when it was
  neither received nor covered by a snapshot.

`ratio_to_x` = the smaller of (our deliveries per second / theirs) and (our deliveries per second of
server CPU / theirs), saturated, the lowest over all numbers of sockets. `paced_ratio_to_peer` is
the ratio of deliveries per CPU second at 5 frames a second, where nothing can be combined.
`p99_ms` is ours, paced, the highest; `p99_ratio_to_peer` is the peer's p99 by ours, the lowest over
all numbers of sockets. Above 1 we are the better one. The last line is one JSON object.
"""

import argparse
import json
import mmap
import os
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import django

from config.bootstrap import start_servers
from tests.bench.contenders import FIRST_SEQ, HERE, free_port, naive, ours, peer, served

WINDOW = 64
BURST = 5_000
PACE_PER_S = 5
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Clients:
    """The process with the N sockets."""

    def __init__(self, contender, port, sockets, topic):
        self.file = tempfile.NamedTemporaryFile()  # noqa: SIM115 - closed by `close`
        self.file.write(bytes(8))
        self.file.flush()
        self.progress = mmap.mmap(self.file.fileno(), 8)
        hello = json.dumps({"type": "subscribe", "topics": [topic]})
        options = {
            "port": port,
            "path": contender.path,
            "sockets": sockets,
            "ready": contender.ready,
            "hello": hello if contender.subscribes else "",
            "progress": self.file.name,
            "first_seq": FIRST_SEQ,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.load", json.dumps(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=HERE.parents[1],
        )
        self.connected_s = self.read()["connected_s"]

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("the clients ended early")
        return json.loads(line)

    def tell(self, words):
        self.process.stdin.write(words.encode() + b"\n")
        self.process.stdin.flush()

    def report(self):
        self.tell("report")
        return self.read()

    @property
    def total(self):
        return struct.unpack("Q", self.progress[:8])[0]

    def wait_for(self, total, timeout_s):
        """Wait for deliveries; also returns when nothing has come for a while."""
        until = time.monotonic() + timeout_s
        seen, seen_at = self.total, time.monotonic()
        while self.total < total and time.monotonic() < until:
            time.sleep(0.005)
            if self.total != seen:
                seen, seen_at = self.total, time.monotonic()
            elif time.monotonic() - seen_at > 15:
                return

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.file.close()


def cpu_s(process):
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def rss_mb(process):
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6


def paced(publisher, clients, server, sockets, seconds):
    clients.tell("timed")
    time.sleep(0.2)
    start_total = clients.total
    before, at, sent = cpu_s(server), time.monotonic(), 0
    while sent < seconds * PACE_PER_S:
        publisher.send()
        sent += 1
        time.sleep(max(0.0, at + sent / PACE_PER_S - time.monotonic()))
    time.sleep(1.0)
    spent = cpu_s(server) - before
    report = clients.report()
    clients.wait_for(start_total + sent * sockets, timeout_s=120)
    return {
        "p50_ms": report["p50_ms"],
        "p99_ms": report["p99_ms"],
        "delivered": report["frames"],
        "expected": sent * sockets,
        "cpu_s_per_million": round(spent / max(1, report["frames"]) * 1e6, 2),
    }


def saturated(publisher, clients, server, sockets, seconds, *, to_the_end):
    clients.report()
    start_total, sent = clients.total, 0
    before, at = cpu_s(server), time.monotonic()
    while time.monotonic() - at < seconds:
        if sent - (clients.total - start_total) // sockets < WINDOW:
            publisher.send()
            sent += 1
        else:
            time.sleep(0.0005)
    # A slow contender's last frame may be half delivered: count what has arrived by now.
    wall_s = time.monotonic() - at
    delivered, spent = clients.total - start_total, cpu_s(server) - before
    result = {
        "deliveries_per_s": round(delivered / wall_s),
        "cpu_s_per_million": round(spent / max(1, delivered) * 1e6, 3),
        "cpu_share": round(spent / wall_s, 2),
    }
    if to_the_end:
        clients.wait_for(start_total + sent * sockets, timeout_s=120)
        result["missed"] = sent * sockets - clients.report()["frames"]
    return result


def burst(publisher, clients, server, sockets):
    clients.report()
    start_total, before, at = clients.total, cpu_s(server), time.monotonic()
    for _ in range(BURST):
        publisher.send()
    published_s = time.monotonic() - at
    clients.wait_for(start_total + BURST * sockets, timeout_s=120)
    wall_s = time.monotonic() - at
    report = clients.report()
    # A snapshot stands for all frames up to its own; who stopped short of the last one lost some.
    short = publisher.count * sockets - report["reached"]
    return {
        "published_s": round(published_s, 2),
        "wall_s": round(wall_s, 2),
        "deliveries_per_s": round(report["frames"] / wall_s),
        "cpu_s_per_million": round((cpu_s(server) - before) / max(1, report["frames"]) * 1e6, 3),
        "lost": report["missed"] + short,
        "snapshots": report["snapshots"],
        "closed": report["closed"],
    }


def measure(make, sockets, seconds, *, with_burst, paced_s=None):
    port = free_port()
    contender = make(port)
    publisher = contender.publisher()
    try:
        with served(contender, port) as server:
            base_mb = rss_mb(server)
            clients = Clients(contender, port, sockets, publisher.topic)
            try:
                time.sleep(0.5)
                result = {
                    "contender": contender.name,
                    "sockets": sockets,
                    "connected_s": clients.connected_s,
                    "kb_per_socket": round((rss_mb(server) - base_mb) * 1e3 / sockets, 1),
                    "paced": paced(publisher, clients, server, sockets, paced_s or seconds),
                    "saturated": saturated(
                        publisher, clients, server, sockets, seconds, to_the_end=with_burst
                    ),
                }
                if with_burst:
                    result["burst"] = burst(publisher, clients, server, sockets)
            finally:
                clients.close()
    finally:
        publisher.close()
    show(result)
    return result


def show(result):
    fast, slow = result["saturated"], result["paced"]
    line = (
        f"{result['sockets']:>5} sockets  {result['contender']:<22}"
        f"{fast['deliveries_per_s']:>10,}/s  CPU {fast['cpu_s_per_million']:>8} s/M"
        f"  paced: CPU {slow['cpu_s_per_million']:>7} s/M"
        f"  p50 {slow['p50_ms']} ms  p99 {slow['p99_ms']} ms  {result['kb_per_socket']} kB/socket"
    )
    if "burst" in result:
        line += f"  burst: {result['burst']}"
    print(line, flush=True)


def ratio(us, them):
    """The smaller of the ratios by wall clock and by CPU."""
    ours_, theirs = us["saturated"], them["saturated"]
    by_wall = ours_["deliveries_per_s"] / max(1, theirs["deliveries_per_s"])
    by_cpu = theirs["cpu_s_per_million"] / max(1e-3, ours_["cpu_s_per_million"])
    return {"wall": round(by_wall, 2), "cpu": round(by_cpu, 2)}


def paced_ratio(us, them):
    return round(
        them["paced"]["cpu_s_per_million"] / max(1e-3, us["paced"]["cpu_s_per_million"]), 2
    )


def p99_ratio(us, them):
    return round(them["paced"]["p99_ms"] / max(0.01, us["paced"]["p99_ms"]), 2)


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_fanout")
    parser.add_argument("--sockets", type=int, nargs="+", default=[1000])
    parser.add_argument("--seconds", type=float, default=6.0, help="of each measured phase")
    chosen = parser.parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    start_servers()
    django.setup()
    rounds = []
    for sockets in chosen.sockets:
        us = measure(ours, sockets, chosen.seconds, with_burst=True)
        node = measure(peer, sockets, chosen.seconds, with_burst=False)
        channels = measure(naive, sockets, chosen.seconds, with_burst=False, paced_s=1.0)
        rounds.append((us, node, channels))
    print(json.dumps(summary(rounds)))


def summary(rounds):
    to_peer = [ratio(us, node) for us, node, _ in rounds]
    to_naive = [ratio(us, channels) for us, _, channels in rounds]
    return {
        "ratio_to_naive": min(min(found.values()) for found in to_naive),
        "ratio_to_peer": min(min(found.values()) for found in to_peer),
        "p99_ms": max(us["paced"]["p99_ms"] for us, _, _ in rounds),
        "p99_ratio_to_peer": min(p99_ratio(us, node) for us, node, _ in rounds),
        "lost": sum(us["burst"]["lost"] + us["saturated"]["missed"] for us, _, _ in rounds),
        "peer": rounds[0][1]["contender"],
        "paced_ratio_to_peer": min(paced_ratio(us, node) for us, node, _ in rounds),
        "ratios_to_peer": to_peer,
        "ratios_to_naive": to_naive,
        "rounds": [result for results in rounds for result in results],
    }


if __name__ == "__main__":
    main()
