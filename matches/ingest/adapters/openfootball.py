"""openfootball: fixtures and results of a league's season (`<season>/<country>.<level>.json`).

The documents have no ids, so a team is known by its name and a match by its teams. Dates and
times are those of the league's country.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from types import MappingProxyType
from zoneinfo import ZoneInfo

from matches.ingest.adapters import _football as football
from matches.ingest.documents import FeedDocument, FeedError, FeedEvent, FeedMatch, FeedTeam
from matches.ingest.reading import Node, parse_json

_FILE = re.compile(r"(?:^|/)([a-z]{2,3})\.(\d)(?:\.json)?(?:\.gz)?$")
_SEASON = re.compile(r"(\d{4})[-/](\d{2})(?!\d)")
_ROUND = re.compile(r"(?:matchday|spieltag|round|jornada|giornata|journée)\s*(\d+)", re.IGNORECASE)
_ZONES = MappingProxyType(
    {
        "at": "Europe/Vienna",
        "be": "Europe/Brussels",
        "ch": "Europe/Zurich",
        "de": "Europe/Berlin",
        "en": "Europe/London",
        "es": "Europe/Madrid",
        "fr": "Europe/Paris",
        "gr": "Europe/Athens",
        "it": "Europe/Rome",
        "nl": "Europe/Amsterdam",
        "pt": "Europe/Lisbon",
        "ru": "Europe/Moscow",
        "sco": "Europe/London",
        "tr": "Europe/Istanbul",
    }
)
_COUNTRIES = MappingProxyType(
    {"de": "Germany", "en": "England", "es": "Spain", "fr": "France", "it": "Italy"}
)
_LEAGUES = MappingProxyType(
    {
        ("de", "1"): "Bundesliga",
        ("en", "1"): "Premier League",
        ("es", "1"): "La Liga",
        ("fr", "1"): "Ligue 1",
        ("it", "1"): "Serie A",
    }
)
_NOON = time(12)
_STATUSES = MappingProxyType(
    {"postponed": "postponed", "cancelled": "cancelled", "abandoned": "abandoned"}
)


class OpenFootballAdapter:
    """Reads one league's season."""

    name = "openfootball"

    def bundles(self, names: Iterable[str]) -> Iterator[tuple[str, Sequence[str]]]:
        """Yield each file that is named after a country and a level."""
        for name in sorted(names):
            if _FILE.search(name) and ".json" in name:
                yield name.removesuffix(".gz").removesuffix(".json"), (name,)

    def parse(self, files: Mapping[str, bytes]) -> FeedDocument:
        """Return the season. Raises FeedError."""
        with football.refusing(files):
            return self._read(files)

    def _read(self, files: Mapping[str, bytes]) -> FeedDocument:
        name, body = next(iter(files.items()))
        root = Node(parse_json(body, name), name)
        found = _FILE.search(name)
        country, level = (found[1], found[2]) if found else ("", "")
        title = root.text("name")
        season = _season(title, name)
        zone = ZoneInfo(_ZONES.get(country, "UTC"))
        matches = [_match(node, season, zone) for node in root.get("matches").items()]
        names = sorted({team for match in matches for team in (match.home, match.away)})
        told = {
            _ref(node.text(k)): node.text(k)
            for node in root.get("matches").items()
            for k in ("team1", "team2")
        }
        return FeedDocument(
            source="openfootball",
            sport=football.SPORT,
            league=_LEAGUES.get((country, level), _without_season(title)),
            season=season,
            teams=[_team(ref, told[ref], country) for ref in names],
            matches=matches,
        )


def _team(ref: str, name: str, country: str) -> FeedTeam:
    common = football.common_name(name) if country == "en" else ""
    return FeedTeam(
        ref=ref,
        name=name,
        short_name="" if common == name else common,
        country=_COUNTRIES.get(country, ""),
    )


def _season(title: str, name: str) -> str:
    found = _SEASON.search(title) or _SEASON.search(name)
    if found is None:
        raise FeedError(f"{name}.name: expected a season such as 2022/23, found {title!r:.60}")
    return f"{found[1]}-{found[2]}"


def _without_season(title: str) -> str:
    return _SEASON.sub("", title).strip()


def _ref(name: str) -> str:
    return f"team:{'-'.join(name.casefold().split())}"


def _match(node: Node, season: str, zone: ZoneInfo) -> FeedMatch:
    home, away = _ref(node.text("team1")), _ref(node.text("team2"))
    round_name = node.text("round", "")
    found = _ROUND.search(round_name)
    parts = _parts(node)
    final = parts.get("et") or parts.get("ft")
    events = _events(parts)
    status = _STATUSES.get(node.text("status", "").casefold(), "scheduled")
    return FeedMatch(
        # Without a round in it the ref would not tell two meetings of a cup apart.
        ref=f"{season}:{home}:{away}" + ("" if found else f":{round_name}"),
        home=home,
        away=away,
        kickoff_at=_kickoff(node, zone),
        status=football.status_after(e.period for e in events) if final else status,
        round_name=round_name,
        matchday=int(found[1]) if found else None,
        score=final,
        events=events,
        is_snapshot=True,
    )


def _kickoff(node: Node, zone: ZoneInfo) -> datetime | None:
    day, at = node.text("date", ""), node.text("time", "")
    if not day:
        return None
    try:
        local = datetime.combine(
            date.fromisoformat(day), time.fromisoformat(at) if at else _NOON, tzinfo=zone
        )
    except ValueError:
        raise node.refuse("a date such as 2022-08-05 and a time such as 20:00") from None
    return local.astimezone(UTC)


def _parts(node: Node) -> dict[str, tuple[int, int]]:
    """Return the score at half-time, full time, after extra time and in the shoot-out."""
    score = node.get("score", None)
    if score.value is None:
        return {}
    parts = {}
    for key in ("ht", "ft", "et", "p"):
        pair = score.get(key, None)
        if pair.value is not None:
            parts[key] = _pair(pair)
    return parts


def _pair(node: Node) -> tuple[int, int]:
    match node.value:
        case [int(home), int(away)] if home >= 0 and away >= 0:
            return home, away
    raise node.refuse("two goal counts such as [2, 1]")


def _events(parts: Mapping[str, tuple[int, int]]) -> list[FeedEvent]:
    """Return the score as it stood after each part; nothing is known of anything between."""
    if "ft" not in parts:
        return []
    places = {"ht": football.FIRST, "ft": football.SECOND, "et": football.EXTRA_SECOND}
    if "ht" not in parts:
        # Which half the goals fell in is not said, so the score belongs to no period.
        places = {"ft": "", "et": football.EXTRA_SECOND}
    events = [_score(place, *parts[key], key) for key, place in places.items() if key in parts]
    if "p" in parts:
        events.append(_score(football.SHOOTOUT, *parts["p"], "p", bucket="shootout"))
    return [*events, FeedEvent(type="match_end", vendor_event_id="end")]


def _score(period: str, home: int, away: int, key: str, **more: str) -> FeedEvent:
    return FeedEvent(
        type="score.set",
        period=period,
        payload={"home": home, "away": away, **more},
        vendor_event_id=f"score:{key}",
    )


ADAPTER = OpenFootballAdapter()
