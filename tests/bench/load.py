"""N WebSocket clients in one process, as cheap as Python can: raw sockets, frames counted by size.

    python -m tests.bench.load '{"port": 8000, "sockets": 1000, ...}'

All frames of a run have one size and carry a running number, so a chunk is checked by its first
and last frame; only what does not fit is taken apart. A line on stdin asks for a report.
"""

import contextlib
import json
import mmap
import os
import resource
import select
import socket
import struct
import sys
import time

_KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
_BATCH = 50
_MANY = 1000
_CHUNK = bytearray(1 << 18)
_VIEW = memoryview(_CHUNK)


class Client:
    __slots__ = ("held", "next", "recv_into", "sock")

    def __init__(self, sock):
        self.sock = sock
        self.recv_into = sock.recv_into
        self.held = b""
        self.next = None

    def answer(self, pong):
        with contextlib.suppress(OSError):  # reading tells that the socket is gone
            self.sock.send(pong)


class Load:
    def __init__(self, options):
        self.options = options
        self.clients = {}
        self.poll = select.epoll()
        self.size = self.number_at = self.time_at = None
        self.reset()
        self.closed = 0
        self.total = 0
        with open(options["progress"], "r+b") as file:
            self.progress = mmap.mmap(file.fileno(), 8)

    def reset(self):
        self.frames = self.gaps = self.missed = self.snapshots = 0
        self.latencies = []
        self.is_timed = False

    def connect(self):
        left = self.options["sockets"]
        while left:
            batch = [self._open() for _ in range(min(_BATCH, left))]
            for client in batch:
                self._shake(client)
                self.poll.register(client.sock.fileno(), select.EPOLLIN)
            left -= len(batch)
            # Who came first has to answer pings while the rest come.
            self.serve(0)

    def _open(self):
        sock = socket.socket()
        # Thousands of receivers on one machine would outgrow what the kernel has for all TCP.
        if self.options["sockets"] > _MANY:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        sock.settimeout(60)
        sock.connect(("127.0.0.1", self.options["port"]))
        lines = [
            f"GET {self.options['path']} HTTP/1.1", f"Host: 127.0.0.1:{self.options['port']}",
            "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {_KEY.decode()}", "", "",
        ]  # fmt: skip
        sock.sendall("\r\n".join(lines).encode())
        return Client(sock)

    def _shake(self, client):
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._some(client)
        head, _, client.held = answer.partition(b"\r\n\r\n")
        assert b" 101 " in head.split(b"\r\n")[0], head
        if self.options["hello"]:
            client.sock.sendall(masked(self.options["hello"].encode()))
        mark = self.options["ready"].encode()
        while True:
            texts, client.held = take_apart(client.held)
            if any(mark in text for text in texts):
                break
            client.held += self._some(client)
        client.sock.setblocking(False)
        self.clients[client.sock.fileno()] = client

    @staticmethod
    def _some(client):
        data = client.sock.recv(65_536)
        assert data, "the server closed a socket"
        return data

    def run(self):
        self.poll.register(0, select.EPOLLIN)
        while self.serve(None):
            self.progress[:8] = struct.pack("Q", self.total)

    def serve(self, timeout_s):
        """Read what has arrived; False when there is nobody left to report to."""
        for number, _ in self.poll.poll(timeout_s):
            if number == 0:
                if not self.command():
                    return False
                continue
            client = self.clients[number]
            try:
                size = client.recv_into(_CHUNK)
            except OSError:
                size = 0
            if size:
                self.take(client, size)
            else:
                self.closed += 1
                self.poll.unregister(number)
        return True

    def command(self):
        line = os.read(0, 4096)
        if not line:
            return False
        for word in line.decode().split():
            if word == "report":
                self.report()
            self.reset()
            self.is_timed = word == "timed"
        return True

    def report(self):
        usage = resource.getrusage(resource.RUSAGE_SELF)
        times = sorted(self.latencies)
        report = {
            "frames": self.frames,
            "gaps": self.gaps,
            "missed": self.missed,
            "snapshots": self.snapshots,
            "closed": self.closed,
            "reached": sum(client.next or 0 for client in self.clients.values()),
            "p50_ms": percentile(times, 0.50),
            "p99_ms": percentile(times, 0.99),
            "cpu_s": usage.ru_utime + usage.ru_stime,
        }
        print(json.dumps(report), flush=True)

    def take(self, client, size):
        data = client.held + bytes(_VIEW[:size]) if client.held else bytes(_VIEW[:size])
        if self.size is None:
            self.learn(data)
        if self.size is None:
            self.take_slowly(client, data)
            return
        count, rest = divmod(len(data), self.size)
        if count and self.is_plain(client, data, count):
            client.held = data[-rest:] if rest else b""
            self.frames += count
            self.total += count
            if self.is_timed:
                self.time(data)
            return
        self.take_slowly(client, data)

    def learn(self, data):
        at = data.find(b'"n"')
        if at < 0:
            return
        texts, _ = take_apart(data)
        if not texts or b'"n"' not in texts[-1]:
            return
        frame = framed(texts[-1])
        self.size = len(frame)
        self.number_at = frame.index(b'"', frame.index(b'"n"') + 3) + 1
        self.time_at = frame.index(b'"', frame.index(b'"t"') + 3) + 1

    def is_plain(self, client, data, count):
        at = self.number_at
        try:
            first = int(data[at : at + 8])
            at += (count - 1) * self.size
            last = int(data[at : at + 8])
        except ValueError:
            return False
        if (client.next is not None and first != client.next) or last - first + 1 != count:
            return False
        client.next = last + 1
        return True

    def take_slowly(self, client, data):
        texts, client.held = take_apart(data, client.answer)
        for text in texts:
            if b'"snapshot"' in text[:40]:
                self.snapshots += 1
                client.next = self.after(text)
            at = text.find(b'"n"')
            if at < 0:
                continue
            at = text.index(b'"', at + 3) + 1
            number = int(text[at : at + 8])
            if client.next is not None and number != client.next:
                self.gaps += 1
                self.missed += max(0, number - client.next)
            client.next = number + 1
            self.frames += 1
            self.total += 1

    def after(self, text):
        """Return the number that follows a snapshot."""
        seq = int(text[text.index(b'"seq":') + 6 :].partition(b",")[0])
        return seq - self.options["first_seq"] + 1 if "first_seq" in self.options else None

    def time(self, data):
        now = time.monotonic_ns()
        sent = int(data[self.time_at : self.time_at + 20])
        self.latencies.append((now - sent) / 1e6)


