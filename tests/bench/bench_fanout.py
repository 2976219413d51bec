"""Live fan-out: our server, naive Channels and Node `ws`, one publisher, N sockets, in one run.

    python -m tests.bench.bench_fanout [--sockets 1000 3000 8000] [--seconds 6]

Every contender gets the same 600-byte frames through the same Redis, from this process, and has its
clients in another one (tests/bench/load.py). CPU is that of the server process. Per contender and
number of sockets:

- *paced*: 5 frames a second; p50 and p99 from publish to receive, CPU per million deliveries;
- *saturated*: as fast as the publisher can with at most 64 frames on their way, so that nobody is
  judged by the length of his queue; deliveries per second and CPU per million deliveries;
- *burst* (ours): 5,000 frames with nothing to hold them back; a frame counts as lost when it was
  neither received nor covered by a snapshot.

`ratio_to_x` = the smaller of (our deliveries per second / theirs) and (our deliveries per second of
server CPU / theirs), saturated, the lowest over all numbers of sockets. `paced_ratio_to_peer` is
the ratio of deliveries per CPU second at 5 frames a second, where nothing can be combined.
`p99_ms` is ours, paced, the highest. The last line is one JSON object.
"""

import argparse
import asyncio
import json
import mmap
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import django
from channels.layers import get_channel_layer
from django.conf import settings

from config.bootstrap import start_servers
from streams.live.frames import Envelope, Frame
from streams.live.publish import publish
from streams.live.store import keys_of
from streams.live.topics import register_snapshots
from streams.redis_client import client

TEXT_BYTES = 600
WINDOW = 64
BURST = 5_000
PACE_PER_S = 5
FIRST_SEQ = 100_000_001
EPOCH = "1"
HERE = Path(__file__).resolve().parent
PEERS = HERE / "peers"
CHANNEL = "veze-bench"
TICKS_PER_S = os.sysconf("SC_CLK_TCK")

register_snapshots("bench:", None)


class Publisher:
    """Makes numbered frames; every contender's text is the same."""

    def __init__(self):
        self.topic = f"bench:{os.getpid()}-{time.time_ns()}"
        self.envelope = Envelope(self.topic, EPOCH)
        self.count = 0
        bare = len(self.text(self.data("")))
        self.pad = "x" * (TEXT_BYTES - bare)

    def data(self, pad=None):
        number = f"{self.count:08d}"
        sent = f"{time.monotonic_ns():020d}"
        return {"n": number, "t": sent, "pad": self.pad if pad is None else pad}

    def text(self, data):
        body = json.dumps(data, separators=(",", ":")).encode()
        return self.envelope.text(FIRST_SEQ + self.count, body)

    def send(self):
        raise NotImplementedError

    def close(self):
        client().delete(*keys_of(self.topic))


class OurPublisher(Publisher):
    def __init__(self):
        super().__init__()
        self.send()  # the topic is there before its first subscriber

    def send(self):
        frame = Frame(seq=FIRST_SEQ + self.count, data=self.data())
        self.count += 1
        publish(self.topic, epoch=EPOCH, frames=[frame])


class PlainPublisher(Publisher):
    """PUBLISH of finished text, for the peers that listen to Redis themselves."""

    def send(self):
        text = self.text(self.data())
        self.count += 1
        client().publish(CHANNEL, text)


class LayerPublisher(Publisher):
    """`group_send` over a loop that stays, as good as a naive publisher gets."""

    def __init__(self):
        super().__init__()
        self.runner = asyncio.Runner()
        self.runner.run(self._open())

    async def _open(self):
        self.layer = get_channel_layer()

    def send(self):
        frame = json.loads(self.text(self.data()))
        self.count += 1
        message = {"type": "bench.frame", "frame": frame}
        self.runner.run(self.layer.group_send("bench", message))

    def close(self):
        self.runner.close()


@dataclass
class Contender:
    name: str
    command: list
    publisher: type
    environment: dict = field(default_factory=dict)
    path: str = "/"
    ready: str = '"ready"'
    subscribes: bool = False


def python(module, *arguments):
    return [sys.executable, "-m", module, *arguments]


def ours(port):
    return Contender(
        name="ours",
        command=python(
            "config.server", "-p", str(port), "--app", "tests.bench.peers.ours:application"
        ),
        publisher=OurPublisher,
        environment={"LIVE_SOCKETS_PER_ADDRESS": "100000", "LOG_LEVEL": "WARNING"},
        path="/ws/live",
        ready='"snapshot"',
        subscribes=True,
    )


