"""Line-ups of a match in Opta's feeds: F7 and F9 say all, F24 alone gives numbers without names."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from xml.etree import ElementTree as ET

from matches.ingest.adapters._opta_events import RawEvent
from matches.ingest.documents import FeedError, FeedPlayer, FeedSheet, FeedSpot, FeedTeam

_POSITIONS = MappingProxyType(
    {
        "Goalkeeper": "GKP",
        "Defender": "DEF",
        "Midfielder": "MID",
        "Wing Back": "DEF",
        "Striker": "FWD",
        "Forward": "FWD",
        "Attacking Midfielder": "MID",
    }
)
_SET_UP = 34
_BY_NUMBER = MappingProxyType({"1": "GKP", "2": "DEF", "3": "MID", "4": "FWD"})
_ELEVEN = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A player on a sheet."""

    ref: str
    name: str
    shirt: str
    position: str
    is_starter: bool
    is_captain: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A team of the match with its sheet; starters stand first."""

    ref: str
    name: str
    code: str = ""
    formation: str = ""
    coach: str = ""
    score: int | None = None
    people: Sequence[Person] = ()

    @property
    def team(self) -> FeedTeam:
        return FeedTeam(ref=self.ref, name=self.name, code=self.code)

    @property
    def players(self) -> list[FeedPlayer]:
        return [
            FeedPlayer(
                ref=person.ref,
                name=person.name or f"{self.name} {person.shirt}".strip(),
                team=self.ref,
                shirt=person.shirt,
                position=person.position,
            )
            for person in self.people
        ]

    @property
    def sheet(self) -> FeedSheet:
        spots = [
            FeedSpot(
                player=person.ref,
                is_starter=person.is_starter,
                position=person.position,
                shirt=person.shirt,
                order=order,
                is_captain=person.is_captain,
            )
            for order, person in enumerate(self.people)
        ]
        return FeedSheet(
            team=self.ref, spots=spots, formation="-".join(self.formation), coach=self.coach
        )


def from_record(name: str, document: ET.Element) -> tuple[Side, Side]:
    """Return (home, away) of an F7 or F9 document. Raises FeedError."""
    names = {team.get("uID", ""): team for team in document.findall("Team")}
    sides: dict[str, Side] = {}
    for data in document.findall("MatchData/TeamData"):
        sides[data.get("Side", "")] = _side(data, names.get(data.get("TeamRef", "")))
    if set(sides) != {"Home", "Away"}:
        raise FeedError(f"{name}: SoccerDocument.MatchData.TeamData: expected a Home and an Away")
    return sides["Home"], sides["Away"]


def _side(data: ET.Element, team: ET.Element | None) -> Side:
    people = {p.get("uID", ""): p for p in team.findall("Player")} if team is not None else {}
    ref = data.get("TeamRef", "").lstrip("t")
    listed = [_person(row, people) for row in data.findall("PlayerLineUp/MatchPlayer")]
    score = data.get("Score", "")
    used = next((s.text for s in data.findall("Stat") if s.get("Type") == "formation_used"), "")
    return Side(
        ref=ref,
        name=(team.findtext("Name") or "" if team is not None else "") or f"Team {ref}",
        code=_code(team),
        formation=data.get("Formation", "") or used or "",
        coach=_coach(data, team),
        score=int(score) if score.isdigit() else None,
        people=sorted(listed, key=lambda person: not person.is_starter),
    )


def _coach(*places: ET.Element | None) -> str:
    """Return the manager's name from the first place that has one; some files leave it empty."""
    for place in places:
        for official in place.findall("TeamOfficial") if place is not None else ():
            if official.get("Type") == "Manager" and (name := _full_name(official)):
                return name
    return ""


def _code(team: ET.Element | None) -> str:
    return (team.findtext("nameObj/abbr") or "") if team is not None else ""


def _person(row: ET.Element, people: dict[str, ET.Element]) -> Person:
    ref = row.get("PlayerRef", "")
    listed = people.get(ref)
    position = row.get("Position", "")
    if position == "Substitute" and listed is not None:
        position = listed.get("Position") or listed.findtext("Position") or ""
    return Person(
        ref=ref.lstrip("p"),
        name=_full_name(listed),
        shirt=row.get("ShirtNumber", ""),
        position=_POSITIONS.get(position, ""),
        is_starter=row.get("Status") == "Start",
        is_captain=row.get("Captain") in ("1", "true"),
    )


def _full_name(listed: ET.Element | None) -> str:
    if listed is None:
        return ""
    known = listed.findtext("PersonName/Known") or ""
    parts = [listed.findtext(f"PersonName/{part}") or "" for part in ("First", "Last")]
    return known.strip() or " ".join(parts).strip()


def from_events(game: ET.Element, events: Sequence[RawEvent]) -> tuple[Side, Side]:
    """Return (home, away) from the set-ups of an F24 document. Raises FeedError."""
    if not (game.get("home_team_id") and game.get("away_team_id")):
        raise FeedError("Games.Game: expected home_team_id and away_team_id, or an F7 beside it")
    set_ups = {event.team: event for event in events if event.type == _SET_UP}
    home, away = (
        Side(
            ref=game.get(f"{side}_team_id", ""),
            name=game.get(f"{side}_team_name", "") or f"Team {game.get(f'{side}_team_id', '')}",
            people=list(_set_up(set_ups.get(game.get(f"{side}_team_id", "")))),
        )
        for side in ("home", "away")
    )
    return home, away


def _set_up(event: RawEvent | None) -> Iterator[Person]:
    if event is None:
        return
    refs, shirts, lines, places = (
        [part.strip() for part in event.qualifiers.get(q, "").split(",")] for q in (30, 59, 44, 131)
    )
    captain = event.qualifiers.get(194, "")
    for index, ref in enumerate(refs):
        yield Person(
            ref=ref,
            name="",
            shirt=_at(shirts, index),
            position=_BY_NUMBER.get(_at(lines, index), ""),
            is_starter=_at(places, index) not in ("", "0") and index < _ELEVEN,
            is_captain=ref == captain,
        )


def _at(parts: Sequence[str], index: int) -> str:
    return parts[index] if index < len(parts) else ""
