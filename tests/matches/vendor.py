"""The simulated vendor on loopback, with its own time: a moment that the test sets."""

import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from leagues.packs.loader import load_pack
from matches.management.fake_vendor import FakeVendor
from matches.rules.simulation.vendor import Misbehaviour, VendorFeed
from matches.rules.simulation.world import World, make_world

KICKOFF = datetime(2026, 11, 22, 15, tzinfo=UTC)


def small_world(sport: str = "football", *, seed: str = "s", teams: int = 2) -> World:
    return make_world(
        load_pack(sport),
        source="vendor",
        league="Small League",
        season="2026-27",
        teams=teams,
        rounds=1,
        rounds_played=0,
        seed=seed,
        anchor=KICKOFF,
        kickoff_every=timedelta(0),
    )


class TimedFeed(VendorFeed):
    """Answers for `at`, whatever the wall clock says."""

    at = KICKOFF

    def document(self, at, *, after=""):
        return super().document(self.at, after=after)

    def snapshot(self, at, *, with_ids=True):
        return super().snapshot(self.at, with_ids=with_ids)


@contextmanager
def vendor(world: World | None = None, **chances: float):
    """Serve a small world; yields the server and its feed."""
    wrong = Misbehaviour(**chances)
    feed = TimedFeed(world or small_world(), seed="s", misbehaviour=wrong)
    server = FakeVendor(("127.0.0.1", 0), {"small": feed}, misbehaviour=wrong, seed="s")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server, feed
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def url_of(server: FakeVendor, query: str = "") -> str:
    return f"http://127.0.0.1:{server.server_port}/feeds/small.json{query}"
