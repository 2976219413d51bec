"""The official totals of the game-centre documents, in the columns of the pack."""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leagues.packs.engine import Fold
from matches.ingest.adapters.nfl import ADAPTER
from matches.ingest.documents import FeedMatch
from tests.official.report import fold_match

# Per category of the document: its keys and the pack's columns.
CATEGORIES: Mapping[str, Mapping[str, str]] = {
    "passing": {
        "att": "pass_att",
        "cmp": "pass_cmp",
        "yds": "pass_yds",
        "tds": "pass_td",
        "ints": "pass_int",
        "twoptm": "pass_2pt",
        "twopta": "pass_2pt_att",
    },
    "rushing": {
        "att": "rush_att",
        "yds": "rush_yds",
        "tds": "rush_td",
        "lng": "rush_lng",
        "twoptm": "rush_2pt",
        "twopta": "rush_2pt_att",
    },
    "receiving": {
        "rec": "rec",
        "yds": "rec_yds",
        "tds": "rec_td",
        "lng": "rec_lng",
        "twoptm": "rec_2pt",
        "twopta": "rec_2pt_att",
    },
    "fumbles": {
        "tot": "fumbles",
        "lost": "fumbles_lost",
        "rcv": "fum_rec_own",
        "trcv": "fum_rec",
        "yds": "fum_yds",
    },
    "kicking": {
        "fgm": "fgm",
        "fga": "fga",
        "fgyds": "fg_lng",
        "xpmade": "xpm",
        "xpmissed": "xp_missed",
        "xpa": "xpa",
        "xpb": "xp_blocked",
    },
    "punting": {
        "pts": "punts",
        "yds": "punt_yds",
        "avg": "punt_net_avg",
        "i20": "punts_in_20",
        "lng": "punt_lng",
    },
    "kickret": {"ret": "kr", "avg": "kr_avg", "tds": "kr_td", "lng": "kr_lng"},
    "puntret": {"ret": "pr", "avg": "pr_avg", "tds": "pr_td", "lng": "pr_lng"},
    "defense": {
        "tkl": "tackles",
        "ast": "tackle_assists",
        "sk": "sacks",
        "int": "interceptions",
        "ffum": "forced_fumbles",
    },
}
TEAM = {
    "totfd": "first_downs",
    "totyds": "total_yds",
    "pyds": "net_pass_yds",
    "ryds": "rush_yds",
    "pen": "penalties",
    "penyds": "penalty_yds",
    "trnovr": "turnovers",
    "pt": "punts",
    "ptyds": "punt_yds",
    "ptavg": "punt_net_avg",
    "top": "possession_s",
}


@dataclass(frozen=True, kw_only=True)
class Game:
    """A game's document, what it folds to and the totals it states."""

    match: FeedMatch
    folded: Fold
    stated: Mapping[str, Any]

    def players(self, category: str) -> dict[str, dict[str, Any]]:
        """Return the official rows of a category by player, both sides."""
        return {
            player: {column: row[key] for key, column in CATEGORIES[category].items() if key in row}
            for side in ("home", "away")
            for player, row in self.stated[side]["stats"].get(category, {}).items()
        }

    def teams(self) -> dict[str, dict[str, Any]]:
        """Return the official totals by side."""
        rows = {side: self.stated[side]["stats"]["team"] for side in ("home", "away")}
        return {
            side: {
                column: seconds(row[key]) if key == "top" else row[key]
                for key, column in TEAM.items()
            }
            for side, row in rows.items()
        }


def seconds(clock: str) -> int:
    """Return "36:11" in seconds."""
    minutes, rest = clock.split(":")
    return int(minutes) * 60 + int(rest)


def as_stated(line: Mapping[str, Any]) -> dict[str, Any]:
    """Return a folded line as the league writes it: whole averages, 0 for what there is not.

    Averages of returns are cut, net punting averages are rounded.
    """
    stated = {column: value or 0 for column, value in line.items()}
    if line["punts"]:
        stated["punt_net_avg"] = int(line["punt_net_yds"] / line["punts"] + 0.5)
    for column in ("kr_avg", "pr_avg"):
        if column in line:
            stated[column] = int(line[column] or 0)
    return stated


def games(folder: Path) -> list[Game]:
    """Return all games of a folder, folded without a database."""
    found = []
    for _key, (name,) in ADAPTER.bundles(path.name for path in folder.iterdir()):
        content = gzip.decompress((folder / name).read_bytes())
        document = ADAPTER.parse({name: content})
        for match in document.matches:
            stated = json.loads(content)[match.ref]
            folded = fold_match(document, match)
            found.append(Game(match=match, folded=folded, stated=stated))
    return found
