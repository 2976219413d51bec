"""Results of invented leagues, and models trained on them."""

import random
from datetime import UTC, date, datetime, time, timedelta

from leagues.models import Season, Team
from matches.enums import MatchStatus
from matches.models import Match
from mlmodels.rules.results import PlayedMatch
from tests.factories.leagues import make_team

MATCHES_A_DAY = 3


def double_round(teams: list[int], *, first: date, seed: int = 5) -> list[PlayedMatch]:
    """A season in which the first team is the best and the last the weakest."""
    rng = random.Random(seed)
    pairs = [(home, away) for home in teams for away in teams if home != away]
    rng.shuffle(pairs)
    results = []
    for number, (home, away) in enumerate(pairs):
        gap = (teams.index(away) - teams.index(home)) / len(teams)
        home_score = sum(rng.random() < 0.15 * (1.3 + gap) for _ in range(10))
        away_score = sum(rng.random() < 0.15 * (1.0 - gap) for _ in range(10))
        winner = "home" if home_score > away_score else "away" if away_score > home_score else ""
        results.append(
            PlayedMatch(
                match=number,
                home=home,
                away=away,
                home_score=home_score,
                away_score=away_score,
                winner=winner,
                day=first + timedelta(days=number // MATCHES_A_DAY),
            )
        )
    return results


def make_results(season: Season, *, teams: int = 10, first: date) -> list[Team]:
    """Store such a season as finished matches; return its teams, the best first."""
    found = [make_team(season=season) for _ in range(teams)]
    Match.objects.bulk_create(
        Match(
            season=season,
            home=found[result.home],
            away=found[result.away],
            kickoff_at=datetime.combine(result.day, time(15), tzinfo=UTC),
            status=MatchStatus.FINISHED,
            home_score=result.home_score,
            away_score=result.away_score,
        )
        for result in double_round(list(range(teams)), first=first)
    )
    return found