def percentile(values, part):
    return round(values[min(len(values) - 1, int(len(values) * part))], 2) if values else None


def masked(text):
    """Return a client's text frame; a mask of zeros leaves the text as it is."""
    frame = framed(text)
    return frame[:1] + bytes((frame[1] | 0x80,)) + frame[2 : -len(text)] + bytes(4) + text


def framed(text):
    size = len(text)
    if size < 126:
        return bytes((0x81, size)) + text
    return struct.pack("!BBH", 0x81, 126, size) + text


def take_apart(data, answer=None):
    """Return the texts of the complete frames, and the rest; pings are answered."""
    frames, rest = split_frames(data)
    for opcode, payload in frames:
        if opcode == 9 and answer is not None:
            answer(bytes((0x8A, 0x80 | len(payload))) + bytes(4) + payload)
    return [payload for opcode, payload in frames if opcode == 1], rest


def split_frames(data):
    """Return (opcode, payload) of the complete frames, and the rest."""
    frames, at = [], 0
    while len(data) - at >= 2:
        size, start = data[at + 1] & 0x7F, at + 2
        if size == 126:
            if len(data) < at + 4:
                break
            size, start = struct.unpack_from("!H", data, at + 2)[0], at + 4
        elif size == 127:
            if len(data) < at + 10:
                break
            size, start = struct.unpack_from("!Q", data, at + 2)[0], at + 10
        if len(data) < start + size:
            break
        frames.append((data[at] & 0x0F, data[start : start + size]))
        at = start + size
    return frames, data[at:]


def main():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    load = Load(json.loads(sys.argv[1]))
    start = time.monotonic()
    load.connect()
    print(json.dumps({"connected_s": round(time.monotonic() - start, 2)}), flush=True)
    load.run()


if __name__ == "__main__":
    main()
