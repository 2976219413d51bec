"""The three doors from the client's side, as cheap as asyncio can: socket, event stream, poll.

Each connects, says what it has, feeds its mirrors and tells its keeper when it was cut off. A
door never reconnects by itself: that is a client's business (tests/chaos/fleet.py).
"""

import asyncio
import json
from functools import lru_cache
from urllib.parse import quote

import orjson

from tests.bench.load import masked, split_frames

_KEY = "dGhlIHNhbXBsZSBub25jZQ=="
_TEXT, _CLOSE, _PING = 1, 8, 9
_PONG = masked(b'{"type":"pong"}')
_WAIT_S = 20
# A thousand clients are told the same: it is read once.
parsed = lru_cache(maxsize=8192)(orjson.loads)


def request_of(port, path, **headers):
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def status_of(head):
    return head.split(b" ", 2)[1].decode()


class Door(asyncio.Protocol):
    """A connection that ends once: `client.lost(why)` is called then, and never again."""

    def __init__(self, client, port):
        self.client = client
        self.port = port
        self.transport = None
        self.held = b""
        self.is_open = False
        self.why = "cut"

    def connection_made(self, transport):
        self.transport = transport
        transport.write(self.hello())

    def connection_lost(self, _):
        self.client.lost(self, self.why)

    def data_received(self, data):
        self.held += data
        if not self.is_open and not self._opens():
            return
        self.read()

    def _opens(self):
        head, found, rest = self.held.partition(b"\r\n\r\n")
        if not found:
            return False
        status = status_of(head)
        if status != self.good_status:
            self.leave(f"status {status}")
            return False
        self.held, self.is_open = rest, True
        self.client.opened(self)
        return True

    def leave(self, why):
        self.why = why
        self.transport.abort()

    def take(self, message):
        """Hand a message of a topic to its mirror; ask again where it does not lead on."""
        mirror = self.client.mirrors[message["topic"]]
        applied = mirror.take(message)
        if applied is None:
            self.ask_again(mirror)
        elif applied:
            self.client.note_age(applied[-1])


class SocketDoor(Door):
    """`/ws/live`."""

    good_status = "101"

    def hello(self):
        return request_of(
            self.port,
            "/ws/live",
            Upgrade="websocket",
            Connection="Upgrade",
            Sec_WebSocket_Version="13",
            Sec_WebSocket_Key=_KEY,
        )

    def read(self):
        frames, self.held = split_frames(self.held)
        for opcode, payload in frames:
            if opcode == _TEXT:
                self._read_text(payload)
            elif opcode == _CLOSE:
                self.leave(f"close {int.from_bytes(payload[:2])}")
                return
            elif opcode == _PING:
                self.transport.write(bytes((0x8A, 0x80 | len(payload))) + bytes(4) + payload)

    def _read_text(self, text):
        message = parsed(text)
        kind = message["type"]
        if kind == "hello":
            self.ask(self.client.mirrors.values())
        elif kind == "ping":
            self.transport.write(_PONG)
            mirrors = self.client.mirrors
            behind = [
                mirrors[t] for t, head in message["heads"].items() if mirrors[t].is_behind(head)
            ]
            self.ask([mirror for mirror in behind if not mirror.is_asked])
        elif kind == "error":
            self.client.books[f"error {message['code']}"] += 1
        else:
            self.take(message)

    def ask(self, mirrors):
        topics = [mirror.topic for mirror in mirrors]
        if not topics:
            return
        resume = {mirror.topic: mirror.resume for mirror in mirrors if mirror.resume}
        for mirror in mirrors:
            mirror.is_asked = True
        self.client.books["resumes"] += len(resume)
        message = {"type": "subscribe", "topics": topics, "resume": resume}
        self.transport.write(masked(json.dumps(message).encode()))

    def ask_again(self, mirror):
        if not mirror.is_asked:
            self.ask([mirror])


class StreamDoor(Door):
    """`GET /api/v1/stream`."""

    good_status = "200"

    def __init__(self, client, port):
        super().__init__(client, port)
        self.events = b""

    def hello(self):
        for mirror in self.client.mirrors.values():
            mirror.is_asked = False
        told = {"Last_Event_ID": self.client.last_id} if self.client.last_id else {}
        self.client.books["resumes"] += len(told)
        topics = quote(",".join(self.client.mirrors), safe=",:")
        return request_of(self.port, f"/api/v1/stream?topics={topics}", **told)

    def read(self):
        while not self.transport.is_closing():
            size_text, found, rest = self.held.partition(b"\r\n")
            if not found or len(rest) < (size := int(size_text, 16)) + 2:
                return
            if size == 0:
                self.leave("end")
                return
            self.events += rest[:size]
            self.held = rest[size + 2 :]
            self._read_events()

    def _read_events(self):
        *events, self.events = self.events.split(b"\n\n")
        for event in events:
            if self.transport.is_closing():
                return
            fields = dict(line.partition(b": ")[::2] for line in event.split(b"\n"))
            if data := fields.get(b"data"):
                self._read_data(parsed(data))
            if event_id := fields.get(b"id"):
                self.client.last_id = event_id.decode()

    def _read_data(self, message):
        if message["type"] == "error":
            self.client.books[f"error {message['code']}"] += 1
        else:
            self.take(message)

    def ask_again(self, mirror):
        self.leave("gap")


class PollDoor(Door):
    """`GET /api/v1/matches/{id}/events?wait=`, and the boxscore to begin with, on one connection.

    The client has one topic, a match.
    """

    good_status = "200"

    def __init__(self, client, port):
        super().__init__(client, port)
        (self.mirror,) = client.mirrors.values()
        self.base = f"/api/v1/matches/{self.mirror.topic.removeprefix('match:')}"

    def hello(self):
        if self.mirror.state is None:
            return request_of(self.port, f"{self.base}/boxscore")
        epoch = f"&epoch={self.mirror.epoch}" if self.mirror.epoch else ""
        self.client.books["resumes"] += not self.is_open
        path = f"{self.base}/events?after={self.mirror.seq}&wait={_WAIT_S}&limit=200{epoch}"
        return request_of(self.port, path)

    def _opens(self):
        """Every answer has a head of its own."""
        return True

    def read(self):
        head, found, rest = self.held.partition(b"\r\n\r\n")
        if not found:
            return
        fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:])
        size = int(fields[b"content-length"])
        if len(rest) < size:
            return
        self.held = rest[size:]
        status = status_of(head)
        if status == "410":
            self.mirror.state, self.mirror.epoch = None, ""
        if status != self.good_status:
            self.leave(f"status {status}")
            return
        if not self.is_open:
            self.is_open = True
            self.client.opened(self)
        self._read_answer(parsed(rest[:size]), fields.get(b"log-epoch", b"").decode())
        self.transport.write(self.hello())

    def _read_answer(self, document, epoch):
        if "results" not in document:
            self.mirror.books["snapshots"] += 1
            state = {key: part for key, part in document.items() if key != "data_age_ms"}
            self.mirror.adopt("", state["folded_seq"], state)
            return
        frames = [
            {"epoch": epoch, "seq": event["seq"], "data": {"event": event}}
            for event in document["results"]
        ]
        self.mirror.epoch = epoch
        for frame in frames:
            self.take({"type": "event", "topic": self.mirror.topic, **frame})

    def ask_again(self, mirror):
        self.leave("gap")
