"""Teams and players as the public Wyscout data set names them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from matches.ingest.adapters._football import common_name
from matches.ingest.documents import FeedPlayer, FeedTeam
from matches.ingest.reading import Node

# The set was encoded twice: "\u00e9" stands in it as six characters.
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_POSITIONS = frozenset(("GKP", "DEF", "MID", "FWD"))


def clean(text: Any) -> str:
    """Return a name with its escaped letters as letters."""
    if not isinstance(text, str):
        return ""
    return " ".join(_ESCAPED.sub(lambda found: chr(int(found[1], 16)), text).split())


def teams_of(node: Node, lists: Iterable[Node]) -> list[FeedTeam]:
    """Return both teams, with the country where a list of teams has it."""
    told: dict[str, Mapping[str, Any]] = {}
    for entry in lists:
        for team in entry.items():
            if isinstance(team.value, dict) and "officialName" in team.value:
                told[str(team.value.get("wyId"))] = team.value
    return [_team(ref, member, told) for ref, member in node.get("teams").members()]


def _team(ref: str, node: Node, told: Mapping[str, Mapping[str, Any]]) -> FeedTeam:
    team = told.get(ref) or node.get("team").value
    area = team.get("area") or {}
    name = clean(team.get("name")) or ref
    common = common_name(name)
    return FeedTeam(
        ref=ref,
        name=name,
        short_name="" if common == name else common,
        country=clean(area.get("name")),
    )


def players_of(node: Node, records: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return the players by team; who acts without being listed is added without a name."""
    listed: dict[str, list[Any]] = {}
    for ref, members in node.get("players").members():
        listed[ref] = [m.value for m in members.items() if isinstance(m.value, dict)]
    known = {(ref, p["player"]["wyId"]) for ref, players in listed.items() for p in players}
    for record in records:
        ref, player = str(record["teamId"]), record["playerId"]
        if player and (ref, player) not in known:
            known.add((ref, player))
            nameless = {"wyId": player, "firstName": "", "lastName": ""}
            listed.setdefault(ref, []).append({"player": nameless})
    return listed


def player_of(ref: str, team: str, value: Mapping[str, Any]) -> FeedPlayer:
    """Return a player of the set."""
    first, last = clean(value.get("firstName")), clean(value.get("lastName"))
    role = value.get("role") or {}
    position = role.get("code3", "")
    return FeedPlayer(
        ref=ref,
        name=f"{first} {last}".strip() or clean(value.get("shortName")) or f"Player {ref}",
        short_name=clean(value.get("shortName")),
        team=team,
        position=position if position in _POSITIONS else "",
        birth_on=_day(value.get("birthDate")),
        country=clean((value.get("passportArea") or {}).get("name")),
    )


def _day(text: Any) -> date | None:
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        return None
