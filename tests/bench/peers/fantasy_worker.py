"""A process that knows a round from Postgres alone, as the fantasy worker does, and measures.

    python -m tests.bench.peers.fantasy_worker ROUND_ID NUMBER [NUMBER ...]

The numbers are the players of one goal, its scorer first. Prints one line of JSON.
"""

import json
import resource
import statistics
import sys
import time
from datetime import timedelta
from pathlib import Path

import django
import numpy as np

from config.bootstrap import start_servers

start_servers()
django.setup()

from django.db import connection  # noqa: E402

from config.clock import now  # noqa: E402
from fantasy.enums import RoundState  # noqa: E402
from fantasy.models import Entry, LineupResult, Round  # noqa: E402
from fantasy.rules.engine.ranking import Ladder, Standings  # noqa: E402
from fantasy.rules.engine.shape import Form  # noqa: E402
from fantasy.selectors.live_ranks import rank_card, snapshot_of, top_entries  # noqa: E402
from fantasy.services import live  # noqa: E402
from fantasy.services.held_rounds import load_round  # noqa: E402
from fantasy.services.settlement import settle_round  # noqa: E402
from tests.bench.fantasy_world import end, score  # noqa: E402

EVENTS = 15
# What one goal does: scorer, assist, and five of the side that conceded.
POINTS = (4, 3, -4, -4, -4, -4, -1)


def seconds(run):
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def peak_mb():
    """Of this process alone: `getrusage` knows the peak of the one it was forked from, too."""
    status = Path("/proc/self/status")
    if not status.exists():
        return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    (line,) = (row for row in status.read_text().splitlines() if row.startswith("VmHWM"))
    return round(int(line.split()[1]) / 1024)


def measure_engine(live_round, numbers):
    """Goals one after the other: totals, histogram and everybody's rank."""
    totals_ms, all_ms = [], []
    touched = sum(
        len(live_round.holders.of_player(number, slot))
        for number in numbers
        for slot in range(live_round.shape.slots)
    )
    for _ in range(EVENTS):
        form = live_round.form
        points, enters = form.points[:-1].copy(), form.enters[:-1].copy()
        points[numbers] += np.array(POINTS[: len(numbers)], np.int32)
        enters[numbers] = True
        news = Form(points=points, stays=form.stays[:-1], enters=enters)
        started = time.perf_counter()
        live_round.apply(news)
        totals_ms.append((time.perf_counter() - started) * 1e3)
        Ladder.of(live_round.totals).ranks(live_round.totals)
        all_ms.append((time.perf_counter() - started) * 1e3)
    # The first event is also the first that these players appear in.
    return {
        "touched_slots": touched,
        "rescore_ms": round(statistics.median(all_ms[1:]), 2),
        "rescore_worst_ms": round(max(all_ms[1:]), 2),
        "rescore_first_ms": round(all_ms[0], 2),
        "totals_ms": round(statistics.median(totals_ms[1:]), 2),
    }


def measure_full_time(live_round):
    """A match ends: of its two squads some never appeared, their substitutes come on."""
    form = live_round.form
    stays, enters = form.stays[:-1].copy(), form.enters[:-1].copy()
    rng = np.random.default_rng(5)
    away = rng.choice(live_round.players, 25, replace=False)
    stays[away] = enters[away]
    news = Form(points=form.points[:-1], stays=stays, enters=enters)
    return round(seconds(lambda: live_round.apply(news)) * 1e3, 1)


def measure_reads(live_round, round_):
    lineups = live_round.lineups
    standings = Standings.of(live_round.totals, lineups.country, lineups.countries)
    asked = np.random.default_rng(3).integers(0, lineups.entries, 100_000).tolist()

    def ranks():
        for number in asked:
            standings.rank(number)

    def cards():
        for number in asked[:2000]:
            rank_card(round_.pk, number)

    tops = statistics.median(seconds(lambda: standings.top(100)) for _ in range(11))
    listed = statistics.median(seconds(lambda: top_entries(round_)) for _ in range(11))
    return {
        "rank_us": round(min(seconds(ranks) for _ in range(3)) / len(asked) * 1e6, 2),
        "rank_card_us": round(seconds(cards) / 2000 * 1e6, 1),
        "top_ms": round(tops * 1e3, 2),
        "top_page_ms": round(listed * 1e3, 2),
    }


def measure_publishing(round_, numbers):
    """From rows in Postgres to the snapshot that web processes read."""
    live.refresh_round(round_.pk)
    publish_ms, read_ms = [], []
    for step in range(7):
        score(round_, {number: step * 3 + place for place, number in enumerate(numbers)})
        publish_ms.append(seconds(lambda: live.refresh_round(round_.pk)) * 1e3)
        read_ms.append(seconds(lambda: snapshot_of(round_.pk)) * 1e3)
    return {
        "publish_ms": round(statistics.median(publish_ms[1:]), 1),
        "snapshot_read_ms": round(statistics.median(read_ms[1:]), 1),
    }


def measure_settlement(round_, *, is_held):
    """The round settled by the service, from its locks to its commit."""
    LineupResult.objects.filter(round=round_).delete()
    end(round_)
    if is_held:
        # What the sweep does every ten seconds.
        live.refresh_round(round_.pk)
    else:
        live.forget_rounds()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM fantasy_lineupresult")
        cursor.execute("CHECKPOINT")
    at = now() + timedelta(days=7)
    took_s = seconds(lambda: settle_round(round_.pk, at=at))
    round_.refresh_from_db()
    if round_.state != RoundState.SETTLED or settle_round(round_.pk, at=at):
        raise SystemExit("the round was not settled, or twice")
    return round(took_s, 2)


def main():
    round_id, *numbers = map(int, sys.argv[1:])
    round_ = Round.objects.select_related("game").get(pk=round_id)
    started_mb = peak_mb()
    started = time.perf_counter()
    live_round = load_round(round_)
    found = {"load_s": round(time.perf_counter() - started, 2), "started_mb": started_mb}
    found |= measure_engine(live_round, numbers)
    found["full_time_ms"] = measure_full_time(live_round)
    del live_round
    found |= measure_publishing(round_, numbers)
    found |= measure_reads(live._held[round_.pk].live, round_)
    found["live_peak_mb"] = peak_mb()
    found["settle_s"] = measure_settlement(round_, is_held=True)
    found["settle_cold_s"] = measure_settlement(round_, is_held=False)
    found["peak_mb"] = peak_mb()
    found["results"] = LineupResult.objects.filter(round=round_).count()
    found["entries"] = Entry.objects.filter(game=round_.game_id).count()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
