"""Opta's F7 and F9: who plays, when and where, and where the match stands."""

from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from xml.etree import ElementTree as ET

from matches.ingest.adapters._opta_lineups import Side, from_record
from matches.ingest.documents import FeedError

# FullTime90 is the end of normal time before extra time: the match goes on.
_STATUS = MappingProxyType(
    {
        "PreMatch": "scheduled",
        "FirstHalf": "live",
        "HalfTime": "break",
        "SecondHalf": "live",
        "FullTime90": "break",
        "ExtraFirstHalf": "live",
        "ExtraHalfTime": "break",
        "ExtraSecondHalf": "live",
        "FullTime120": "break",
        "ShootOut": "live",
        "FullTime": "finished",
        "FullTimePens": "finished",
        "Postponed": "postponed",
        "Abandoned": "abandoned",
    }
)
# JSON documents leave the competition's name out and give its number alone.
_COMPETITIONS = MappingProxyType({"c8": "Premier League"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a match's F7 or F9 says beside its statistics, which are not read."""

    sides: tuple[Side, Side]
    kickoff_at: datetime | None = None
    status: str = ""
    venue: str = ""
    competition: str = ""
    matchday: int | None = None


def read_record(name: str, root: ET.Element) -> Record:
    """Return the record. Raises FeedError."""
    document = root.find("SoccerDocument")
    if document is None:
        raise FeedError(f"{name}: SoccerFeed.SoccerDocument: is missing")
    info = document.find("MatchData/MatchInfo")
    competition = document.find("Competition")
    return Record(
        sides=from_record(name, document),
        kickoff_at=_kickoff(document),
        status=_STATUS.get(info.get("Period", ""), "") if info is not None else "",
        venue=document.findtext("Venue/Name") or "",
        competition=_competition(competition),
        matchday=_matchday(competition),
    )


def _kickoff(document: ET.Element) -> datetime | None:
    text = document.findtext("MatchData/MatchInfo/Date") or ""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def _competition(competition: ET.Element | None) -> str:
    if competition is None:
        return ""
    name = competition.findtext("Name") or ""
    return name or _COMPETITIONS.get(competition.get("uID", ""), "")


def _matchday(competition: ET.Element | None) -> int | None:
    stats = competition.findall("Stat") if competition is not None else []
    text = next((s.text or "" for s in stats if s.get("Type") == "matchday"), "")
    return int(text) if text.isdecimal() else None
