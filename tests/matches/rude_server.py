"""A vendor that answers what a test scripts, byte by byte if need be."""

import socket
import threading
from contextlib import contextmanager, suppress


class RudeServer:
    """Answers each connection by the script: a function of the request's text and the socket."""

    def __init__(self, script):
        self.script = script
        self.requests = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}/feed.json"

    def _serve(self):
        while True:
            peer, _ = self._socket.accept()
            with peer:
                if self._closing.is_set():
                    return
                text = peer.recv(65_536).decode()
                self.requests.append(text)
                # The client may have had enough before the end.
                with suppress(OSError):
                    self.script(peer, self._closing)

    def close(self):
        self._closing.set()
        socket.create_connection(self._socket.getsockname()).close()
        self._thread.join()
        self._socket.close()


@contextmanager
def serving(script):
    server = RudeServer(script)
    try:
        yield server
    finally:
        server.close()


def answer(body=b"", *, status="200 OK", **headers):
    """A script that sends one whole answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    fields = {"Content-Length": len(body), "Connection": "close", **named}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())

    def script(peer, _):
        peer.sendall(f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body)

    return script


def dripping(first, *, every_s=0.02):
    """A script that sends the start of an answer and then a byte now and then, without end."""

    def script(peer, closing):
        peer.sendall(first)
        while not closing.wait(every_s):
            peer.sendall(b" ")

    return script


def silent(peer, closing):
    """A script that never answers."""
    closing.wait()
