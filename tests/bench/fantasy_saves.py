"""Line-ups saved at a steady rate: each checked by the rules, written, and receipted."""

import itertools
import json
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

from django.db import connection

from config.clock import now
from fantasy.models import Entry, Game, GamePlayer, Holding, Round

ROOT = Path(__file__).resolve().parents[2]
ENTRIES = 2_000
PROCESSES = 2
SLOTS = {"GKP": (1, 12), "DEF": (2, 3, 4, 5, 13), "MID": (6, 7, 8, 9, 14), "FWD": (10, 11, 15)}


def measure_saves(saves, rate):
    """Let web processes save together; a save's time runs from when it was due."""
    entries, players = _squads_of_the_next_round()
    share, own = len(entries) // PROCESSES, saves // PROCESSES
    savers = []
    for place in range(PROCESSES):
        mine = entries[place * share : (place + 1) * share]
        numbers = (mine[0].pk, mine[-1].pk, own, rate / PROCESSES, *(p.pk for p in players))
        command = [sys.executable, "-m", "tests.bench.peers.fantasy_saver", *map(str, numbers)]
        savers.append(
            subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        )
    for saver in savers:
        if saver.stdout.readline().strip() != "ready":
            raise SystemExit("a process that saves did not start")
    started = time.perf_counter()
    for saver in savers:
        saver.stdin.write("go\n")
        saver.stdin.flush()
    took = sorted(itertools.chain.from_iterable(json.loads(s.stdout.readline()) for s in savers))
    elapsed_s = time.perf_counter() - started
    for saver in savers:
        saver.wait(30)
    return {
        "saves_per_s": round(len(took) / elapsed_s, 1),
        "save_p50_ms": round(took[len(took) // 2] * 1e3, 1),
        "save_p99_ms": round(took[int(len(took) * 0.99)] * 1e3, 1),
    }


def _squads_of_the_next_round():
    """Entries of a second game that all hold the same squad, in slot order."""
    first = Game.objects.get(slug="bench")
    starts_at = now() + timedelta(days=2)
    game = Game.objects.create(
        slug="bench-saves",
        name="Bench of saves",
        season=first.season,
        rules=first.rules,
        state="published",
        published_at=now(),
    )
    round_ = Round.objects.create(
        game=game, number=1, name="Round 1", starts_at=starts_at, deadline_at=starts_at
    )
    players = _players(first, game)
    entries = Entry.objects.bulk_create(
        Entry(game=game, name=f"Saver {number}", number=number, joined_round=round_)
        for number in range(ENTRIES)
    )
    Holding.objects.bulk_create(
        (
            Holding(
                entry=entry,
                game_player=player,
                bought_price=50,
                slot=slot,
                is_captain=slot == 2,
                is_vice=slot == 3,
            )
            for entry in entries
            for slot, player in enumerate(players, start=1)
        ),
        batch_size=5_000,
    )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE fantasy_holding")
    return entries, players


def _players(first, game):
    """Copies of 15 players of the first game, each of another club, in slot order."""
    found = {}
    clubs = itertools.count()
    teams = list(dict.fromkeys(first.players.values_list("team", flat=True)))
    for position, slots in SLOTS.items():
        for slot, player in zip(slots, first.players.filter(position=position), strict=False):
            found[slot] = GamePlayer(
                game=game,
                player=player.player,
                team_id=teams[next(clubs) % len(teams)],
                position=position,
                number=slot - 1,
                price=50,
                start_price=50,
            )
    return GamePlayer.objects.bulk_create([found[slot] for slot in sorted(found)])
