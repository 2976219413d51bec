"""A simulated vendor whose time a test holds: it plays on only as far as it is let."""

import threading
import time
from datetime import UTC, datetime, timedelta

from leagues.packs.loader import load_pack
from matches.management.fake_vendor import FakeVendor
from matches.rules.simulation.vendor import Misbehaviour, VendorFeed
from matches.rules.simulation.world import make_world

LEAGUES = {"premier": "football", "hoops": "basketball"}
TEAMS = 6
BAD_MANNERS = Misbehaviour(
    duplicates=0.05, disorder=0.05, retractions=0.2, errors=0.02, garbage=0.01
)


class Playhead:
    """The vendor's time: runs fast from the kick-off, and waits where it is told to."""

    def __init__(self, kickoff_at: datetime, *, speed: float) -> None:
        self.kickoff_at = kickoff_at
        self._speed = speed
        self._played_s = 0.0
        self._limit_s = 0.0
        self._seen_s = time.monotonic()
        self._turn = threading.Lock()

    def let_play(self, until_s: float) -> None:
        """Let the match time run on until this many seconds after the kick-off."""
        self._advance()
        self._limit_s = until_s

    def now(self) -> datetime:
        return self.kickoff_at + timedelta(seconds=self._advance())

    def _advance(self) -> float:
        with self._turn:
            at_s = time.monotonic()
            passed_s = (at_s - self._seen_s) * self._speed
            self._seen_s = at_s
            self._played_s = min(self._limit_s, self._played_s + passed_s)
            return self._played_s


class _PacedFeed(VendorFeed):
    """Answers for the playhead's time instead of the wall clock's."""

    playhead: Playhead

    def document(self, at, *, after=""):
        return super().document(self.playhead.now(), after=after)


class Vendor:
    """Both leagues' feeds, served over HTTP from a thread of this process."""

    def __init__(self, *, speed: float) -> None:
        self.playhead = Playhead(datetime.now(tz=UTC).replace(microsecond=0), speed=speed)
        self.feeds = {path: self._feed(path, sport) for path, sport in LEAGUES.items()}
        self.server = FakeVendor(
            ("127.0.0.1", 0), self.feeds, misbehaviour=BAD_MANNERS, seed="chaos"
        )
        self._thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.05}
        )
        self._thread.start()

    def _feed(self, path: str, sport: str) -> VendorFeed:
        world = make_world(
            load_pack(sport),
            source=f"chaos-{path}",
            league=path,
            season="2026-27",
            teams=TEAMS,
            rounds=1,
            rounds_played=0,
            seed=f"chaos:{path}",
            anchor=self.playhead.kickoff_at,
            kickoff_every=timedelta(0),
        )
        feed = _PacedFeed(world, seed="chaos", misbehaviour=BAD_MANNERS)
        feed.playhead = self.playhead
        return feed

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/feeds/{path}.json"

    def whole_log(self) -> tuple[int, float]:
        """Return how many revisions there will ever be, and when the last word falls.

        The second is in seconds after the kick-off; what comes late or double is counted in.
        """
        told, last_s = set(), 0.0
        for feed in self.feeds.values():
            cursor, more = "0-0", True
            while more:
                end = self.playhead.kickoff_at + timedelta(days=1)
                document = VendorFeed.document(feed, end, after=cursor)
                told |= {(e["id"], e["rev"]) for m in document["matches"] for e in m["events"]}
                cursor, more = document["cursor"], document["more"]
            last_s = max(last_s, int(cursor.split("-")[0]) / 1000)
        return len(told), last_s - self.playhead.kickoff_at.timestamp() + 1

    def close(self) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()
