"""Reads of matches: their logs, the day's list, the parts of a match page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

import orjson
from django.db import connection
from django.db.models import Q, QuerySet

from leagues.models import League, Season, Team
from leagues.packs.loader import load_pack
from leagues.packs.schema import SportPack
from matches.enums import Certainty, SheetRole
from matches.ingest.plan import Fact, HeldFact
from matches.models import LIVE_STATUSES, OVER_STATUSES, Match, MissingFact, PlayEvent, TeamSheet
from matches.rules.lineup import Mark, Place, in_order, pitch_rows
from matches.rules.outcome import decisive_pair, winning_side
from matches.rules.timeline import (
    LineScore,
    Scorers,
    Sides,
    Telling,
    TimelineItem,
    counts_single_goals,
    line_score,
    scorers,
    shown_types,
    timeline,
)


def current_log(match_id: int, *, after_seq: int = 0) -> QuerySet[PlayEvent]:
    """Return the log's rows after `after_seq`, in order of arrival, every revision included."""
    return PlayEvent.objects.filter(match_id=match_id, seq__gt=after_seq).order_by("seq")


def held_facts(
    match_id: int, source: str, *, vendor_event_ids: Iterable[str] | None = None
) -> Sequence[HeldFact]:
    """Return the newest revision of each lineage a source told, of the given vendor ids or of all.

    A revision by an admin stands in for the source's, marked `source="admin"`.
    """
    rows = PlayEvent.objects.filter(match_id=match_id, source__in=(source, "admin"))
    if vendor_event_ids is not None:
        rows = rows.filter(vendor_event_id__in=list(vendor_event_ids))
    newest = rows.order_by("lineage_id", "-rev").distinct("lineage_id")
    missing = {
        row.lineage_id: row for row in MissingFact.objects.filter(match_id=match_id, source=source)
    }
    return [_held(values, missing) for values in newest.values_list(*_HELD_COLUMNS)]


def held_by_vendor_ids(
    match_ids: Sequence[int], source: str, vendor_event_ids: Sequence[str]
) -> dict[int, list[HeldFact]]:
    """As `held_facts`, for these vendor ids of many matches in one query; no gaps are looked up."""
    held: dict[int, list[HeldFact]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            _HELD_BY_IDS,
            {"matches": list(match_ids), "source": source, "ids": list(vendor_event_ids)},
        )
        for match_id, payload, *values in cursor.fetchall():
            values[_HELD_COLUMNS.index("payload")] = orjson.loads(payload)
            held.setdefault(match_id, []).append(_held(tuple(values), {}))
    return held


_HELD_COLUMNS = (
    "lineage_id",
    "rev",
    "op",
    "source",
    "type",
    "period",
    "clock_ms",
    "clock_label",
    "team_id",
    "player_id",
    "related_player_id",
    "x",
    "y",
    "payload",
    "vendor_event_id",
    "certainty",
)


_HELD_BY_IDS = (  # noqa: S608 - made of the fixed names above
    "SELECT DISTINCT ON (match_id, lineage_id) match_id, payload::text, {columns} "
    "FROM matches_playevent WHERE match_id = ANY(%(matches)s) "
    "AND source IN (%(source)s, 'admin') AND vendor_event_id = ANY(%(ids)s) "
    "ORDER BY match_id, lineage_id, rev DESC"
).format(columns=", ".join(name if name != "payload" else "NULL" for name in _HELD_COLUMNS))


