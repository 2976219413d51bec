"""Fixtures of head-to-head leagues: drawn when the first round locks, scored when one settles."""

from collections.abc import Iterable, Mapping
from itertools import groupby

from django.db import transaction
from django.db.models import Q

from fantasy.enums import LeagueKind, RoundState
from fantasy.models import FantasyLeague, HeadToHead, LeagueMember, LineupResult, Round
from fantasy.rules.pairings import average_points, round_robin

_PER_STATEMENT = 2000


@transaction.atomic
def draw_fixtures(round_id: int) -> int:
    """Pair the members of each head-to-head league that begins with a round; return how many.

    From then on such a league takes no more members. A league that has its fixtures keeps them,
    so a second run changes nothing.
    """
    round_ = Round.objects.select_related("game").get(pk=round_id)
    waiting = FantasyLeague.objects.filter(
        game=round_.game_id,
        kind=LeagueKind.HEAD_TO_HEAD,
        start_round__number__lte=round_.number,
        is_closed=False,
    )
    leagues = list(waiting.select_for_update(of=("self",)).order_by("pk"))
    rounds = _rounds_from(round_)
    for league in leagues:
        _draw(league, rounds)
    FantasyLeague.objects.filter(pk__in=[league.pk for league in leagues]).update(is_closed=True)
    return len(leagues)


def _rounds_from(round_: Round) -> list[Round]:
    rounds = Round.objects.filter(game=round_.game_id, number__gte=round_.number)
    return list(rounds.exclude(state=RoundState.VOID).order_by("number"))


def _draw(league: FantasyLeague, rounds: list[Round]) -> None:
    members = LeagueMember.objects.filter(league=league).select_related("entry")
    by_number = {member.entry.number: member.entry for member in members}
    drawn = round_robin(list(by_number), seed=league.seed, rounds=len(rounds))
    HeadToHead.objects.bulk_create(
        [
            HeadToHead(
                league=league,
                round=round_,
                home=by_number[pairing.home],
                away=None if pairing.away is None else by_number[pairing.away],
            )
            for round_, pairings in zip(rounds, drawn, strict=True)
            for pairing in pairings
        ],
        batch_size=_PER_STATEMENT,
    )


@transaction.atomic
def leave_fixtures(league: FantasyLeague, entry_id: int) -> None:
    """Let the league's average play in place of an entry that leaves; what was played stands."""
    ahead = HeadToHead.objects.filter(league=league, home_points__isnull=True)
    ahead.filter(home=entry_id, away__isnull=True).delete()
    ahead.filter(away=entry_id).update(away=None)
    for fixture in ahead.filter(home=entry_id):
        fixture.home, fixture.away = fixture.away, None  # type: ignore[assignment]  # has one
        fixture.save(update_fields=["home", "away"])


@transaction.atomic
def score_fixtures(round_: Round) -> int:
    """Write what each side of a settled round's fixtures scored; return how many changed.

    Run again after a correction it writes what is true now.
    """
    fixtures = HeadToHead.objects.filter(round=round_).order_by("league_id", "pk")
    changed = []
    for league_id, group in groupby(fixtures.iterator(), key=lambda fixture: fixture.league_id):
        paired = list(group)
        scores = _scores_of(league_id, round_, paired)
        average = _average(league_id, paired, scores)
        for fixture in paired:
            away_id = fixture.away_id
            away = average if away_id is None else scores.get(away_id, 0)
            points = scores.get(fixture.home_id, 0), away
            if points != (fixture.home_points, fixture.away_points):
                fixture.home_points, fixture.away_points = points
                changed.append(fixture)
    fields = ["home_points", "away_points"]
    HeadToHead.objects.bulk_update(changed, fields, batch_size=_PER_STATEMENT)
    return len(changed)


def _average(league_id: int, fixtures: Iterable[HeadToHead], scores: Mapping[int, int]) -> int:
    if all(fixture.away_id is not None for fixture in fixtures):
        return 0
    members = LeagueMember.objects.filter(league=league_id).values_list("entry", flat=True)
    return average_points([scores.get(entry_id, 0) for entry_id in members])


def _scores_of(league_id: int, round_: Round, fixtures: Iterable[HeadToHead]) -> Mapping[int, int]:
    sides = {side for f in fixtures for side in (f.home_id, f.away_id) if side is not None}
    members = Q(entry__memberships__league=league_id) | Q(entry__in=sides)
    return round_scores(round_.pk, members)


def round_scores(round_id: int, whose: Q) -> Mapping[int, int]:
    """Return what entries scored in a settled round, by entry: after hits and adjustments."""
    results = LineupResult.objects.filter(whose, round=round_id).distinct()
    rows = results.values_list("entry", "points", "hit", "adjusted")
    return {entry_id: points - hit + adjusted for entry_id, points, hit, adjusted in rows}
