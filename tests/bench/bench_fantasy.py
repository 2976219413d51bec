"""A million fantasy squads: a goal until all totals and exact ranks are known, and settlement.

    python -m tests.bench.bench_fantasy [--entries 1000000] [--saves 2000]

Servers of its own. Squads are owned as players really were where ../shared/data/fpl is at hand,
else by a formula; the output says which. A worker process that knows the round from Postgres alone
is measured against two peers, in the same run, over the same line-ups and the same goal of seven
players, its scorer the one most squads have:

- `sql`: one set-based UPDATE of totals in the entries' rows (a copy of their table and its indexes,
  with an indexed total) and ranks by a window function; `narrow_sql` on a table that has nothing
  but totals and no index on them;
- `redis`: ZINCRBY for each entry concerned, pipelined, in a sorted set of all.

`rescore_ms`: news to totals and everybody's rank. `rank_us`: my rank. `settle_s`: the round settled
by the worker that followed it, from its locks to its commit, results of all entries in their real
table with its indexes, behind a round that is settled; `settle_cold_s`: by one that must load the
round first. `peak_mb`: the worker's peak. `saves_per_s`, `save_p99_ms`: line-ups saved over HTTP,
by the server and settings of production, at 100 a second; `saves_at_most_per_s`: as fast as they
are answered.

The last line is one JSON object.
"""

