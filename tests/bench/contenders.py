"""Who is compared in the fan-out benchmark: how each is started and published to."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from channels.layers import get_channel_layer
from django.conf import settings

from streams.live.frames import Envelope, Frame
from streams.live.publish import publish
from streams.live.store import keys_of
from streams.live.topics import register_snapshots
from streams.redis_client import client

TEXT_BYTES = 600
FIRST_SEQ = 100_000_001
EPOCH = "1"
HERE = Path(__file__).resolve().parent
PEERS = HERE / "peers"
CHANNEL = "veze-bench"

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
    """Node `ws`, or what there is where it cannot be had."""
    modules = node_modules()
    if modules is None:
        return broadcast(port)
    chosen = {"port": port, "channel": CHANNEL, "modules": str(modules), "redis": redis_address()}
    return Contender(
        name="node ws",
        command=["node", str(PEERS / "ws_peer.mjs")],
        publisher=PlainPublisher,
        environment={"VEZE_BENCH_PEER": json.dumps(chosen)},
    )


def broadcast(port):
    return Contender(
        name="websockets.broadcast",
        command=python("tests.bench.peers.broadcast_peer"),
        publisher=PlainPublisher,
        environment={
            "VEZE_BENCH_PEER": json.dumps({"port": port, "channel": CHANNEL}),
            "VEZE_BENCH_REDIS": settings.REDIS_URL,
        },
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
            probe.settimeout(1.0)
            # Ours listens before it is loaded; each says something to a plain request.
            with suppress(OSError):
                probe.connect(("127.0.0.1", port))
                probe.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                if probe.recv(1):
                    return
        time.sleep(0.1)
    log.seek(0)
    raise SystemExit(f"the server did not start: {log.read().decode()[-2000:]}")
