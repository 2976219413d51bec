"""The simulated vendor's HTTP server: a feed a league, with ETag, gzip and bad manners."""

import gzip
import hashlib
import json
import random
import sys
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from matches.rules.simulation.vendor import Misbehaviour

_SILENT_FOR_S = 30.0


class ServedFeed(Protocol):
    """What a vendor knows at a moment: all news since a cursor, or all there is."""

    def document(self, at: datetime, *, after: str = "") -> dict[str, Any]: ...

    def snapshot(self, at: datetime, *, with_ids: bool = True) -> dict[str, Any]: ...


class FakeVendor(ThreadingHTTPServer):
    """Serves `/feeds/<path>.json?after=` (news since a cursor), `?snapshot=1` and `&ids=0`."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(
        self,
        address: tuple[str, int],
        feeds: Mapping[str, ServedFeed],
        *,
        misbehaviour: Misbehaviour,
        seed: str,
    ) -> None:
        super().__init__(address, _Handler)
        self.feeds = feeds
        self.misbehaviour = misbehaviour
        self.dice = random.Random(seed)
        self.silent_until = 0.0
        self.turn = threading.Lock()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that hung up; anything else is worth its traceback."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeVendor
    # Without it the second of two small writes waits for the peer's delayed acknowledgement.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer one request."""
        url = urlsplit(self.path)
        feed = self.server.feeds.get(url.path.removeprefix("/feeds/").removesuffix(".json"))
        if feed is None:
            known = ", ".join(f"/feeds/{path}.json" for path in self.server.feeds)
            self._send(404, {"error": f"no such feed; known are: {known}"})
            return
        if self._is_rude():
            return
        query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        at = datetime.now(tz=UTC)
        try:
            # One at a time: all answers share the feed's memory of what was played.
            with self.server.turn:
                document = self._document(feed, query, at)
        except ValueError as error:
            self._send(400, {"error": str(error)})
            return
        self._send(200, document)

    def _document(self, feed: ServedFeed, query: Mapping[str, str], at: datetime) -> dict[str, Any]:
        if query.get("snapshot"):
            return feed.snapshot(at, with_ids=query.get("ids") != "0")
        return feed.document(at, after=query.get("after", ""))

    def _is_rude(self) -> bool:
        wrong, dice = self.server.misbehaviour, self.server.dice
        if time.monotonic() < self.server.silent_until or dice.random() < wrong.silence:
            if time.monotonic() >= self.server.silent_until:
                self.server.silent_until = time.monotonic() + _SILENT_FOR_S
            self.close_connection = True
            return True
        if dice.random() < wrong.errors:
            self._send(500, {"error": "something went wrong"})
            return True
        if dice.random() < wrong.garbage:
            self._send_bytes(200, b'{"matches": [{"id": ')
            return True
        return False

    def _send(self, status: int, document: Any) -> None:
        self._send_bytes(status, json.dumps(document, separators=(",", ":")).encode())

    def _send_bytes(self, status: int, body: bytes) -> None:
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        if status == 200 and self.headers.get("If-None-Match") == etag:
            self.send_response(304)
            self.send_header("ETag", etag)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        zipped = "gzip" in self.headers.get("Accept-Encoding", "") and len(body) > 1400
        if zipped:
            body = gzip.compress(body, compresslevel=1)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if zipped:
            self.send_header("Content-Encoding", "gzip")
        if status == 200:
            self.send_header("ETag", etag)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Say nothing: a line for each poll would drown everything else."""
