"""The main job under a nemesis: whatever is killed, every boxscore comes out as if nothing was."""

import json
import os
import random
import time

import pytest

from tests.chaos.product import Product, until
from tests.chaos.vendor import LEAGUES, TEAMS, Vendor

pytestmark = pytest.mark.slow

# Another order of blows for whoever wants one.
SEED = os.environ.get("VEZE_CHAOS_SEED", "nemesis")
MATCHES = len(LEAGUES) * TEAMS // 2
# Seconds of match in a second of the test.
SPEED = 600.0
_TOLD = "SELECT coalesce(sum(head_seq), 0) FROM matches_match"
_BEHIND = (
    "SELECT count(*) FROM matches_match m LEFT JOIN stats_boxscore b ON b.match_id = m.id "
    "WHERE m.status <> 'finished' OR m.folded_seq < m.head_seq OR b.folded_seq < m.head_seq"
)
_STUCK = {
    "dead letters": "SELECT count(*) FROM streams_deadletter",
    "outbox rows without a position": (
        "SELECT count(*) FROM streams_outboxevent WHERE position IS NULL"
    ),
    "matches behind": _BEHIND,
    "feeds that fail": "SELECT count(*) FROM matches_feed WHERE failures > 1",
}
_HOLES = (
    "SELECT count(*) FROM (SELECT position - lag(position, 1, 0::bigint) OVER (ORDER BY position) "
    "AS step FROM streams_outboxevent) steps WHERE step <> 1"
)
_TABLE = (
    "SELECT l.slug, r.kind, r.rank, t.name, r.values::text, r.form FROM stats_tablerow r "
    "JOIN leagues_team t ON t.id = r.team_id JOIN leagues_season s ON s.id = r.season_id "
    "JOIN leagues_league l ON l.id = s.league_id ORDER BY 1, 2, 3, 4"
)
_LINES = (
    "SELECT e.source, x.value, e.value, s.values::text FROM stats_statline s "
    "JOIN leagues_externalid e ON e.kind = 'player' AND e.object_id = s.player_id "
    "JOIN leagues_externalid x ON x.kind = 'match' AND x.object_id = s.match_id ORDER BY 1, 2, 3"
)


@pytest.fixture
def product(tmp_path_factory):
    made = Product(tmp_path_factory.mktemp("product"), LEAGUES)
    yield made
    made.close()


def test_killing_everything_leaves_the_same_boxscores(product, capsys):
    calm, calm_s = play(product, disturbances=[])
    wild, wild_s = play(product, disturbances=nemesis(random.Random(SEED)))

    assert len(calm["boxscores"]) == MATCHES
    assert wild == calm
    with capsys.disabled():
        print(
            f"\nchaos: {MATCHES} matches, {calm['revisions']} revisions; undisturbed "
            f"{calm_s:.1f} s; with {', '.join(NEMESES)}: {wild_s:.1f} s, "
            f"{len(wild['boxscores'])} boxscores byte-equal, nothing stuck"
        )


NEMESES = ("10 kills of the worker", "Redis flushed and killed", "Postgres killed")


def nemesis(dice):
    """Ten kills of the worker, three of them of its main process, and one of each server."""

    def flush_and_kill_redis(product):
        product.redis.flushall()
        product.kill_server("valkey")

    deeds = [lambda product: product.kill_worker()] * 3
    deeds += [lambda product: product.kill_pool_child(dice)] * 7
    deeds += [flush_and_kill_redis, lambda product: product.kill_server("postgres")]
    dice.shuffle(deeds)
    return deeds


def play(product, *, disturbances):
    """Play all matches to the end, disturbed while news come in; return what was made of them."""
    vendor = Vendor(speed=SPEED)
    started = time.monotonic()
    try:
        product.make_fresh(vendor)
        product.start()
        revisions, length_s = vendor.whole_log()
        told = 0
        for number, disturb in enumerate(disturbances, start=1):
            vendor.playhead.let_play(length_s * number / (len(disturbances) + 1))
            # Grown since the last blow: it has been overcome, and work is under way right now.
            told = until(
                lambda before=told: grown(product, before), f"news after blow {number - 1}"
            )
            disturb(product)
        vendor.playhead.let_play(length_s)
        until(lambda: product.count(_TOLD) == revisions, "the whole log")
        until(lambda: is_settled(product), "an end of all work")
        return outcome(product, revisions), time.monotonic() - started
    except AssertionError as error:
        stuck = {what: product.count(query) for what, query in _STUCK.items()}
        error.add_note(f"{stuck}\n{product.waiting()}\n{product.last_words()}")
        raise
    finally:
        product.stop()
        vendor.close()


def grown(product, before):
    told = product.count(_TOLD)
    return told if told is not None and told > before else None


def is_settled(product):
    waiting = product.waiting()
    return (
        waiting is not None
        and not any(waiting.values())
        and all(product.count(query) == 0 for query in _STUCK.values())
    )


def outcome(product, revisions):
    documents = product.ask("SELECT document FROM stats_boxscore")
    boxscores = [nameless(json.loads(bytes(document))) for (document,) in documents]
    return {
        "revisions": revisions,
        "boxscores": sorted(
            (json.dumps(b, sort_keys=True) for b in boxscores),
        ),
        "tables": product.ask(_TABLE),
        "lines": product.ask(_LINES),
        "holes in the order": product.count(_HOLES),
    }


def nameless(value):
    """Return the document without our own ids and the hour; the vendor's ids stay."""
    if isinstance(value, list):
        return [nameless(part) for part in value]
    if isinstance(value, dict):
        return {
            key: nameless(part)
            for key, part in value.items()
            if key != "kickoff_at" and not (key == "id" and str(part).startswith("vz_"))
        }
    return value
