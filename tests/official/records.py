"""What is official of each game in ../shared/data/pbp: its score and its players' numbers.

One entry per folder, so that a test can go through all of them the same way.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.official import american_football, basketball, football, ice_hockey

Row = Mapping[str, Any]
Score = tuple[int, int]


def _unchanged(line: Row) -> Row:
    return line


def _none_is_zero(line: Row) -> Row:
    """A share of nothing is nothing for us and 0 for the leagues."""
    return {column: value or 0 for column, value in line.items()}


def _as_fantasy_counts(line: Row) -> Row:
    """The fantasy game takes the yellow card of who is sent off as part of the red one."""
    return {**line, "yellow_cards": 0 if line["red_cards"] else line["yellow_cards"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Official rows by player's external id, and how our line is put to compare with them."""

    name: str
    rows: Mapping[str, Row]
    columns: tuple[str, ...]
    as_stated: Callable[[Row], Row] = _unchanged


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One game as its league states it."""

    score: Score
    shootout: Score | None = None
    parts: Iterable[Part] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder of games. `misses`: how many cells by part and column are known to differ."""

    name: str
    adapter: str
    games: int
    read: Callable[[Path], Mapping[str, Record]]
    misses: Mapping[str, int]
    again_every: int = 1


def _wyscout(folder: Path) -> dict[str, Record]:
    fantasy = football.fantasy_rows(folder)
    return {
        ref: _wyscout_record(official, fantasy.get(ref, {}))
        for ref, official in football.wyscout_matches(folder).items()
    }


def _wyscout_record(official: Row, fantasy: Mapping[str, Row]) -> Record:
    sides = {side["side"]: side for side in official["teamsData"].values()}
    final = "score" if official["duration"] == "Regular" else "scoreET"
    on_penalties = official["duration"] == "Penalties"
    return Record(
        score=(sides["home"][final], sides["away"][final]),
        shootout=(sides["home"]["scoreP"], sides["away"]["scoreP"]) if on_penalties else None,
        parts=(
            Part(
                name="record",
                rows=football.wyscout_players(official),
                columns=("goals", "yellow_cards", "red_cards", "starts"),
            ),
            Part(
                name="fantasy",
                rows=fantasy,
                columns=tuple(football.FPL),
                as_stated=_as_fantasy_counts,
            ),
        ),
    )


def _statsbomb(folder: Path) -> dict[str, Record]:
    results = football.read_json(folder / "results.json")
    return {ref: Record(score=tuple(result["ft"])) for ref, result in results.items()}


def _opta(folder: Path) -> dict[str, Record]:
    rows = {
        player: {ours: int(row.get(theirs, 0)) for ours, theirs in football.OPTA.items()}
        for player, row in football.opta_rows(folder)[0].items()
    }
    part = Part(name="f9", rows=rows, columns=tuple(football.OPTA))
    return {"918893": Record(score=(4, 3), parts=(part,))}


def _basketball(adapter: str, kind: str) -> Callable[[Path], dict[str, Record]]:
    def read(folder: Path) -> dict[str, Record]:
        records = {}
        for game in basketball.games(adapter, folder):
            name = {"0022000001": basketball.LIVE, "0021600270": basketball.STATS}.get(
                game.key, kind
            )
            part = Part(
                name="box",
                rows=game.players,
                columns=basketball.EXACT[name],
                as_stated=_none_is_zero,
            )
            points = {team: row["pts"] for team, row in game.teams.items()}
            score = (points[game.match.home], points[game.match.away])
            records[game.match.ref] = Record(score=score, parts=(part,))
        return records

    return read


def _american_football(folder: Path) -> dict[str, Record]:
    records = {}
    for game in american_football.games(folder):
        parts = [
            Part(
                name=category,
                rows=game.players(category),
                columns=tuple(columns.values()),
                as_stated=american_football.as_stated,
            )
            for category, columns in american_football.CATEGORIES.items()
        ]
        score = (game.stated["home"]["score"]["T"], game.stated["away"]["score"]["T"])
        records[game.match.ref] = Record(score=score, parts=parts)
    return records


def _ice_hockey(folder: Path) -> dict[str, Record]:
    records = {}
    for game in ice_hockey.games(folder):
        box = game.box
        parts = [
            Part(
                name="skaters",
                rows=game.skaters(),
                columns=tuple(ice_hockey.SKATERS.values()),
                as_stated=ice_hockey.as_stated,
            ),
            Part(
                name="goalies",
                rows=game.goalies(),
                columns=(
                    *ice_hockey.GOALIES.values(),
                    *(saves for saves, _against in ice_hockey.BY_STRENGTH.values()),
                ),
                as_stated=ice_hockey.as_stated,
            ),
        ]
        score = (box["homeTeam"]["score"], box["awayTeam"]["score"])
        records[game.match.ref] = Record(score=score, parts=parts)
    return records


# Why these cells differ is told in docs/rules/*.md, cell by cell.
FOLDERS = (
    Folder(
        name="wyscout",
        adapter="wyscout",
        games=55,
        read=_wyscout,
        misses={
            "record yellow_cards": 2,
            "fantasy minutes": 22,
            "fantasy assists": 28,
            "fantasy goals_conceded": 4,
            "fantasy saves": 28,
        },
        # Parsing all of them again would take half a minute.
        again_every=5,
    ),
    Folder(name="statsbomb", adapter="statsbomb", games=2, read=_statsbomb, misses={}),
    Folder(name="opta", adapter="opta", games=1, read=_opta, misses={"f9 minutes": 6}),
    Folder(name="nba", adapter="nba", games=2, read=_basketball("nba", ""), misses={}),
    Folder(
        name="fiba_u19_2015",
        adapter="fiba",
        games=19,
        read=_basketball("fiba", basketball.EVENTS),
        misses={},
    ),
    Folder(
        name="fiba_livestats",
        adapter="fiba",
        games=6,
        read=_basketball("fiba", basketball.LIVESTATS),
        misses={},
    ),
    Folder(
        name="nfl",
        adapter="nfl",
        games=13,
        read=_american_football,
        misses={"passing pass_att": 1, "defense tackles": 1, "defense forced_fumbles": 1},
    ),
    Folder(name="nhl", adapter="nhl", games=1, read=_ice_hockey, misses={}),
)
