"""The lists of matches that go with StatsBomb's events: day, competition, round and score."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from matches.ingest.adapters._football import season_of
from matches.ingest.reading import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchRecord:
    """What a list says of one match; all of it may be missing."""

    day: date | None = None
    competition: str = ""
    season: str = ""
    round_name: str = ""
    venue: str = ""
    coaches: tuple[str, str] = ("", "")
    score: tuple[int, int] | None = None


def match_record(documents: Iterable[Node], number: str) -> MatchRecord:
    """Return the first record of the match in any of the documents."""
    for node in documents:
        value = node.value
        if isinstance(value, dict) and isinstance(value.get(number), dict):
            return _result(node.get(number))
        if isinstance(value, list) and value and isinstance(value[0], dict):
            for entry in node.items():
                if isinstance(entry.value, dict) and str(entry.value.get("match_id")) == number:
                    return _open_data(entry)
    return MatchRecord()


def _result(node: Node) -> MatchRecord:
    """A `results.json` entry: date, competition with its season, and the final score."""
    day = _day(node, "date")
    competition = node.text("competition", "").rsplit(" ", 1)[0]
    score = node.get("ft", None).value
    return MatchRecord(
        day=day,
        competition=competition,
        season=season_of(day) if day else "",
        score=_pair(score),
    )


def _open_data(node: Node) -> MatchRecord:
    """An entry of the vendor's `matches/<competition>/<season>.json`."""
    value: Mapping[str, Any] = node.value
    return MatchRecord(
        day=_day(node, "match_date"),
        competition=_name(value, "competition", "competition_name"),
        season=_name(value, "season", "season_name").replace("/20", "-"),
        round_name=_name(value, "competition_stage", "name"),
        venue=_name(value, "stadium", "name"),
        coaches=(_coach(value, "home_team"), _coach(value, "away_team")),
        score=_pair([value.get("home_score"), value.get("away_score")]),
    )


def _name(value: Mapping[str, Any], key: str, inner: str) -> str:
    held = value.get(key)
    return str(held.get(inner, "")) if isinstance(held, dict) else ""


def _coach(value: Mapping[str, Any], side: str) -> str:
    """Return the name by which a side's first manager is known."""
    match value.get(side):
        case {"managers": [{"nickname": str(known)}, *_]} if known:
            return known
        case {"managers": [{"name": str(full)}, *_]}:
            return full
    return ""


def _pair(value: Any) -> tuple[int, int] | None:
    match value:
        case [int(home), int(away)]:
            return home, away
    return None


def _day(node: Node, key: str) -> date | None:
    text = node.text(key, "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise node.get(key).refuse("a day such as 2018-08-18") from None
