"""A vendor over HTTP that tells invented events of many live matches from a log."""

import json
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

_MOST_TOLD = 5000


class Vendor(ThreadingHTTPServer):
    """Tells events of all matches from a log that a pacer fills."""

    daemon_threads = True

    def __init__(self, *, matches):
        super().__init__(("127.0.0.1", 0), _Answer)
        self.matches = matches
        self.log = []
        self.is_open = threading.Event()
        self.is_open.set()
        self.started_at = datetime.now(tz=UTC).replace(microsecond=0)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/feed.json"

    def names(self):
        teams = [{"id": f"t{i}", "name": f"Bench {i}"} for i in range(2 * self.matches)]
        players = [
            {"id": f"t{i}-{p}", "name": f"Player {i} {p}", "team": f"t{i}", "shirt": str(p)}
            for i in range(2 * self.matches)
            for p in range(1, 11)
        ]
        return {"teams": teams, "players": players}

    def match(self, number, events):
        return {
            "id": f"m{number}",
            "home": f"t{2 * number}",
            "away": f"t{2 * number + 1}",
            "kickoff_at": self.started_at.isoformat(),
            "events": events,
        }

    def add(self, count):
        """Put events into the log; from now on an answer may hold them."""
        at = time.time()
        for _ in range(count):
            self.log.append(self.event(len(self.log) + 1, at))

    def event(self, place, at):
        number = place % self.matches
        side = 2 * number + (place // self.matches) % 2
        return {
            "match": number,
            "id": f"e{place}",
            "type": "score.home" if side % 2 == 0 else "score.away",
            "clock_ms": place,
            "order": place,
            "team": f"t{side}",
            "player": f"t{side}-{1 + place % 10}",
            "payload": {"sent": at},
        }

    def beginning(self):
        """Return the first answer: who plays, and that all matches are on."""
        start = [
            {"type": "period_start", "id": f"start{n}", "order": 0} for n in range(self.matches)
        ]
        told = [self.match(number, [start[number]]) for number in range(self.matches)]
        return {**self.names(), "matches": told, "cursor": "0"}

    def news(self, after):
        """Return what the log has after a place, as much as one answer holds."""
        told = self.log[after : after + _MOST_TOLD] if self.is_open.is_set() else []
        by_match = {}
        for event in told:
            by_match.setdefault(event["match"], []).append(
                {key: value for key, value in event.items() if key != "match"}
            )
        return {
            "matches": [self.match(number, events) for number, events in by_match.items()],
            "cursor": str(after + len(told)),
            "more": after + len(told) < len(self.log) and bool(told),
        }


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        query = parse_qs(urlsplit(self.path).query)
        after = int(query.get("after", ["-1"])[0])
        document = {"source": "bench", "sport": "generic", "league": "Bench", "season": "1"}
        document |= self.server.beginning() if after < 0 else self.server.news(after)
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):  # noqa: A002 - the library's name
        pass


def pace(vendor, rate, seconds):
    """Add events at a steady rate, a handful at a time."""
    step_s = 0.01 if rate > 100 else 1 / rate
    started, added = time.monotonic(), 0
    while (passed := time.monotonic() - started) < seconds:
        due = int(passed * rate) + 1
        vendor.add(due - added)
        added = due
        time.sleep(step_s)
    return added