def naive(port):
    layer = settings.CHANNEL_LAYERS["default"]
    return Contender(
        name="naive",
        command=python("daphne", "-v", "0", "-p", str(port), "tests.bench.peers.naive:application"),
        publisher=LayerPublisher,
        environment={"VEZE_BENCH_LAYER": json.dumps(layer)},
    )


def peer(port):
    modules = node_modules()
    chosen = {"port": port, "channel": CHANNEL}
    if modules is None:
        return Contender(
            name="websockets.broadcast",
            command=python("tests.bench.peers.broadcast_peer"),
            publisher=PlainPublisher,
            environment={
                "VEZE_BENCH_PEER": json.dumps(chosen),
                "VEZE_BENCH_REDIS": settings.REDIS_URL,
            },
        )
    chosen |= {"modules": str(modules), "redis": redis_address()}
    return Contender(
        name="node ws",
        command=["node", str(PEERS / "ws_peer.mjs")],
        publisher=PlainPublisher,
        environment={"VEZE_BENCH_PEER": json.dumps(chosen)},
    )


def node_modules():
    """Install `ws` into a temporary directory; None where there is no Node or no registry."""
    if not (shutil.which("node") and shutil.which("npm")):
        return None
    folder = Path(tempfile.gettempdir()) / f"veze-bench-ws-{os.getuid()}"
    if not (folder / "node_modules" / "ws").is_dir():
        folder.mkdir(exist_ok=True)
        command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), "ws@8"]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=120)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            return None
    return folder


def redis_address():
    parts = urlsplit(settings.REDIS_URL)
    if parts.scheme == "unix":
        place = {"path": unquote(parts.path)}
    else:
        place = {"host": parts.hostname, "port": parts.port or 6379}
    assert "ssl" not in parse_qs(parts.query)
    return {**place, "password": unquote(parts.password or "")}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def served(contender, port):
    environment = {**os.environ, **contender.environment}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            contender.command, env=environment, stdout=log, stderr=log, cwd=HERE.parents[1]
        )
        try:
            wait_for_port(port, process, log)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_for_port(port, process, log):
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    log.seek(0)
    raise SystemExit(f"the server did not start: {log.read().decode()[-2000:]}")


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
        """Wait for deliveries; also returns when nothing has come for five seconds."""
        until = time.monotonic() + timeout_s
        seen, seen_at = self.total, time.monotonic()
        while self.total < total and time.monotonic() < until:
            time.sleep(0.005)
            if self.total != seen:
                seen, seen_at = self.total, time.monotonic()
            elif time.monotonic() - seen_at > 5:
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


def saturated(publisher, clients, server, sockets, seconds):
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
    clients.wait_for(start_total + sent * sockets, timeout_s=150)
    report = clients.report()
    return {
        "deliveries_per_s": round(delivered / wall_s),
        "cpu_s_per_million": round(spent / max(1, delivered) * 1e6, 3),
        "cpu_share": round(spent / wall_s, 2),
        "missed": sent * sockets - report["frames"],
    }


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


def measure(make, sockets, seconds, *, with_burst):
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
                    "paced": paced(publisher, clients, server, sockets, seconds),
                    "saturated": saturated(publisher, clients, server, sockets, seconds),
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
        channels = measure(naive, sockets, chosen.seconds, with_burst=False)
        rounds.append((us, node, channels))
    print(json.dumps(summary(rounds)))


def summary(rounds):
    to_peer = [ratio(us, node) for us, node, _ in rounds]
    to_naive = [ratio(us, channels) for us, _, channels in rounds]
    return {
        "ratio_to_naive": min(min(found.values()) for found in to_naive),
        "ratio_to_peer": min(min(found.values()) for found in to_peer),
        "p99_ms": max(us["paced"]["p99_ms"] for us, _, _ in rounds),
        "lost": sum(us["burst"]["lost"] + us["saturated"]["missed"] for us, _, _ in rounds),
        "peer": rounds[0][1]["contender"],
        "paced_ratio_to_peer": min(paced_ratio(us, node) for us, node, _ in rounds),
        "ratios_to_peer": to_peer,
        "ratios_to_naive": to_naive,
        "rounds": [result for results in rounds for result in results],
    }


if __name__ == "__main__":
    main()
