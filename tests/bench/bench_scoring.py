"""How long from a goal in the log to everybody's new total and rank, through the whole pipeline.

    python -m tests.bench.bench_scoring [--entries 100000] [--goals 100]

Servers of its own, worker and beat as an operator runs them. A goal is told, and the clock stops
when the standings are published in which its scorer's holders have their points: outbox, relay,
fold, scoring, the totals of all entries and their exact ranks lie between. Goals come `alone`, so
far apart that the groups may have fallen asleep, and in a `burst`, each as soon as the one before
is told. Beside it, in the same run, the naive way: totals and ranks of all entries by one
set-based statement, without any of what comes before (`sql_ms`).

The last line is one JSON object.
"""

import argparse
import json
import os
import random
import secrets
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GOAL_MS = 500
PATIENCE_S = 60
_PRODUCT = """
import ctypes, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGTERM)
from config import supervisor
from config.bootstrap import start_servers
from config.management.commands import up
sys.exit(supervisor.run([up.worker(count=2), up.beat()], every_second=start_servers))
"""
_NAIVE = """
    WITH brought AS (
        SELECT p.number, sum(s.points) AS points FROM fantasy_playerscore s
        JOIN fantasy_gameplayer p ON p.id = s.game_player_id
        WHERE s.round_id = %(round)s GROUP BY p.number
    ), totals AS (
        SELECT l.entry_id, sum(b.points * CASE WHEN s + 1 = l.captain_slot THEN 2 ELSE 1 END)
            - l.hit AS total
        FROM fantasy_lineup l CROSS JOIN generate_series(0, 10) s
        JOIN brought b ON b.number = get_byte(l.packed, 2 * s) * 256 + get_byte(l.packed, 2 * s + 1)
        WHERE l.round_id = %(round)s GROUP BY l.entry_id, l.hit
    )
    SELECT count(*) FROM (SELECT entry_id, rank() OVER (ORDER BY total DESC) FROM totals) ranked
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--goals", type=int, default=100)
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="veze-bench-")
    os.environ["VEZE_DATA_DIR"] = folder
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    os.environ["SECRET_KEY"] = secrets.token_hex(32)
    try:
        _run(options, Path(folder))
    finally:
        reset = [sys.executable, "-m", "config.embedded", "reset"]
        subprocess.run(reset, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def _run(options, folder):
    from config.bootstrap import start_servers

    start_servers()
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    scoreboard = Scoreboard(options.entries)
    print(f"{options.entries} entries made", flush=True)
    with (folder / "product.log").open("wb") as log:
        product = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", _PRODUCT],
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        # The first goal finds a worker that has yet to load the round.
        first_ms = scoreboard.goal()
        dice = random.Random("goals")
        alone = []
        for _ in range(options.goals):
            time.sleep(dice.uniform(0.0, 4.0))
            alone.append(scoreboard.goal())
        burst = [scoreboard.goal() for _ in range(options.goals)]
    finally:
        product.send_signal(signal.SIGTERM)
        product.wait(60)
    sql_ms = scoreboard.naive_ms()
    result = {
        "entries": options.entries,
        "holders": scoreboard.holders,
        "goal_ms": GOAL_MS,
        "first_ms": round(first_ms),
        "alone": _figures(alone),
        "burst": _figures(burst),
        "sql_ms": round(sql_ms),
    }
    result["ratio_to_sql"] = round(sql_ms / result["alone"]["p50_ms"], 1)
    print(json.dumps(result))


def _figures(times_ms):
    twentieths = statistics.quantiles(times_ms, n=20)
    return {
        "goals": len(times_ms),
        "p50_ms": round(statistics.median(times_ms)),
        "p95_ms": round(twentieths[-1]),
        "max_ms": round(max(times_ms)),
    }


class Scoreboard:
    """A match of a round, a player of it whom many hold, and one entry that holds him."""

    def __init__(self, entries):
        from fantasy.models import Lineup
        from fantasy.rules.settling import unpacked
        from stats.models import StatLine
        from tests.fantasy.played import enter, game_on, play_season, score_all

        season = play_season("football", rounds=1)[0].season
        game = game_on(season, "fpl-2026-27")
        enter(game, entries)
        score_all(game)
        self.round = game.rounds.get()
        self.row = game.players.filter(position="FWD").order_by("number").first()
        line = StatLine.objects.filter(player=self.row.player).select_related("match").get()
        self.match = line.match
        self.kickoff_told = 0
        fielded = {
            lineup.entry.number: unpacked(bytes(lineup.packed))[:11]
            for lineup in Lineup.objects.filter(round=self.round).select_related("entry")
        }
        holders = [n for n, numbers in fielded.items() if self.row.number in numbers]
        self.holders, self.holder = len(holders), holders[0]

    def goal(self):
        """Tell a goal; return the milliseconds until the holder's total has its points."""
        from matches.rules.corrections import Said
        from matches.services.corrections import By, add_event

        before = self._told()
        self.kickoff_told += 1
        said = Said(
            type="goal",
            period="1H",
            clock_ms=60_000 + 1_000 * self.kickoff_told,
            team=self.row.team_id,
            player=self.row.player_id,
            related_player=None,
            payload={},
        )
        started = time.perf_counter()
        add_event(self.match.pk, said, by=By(reason="A goal of the benchmark."))
        while self._told() == before:
            if time.perf_counter() - started > PATIENCE_S:
                raise SystemExit(f"no new total within {PATIENCE_S} s")
            time.sleep(0.002)
        return (time.perf_counter() - started) * 1e3

    def _told(self):
        from fantasy.selectors.live_ranks import snapshot_of

        found = snapshot_of(self.round.pk)
        return None if found is None else int(found.standings.totals[self.holder])

    def naive_ms(self):
        from django.db import connection

        times = []
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
            cursor.execute("VACUUM ANALYZE fantasy_lineup")
            for _ in range(3):
                started = time.perf_counter()
                cursor.execute(_NAIVE, {"round": self.round.pk})
                times.append((time.perf_counter() - started) * 1e3)
        return min(times)


if __name__ == "__main__":
    main()
