"""Clients that do what no client should: bare connections, and crowds of them in threads."""

import contextlib
import select
import socket
import struct
import threading
import time

from tests.bench.load import split_frames

HANDSHAKE = (
    b"GET /ws/live HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
TEXT, PING, PONG, CLOSE, MORE = 1, 9, 10, 8, 0


def frame(opcode, payload=b"", *, is_last=True, is_masked=True):
    """A frame as a client sends it; a mask of zeros leaves the payload as it is."""
    size = len(payload)
    bit = 0x80 if is_masked else 0
    length = bytes((bit | size,)) if size < 126 else struct.pack("!BH", bit | 126, size)
    mask = bytes(4) if is_masked else b""
    return bytes((opcode | (0x80 if is_last else 0),)) + length + mask + payload


class Wire:
    """A connection whose every byte the test chooses."""

    def __init__(self, server, opening=b"", *, buffer_bytes=None):
        self.sock = socket.socket()
        if buffer_bytes:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        self.sock.settimeout(15)
        self.sock.connect(("127.0.0.1", server.port))
        self.received = b""
        self.sock.sendall(opening)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        """Send, unless the other end has gone."""
        with contextlib.suppress(OSError):
            self.sock.sendall(data)

    def read_until(self, mark):
        while mark not in self.received:
            piece = self.sock.recv(65_536)
            assert piece, f"closed after {self.received[-200:]!r}"
            self.received += piece
        return self.received

    def is_over(self):
        """Whether the other end has closed; reads what is there and waits for nothing."""
        try:
            while select.select([self.sock], [], [], 0)[0]:
                piece = self.sock.recv(65_536)
                if not piece:
                    return True
                self.received += piece
        except OSError:
            return True
        return False

    def frames(self):
        """The frames that have come since the handshake: opcode and payload."""
        return split_frames(self.received.partition(b"\r\n\r\n")[2])[0]

    def close_code(self):
        """The code of the good-bye; None where there was none."""
        codes = [payload for opcode, payload in self.frames() if opcode == CLOSE]
        return struct.unpack("!H", codes[0][:2])[0] if codes else None


def opened(server, *topics, buffer_bytes=None):
    """A socket after its hello, subscribed to the topics."""
    wire = Wire(server, HANDSHAKE, buffer_bytes=buffer_bytes)
    wire.read_until(b'"hello"')
    if topics:
        names = ",".join(f'"{topic}"' for topic in topics)
        wire.send(frame(TEXT, f'{{"type":"subscribe","topics":[{names}]}}'.encode()))
        wire.read_until(b'"snapshot"')
    return wire


def stream(server, topic, *, buffer_bytes=None):
    """A reader of an event stream after its snapshot."""
    asked = f"GET /api/v1/stream?topics={topic} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n"
    wire = Wire(server, asked.encode(), buffer_bytes=buffer_bytes)
    wire.read_until(b"snapshot")
    return wire


@contextlib.contextmanager
def crowd(open_one, act, count, *, every_s=0.05):
    """Open so many connections and have a thread act on each again and again until the end."""
    wires, is_over = [open_one() for _ in range(count)], threading.Event()

    def work():
        while not is_over.is_set():
            for wire in wires:
                act(wire)
            time.sleep(every_s)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield wires
    finally:
        is_over.set()
        thread.join()
        for wire in wires:
            wire.sock.close()