import argparse
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
SAVES_PER_S = 100


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--saves", type=int, default=2_000)
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="veze-bench-")
    os.environ["VEZE_DATA_DIR"] = folder
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    os.environ["SECRET_KEY"] = secrets.token_hex(32)
    try:
        _run(options)
    finally:
        reset = [sys.executable, "-m", "config.embedded", "reset"]
        subprocess.run(reset, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def _run(options):
    from config.bootstrap import start_servers

    start_servers()
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from tests.bench.fantasy_world import build, ownership

    held = ownership()
    print(f"ownership: {held.source}; top player in {held.top_share:.1%} of squads", flush=True)
    started = time.monotonic()
    round_ = build(held, options.entries, np.random.default_rng(11))
    print(f"{options.entries} entries made in {time.monotonic() - started:.0f} s", flush=True)
    goal = _goal(held)
    result = _worker(round_, goal)
    print(f"ours: {json.dumps(result)}", flush=True)
    result |= _sql(round_, goal)
    result["ratio_to_sql"] = round(result["sql_ms"] / result["rescore_ms"])
    result["ratio_to_narrow_sql"] = round(result["narrow_sql_ms"] / result["rescore_ms"])
    result |= _redis(round_, goal)
    result["ratio_to_redis"] = round(result["redis_ms"] / result["rescore_ms"])
    if options.saves:
        from tests.bench.fantasy_saves import measure_saves

        result |= measure_saves(options.saves, SAVES_PER_S)
    print(json.dumps({"ownership": held.source} | result))


def _goal(held):
    """Numbers of the scorer, who helped, and five who conceded: a keeper and four defenders."""
    sizes = [len(held.shares[position]) for position in ("GKP", "DEF", "MID", "FWD")]
    keeper, defender, midfielder, forward = np.cumsum([0, *sizes[:-1]]).tolist()
    return [forward, midfielder, keeper, *range(defender, defender + 4)]


def _worker(round_, goal):
    command = [sys.executable, "-m", "tests.bench.peers.fantasy_worker"]
    arguments = map(str, (round_.pk, *goal))
    done = subprocess.run(
        [*command, *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(done.stdout.splitlines()[-1])


_PICKS = """
    CREATE UNLOGGED TABLE bench_pick AS
    SELECT l.entry_id, (get_byte(l.packed, 2 * s) * 256 + get_byte(l.packed, 2 * s + 1))::smallint
        AS player,
        (CASE WHEN s + 1 = l.captain_slot THEN CASE l.chip WHEN '3xc' THEN 3 ELSE 2 END
            WHEN s < 11 OR l.chip = 'bboost' THEN 1 ELSE 0 END)::smallint AS times
    FROM fantasy_lineup l CROSS JOIN generate_series(0, 14) s
"""
_TOTALS = (
    """CREATE UNLOGGED TABLE bench_total AS
        SELECT entry_id AS id, total FROM fantasy_lineupresult
        WHERE round_id = (SELECT min(round_id) FROM fantasy_lineupresult)""",
    "ALTER TABLE bench_total ADD PRIMARY KEY (id)",
    "CREATE TABLE bench_entry (LIKE fantasy_entry, total int NOT NULL)",
    "INSERT INTO bench_entry "
    "SELECT e.*, t.total FROM fantasy_entry e JOIN bench_total t USING (id)",
    "ALTER TABLE bench_entry ADD PRIMARY KEY (id), ADD UNIQUE (public_id), "
    "ADD UNIQUE (game_id, owner_id), ADD UNIQUE (game_id, number)",
    "CREATE INDEX ON bench_entry (game_id)",
    "CREATE INDEX ON bench_entry (owner_id)",
    "CREATE INDEX ON bench_entry (joined_round_id)",
    "CREATE INDEX ON bench_entry (public_id varchar_pattern_ops)",
    "CREATE INDEX ON bench_entry (game_id, total DESC)",
)
_UPDATE = """
    UPDATE {table} t SET total = t.total + d.points FROM (
        SELECT p.entry_id, sum(p.times * n.points)::int AS points
        FROM bench_pick p JOIN unnest(%s::smallint[], %s::int[]) AS n (player, points)
            ON n.player = p.player
        WHERE p.times > 0 GROUP BY p.entry_id
    ) d WHERE d.entry_id = t.id
"""
_RANKS = "SELECT count(*) FROM (SELECT id, rank() OVER (ORDER BY total DESC) r FROM {table}) x"


def _sql(round_, goal):
    from django.db import connection

    from tests.bench.peers.fantasy_worker import POINTS

    result = {}
    with connection.cursor() as cursor:
        # The peer may take the time it needs.
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(_PICKS)
        cursor.execute("CREATE INDEX ON bench_pick (player)")
        for statement in _TOTALS:
            cursor.execute(statement)
        for table in ("bench_pick", "bench_total", "bench_entry"):
            cursor.execute(f"VACUUM ANALYZE {table}")
        for name, table in (("sql", "bench_entry"), ("narrow_sql", "bench_total")):
            times = []
            for _ in range(2):
                cursor.execute("CHECKPOINT")
                started = time.perf_counter()
                cursor.execute(_UPDATE.format(table=table), [goal, list(POINTS)])
                updated = cursor.rowcount
                cursor.execute(_RANKS.format(table=table))
                times.append((time.perf_counter() - started) * 1e3)
                cursor.execute(f"VACUUM {table}")
            result |= {f"{name}_ms": round(min(times)), "sql_rows": updated}
            print(f"{name}: {[round(t) for t in times]} ms, {updated} rows", flush=True)
        cursor.execute("DROP TABLE bench_pick, bench_total, bench_entry")
    return result


def _redis(round_, goal):
    """A sorted set of all totals; the news as increments, five thousand to a round trip."""
    from fantasy.rules.engine.shape import Form
    from fantasy.services.held_rounds import load_round
    from streams.redis_client import client
    from tests.bench.peers.fantasy_worker import POINTS

    live = load_round(round_)
    before = live.totals.copy()
    points, stays = live.form.points[:-1].copy(), live.form.stays[:-1]
    points[goal] += np.array(POINTS, np.int32)
    live.apply(Form(points=points, stays=stays, enters=live.form.enters[:-1]))
    changes = live.totals - before
    key = "veze:bench:totals"
    at_once = 5_000
    for start in range(0, len(before), at_once):
        part = before[start : start + at_once].tolist()
        client().zadd(key, {str(start + place): total for place, total in enumerate(part)})
    concerned = np.flatnonzero(changes)
    numbers, deltas = concerned.tolist(), changes[concerned].tolist()
    started = time.perf_counter()
    for start in range(0, len(numbers), at_once):
        pipe = client().pipeline(transaction=False)
        for place in range(start, min(start + at_once, len(numbers))):
            pipe.zincrby(key, deltas[place], numbers[place])
        pipe.execute()
    redis_ms = (time.perf_counter() - started) * 1e3
    started = time.perf_counter()
    for number in range(1000):
        client().zrevrank(key, number)
    rank_us = (time.perf_counter() - started) * 1e3
    used_mb = client().memory_usage(key, samples=0) / 1e6
    client().delete(key)
    print(f"redis: {redis_ms:.0f} ms for {len(numbers)} entries", flush=True)
    return {
        "redis_ms": round(redis_ms),
        "redis_rank_us": round(rank_us, 1),
        "redis_mb": round(used_mb),
        "entries_touched": len(numbers),
    }


if __name__ == "__main__":
    main()
