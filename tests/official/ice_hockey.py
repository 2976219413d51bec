"""The official boxscores of the league's documents, in the columns of the pack."""

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leagues.packs.engine import Fold
from matches.ingest.adapters.nhl import ADAPTER
from matches.ingest.documents import FeedMatch
from tests.official.report import fold_match

# Folded from the plays.
SKATERS = {
    "goals": "goals",
    "assists": "assists",
    "points": "points",
    "pim": "pim",
    "hits": "hits",
    "powerPlayGoals": "pp_goals",
    "sog": "sog",
    "faceoffWinningPctg": "fo_pct",
    "blockedShots": "blocks",
    "giveaways": "giveaways",
    "takeaways": "takeaways",
}
GOALIES = {
    "pim": "pim",
    "shotsAgainst": "shots_against",
    "saves": "saves",
    "goalsAgainst": "goals_against",
    "savePctg": "save_pct",
    "evenStrengthGoalsAgainst": "ga_even",
    "powerPlayGoalsAgainst": "ga_pp",
    "shorthandedGoalsAgainst": "ga_sh",
}
# "saves/shots" in one text.
BY_STRENGTH = {
    "evenStrengthShotsAgainst": ("saves_even", "ga_even"),
    "powerPlayShotsAgainst": ("saves_pp", "ga_pp"),
    "shorthandedShotsAgainst": ("saves_sh", "ga_sh"),
}
_SHARES = ("faceoffWinningPctg", "savePctg")


@dataclass(frozen=True, kw_only=True)
class Game:
    """A game's events, what they fold to and its official boxscore."""

    match: FeedMatch
    folded: Fold
    box: Mapping[str, Any]

    def rows(self, *groups: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the official rows of the groups by player."""
        for side in ("homeTeam", "awayTeam"):
            for group in groups:
                for row in self.box["playerByGameStats"][side][group]:
                    yield str(row["playerId"]), row

    def skaters(self) -> dict[str, dict[str, Any]]:
        """Return the skaters' official numbers."""
        return {who: _columns(row, SKATERS) for who, row in self.rows("forwards", "defense")}

    def goalies(self) -> dict[str, dict[str, Any]]:
        """Return the goalies' official numbers; one who did not play has no percentage."""
        return {
            who: _columns({"savePctg": 0, **row}, GOALIES) | _split(row)
            for who, row in self.rows("goalies")
        }


def _columns(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {
        column: round(row[key] * 100, 1) if key in _SHARES else row[key]
        for key, column in names.items()
    }


def _split(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        saves: int(row[key].split("/")[0]) for key, (saves, _against) in BY_STRENGTH.items()
    } | {f"{key} shots": int(row[key].split("/")[1]) for key in BY_STRENGTH}


def as_stated(line: Mapping[str, Any]) -> dict[str, Any]:
    """Return a folded line with 0 for a share of nothing and the shots by strength."""
    stated = {column: value or 0 for column, value in line.items()}
    for key, (saves, against) in BY_STRENGTH.items():
        stated[f"{key} shots"] = stated[saves] + stated[against]
    return stated


def games(folder: Path) -> list[Game]:
    """Return all games of a folder, folded without a database."""
    found = []
    for _key, names in ADAPTER.bundles(path.name for path in folder.iterdir()):
        files = {name: gzip.decompress((folder / name).read_bytes()) for name in names}
        document = ADAPTER.parse(files)
        box = next(json.loads(content) for name, content in files.items() if ".box." in name)
        match = document.matches[0]
        found.append(Game(match=match, folded=fold_match(document, match), box=box))
    return found
