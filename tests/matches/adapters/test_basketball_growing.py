"""Basketball feeds polled while a game is played: what was told stays the same fact."""

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from leagues.packs.engine import Fold
from matches.ingest.adapters import get
from matches.ingest.documents import FeedEvent, FeedMatch
from tests.official.report import fold_match

CUTS = (0.0, 0.01, 0.1, 0.37, 0.5, 0.83, 1.0)

# These say more once more is known: whose a jumper is, whether the clock has run out.
LATE = {"jump_ball", "stat.set"}


def _files(folder: Path, *names: str) -> dict[str, Any]:
    bodies = ((name, gzip.decompress((folder / f"{name}.gz").read_bytes())) for name in names)
    return {name: json.loads(body) for name, body in bodies}


def _cut_live(files: dict[str, Any], share: float) -> None:
    game = files["0022000001.cdn.pbp.json"]["game"]
    game["actions"] = game["actions"][: int(len(game["actions"]) * share)]


def _cut_stats(files: dict[str, Any], share: float) -> None:
    plays = files["0021600270.v2.pbp.json"]["resultSets"][0]
    plays["rowSet"] = plays["rowSet"][: int(len(plays["rowSet"]) * share)]


def _cut_events(files: dict[str, Any], share: float) -> None:
    name = "2015-07-04_Italy-Spain.pbp.json"
    files[name] = files[name][: int(len(files[name]) * share)]
    if share < 1:
        full = files["2015-07-04_Italy-Spain.box.json"]["content"]["full"]
        full["CurrentPeriodStatus"] = "S"
        for side in full["Competitors"]:
            side.pop("Winner", None)


def _cut_livestats(files: dict[str, Any], share: float) -> None:
    (document,) = files.values()
    kept = int(len(document["pbp"]) * share)
    document["pbp"] = document["pbp"][len(document["pbp"]) - kept :]


FEEDS: dict[str, tuple[str, str, tuple[str, ...], Callable[[dict[str, Any], float], None]]] = {
    "live data": ("nba", "nba", ("0022000001.cdn.box.json", "0022000001.cdn.pbp.json"), _cut_live),
    "stats v2": ("nba", "nba", ("0021600270.v2.box.json", "0021600270.v2.pbp.json"), _cut_stats),
    "events": (
        "fiba",
        "fiba_u19_2015",
        ("2015-07-04_Italy-Spain.box.json", "2015-07-04_Italy-Spain.pbp.json"),
        _cut_events,
    ),
    "livestats": ("fiba", "fiba_livestats", ("2015-08-09_France.vs.Russia.json",), _cut_livestats),
}


@pytest.fixture(params=FEEDS)
def growing(request, shared_data: Path) -> list[tuple[FeedMatch, Fold]]:
    """The same game as told by longer and longer documents, each with its fold."""
    adapter, folder, names, cut = FEEDS[request.param]
    told = []
    for share in CUTS:
        files = _files(shared_data / "pbp" / folder, *names)
        cut(files, share)
        bodies = {name: json.dumps(value).encode() for name, value in files.items()}
        document = get(adapter).parse(bodies)
        told += [(match, fold_match(document, match)) for match in document.matches]
    return told


def _facts(match: FeedMatch) -> Iterator[tuple[Any, FeedEvent]]:
    for event in match.events:
        if event.type not in LATE:
            yield event.vendor_event_id or (event.order, event.type), event


def test_facts_once_told_stay_as_they_were(growing):
    before: dict[Any, FeedEvent] = {}
    for match, _ in growing:
        facts = dict(_facts(match))
        changed = {key for key, event in before.items() if facts.get(key) != event}
        # Coordinates are turned by where a team shoots most; the rest is settled at once.
        assert not {key for key in changed if facts.get(key) is None or facts[key].x is None}
        before = facts


def test_score_never_falls_and_five_are_on_all_the_time(growing):
    before = (0, 0)
    for match, folded in growing:
        assert folded.score[0] >= before[0]
        assert folded.score[1] >= before[1]
        before = folded.score
        for side in (folded.home, folded.away):
            on_court_s = sum(line["played_s"] for line in side.players.values()) / 5
            assert on_court_s <= _elapsed_s(match, folded)
            # Who was on is known once he acts, if the feed does not tell all moves. Each player
            # loses less than a second, and one feed has a side of four for 36 seconds.
            if folded.status.startswith("finished") or _tells_all_moves(match):
                assert on_court_s == pytest.approx(_elapsed_s(match, folded), abs=8)


def _tells_all_moves(match: FeedMatch) -> bool:
    starts = [event for event in match.events if event.type == "period_start"]
    return all(event.payload.get("moves") == "all" for event in starts)


def _elapsed_s(match: FeedMatch, folded: Fold) -> float:
    order = [period for period, _, _ in folded.periods]
    past = order[: order.index(folded.period)] if folded.period else []
    starts = {e.period: e.payload["length_ms"] for e in match.events if e.type == "period_start"}
    return (sum(starts[period] for period in past) + folded.clock_ms) / 1000
