"""Reads of what models learn from and of what they said."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q

from leagues.models import League
from leagues.packs.loader import load_pack
from leagues.packs.schema import SportPack, StrengthRule
from matches.enums import MatchStatus
from matches.models import Match, MatchQuerySet
from matches.rules.outcome import decisive_pair, winning_side
from matches.selectors.fixtures import winning_side_of
from matches.selectors.plays import Play, current_plays
from mlmodels.enums import ModelState
from mlmodels.models import MatchForecast, ModelVersion
from mlmodels.rules.chances import Chances, Expectation, certain
from mlmodels.rules.line import LinePoint, situations
from mlmodels.rules.results import PlayedMatch, regular_score
from mlmodels.rules.win_probability import Situation, win_probability

# Fewer results say less of a league than the pack's typical scores.
_LEAST_RESULTS = 30
_NO_RESULT = (MatchStatus.ABANDONED, MatchStatus.CANCELLED)
_RESULT_COLUMNS = (
    "pk",
    "home_id",
    "away_id",
    "home_score",
    "away_score",
    "home_shootout",
    "away_shootout",
    "period_scores",
    "kickoff_at",
)


def league_zone(league: League) -> tzinfo:
    """Return the zone in which the league's days begin and end."""
    try:
        return ZoneInfo(league.time_zone)
    except (KeyError, ValueError):
        return ZoneInfo("UTC")


def day_of(moment: datetime, league: League) -> date:
    """Return the league's day of that moment."""
    return moment.astimezone(league_zone(league)).date()


def played_matches(league: League, *, before: date) -> list[PlayedMatch]:
    """Return the league's results of the days before that one, oldest first; one query.

    A match that was only awarded was not played.
    """
    pack, zone = load_pack(league.sport), league_zone(league)
    start = datetime.combine(before, datetime.min.time(), tzinfo=zone)
    rows = (
        Match.objects.results()
        .filter(season__league=league, kickoff_at__lt=start)
        .exclude(status=MatchStatus.AWARDED)
        .exclude(Q(home_score=None) | Q(away_score=None))
        .order_by("kickoff_at", "pk")
        .values_list(*_RESULT_COLUMNS)
    )
    return [_played(row, pack, zone) for row in rows]


def _played(row: Sequence[Any], pack: SportPack, zone: tzinfo) -> PlayedMatch:
    pk, home, away, home_score, away_score, home_more, away_more, periods, kickoff_at = row
    score = (home_score, away_score)
    shootout = None if home_more is None or away_more is None else (home_more, away_more)
    regular = regular_score(pack, score, shootout=shootout, periods=periods)
    return PlayedMatch(
        match=pk,
        home=home,
        away=away,
        home_score=regular[0],
        away_score=regular[1],
        winner=winning_side(decisive_pair(score, shootout=shootout, awarded=None)),
        day=kickoff_at.astimezone(zone).date(),
    )


def active_version(league: League, *, name: str) -> ModelVersion | None:
    """Return the version in use."""
    return ModelVersion.objects.filter(name=name, league=league, state=ModelState.ACTIVE).first()


def coming_matches(version: ModelVersion, *, at: datetime, days: int) -> MatchQuerySet:
    """Return the fixtures that the version may forecast: it knows no result of their day."""
    league = version.league
    first = version.trained_through_on + timedelta(days=1)
    start = datetime.combine(first, datetime.min.time(), tzinfo=league_zone(league))
    return Match.objects.fixtures().filter(
        season__league=league,
        kickoff_at__gt=at,
        kickoff_at__gte=start,
        kickoff_at__lt=at + timedelta(days=days),
    )


def forecast_for(match: Match) -> MatchForecast | None:
    """Return what is said of the match: by the active version, else what was said last."""
    rows = MatchForecast.objects.filter(match=match).select_related("model_version")
    found = sorted(rows, key=lambda row: row.made_at)
    active = [row for row in found if row.model_version.state == ModelState.ACTIVE]
    return (active or found)[-1] if found else None


def expectation_of(match: Match, rule: StrengthRule) -> Expectation:
    """Return the forecast's expected scores, else the league's means, else the sport's typical."""
    forecast = forecast_for(match)
    if forecast is not None:
        return Expectation(
            home=forecast.home_expected,
            away=forecast.away_expected,
            margin_sd=forecast.margin_sd or 0.0,
        )
    league = match.season.league
    known = played_matches(league, before=day_of(match.kickoff_at, league))
    if len(known) < _LEAST_RESULTS:
        return Expectation(
            home=rule.typical_home, away=rule.typical_away, margin_sd=rule.typical_margin_sd
        )
    n = len(known)
    return Expectation(
        home=sum(result.home_score for result in known) / n,
        away=sum(result.away_score for result in known) / n,
        margin_sd=rule.typical_margin_sd,
    )


def chances_now(
    match: Match, line: Sequence[LinePoint], expected: Expectation, rule: StrengthRule
) -> Chances | None:
    """Return the chances at the end of the line, those before the match, or the certain result.

    None where nothing can be said: no result will come, the score is not known to the reader, or
    play is on and its clock is not told.
    """
    if match.is_over:
        is_told = match.home_score is not None and match.away_score is not None
        return certain(winning_side_of(match)) if is_told else None
    if match.status in _NO_RESULT:
        return None
    if line:
        return line[-1].chances
    return None if match.is_live else win_probability(Situation(), expected, rule)


def win_probability_line(
    match: Match,
    *,
    plays: Sequence[Play] | None = None,
    expected: Expectation | None = None,
) -> tuple[LinePoint, ...]:
    """Return the chances over the match, in match order; a match that is over ends in certainty.

    One point for each event that moves score or men, each start and end of a period, and the last
    event of each minute. Empty for a sport without [strength] and for a log without clock times.
    The season and its league must be fetched along. Reads the log and what is expected unless both
    are given.
    """
    pack = load_pack(match.season.league.sport)
    if pack.strength is None:
        return ()
    plays = current_plays(match) if plays is None else plays
    if not any(play.fact.clock_ms for play in plays):
        return ()
    expected = expected or expectation_of(match, pack.strength)
    told = {
        fact.ref: win_probability(situation, expected, pack.strength)
        for fact, situation in situations(pack, [play.fact for play in plays])
    }
    if match.is_over:
        told[plays[-1].fact.ref] = certain(winning_side_of(match))
    return tuple(
        LinePoint(
            seq=int(str(play.fact.ref)),
            event_id=play.event_id,
            period=play.fact.period,
            clock_ms=play.fact.clock_ms,
            clock_label=play.clock_label,
            chances=told[play.fact.ref],
        )
        for play in plays
        if play.fact.ref in told
    )
