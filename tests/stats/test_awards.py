"""Results by decision: the table counts them, the pitch keeps its own; they can be withdrawn."""

import orjson
import pytest
from django.test import Client

from matches.enums import MatchStatus
from matches.models import Match, PlayEvent
from matches.rules.corrections import CorrectionError
from matches.services.corrections import Award, By, award_match, withdraw_award
from stats.models import BoxScore, TableRow
from stats.services.fold import fold_match
from stats.services.tables import refresh_tables
from tests.factories.leagues import make_league, make_season
from tests.factories.matches import make_event, make_match

pytestmark = pytest.mark.django_db

BY = By(reason="Fielded a suspended player.")


@pytest.fixture
def match() -> Match:
    """Nil to one, played to the end."""
    match = make_match(make_season(make_league(sport="football")))
    make_event(match, type="period_start", period="1H")
    make_event(match, type="goal", period="1H", clock_ms=60_000, team=match.away)
    make_event(match, type="match_end", period="2H")
    return followed(match)


def followed(match: Match) -> Match:
    """Fold, and rank if the fold says so, as the workers do."""
    news = fold_match(match.pk)
    if news is not None and news.standing_changed:
        refresh_tables(match.season_id)
    match.refresh_from_db()
    return match


def row(match: Match, side: str = "home") -> dict:
    found = TableRow.objects.get(
        season=match.season_id, kind="total", team=getattr(match, f"{side}_id")
    )
    names = ("points", "wins", "losses", "goals_for", "goals_against")
    return {**{name: found.values[name] for name in names}, "form": found.form}


def test_award_counts_in_the_table_beside_the_played_score(match: Match):
    assert row(match)["points"] == 0

    award_match(match.pk, Award(home=3, away=0), by=BY)
    followed(match)

    assert (match.status, match.home_score, match.away_score) == (MatchStatus.AWARDED, 0, 1)
    assert (match.awarded_home, match.awarded_away) == (3, 0)
    assert match.decision_reason == BY.reason
    assert row(match) == {
        "points": 3,
        "wins": 1,
        "losses": 0,
        "goals_for": 3,
        "goals_against": 0,
        "form": "W",
    }


def test_award_may_name_its_points(match: Match):
    award_match(match.pk, Award(home=3, away=0, points=(2, -1)), by=BY)
    followed(match)

    assert (row(match)["points"], row(match, "away")["points"]) == (2, -1)


def test_both_may_lose(match: Match):
    award_match(match.pk, Award(home=0, away=0, both_lose=True), by=BY)
    followed(match)

    assert [row(match, side)["form"] for side in ("home", "away")] == ["L", "L"]
    assert [row(match, side)["points"] for side in ("home", "away")] == [0, 0]


def test_withdrawn_award_leaves_what_was_played(match: Match):
    award_match(match.pk, Award(home=3, away=0, points=(3, 0)), by=BY)
    followed(match)

    withdraw_award(match.pk, by=By(reason="The appeal was upheld."))
    followed(match)

    assert (match.status, match.home_score, match.away_score) == (MatchStatus.FINISHED, 0, 1)
    assert (match.awarded_home, match.awarded_home_points) == (None, None)
    assert match.decision_reason == ""
    assert row(match)["points"] == 0
    told = PlayEvent.objects.filter(type="admin.override").order_by("seq")
    assert [(fact.op, fact.reason) for fact in told] == [
        ("add", BY.reason),
        ("retract", "The appeal was upheld."),
    ]


def test_newest_of_two_awards_stands_and_one_withdrawal_takes_both(match: Match):
    award_match(match.pk, Award(home=3, away=0, points=(3, 0)), by=BY)
    award_match(match.pk, Award(home=0, away=3), by=BY)
    followed(match)
    assert (match.awarded_home, match.awarded_away, match.awarded_home_points) == (0, 3, None)

    withdraw_award(match.pk, by=BY)

    assert followed(match).awarded_home is None


def test_award_of_a_match_that_was_never_played_has_no_played_score():
    match = make_match(make_season(make_league(sport="football")))
    award_match(match.pk, Award(home=3, away=0), by=BY)
    followed(match)

    assert (match.status, match.home_score) == (MatchStatus.AWARDED, None)
    assert row(match)["points"] == 3

    withdraw_award(match.pk, by=BY)
    followed(match)

    assert (match.status, match.finished_at) == (MatchStatus.SCHEDULED, None)
    assert row(match)["points"] == 0


def test_award_survives_a_fold_from_scratch_and_stands_in_the_boxscore(match: Match):
    award_match(match.pk, Award(home=3, away=0, points=(3, 0)), by=BY)
    followed(match)
    before = bytes(BoxScore.objects.get(match=match).document)

    fold_match(match.pk, from_scratch=True)

    after = bytes(BoxScore.objects.get(match=match).document)
    assert before == after
    score = orjson.loads(after)["score"]
    assert (score["home"], score["away"]) == (0, 1)
    assert score["awarded"] == {
        "home": 3,
        "away": 0,
        "points": {"home": 3, "away": 0},
        "both_lose": False,
        "reason": BY.reason,
    }


def test_api_tells_the_award_and_the_boxscore_as_of_before_does_not(match: Match, client: Client):
    before = match.folded_seq
    award_match(match.pk, Award(home=3, away=0), by=BY)
    followed(match)
    address = f"/api/v1/matches/{match.public_id}"

    told = client.get(address).json()
    past = client.get(f"{address}/boxscore?as_of={before}").json()

    assert (told["status"], told["score"]["away"]) == ("awarded", 1)
    assert told["awarded"]["home"] == 3
    assert told["awarded"]["reason"] == BY.reason
    assert (past["match"]["status"], past["score"]["awarded"]) == ("finished", None)


@pytest.mark.parametrize("score", [(-1, 0), (3, 1000)])
def test_award_out_of_range_names_its_field(match: Match, score: tuple[int, int]):
    with pytest.raises(CorrectionError) as caught:
        award_match(match.pk, Award(home=score[0], away=score[1]), by=BY)

    assert caught.value.field == ("home" if score[0] < 0 else "away")


def test_withdrawal_needs_an_award(match: Match):
    with pytest.raises(CorrectionError) as caught:
        withdraw_award(match.pk, by=BY)

    assert (caught.value.field, caught.value.code) == ("award", "not_awarded")
