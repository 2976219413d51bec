"""Reads of lists of matches: a day's, a season's, a team's, those that are moving."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo

from django.db.models import Q, QuerySet

from leagues.models import League, Season, Team
from leagues.rules.follows import NOBODY, Follows
from matches.models import LIVE_STATUSES, OVER_STATUSES, Match, MatchQuerySet, status_is
from matches.rules.outcome import decisive_pair, winning_side
from matches.topics import MatchIngested
from streams.changes import Told


def public_match(public_id: str) -> Match | None:
    """Return what tells the state and the age of a match that strangers may see, None of another.

    Only status and times are fetched.
    """
    rows = Match.objects.filter(public_id=public_id, season__league__is_test=False)
    return rows.only("status", "data_at", "kickoff_at").first()


def told_matches(events: Sequence[MatchIngested]) -> list[Told | None]:
    """Say in public which matches' logs or fixture data changed; one query."""
    ids = public_match_ids(event.match_id for event in events)
    return [
        Told(id=ids[event.match_id], data={"seq": event.seq}) if event.match_id in ids else None
        for event in events
    ]


def public_match_ids(keys: Iterable[int]) -> dict[int, str]:
    """Return the public ids of those of the matches that strangers may see."""
    rows = Match.objects.filter(pk__in=set(keys), season__league__is_test=False)
    return dict(rows.values_list("pk", "public_id"))


@dataclass(frozen=True, slots=True, kw_only=True)
class LeagueDay:
    """One league's matches of a day, in order of kick-off; without a league, of followed teams."""

    league: League | None
    matches: tuple[Match, ...]
    is_followed: bool = False

    @property
    def live_count(self) -> int:
        return sum(match.is_live for match in self.matches)

    def only_live(self) -> "LeagueDay":
        """Return the same league with its live matches alone."""
        return replace(self, matches=tuple(match for match in self.matches if match.is_live))


def day_matches(
    *, day: date, zone: tzinfo, is_today: bool, follows: Follows = NOBODY
) -> list[LeagueDay]:
    """Return the matches of a calendar day in `zone` by league, most important first (LIVE-1).

    Followed teams come first, whatever their league, then followed leagues. Today also has what is
    still under way from another day: live is live, whatever the clock, and whenever a match that
    was interrupted is to go on.
    """
    starts_at = datetime.combine(day, time.min, tzinfo=zone)
    ends_at = datetime.combine(day + timedelta(days=1), time.min, tzinfo=zone)
    wanted = Q(kickoff_at__gte=starts_at, kickoff_at__lt=ends_at)
    if is_today:
        wanted |= status_is(LIVE_STATUSES)
    rows = (
        Match.objects.with_sides()
        .filter(wanted, season__league__is_test=False)
        .order_by(
            "season__league__priority", "season__league__name", "kickoff_at", "home__name", "id"
        )
    )
    return _by_league(rows, follows)


def _by_league(rows: Iterable[Match], follows: Follows) -> list[LeagueDay]:
    own: list[Match] = []
    days: dict[int, list[Match]] = {}
    for match in rows:
        if match.home.public_id in follows or match.away.public_id in follows:
            own.append(match)
        else:
            days.setdefault(match.season.league_id, []).append(match)
    own.sort(key=lambda match: match.kickoff_at)
    leagues = [
        LeagueDay(
            league=found[0].season.league,
            matches=tuple(found),
            is_followed=found[0].season.league.public_id in follows,
        )
        for found in days.values()
    ]
    # The rest keeps its order.
    leagues.sort(key=lambda one: not one.is_followed)
    first = [LeagueDay(league=None, matches=tuple(own), is_followed=True)] if own else []
    return first + leagues


def calendar_matches(
    *, at: datetime, season: Season | None = None, team: Team | None = None
) -> list[Match]:
    """Return the public matches of a season or a team for a calendar: recent ones and all to come.

    What was called off stays, so that calendars hear of it.
    """
    rows = _matches_of(season, team).filter(season__league__is_test=False)
    return list(
        rows.filter(kickoff_at__gt=at - _IN_CALENDARS_FOR).order_by("kickoff_at", "id")[
            :_MOST_IN_A_CALENDAR
        ]
    )


def moving_matches(*, at: datetime) -> list[Match]:
    """Return the public matches whose rows may just have changed: live or over since an hour."""
    recent = status_is(LIVE_STATUSES) | Q(finished_at__gt=at - timedelta(hours=1))
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


_START_EXPECTED_FOR = timedelta(hours=6)
_IN_CALENDARS_FOR = timedelta(days=60)
_MOST_IN_A_CALENDAR = 500


def last_matches(
    *, limit: int, season: Season | None = None, team: Team | None = None
) -> list[Match]:
    """Return the last results of a season or a team, newest first."""
    rows = _matches_of(season, team).results()
    return list(rows.order_by("-kickoff_at", "-id")[:limit])


def next_matches(
    *, at: datetime, limit: int, season: Season | None = None, team: Team | None = None
) -> list[Match]:
    """Return what a season or a team plays now and next, soonest first.

    A match that should long have begun is left out: its start is unknown, not near.
    """
    rows = _matches_of(season, team).exclude(status_is(OVER_STATUSES))
    near = status_is(LIVE_STATUSES) | Q(kickoff_at__gt=at - _START_EXPECTED_FOR)
    return list(rows.filter(near).order_by("kickoff_at", "id")[:limit])


def _matches_of(season: Season | None, team: Team | None) -> MatchQuerySet:
    rows = Match.objects.with_sides()
    if season:
        rows = rows.filter(season=season)
    return rows.filter(Q(home=team) | Q(away=team)) if team else rows


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
    return rows.exclude(status_is(OVER_STATUSES)).order_by("kickoff_at", "id")
