"""Pages of points: what a round consists of, why, and who may be told."""

import random

import pytest
from django.test import Client
from django.urls import reverse

from fantasy.enums import RoundState
from fantasy.models import Entry, PlayerScore, Round
from fantasy.rules.loading import load_game
from fantasy.selectors.live_ranks import live_round_of
from fantasy.selectors.round_view import round_view
from fantasy.templatetags.fantasy_tags import points
from tests.factories.fantasy import TELLING, make_entry, make_game, make_round
from tests.fantasy.live_rounds import make_lineup, make_live_round, play

pytestmark = pytest.mark.django_db


@pytest.fixture
def round_(db) -> Round:
    rng = random.Random(7)
    made = make_live_round(rng, entries=3, plain=True, rules="fpl-2026-27")
    play(rng, made, share=0.6)
    return made


@pytest.fixture
def entry(round_) -> Entry:
    return round_.game.entries.first()


def address(entry, number=1):
    return reverse("fantasy:entry_round", args=[entry.public_id, number])


def test_parts_of_a_round_add_up_to_its_points(entry, round_):
    PlayerScore.objects.filter(points__gt=3).update(bonus=2)

    view = round_view(entry, round_, is_told=True)

    counted = sum(place.counted or 0 for place in view.places if place.multiplier)
    assert view.parts.bonus
    assert view.parts.net == view.parts.points == counted


def test_points_page_says_that_they_are_provisional(entry, round_):
    page = Client().get(address(entry)).content.decode()

    view = round_view(entry, round_, is_told=True)
    assert "provisional until the round is settled" in page
    assert f'<span class="score-card__value">{points(view.parts.net)}</span>' in page
    assert "Projected bonus" in page


def test_round_under_way_is_shown_until_the_next_one_has_begun(entry, round_):
    following = make_round(round_.game, 2, state=RoundState.LOCKED)
    make_lineup(random.Random(3), following, entry, plain=True)
    newest = reverse("fantasy:entry", args=[entry.public_id])
    assert Client().get(newest).context["round"] == round_
    assert live_round_of(round_.game_id) == round_

    Round.objects.filter(pk=following.pk).update(state=RoundState.LIVE)

    assert Client().get(newest).context["round"] == following
    assert live_round_of(round_.game_id) == following


def test_points_page_gives_its_live_parts_to_an_open_page(entry, round_):
    answer = Client().get(address(entry), {"regions": "1"})

    assert list(answer.json()["regions"]) == ["points"]
    assert f"page:fantasy:{round_.game.public_id}" in Client().get(address(entry)).content.decode()


def test_reader_who_hides_scores_is_told_no_points(entry, round_):
    client = Client()
    client.cookies["hide_scores"] = "1"

    page = client.get(address(entry)).content.decode()

    assert '<span class="score-card__value">–</span>' in page
    assert "held back" in page


def test_reader_who_asks_for_a_games_points_is_told(entry, round_):
    client = Client()
    client.cookies["hide_scores"] = "1"
    client.post(reverse("accounts:show_scores"), {"show": round_.game.public_id, "next": "/"})

    assert "held back" not in client.get(address(entry)).content.decode()


@pytest.mark.parametrize("name", ["game", "players", "leagues"])
def test_pages_of_a_game_hold_points_back_for_who_hides_scores(entry, round_, name):
    PlayerScore.objects.update(points=TELLING)
    client = Client()
    client.cookies["hide_scores"] = "1"

    page = client.get(reverse(f"fantasy:{name}", args=[round_.game.slug]))

    assert page.status_code == 200
    assert str(TELLING) not in page.content.decode()


def test_why_page_leads_through_the_players_matches(entry, round_):
    score = PlayerScore.objects.filter(round=round_).select_related("game_player__player").first()
    args = [round_.game.slug, score.game_player.player.public_id, 1]

    page = Client().get(reverse("fantasy:why", args=args)).content.decode()

    assert reverse("stats:match", args=[score.match.public_id]) in page


def test_squads_of_others_are_nobodys_business_before_the_deadline(game):
    entry = make_entry(game)

    page = Client().get(reverse("fantasy:entry", args=[entry.public_id])).content.decode()

    assert "No points yet" in page
    assert Client().get(address(entry)).status_code == 404
    name = entry.holdings.first().game_player.player.display_name
    assert name not in page


def test_entry_of_a_draft_does_not_exist(db):
    game = make_game(rules="fpl-2026-27", state="draft", published_at=None)
    make_round(game, 1)
    entry = make_entry(game, [])

    assert Client().get(reverse("fantasy:entry", args=[entry.public_id])).status_code == 404
    assert Client().get(reverse("fantasy:game", args=[game.slug])).status_code == 404


def test_history_lists_no_round_that_is_not_settled(entry, round_):
    page = Client().get(reverse("fantasy:history", args=[entry.public_id])).content.decode()

    assert "No round is settled yet" in page


def test_match_page_has_a_tab_with_the_players_of_the_match(entry, round_):
    match = round_.round_matches.first().match
    score = PlayerScore.objects.filter(match=match).select_related("game_player__player").first()

    tabs = Client().get(reverse("stats:match", args=[match.public_id])).content.decode()
    page = Client().get(reverse("fantasy:match", args=[match.public_id])).content.decode()

    assert reverse("fantasy:match", args=[match.public_id]) in tabs
    assert score.game_player.player.display_name in page


def test_rules_page_says_once_what_all_positions_get(game):
    page = Client().get(reverse("fantasy:rules", args=[game.slug])).content.decode()

    assists = page[page.index("Assists") :][:200]
    goals = page[page.index("Goals scored") :][:600]
    assert '<td colspan="4" class="rule-all"><strong>+3</strong></td></tr>' in assists
    assert "colspan" not in goals[: goals.index("</tr>")]


def test_rules_page_shows_every_rule_of_the_pack(game):
    page = Client().get(reverse("fantasy:rules", args=[game.slug])).content.decode()

    for rule in load_game(game.rules).points:
        assert rule.label in page


def test_round_states_that_are_open_have_no_pages(entry, round_):
    Round.objects.filter(pk=round_.pk).update(state=RoundState.VOID)

    assert Client().get(address(entry)).status_code == 404


def test_points_page_asks_no_more_for_more_players(entry, round_, django_assert_max_num_queries):
    with django_assert_max_num_queries(40):
        Client().get(address(entry))
