"""A web process that saves line-ups at a steady rate, whether or not earlier ones are done.

    python -m tests.bench.peers.fantasy_saver FIRST LAST SAVES RATE PLAYER [PLAYER ...]

Entries FIRST to LAST hold the players, in slot order. Prints "ready", waits for a line, and prints
how many seconds each save took from the moment it was due, as JSON.
"""

import itertools
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import django

from config.bootstrap import start_servers

start_servers()
django.setup()

from fantasy.services.lineups import LineupChoice, save_lineup  # noqa: E402

THREADS = 4
WARM_UP = 20


def choices(first, last, order):
    """Captain and vice-captain change places for ever, and so do four others."""
    other = [*order[:3], order[4], order[3], *order[5:7], order[8], order[7], *order[9:]]
    lineups = [
        LineupChoice(players=other, captain=order[2], vice=order[1]),
        LineupChoice(players=order, captain=order[1], vice=order[2]),
    ]
    return (
        (entry, lineup) for lineup in itertools.cycle(lineups) for entry in range(first, last + 1)
    )


def timed(due, choice):
    save_lineup(*choice)
    return time.perf_counter() - due


def main():
    first, last, saves = map(int, sys.argv[1:4])
    rate = float(sys.argv[4])
    todo = choices(first, last, [int(player) for player in sys.argv[5:]])
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda choice: save_lineup(*choice), itertools.islice(todo, WARM_UP)))
        print("ready", flush=True)
        sys.stdin.readline()
        started = time.perf_counter()
        jobs = []
        for place, choice in enumerate(itertools.islice(todo, saves)):
            due = started + place / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            jobs.append(pool.submit(timed, due, choice))
        print(json.dumps([job.result() for job in jobs]))


if __name__ == "__main__":
    main()
