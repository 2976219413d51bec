"""How fast a match folds: run `python -m tests.bench.bench_fold`; the last line is JSON."""

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

from leagues.packs.engine import FoldEvent, MatchFold, Sheet, fold
from leagues.packs.loader import load_pack, pack_ids
from leagues.packs.schema import EventType, SportPack

SQUAD = 18
COMMON = ("period_start", "period_end", "match_end", "status", "clock", "score.set")
STATED = ("stat.set", "admin.override")


def sheet() -> Sheet:
    home, away = ([f"{side}{n}" for n in range(SQUAD)] for side in "ha")
    return Sheet(
        home=tuple(home[:11]),
        away=tuple(away[:11]),
        home_bench=tuple(home[11:]),
        away_bench=tuple(away[11:]),
    )


def value(kind: str, rng: random.Random) -> Any:
    return {
        "str": "left_foot",
        "int": rng.randint(0, 3),
        "number": round(rng.random(), 3),
        "bool": rng.random() < 0.3,
    }.get(kind)


def log_of(pack: SportPack, count: int, rng: random.Random) -> list[FoldEvent]:
    """A match of `count` events, one in twenty told anew, the way a long match looks."""
    play = [t for name, t in pack.events.items() if name not in (*COMMON, *STATED)]
    weights = [1 if t.key else 10 for t in play]
    regular = [p for p in pack.periods if p.kind == "regular"]
    events = []
    for place in range(count):
        period = regular[place * len(regular) // count]
        length_ms = period.length_ms or 3_600_000
        within = place * len(regular) % count / count
        kind = rng.choices(play, weights)[0]
        events.append(event(kind, place, period.id, int(within * length_ms), rng))
    amended = [
        FoldEvent(
            lineage=e.lineage, rev=2, op="amend", type=e.type, period=e.period,
            clock_ms=e.clock_ms, order=e.order, team=e.team, player=e.player, payload=e.payload,
        )
        for e in rng.sample(events, count // 20)
    ]  # fmt: skip
    return events + amended


def event(kind: EventType, place: int, period: str, clock_ms: int, rng: random.Random) -> FoldEvent:
    team = rng.choice(("home", "away"))
    return FoldEvent(
        lineage=place,
        type=kind.id,
        period=period,
        clock_ms=clock_ms,
        order=place,
        team=team,
        player=f"{team[0]}{rng.randrange(SQUAD)}",
        related=f"{team[0]}{rng.randrange(SQUAD)}",
        payload={key: value(type_name, rng) for key, type_name in kind.payload.items()},
    )


def best_of(repeats: int, run: Callable[[], object]) -> float:
    """Seconds of the fastest run: what the machine can do when nothing else asks for it."""
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def measure(pack: SportPack, count: int, repeats: int) -> dict[str, float]:
    log, teams = log_of(pack, count, random.Random(7)), sheet()
    filled = MatchFold(pack, teams)
    filled.apply_all(log)

    def apply_all() -> None:
        MatchFold(pack, teams).apply_all(log)

    def live() -> None:
        match = MatchFold(pack, teams)
        for place, told in enumerate(log):
            match.apply(told)
            if place % 20 == 0:
                match.result()

    apply_s = best_of(repeats, apply_all)
    result_s = statistics.median(best_of(1, filled.result) for _ in range(repeats * 4))
    full_s = best_of(repeats, lambda: fold(pack, teams, log))
    live_s = best_of(1, live)
    return {
        "events": len(log),
        "apply_us": round(apply_s / len(log) * 1e6, 2),
        "apply_per_s": round(len(log) / apply_s),
        "result_ms": round(result_s * 1e3, 3),
        "full_fold_ms": round(full_s * 1e3, 2),
        "full_per_s": round(len(log) / full_s),
        "live_per_s": round(len(log) / live_s),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    figures = {}
    for pack_id in pack_ids():
        figures[pack_id] = measure(load_pack(pack_id), options.events, options.repeats)
        print(pack_id, figures[pack_id])
    slowest = max(figure["apply_us"] for figure in figures.values())
    print(json.dumps({"apply_us_slowest": slowest, "packs": figures}))


if __name__ == "__main__":
    main()