def _held(values: tuple[Any, ...], missing: dict[Any, MissingFact]) -> HeldFact:
    lineage, rev, op, source, *rest = values
    type_, period, clock_ms, label, team, player, related, x, y, payload, vendor_id, certainty = (
        rest
    )
    gap = missing.get(lineage)
    return HeldFact(
        lineage=lineage,
        rev=rev,
        is_retracted=op == "retract",
        source=source,
        fact=Fact(
            type=type_,
            period=period,
            clock_ms=clock_ms,
            clock_label=label,
            team=team,
            player=player,
            related_player=related,
            x=x,
            y=y,
            payload=payload,
            vendor_event_id=vendor_id,
            certainty=certainty,
        ),
        missing_polls=gap.polls if gap else 0,
        missing_since=gap.missing_since if gap else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LeagueDay:
    """One league's matches of a day, in order of kick-off."""

    league: League
    matches: tuple[Match, ...]

    @property
    def live_count(self) -> int:
        return sum(match.is_live for match in self.matches)

    def only_live(self) -> "LeagueDay":
        """Return the same league with its live matches alone."""
        return replace(self, matches=tuple(match for match in self.matches if match.is_live))


def day_matches(*, day: date, zone: tzinfo, is_today: bool) -> list[LeagueDay]:
    """Return the matches of a calendar day in `zone` by league, most important first.

    Today also has what is still under way from the day before: live is live, whatever the clock.
    """
    starts_at = datetime.combine(day, time.min, tzinfo=zone)
    ends_at = datetime.combine(day + timedelta(days=1), time.min, tzinfo=zone)
    wanted = Q(kickoff_at__gte=starts_at, kickoff_at__lt=ends_at)
    if is_today:
        wanted |= Q(status__in=LIVE_STATUSES, kickoff_at__lt=ends_at)
    rows = (
        Match.objects.with_sides()
        .filter(wanted, season__league__is_test=False)
        .order_by(
            "season__league__priority", "season__league__name", "kickoff_at", "home__name", "id"
        )
    )
    days: dict[int, list[Match]] = {}
    for match in rows:
        days.setdefault(match.season.league_id, []).append(match)
    return [LeagueDay(league=ms[0].season.league, matches=tuple(ms)) for ms in days.values()]


def match_timeline(match: Match) -> tuple[TimelineItem, ...]:
    """Return the match's timeline, newest first, with every correction; one query."""
    pack = load_pack(match.season.league.sport)
    rows = (
        PlayEvent.objects.filter(match=match, type__in=shown_types(pack))
        .order_by("seq")
        .values_list(*_TELLING_COLUMNS)
    )
    sides = Sides(home=match.home.display_name, away=match.away.display_name)
    by_team = {match.home_id: "home", match.away_id: "away"}
    return timeline(pack, (_telling(row, by_team) for row in rows), sides)


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchHead:
    """What stands above the tabs of a match page."""

    scorers: Scorers | None
    line_score: LineScore | None


def match_head(match: Match, items: Sequence[TimelineItem]) -> MatchHead:
    """Return scorers and score by period as far as the sport has them; no query."""
    pack = load_pack(match.season.league.sport)
    return MatchHead(
        scorers=scorers(pack, items) if counts_single_goals(pack) else None,
        line_score=line_score(pack, match.period_scores),
    )


_TELLING_COLUMNS = (
    "lineage_id",
    "rev",
    "op",
    "seq",
    "type",
    "period",
    "clock_ms",
    "clock_label",
    "order",
    "ingested_at",
    "team_id",
    "payload",
    "reason",
    "certainty",
    "player__name",
    "player__short_name",
    "player__slug",
    "related_player__name",
    "related_player__short_name",
    "related_player__slug",
)


def _telling(row: tuple[Any, ...], by_team: dict[int, str]) -> Telling:
    lineage, rev, op, seq, type_, period, clock_ms, clock_label, order, told_at, *rest = row
    team, payload, reason, certainty, name, short, slug, other, other_short, other_slug = rest
    return Telling(
        lineage=lineage,
        rev=rev,
        op=op,
        seq=seq,
        type=type_,
        period=period,
        clock_ms=clock_ms,
        clock_label=clock_label,
        order=order,
        told_at=told_at,
        side=by_team.get(team, ""),
        player=short or name or "",
        player_slug=slug or "",
        related=other_short or other or "",
        related_slug=other_slug or "",
        payload=payload,
        reason=reason,
        is_provisional=certainty == Certainty.PROVISIONAL,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LineUp:
    """One side's team sheet; `rows` is empty where the players stand in no lines."""

    team: Team
    side: str
    formation: str
    coach: str
    is_confirmed: bool
    updated_at: datetime
    rows: tuple[tuple[Place, ...], ...]
    starters: tuple[Place, ...]
    bench: tuple[Place, ...]


def line_ups(match: Match, items: Sequence[TimelineItem]) -> list[LineUp]:
    """Return the team sheets of a match, home first, marked with what the timeline says."""
    pack = load_pack(match.season.league.sport)
    marks = _marks_by_player(pack, items)
    sheets = (
        TeamSheet.objects.filter(match=match)
        .select_related("team")
        .prefetch_related("spots__player")
    )
    found = [_line_up(pack, match, sheet, marks) for sheet in sheets]
    return sorted(found, key=lambda line_up: line_up.side != "home")


def _line_up(
    pack: SportPack, match: Match, sheet: TeamSheet, marks: dict[str, tuple[Mark, ...]]
) -> LineUp:
    labels = {position.id: position.label for position in pack.positions}
    places = [
        Place(
            name=spot.player.display_name,
            slug=spot.player.slug,
            shirt=spot.shirt,
            position=spot.position or spot.player.position,
            order=spot.order,
            is_starter=spot.role == SheetRole.STARTER,
            is_captain=spot.is_captain,
            marks=marks.get(spot.player.slug, ()),
        )
        for spot in sheet.spots.all()
    ]
    starters = in_order(pack, [place for place in places if place.is_starter])
    rows = pitch_rows(pack, starters, sheet.formation)
    named = {
        place.slug: replace(place, position=labels.get(place.position, "")) for place in places
    }
    return LineUp(
        team=sheet.team,
        side="home" if sheet.team_id == match.home_id else "away",
        formation=sheet.formation,
        coach=sheet.coach,
        is_confirmed=sheet.is_confirmed,
        updated_at=sheet.updated_at,
        rows=tuple(tuple(named[place.slug] for place in row) for row in rows),
        starters=tuple(named[place.slug] for place in starters),
        bench=tuple(
            named[place.slug]
            for place in in_order(pack, [place for place in places if not place.is_starter])
        ),
    )


def _marks_by_player(pack: SportPack, items: Sequence[TimelineItem]) -> dict[str, tuple[Mark, ...]]:
    marks: dict[str, list[Mark]] = {}
    names_scorers = counts_single_goals(pack)
    for item in reversed(items):
        if item.is_cancelled or not item.is_key or item.is_divider:
            continue
        if item.score and not names_scorers:
            continue
        presence = pack.events[item.type].presence
        turns = {"in": "sub-in", "out": "sub-out"}
        own = turns.get(presence.player, item.icon) if presence else item.icon
        mark = Mark(icon=own, label=item.label, clock=item.clock)
        marks.setdefault(item.player_slug, []).append(mark)
        if presence and presence.related in turns:
            came = Mark(icon=turns[presence.related], label=item.label, clock=item.clock)
            marks.setdefault(item.related_slug, []).append(came)
    return {slug: tuple(found) for slug, found in marks.items() if slug}


def moving_matches(*, at: datetime) -> list[Match]:
    """Return the public matches whose rows may just have changed: live or over since an hour."""
    recent = Q(status__in=LIVE_STATUSES) | Q(finished_at__gt=at - timedelta(hours=1))
    return list(Match.objects.with_sides().filter(recent, season__league__is_test=False))


def head_to_head(match: Match, *, limit: int = 5) -> list[Match]:
    """Return the last results between the two teams before this match, newest first."""
    pair = (match.home_id, match.away_id)
    return list(
        Match.objects.with_sides()
        .results()
        .filter(home__in=pair, away__in=pair, kickoff_at__lt=match.kickoff_at)
        .exclude(pk=match.pk)
        .order_by("-kickoff_at")[:limit]
    )


def live_beside(match: Match, *, limit: int = 6) -> list[Match]:
    """Return other live matches of the same league."""
    return list(
        Match.objects.with_sides()
        .live()
        .filter(season__league=match.season.league_id)
        .exclude(pk=match.pk)[:limit]
    )


def team_matches(team: Team, *, is_over: bool, limit: int) -> list[Match]:
    """Return a team's last results, newest first, or its next fixtures, soonest first."""
    rows = Match.objects.with_sides().filter(Q(home=team) | Q(away=team))
    if is_over:
        return list(rows.results().order_by("-kickoff_at")[:limit])
    coming = rows.filter(Q(pk__in=rows.fixtures()) | Q(status__in=LIVE_STATUSES))
    return list(coming.order_by("kickoff_at")[:limit])


def winning_side_of(match: Match) -> str:
    """Return the side that won, or nothing for a draw or a match without a score."""
    if match.home_score is None or match.away_score is None:
        return ""
    shootout = awarded = None
    if match.home_shootout is not None and match.away_shootout is not None:
        shootout = (match.home_shootout, match.away_shootout)
    if match.awarded_home is not None and match.awarded_away is not None:
        awarded = (match.awarded_home, match.awarded_away)
    return winning_side(
        decisive_pair((match.home_score, match.away_score), shootout=shootout, awarded=awarded)
    )


def season_matches(season: Season | None, *, is_over: bool) -> QuerySet[Match]:
    """Return a season's results, newest first, or what is still to come, soonest first."""
    rows = Match.objects.with_sides().filter(season=season)
    if is_over:
        return rows.results().order_by("-kickoff_at", "-id")
    return rows.exclude(status__in=OVER_STATUSES).order_by("kickoff_at", "id")
