"""Figures of players for the market: of the last settled rounds, as the reader may know them."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.clock import now
from config.sight import Wish, seeing
from fantasy.enums import CaseState, RoundState
from fantasy.models import CorrectionCase, PlayerScore
from fantasy.selectors.market_list import MarketWish, market_list
from fantasy.selectors.outlook import game_outlook
from tests.factories.fantasy import make_club, make_game, make_round, make_round_match

pytestmark = pytest.mark.django_db


@pytest.fixture
def game(db):
    made = make_game(rules="fpl-2026-27")
    make_club(made, "Rovers")
    make_club(made, "United")
    return made


def teams(game):
    return list(game.season.teams.order_by("pk"))


def settled(game, number, scores, *, times=1, ago=timedelta(days=1)):
    """A settled round of the two clubs; `scores` are (points, minutes) by number of the player."""
    home, away = teams(game)
    round_ = make_round(
        game, number, state=RoundState.SETTLED, settled_at=now() - ago, locked_at=now()
    )
    for hours in range(times):
        later = round_.starts_at + timedelta(hours=hours)
        match = make_round_match(round_, home, away, kickoff_at=later)
        PlayerScore.objects.bulk_create(
            PlayerScore(
                round=round_,
                match=match,
                game_player=game.players.get(number=who),
                points=points,
                minutes=minutes,
                appeared=minutes > 0,
            )
            for who, (points, minutes) in scores.items()
        )
    return round_


def ahead(game, number, *, matches=1):
    home, away = teams(game)
    round_ = make_round(game, number)
    for hours in range(matches):
        later = round_.starts_at + timedelta(hours=hours)
        make_round_match(round_, home, away, kickoff_at=later)
    return round_


def of(game, number):
    return game_outlook(game).of(game.players.get(number=number))


def test_figures_are_those_of_the_last_five_settled_rounds(game):
    settled(game, 1, {0: (100, 90)})
    for number in range(2, 7):
        settled(game, number, {0: (number, 90), 1: (1, 20)})
    live = make_round(game, 7, state=RoundState.LIVE)
    match = make_round_match(live, *teams(game))
    PlayerScore.objects.create(
        round=live, match=match, game_player=game.players.get(number=0), points=50, minutes=90
    )
    ahead(game, 8)

    first, second, absent = of(game, 0), of(game, 1), of(game, 2)

    assert (first.rounds, first.form, first.missed) == (5, 4.0, 0)
    assert (second.form, second.missed) == (1.0, 5)
    assert (absent.form, absent.missed, absent.matches) == (0.0, 5, 1)
    assert first.expected.low <= first.expected.mean <= first.expected.high


def test_round_with_two_matches_counts_once_and_needs_one_full_match(game):
    settled(game, 1, {0: (3, 90), 1: (1, 30)}, times=2)
    ahead(game, 2, matches=2)

    assert (of(game, 0).form, of(game, 0).missed, of(game, 0).matches) == (6.0, 0, 2)
    assert of(game, 1).missed == 1


def test_nothing_is_known_before_a_round_is_settled(game):
    ahead(game, 1)

    told = of(game, 0)

    assert (told.rounds, told.form, told.expected) == (0, None, None)


def test_nothing_is_expected_after_the_last_round(game):
    settled(game, 1, {0: (3, 90)})

    assert of(game, 0).form == 3.0
    assert of(game, 0).expected is None


def test_points_for_a_club_before_count_and_its_matches_do(game):
    settled(game, 1, {0: (6, 90)})
    player = game.players.get(number=0)
    player.team = make_club(game, "City", club={})
    player.save()

    assert (of(game, 0).form, of(game, 0).rounds) == (6.0, 1)


def test_player_of_a_club_without_matches_is_unknown_and_last(game):
    settled(game, 1, {0: (-3, 90)})
    ahead(game, 2)
    make_club(game, "City", price=200, club={"FWD": 1})

    for sort in ("form", "expected", "missed"):
        rows = list(market_list(game, MarketWish(sort=sort), game_outlook(game)))
        assert rows[-1].team.name == "City", sort


def test_market_is_ordered_and_chosen_by_figures(game):
    settled(game, 1, {0: (2, 90), 1: (9, 45), 2: (5, 60)})
    ahead(game, 2)
    outlook = game_outlook(game)

    def numbers(**wish):
        return [row.number for row in market_list(game, MarketWish(**wish), outlook)]

    assert numbers(sort="form")[:3] == [1, 2, 0]
    assert numbers(sort="missed")[:2] == [0, 2]
    assert set(numbers(min_form=5000)) == {1, 2}
    assert set(numbers(max_missed=0)) == {0, 2}
    assert set(numbers(min_form=5000, max_missed=0)) == {2}
    means = {n: of(game, n).expected.mean for n in (0, 1, 2)}
    best = max(means, key=means.__getitem__)
    assert numbers(sort="expected")[0] == best
    assert best in numbers(min_expected=int(means[best] * 1000))


def test_unfit_player_is_expected_to_bring_nothing(game):
    settled(game, 1, {0: (12, 90)})
    ahead(game, 2)
    game.players.filter(number=0).update(status="out", chance_percent=0)

    told = of(game, 0)

    assert (told.form, told.expected.mean, told.expected.high) == (12.0, 0.0, 0)


def test_correction_is_in_the_figures_at_once(game):
    settled(game, 1, {0: (2, 90)})

    PlayerScore.objects.update(points=7)

    assert of(game, 0).form == 7.0


def test_who_hides_scores_is_told_no_figure(game):
    settled(game, 1, {0: (2, 90)})

    with seeing(Wish(hides_scores=True)):
        assert game_outlook(game) is None
    with seeing(Wish(hides_scores=True, shown=frozenset({game.public_id}))):
        assert game_outlook(game) is not None


def test_late_reader_is_told_of_a_round_once_it_was_settled_at_his_moment(game):
    settled(game, 1, {0: (2, 90)})
    settled(game, 2, {0: (8, 90)}, ago=timedelta(seconds=30))

    with seeing(Wish(delay_s=60)):
        assert of(game, 0).form == 2.0
    with seeing(Wish(delay_s=15)):
        assert of(game, 0).form == 5.0


def test_late_reader_is_told_nothing_of_a_correction_he_is_yet_to_see(game):
    round_ = settled(game, 1, {0: (2, 90)})
    CorrectionCase.objects.create(
        round=round_,
        match=round_.round_matches.get().match,
        state=CaseState.APPLIED,
        closed_at=now() - timedelta(seconds=30),
    )

    with seeing(Wish(delay_s=60)):
        assert game_outlook(game) is None
    with seeing(Wish(delay_s=15)):
        assert game_outlook(game) is not None


def test_all_players_cost_as_few_queries_as_one(game):
    for number in range(1, 7):
        settled(game, number, {who: (who, 90) for who in range(30)})
    ahead(game, 7)

    with CaptureQueriesContext(connection) as asked:
        outlook = game_outlook(game)
        for row in market_list(game, MarketWish(sort="expected"), outlook):
            outlook.of(row)

    assert len(asked) <= 8, [query["sql"][:90] for query in asked]
