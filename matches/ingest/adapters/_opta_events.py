"""Opta's F24 events as plain values, and the documents that kloppy needs to read them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from matches.ingest.adapters._football import PERIODS, START_MIN
from matches.ingest.adapters._opta_xml import london_time
from matches.ingest.documents import FeedError

if TYPE_CHECKING:
    from matches.ingest.adapters._opta_lineups import Side

START, END, DELETED, FORMATION = 32, 30, 43, 40
PLAYER_OFF, PLAYER_ON = 18, 19
# What kloppy is not given: it refuses a match for a formation it does not know, and one whose last
# event so far is a player going off.
_KEPT_BACK = frozenset((DELETED, FORMATION, PLAYER_OFF, PLAYER_ON))
_STATS = (
    "first_half",
    "second_half",
    "first_half_extra",
    "second_half_extra",
)
_ELEVEN = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class RawEvent:
    """One event of the feed. `number` counts within the team and is what others refer to."""

    id: str
    number: int
    type: int
    period: int
    clock_ms: int
    team: str
    player: str
    outcome: bool
    qualifiers: Mapping[int, str]
    at: datetime | None
    element: ET.Element


def read_events(name: str, game: ET.Element) -> list[RawEvent]:
    """Return the events of an F24 game in the document's order. Raises FeedError."""
    return [_event(name, index, element) for index, element in enumerate(game.findall("Event"))]


def _event(name: str, index: int, element: ET.Element) -> RawEvent:
    place = f"{name}: Games.Game.Event[{index}]"
    period = _whole(place, element, "period_id")
    at_s = _whole(place, element, "min") * 60 + _whole(place, element, "sec")
    ours = PERIODS[period - 1] if 1 <= period <= len(PERIODS) else ""
    player = element.get("player_id", "")
    return RawEvent(
        id=_text(place, element, "id"),
        number=_whole(place, element, "event_id"),
        type=_whole(place, element, "type_id"),
        period=period,
        clock_ms=max(at_s - START_MIN.get(ours, 120) * 60, 0) * 1000,
        team=_text(place, element, "team_id"),
        player="" if player == "0" else player,
        outcome=element.get("outcome") == "1",
        qualifiers=_qualifiers(place, element),
        at=london_time(element.get("timestamp")),
        element=element,
    )


def _text(place: str, element: ET.Element, key: str) -> str:
    value = element.get(key)
    if not value:
        raise FeedError(f"{place}.{key}: is missing")
    return value


def _whole(place: str, element: ET.Element, key: str) -> int:
    value = _text(place, element, key)
    if not value.isdecimal():
        raise FeedError(f"{place}.{key}: expected a whole number, found {value!r:.40}")
    return int(value)


def _qualifiers(place: str, element: ET.Element) -> dict[int, str]:
    return {
        _whole(f"{place}.Q", q, "qualifier_id"): q.get("value", "") for q in element.findall("Q")
    }


def f24_for_kloppy(events: Iterable[RawEvent]) -> bytes:
    """Return the events that kloppy is to read."""
    root = ET.Element("Games")
    game = ET.SubElement(root, "Game")
    for event in events:
        if 1 <= event.period <= len(PERIODS) and event.type not in _KEPT_BACK:
            game.append(_complete(event.element))
    return ET.tostring(root)


def _complete(element: ET.Element) -> ET.Element:
    """Return the event with the attributes that kloppy insists on."""
    moment = element.get("timestamp", "1970-01-01T00:00:00.000")
    defaults = {"x": "0", "y": "0", "timestamp": moment, "last_modified": moment}
    copy = ET.Element("Event", {**defaults, **element.attrib})
    copy.set("last_modified", moment)
    for q in element.findall("Q"):
        # A qualifier without a value has none in XML, but an empty one in JSON.
        ET.SubElement(copy, "Q", {key: value for key, value in q.attrib.items() if value})
    return copy


def f7_for_kloppy(sides: Sequence["Side"], events: Sequence[RawEvent]) -> bytes:
    """Return the line-ups and periods that kloppy is to read.

    The real F7 is not handed on: kloppy refuses a match whose formation it does not know, and in
    JSON there is only an F9. The formation written here is never read by us.
    """
    root = ET.Element("SoccerFeed")
    document = ET.SubElement(root, "SoccerDocument")
    data = ET.SubElement(document, "MatchData")
    info = ET.SubElement(data, "MatchInfo")
    if any(event.period == len(PERIODS) for event in events):
        ET.SubElement(info, "Result", {"Type": "PenaltyShootout"})
    for name, moment in _period_times(events):
        ET.SubElement(data, "Stat", {"Type": name}).text = f"{moment:%Y%m%dT%H%M%S%z}"
    for side, ground in zip(sides, ("Home", "Away"), strict=True):
        _add_side(document, data, side, ground, events)
    return ET.tostring(root)


def _period_times(events: Sequence[RawEvent]) -> Iterator[tuple[str, datetime]]:
    for period, name in enumerate(_STATS, start=1):
        for kind, suffix in ((START, "start"), (END, "end")):
            times = [e.at for e in events if e.period == period and e.type == kind and e.at]
            if times:
                yield f"{name}_{suffix}", min(times)


def _add_side(
    document: ET.Element, data: ET.Element, side: "Side", ground: str, events: Sequence[RawEvent]
) -> None:
    score = str(side.score or 0)
    attributes = {"TeamRef": f"t{side.ref}", "Side": ground, "Score": score, "Formation": "442"}
    lineup = ET.SubElement(ET.SubElement(data, "TeamData", attributes), "PlayerLineUp")
    team = ET.SubElement(document, "Team", {"uID": f"t{side.ref}"})
    ET.SubElement(team, "Name").text = side.name
    listed = [person.ref for person in side.people]
    acting = {e.player for e in events if e.team == side.ref and e.player}
    # kloppy refuses a side without players, which a match has before its line-ups are known.
    refs = [*listed, *sorted(acting - set(listed))] or ["0"]
    for place, ref in enumerate(refs, start=1):
        spot = {
            "PlayerRef": f"p{ref}",
            "ShirtNumber": "0",
            "Status": "Start" if place <= _ELEVEN else "Sub",
            "Formation_Place": str(place if place <= _ELEVEN else 0),
        }
        ET.SubElement(lineup, "MatchPlayer", spot)
        person = ET.SubElement(ET.SubElement(team, "Player", {"uID": f"p{ref}"}), "PersonName")
        ET.SubElement(person, "First").text = ref
        ET.SubElement(person, "Last").text = ref
