"""Official basketball boxscores of the sample games, in the pack's columns, beside their folds."""

import gzip
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leagues.packs.engine import Fold
from matches.ingest.adapters import get
from matches.ingest.adapters._basketball import slug, tidy
from matches.ingest.documents import FeedDocument, FeedMatch
from tests.official.report import fold_match

Row = dict[str, Any]

SHOOTING = ("pts", "fgm", "fga", "fg3m", "fg3a", "ftm", "fta")
BASICS = (*SHOOTING, "oreb", "dreb", "reb", "ast", "stl", "blk", "tov", "pf")
PERCENTAGES = ("fg_pct", "fg3_pct", "ft_pct")


# What each feed tells exactly; why the rest is not exact: docs/rules/basketball.md.
LIVE = "nba/0022000001 live data"
STATS = "nba/0021600270 stats v2"
EVENTS = "fiba_u19_2015"
LIVESTATS = "fiba_livestats"

SPLIT = ("fg2m", "fg2a", "fg2_pct")
EXACT = {
    LIVE: (
        *BASICS,
        *PERCENTAGES,
        *SPLIT,
        "blkr",
        "pfd",
        "pf_off",
        "tech",
        "plus_minus",
        "played_s",
    ),
    STATS: (*BASICS, *PERCENTAGES, "plus_minus"),
    EVENTS: (*BASICS, *PERCENTAGES, *SPLIT, "pfd", "plus_minus"),
    LIVESTATS: (*BASICS, "blkr", "pfd", "eff"),
}
ORIGINS = ("pts_paint", "pts_fast_break", "pts_second_chance", "pts_off_turnovers")
TEAM_REBOUNDS = ("team_oreb", "team_dreb", "team_tov")
FLOW = ("lead_changes", "ties", "biggest_lead", "biggest_run")
TEAM_EXACT = {
    LIVE: (
        *BASICS,
        *PERCENTAGES,
        *SPLIT,
        "blkr",
        "pfd",
        "pf_off",
        *TEAM_REBOUNDS,
        *ORIGINS,
        "lead_changes",
        "ties",
        "biggest_lead",
    ),
    STATS: BASICS,
    EVENTS: (*BASICS, *PERCENTAGES, *SPLIT, "pfd", *TEAM_REBOUNDS, "timeouts", *FLOW),
    LIVESTATS: (*BASICS, "blkr", "pfd"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Game:
    """One sample game: what its feed folds to and what the league says."""

    key: str
    document: FeedDocument
    folded: Fold
    players: Mapping[str, Row]
    teams: Mapping[str, Row]
    periods: Mapping[str, list[int]] | None = None

    @property
    def match(self) -> FeedMatch:
        return self.document.matches[0]

    @property
    def totals(self) -> dict[str, Row]:
        return {
            self.match.home: self.folded.home.totals,
            self.match.away: self.folded.away.totals,
        }


def documents(adapter: str, folder: Path) -> Iterator[tuple[str, FeedDocument, dict[str, Any]]]:
    """Yield each game's key, what the adapter makes of its files, and the files as JSON."""
    names = sorted(file.name for file in folder.iterdir())
    for key, bundle in get(adapter).bundles(names):
        bodies = {name: gzip.decompress((folder / name).read_bytes()) for name in bundle}
        document = get(adapter).parse(bodies)
        yield key, document, {name: json.loads(body) for name, body in bodies.items()}


def games(adapter: str, folder: Path) -> list[Game]:
    """Return all games of a folder."""
    return [
        Game(
            key=key,
            document=document,
            folded=fold_match(document, document.matches[0]),
            **_official(document.matches[0], raw),
        )
        for key, document, raw in documents(adapter, folder)
    ]


def _official(match: FeedMatch, raw: Mapping[str, Any]) -> dict[str, Any]:
    for document in raw.values():
        if isinstance(document, list):
            continue
        if "content" in document:
            return _events(document["content"]["full"])
        if "tm" in document:
            return _livestats({match.home: document["tm"]["1"], match.away: document["tm"]["2"]})
        if "homeTeam" in document.get("game", {}):
            return _live([document["game"]["homeTeam"], document["game"]["awayTeam"]])
        if document.get("resource") == "boxscore":
            return _stats(document["resultSets"])
    raise AssertionError(f"no boxscore among {list(raw)}")


def _renamed(row: Mapping[str, Any], names: Mapping[str, str]) -> Row:
    return {column: row[name] for column, name in names.items()}


def _seconds(text: str) -> float:
    minutes, seconds = re.fullmatch(r"(?:PT)?(\d+)[:M]([\d.]+)S?", text).groups()
    return int(minutes) * 60 + float(seconds)


def _percentage(share: float) -> float:
    return math.floor(share * 1000 + 0.5) / 10


_STATS = {
    "pts": "PTS",
    "fgm": "FGM",
    "fga": "FGA",
    "fg3m": "FG3M",
    "fg3a": "FG3A",
    "ftm": "FTM",
    "fta": "FTA",
    "oreb": "OREB",
    "dreb": "DREB",
    "reb": "REB",
    "ast": "AST",
    "stl": "STL",
    "blk": "BLK",
    "tov": "TO",
    "pf": "PF",
}
_STATS_PCT = {"fg_pct": "FG_PCT", "fg3_pct": "FG3_PCT", "ft_pct": "FT_PCT"}


def _stats(sets: list[Mapping[str, Any]]) -> dict[str, Any]:
    found = {
        s["name"]: [dict(zip(s["headers"], r, strict=True)) for r in s["rowSet"]] for s in sets
    }
    players = {
        str(row["PLAYER_ID"]): _renamed(row, _STATS)
        | {column: _percentage(row[name]) for column, name in _STATS_PCT.items()}
        | {"played_s": _seconds(row["MIN"]), "plus_minus": row["PLUS_MINUS"]}
        for row in found["PlayerStats"]
    }
    teams = {str(row["TEAM_ID"]): _renamed(row, _STATS) for row in found["TeamStats"]}
    return {"players": players, "teams": teams}


_LIVE = {
    "pts": "points",
    "fgm": "fieldGoalsMade",
    "fga": "fieldGoalsAttempted",
    "fg2m": "twoPointersMade",
    "fg2a": "twoPointersAttempted",
    "fg3m": "threePointersMade",
    "fg3a": "threePointersAttempted",
    "ftm": "freeThrowsMade",
    "fta": "freeThrowsAttempted",
    "oreb": "reboundsOffensive",
    "dreb": "reboundsDefensive",
    "ast": "assists",
    "stl": "steals",
    "blk": "blocks",
    "blkr": "blocksReceived",
    "tov": "turnovers",
    "pf": "foulsPersonal",
    "pfd": "foulsDrawn",
    "pf_off": "foulsOffensive",
}
_LIVE_PCT = {
    "fg_pct": "fieldGoalsPercentage",
    "fg2_pct": "twoPointersPercentage",
    "fg3_pct": "threePointersPercentage",
    "ft_pct": "freeThrowsPercentage",
}
_LIVE_PLAYER = {"reb": "reboundsTotal", "tech": "foulsTechnical", "plus_minus": "plusMinusPoints"}
_LIVE_TEAM = {
    "lead_changes": "leadChanges",
    "ties": "timesTied",
    "biggest_lead": "biggestLead",
    "biggest_run": "biggestScoringRun",
    "reb": "reboundsPersonal",
    "team_oreb": "reboundsTeamOffensive",
    "team_dreb": "reboundsTeamDefensive",
    "team_tov": "turnoversTeam",
    "pts_paint": "pointsInThePaint",
    "pts_fast_break": "pointsFastBreak",
    "pts_second_chance": "pointsSecondChance",
    "pts_off_turnovers": "pointsFromTurnovers",
}


def _live(sides: list[Mapping[str, Any]]) -> dict[str, Any]:
    players = {
        str(player["personId"]): _renamed(player["statistics"], _LIVE | _LIVE_PLAYER)
        | _percent(player["statistics"])
        | {"played_s": _seconds(player["statistics"]["minutes"])}
        for side in sides
        for player in side["players"]
        if player["status"] == "ACTIVE"
    }
    teams = {
        str(side["teamId"]): _renamed(side["statistics"], _LIVE | _LIVE_TEAM)
        | _percent(side["statistics"])
        for side in sides
    }
    periods = {str(s["teamId"]): [period["score"] for period in s["periods"]] for s in sides}
    return {"players": players, "teams": teams, "periods": periods}


def _percent(row: Mapping[str, Any]) -> Row:
    return {column: _percentage(row[name]) for column, name in _LIVE_PCT.items()}


_EVENTS = {
    "pts": "PTS",
    "fgm": "FGM",
    "fga": "FGA",
    "fg2m": "FG2M",
    "fg2a": "FG2A",
    "fg3m": "FG3M",
    "fg3a": "FG3A",
    "ftm": "FTM",
    "fta": "FTA",
    "oreb": "OR",
    "dreb": "DR",
    "reb": "REB",
    "ast": "AS",
    "stl": "ST",
    "blk": "BS",
    "tov": "TO",
    "pf": "PF",
    "pfd": "FD",
    "fg_pct": "FGP",
    "fg2_pct": "FG2P",
    "fg3_pct": "FG3P",
    "ft_pct": "FTP",
}
_EVENTS_TEAM = {
    "team_oreb": "T_OR",
    "team_dreb": "T_DR",
    "team_tov": "T_TO",
    "timeouts": "A_TOT",
    "biggest_lead": "A_BL",
    "biggest_run": "A_BR",
}
_EVENTS_MATCH = {"lead_changes": "A_LC", "ties": "A_TT"}


def _events(full: Mapping[str, Any]) -> dict[str, Any]:
    sides = full["Competitors"]
    both = _renamed(full["Stats"], _EVENTS_MATCH)
    players = {
        player["Id"][2:]: _renamed(player["Stats"], _EVENTS)
        | {"played_s": _seconds(player["Stats"]["TP"]), "plus_minus": player["Stats"]["PM"]}
        for side in sides
        for player in side["Children"]
    }
    teams = {
        side["Id"][2:]: _renamed(side["Stats"], _EVENTS | _EVENTS_TEAM) | both for side in sides
    }
    periods = {s["Id"][2:]: [int(period["Score"]) for period in s["Periods"]] for s in sides}
    return {"players": players, "teams": teams, "periods": periods}


_LIVESTATS = {
    "pts": "pts",
    "fgm": "fg_m",
    "fga": "fg_a",
    "fg3m": "fg3_m",
    "fg3a": "fg3_a",
    "ftm": "ft_m",
    "fta": "ft_a",
    "oreb": "reb_off",
    "dreb": "reb_def",
    "reb": "reb_tot",
    "ast": "ass",
    "stl": "stl",
    "blk": "blk_bl",
    "blkr": "blk_bo",
    "tov": "tov",
    "pf": "fou_pf",
    "pfd": "fou_fo",
}


def _livestats(sides: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    players = {}
    for team, side in sides.items():
        for player in side["pl"].values():
            if "mins" in player:
                name = slug(f"{tidy(player['fname'])} {tidy(player['sname'])}")
                row = {c: int(v) for c, v in _renamed(player, _LIVESTATS | {"eff": "eff"}).items()}
                row["played_s"] = _seconds(player["mins"])
                players[f"player:{team.removeprefix('team:')}:{name}"] = row
    teams = {
        team: {column: int(side[f"tot_{name}"]) for column, name in _LIVESTATS.items()}
        for team, side in sides.items()
    }
    periods = {team: [int(s[f"p{n}_score"]) for n in range(1, 5)] for team, s in sides.items()}
    return {"players": players, "teams": teams, "periods": periods}
