"""Films of real and made-up matches: order, states, and equality with the match itself."""

import pytest

from config.clock import now
from matches.models import Match
from matches.selectors.plays import current_plays
from matches.services.files import find_bundles, import_bundle
from stats.enums import ReplayView
from stats.models import BoxScore
from stats.services.film import NothingToReplayError, film_of
from stats.services.fold import fold_match
from tests.factories.leagues import make_league, make_season
from tests.factories.matchday import make_matchday
from tests.factories.matches import make_match

pytestmark = pytest.mark.django_db
REAL = {
    "football": ("wyscout", "pbp/wyscout", "2499719"),
    "basketball": ("nba", "pbp/nba", "0022000001"),
}


def real_match(shared_data, sport) -> Match:
    adapter, folder, key = REAL[sport]
    season = make_season(make_league(sport=sport), is_current=True)
    bundle = next(b for b in find_bundles(adapter, str(shared_data / folder)) if key in b.key)
    report = import_bundle(adapter, bundle, season=season)
    (match_id,) = report.match_ids
    fold_match(match_id)
    return Match.objects.with_sides().get(pk=match_id)


def finished() -> Match:
    match = make_matchday(now()).matches["finished"]
    return Match.objects.with_sides().get(pk=match.pk)


def truth(match) -> bytes:
    return bytes(BoxScore.objects.get(match=match).document)


@pytest.mark.slow
@pytest.mark.parametrize("view", ReplayView)
@pytest.mark.parametrize("sport", sorted(REAL))
def test_last_state_is_the_boxscore_of_the_match(shared_data, sport, view):
    match = real_match(shared_data, sport)

    film = film_of(match, view=view)

    assert film.state(len(film.events)) == truth(match)


@pytest.mark.parametrize("sport", sorted(REAL))
def test_real_match_takes_what_its_clock_took(shared_data, sport):
    film = film_of(real_match(shared_data, sport), view=ReplayView.CORRECTED)

    shortest_min = {"football": 90, "basketball": 48}[sport]
    assert shortest_min * 60_000 <= film.reel.length_ms <= (shortest_min + 12) * 60_000
    assert [stretch.period.id for stretch in film.reel.stretches][:2] in (
        ["1H", "2H"],
        ["Q1", "Q2"],
    )


@pytest.mark.parametrize("view", ReplayView)
def test_last_state_of_a_match_with_a_cancelled_goal_is_its_boxscore(view):
    match = finished()

    film = film_of(match, view=view)

    assert film.state(len(film.events)) == truth(match)
    assert film.past(0).home_score is None
    assert film.past(0).folded_seq == 0


def test_corrected_film_is_the_current_log_told_at_once():
    match = finished()

    film = film_of(match, view=ReplayView.CORRECTED)

    current = [str(play.fact.lineage) for play in current_plays(match)]
    assert [event["lineage_id"] for event in film.events] == current
    assert [event["seq"] for event in film.events] == list(range(1, len(current) + 1))
    assert {(event["op"], event["rev"], event["supersedes"]) for event in film.events} == {
        ("add", 1, None)
    }


def test_film_as_it_happened_has_the_goal_until_it_was_cancelled():
    match = finished()

    film = film_of(match, view=ReplayView.AS_IT_HAPPENED)

    assert [event["seq"] for event in film.events] == list(range(1, match.head_seq + 1))
    (place,) = (seq for seq, event in enumerate(film.events, 1) if event["op"] == "retract")
    before, after = film.past(place - 1), film.past(place)
    assert (before.home_score, after.home_score) == (before.home_score, before.home_score - 1)
    assert film.events[place - 1]["supersedes"] is not None
    assert film.reel.cues[place - 1].at_ms >= film.reel.cues[place - 2].at_ms


def test_match_without_a_log_has_no_film():
    match = Match.objects.with_sides().get(pk=make_match().pk)

    with pytest.raises(NothingToReplayError):
        film_of(match, view=ReplayView.CORRECTED)
