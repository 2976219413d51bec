"""How old the data is that live points rest on: pages, open pages and the API say the same."""

import json
import random
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from config.clock import now
from fantasy import live as pages
from fantasy.enums import RoundState
from fantasy.models import FantasyLeague, LeagueMember, Round
from fantasy.services.live import refresh_round
from matches.enums import MatchStatus
from matches.models import Match
from streams.live import store
from streams.redis_client import client as redis
from tests.factories.accounts import make_user
from tests.factories.fantasy import make_round
from tests.fantasy.live_rounds import make_live_round, play

pytestmark = pytest.mark.django_db
_STALEST_S = 150


@pytest.fixture
def round_() -> Round:
    """Two matches under way; of one the vendor has said nothing for two and a half minutes."""
    rng = random.Random(7)
    made = make_live_round(rng, entries=3, plain=True, rules="fpl-2026-27")
    play(rng, made, share=0.6)
    entry = made.game.entries.first()
    league = FantasyLeague.objects.create(
        game=made.game, name="All", code="AAAAAAA", is_public=True, start_round=made
    )
    LeagueMember.objects.create(league=league, entry=entry)
    fresh, stale = Match.objects.filter(fantasy_rounds__round=made).order_by("pk")
    Match.objects.filter(pk=fresh.pk).update(data_at=now() - timedelta(seconds=4))
    Match.objects.filter(pk=stale.pk).update(data_at=now() - timedelta(seconds=_STALEST_S))
    refresh_round(made.pk)
    return made


@pytest.fixture
def owner(client: Client, round_: Round) -> User:
    """The owner of the first entry, signed in."""
    user = make_user()
    round_.game.entries.filter(pk=round_.game.entries.first().pk).update(owner=user)
    client.force_login(user)
    return user


def live_pages(round_: Round) -> list[str]:
    game, entry = round_.game, round_.game.entries.first()
    player = game.players.first().player.public_id
    league = FantasyLeague.objects.get(game=game)
    return [
        reverse("fantasy:game", args=[game.slug]),
        reverse("fantasy:entry", args=[entry.public_id]),
        reverse("fantasy:entry_round", args=[entry.public_id, 1]),
        reverse("fantasy:table", args=[game.slug]),
        reverse("fantasy:league", args=[league.public_id]),
        reverse("fantasy:why", args=[game.slug, player, 1]),
        reverse("fantasy:player", args=[game.slug, player]),
        reverse("fantasy:players", args=[game.slug]),
    ]


def own_pages(round_: Round) -> list[str]:
    """Pages that show a signed-in owner live totals, ranks or points."""
    names = ("leagues", "transfers")
    return [reverse(f"fantasy:{name}", args=[round_.game.slug]) for name in names]


def live_answers(round_: Round) -> list[str]:
    game, entry = round_.game, round_.game.entries.first()
    league = FantasyLeague.objects.get(game=game)
    player = game.players.first().player.public_id
    return [
        f"/api/v1/fantasy/games/{game.public_id}/rounds/1",
        f"/api/v1/fantasy/games/{game.public_id}/top",
        f"/api/v1/fantasy/games/{game.public_id}/table",
        f"/api/v1/fantasy/games/{game.public_id}/players/{player}",
        f"/api/v1/fantasy/games/{game.public_id}/players/{player}/rounds/1",
        f"/api/v1/fantasy/entries/{entry.public_id}",
        f"/api/v1/fantasy/entries/{entry.public_id}/rounds/1",
        f"/api/v1/fantasy/leagues/{league.public_id}/table",
    ]


def own_answers(round_: Round) -> list[str]:
    team = f"/api/v1/fantasy/teams/{round_.game.entries.first().public_id}"
    return [team, f"{team}/scoring/1"]


def let_matches_end(round_: Round) -> None:
    matches = Match.objects.filter(fantasy_rounds__round=round_)
    matches.update(status=MatchStatus.FINISHED)


def between(page: str, start: str, end: str) -> str:
    assert page.count(start) == 1, page[-3000:]
    return page.partition(start)[2].partition(end)[0].strip()


def test_live_pages_say_how_old_the_stalest_data_is(client: Client, round_: Round):
    for path in live_pages(round_):
        page = client.get(path).content.decode()

        header = between(page, 'data-k="age">', "</p>")
        assert "age--silent" in header, path
        assert "Feed silent for 2 min" in between(page, 'data-k="banner">', "</div>"), path


@pytest.mark.usefixtures("owner")
def test_own_live_pages_say_how_old_the_stalest_data_is(client: Client, round_: Round):
    make_round(round_.game, deadline_at=now() + timedelta(days=2))

    for path in own_pages(round_):
        page = client.get(path).content.decode()

        assert "age--silent" in between(page, 'data-k="age">', "</p>"), path
        assert f'data-live-topics="{pages.game_topic(round_.game)}"' in page, path


def test_squad_that_is_chosen_from_live_points_says_their_age(client: Client, round_: Round):
    make_round(round_.game, deadline_at=now() + timedelta(days=2))
    client.force_login(make_user())

    page = client.get(reverse("fantasy:join", args=[round_.game.slug])).content.decode()

    assert "age--silent" in between(page, 'data-k="age">', "</p>")


def test_leagues_without_a_team_of_ones_own_tell_nothing_live(client: Client, round_: Round):
    page = client.get(own_pages(round_)[0]).content.decode()

    assert "data-age=" not in page
    assert "data-live-topics" not in page


@pytest.mark.usefixtures("owner")
def test_card_of_each_own_game_says_how_old_its_data_is(client: Client, round_: Round):
    page = client.get(reverse("fantasy:landing")).content.decode()

    own = between(page, f'data-k="g:{round_.game.public_id}">', "</div>")
    assert "age--silent" in own
    assert "Feed silent for 2 min" in own
    assert f'data-live-topics="{pages.game_topic(round_.game)}"' in page


@pytest.mark.usefixtures("owner")
def test_open_landing_asks_for_its_cards_and_hears_their_ages(client: Client, round_: Round):
    path, key = reverse("fantasy:landing"), f"g:{round_.game.public_id}"

    regions = client.get(path, {"regions": 1}).json()["regions"]
    parts = client.get(path, {"parts": 1}).json()["k"]

    assert list(regions) == ["mine"]
    assert round_.game.entries.first().name in regions["mine"]
    assert list(parts) == ["ask", key]
    assert "age--silent" in parts[key]


def test_landing_of_a_stranger_tells_nothing_live(client: Client, round_: Round):
    page = client.get(reverse("fantasy:landing")).content.decode()

    assert round_.game.name in page
    assert "data-age=" not in page
    assert "data-live-topics" not in page


def test_market_of_an_open_page_is_asked_for_without_its_filters(client: Client, round_: Round):
    path = reverse("fantasy:players", args=[round_.game.slug])

    regions = client.get(path, {"regions": 1, "sort": "points"}).json()["regions"]

    assert list(regions) == ["market"]
    assert "<table" in regions["market"]
    assert "<input" not in regions["market"]
    assert "regions=" not in regions["market"]


def test_pages_say_nothing_of_an_age_where_nothing_is_live(client: Client, round_: Round):
    let_matches_end(round_)

    for path in live_pages(round_):
        page = client.get(path).content.decode()
        assert between(page, 'data-k="age">', "</p>") == "", path
        assert "data-silent>" not in page, path


def test_reader_without_scores_is_told_no_age(client: Client, round_: Round):
    client.cookies["hide_scores"] = "1"

    assert "data-age=" not in client.get(live_pages(round_)[0]).content.decode()
    told = client.get(live_answers(round_)[0])
    assert told.json()["data_age_ms"] is None


@pytest.mark.parametrize(
    ("name", "form"),
    [("join", {"act": "join"}), ("transfers", {"act": "add"}), ("leagues", {"act": "join"})],
)
def test_refusal_tells_no_age_to_who_hides_scores(client: Client, round_: Round, name, form):
    make_round(round_.game, deadline_at=now() + timedelta(days=2))
    user = make_user(hides_scores=True)
    if name != "join":
        round_.game.entries.filter(pk=round_.game.entries.first().pk).update(owner=user)
    client.force_login(user)

    refused = client.post(reverse(f"fantasy:{name}", args=[round_.game.slug]), form)

    assert refused.status_code == 422
    assert "data-age=" not in refused.content.decode()


def test_live_answers_carry_the_age_in_body_and_header(client: Client, round_: Round):
    for path in live_answers(round_):
        answer = client.get(path)

        told_ms = answer.json()["data_age_ms"]
        assert _STALEST_S * 1000 <= told_ms < (_STALEST_S + 20) * 1000, path
        assert answer["Data-Age-Ms"] == str(told_ms), path


@pytest.mark.usefixtures("owner")
def test_own_live_answers_carry_the_age_in_body_and_header(client: Client, round_: Round):
    for path in own_answers(round_):
        answer = client.get(path)

        assert answer.json()["data_age_ms"] >= _STALEST_S * 1000, path
        assert answer["Data-Age-Ms"] == str(answer.json()["data_age_ms"]), path


def test_list_of_players_carries_the_age_in_its_header(client: Client, round_: Round):
    path = f"/api/v1/fantasy/games/{round_.game.public_id}/players"

    assert int(client.get(path)["Data-Age-Ms"]) >= _STALEST_S * 1000
    let_matches_end(round_)
    assert "Data-Age-Ms" not in client.get(path)


def test_age_is_no_part_of_the_tag(client: Client, round_: Round):
    path = live_answers(round_)[2]
    tag = client.get(path)["ETag"]
    Match.objects.filter(fantasy_rounds__round=round_).update(data_at=now())

    again = client.get(path, headers={"If-None-Match": tag})

    assert again.status_code == 304
    assert int(again["Data-Age-Ms"]) < 20_000


def test_answers_have_no_age_once_nothing_is_live(client: Client, round_: Round):
    let_matches_end(round_)

    for path in live_answers(round_):
        answer = client.get(path)
        assert answer.json()["data_age_ms"] is None, path
        assert "Data-Age-Ms" not in answer, path


def test_open_pages_hear_how_old_the_data_is(client: Client, round_: Round):
    topic = pages.game_topic(round_.game)
    with redis().pubsub() as watcher:
        watcher.subscribe(store.channel_of(topic))
        watcher.get_message(timeout=5)

        pages.tell_ages()

    stored = redis().xrange(store.keys_of(topic)[1])
    (parts,) = [json.loads(body)["k"] for _, body in store.parse_frames(stored)]
    assert set(parts) == {"age", "banner", f"g:{round_.game.public_id}"}
    assert "age--silent" in parts["age"]
    asked = client.get(reverse("fantasy:parts", args=[round_.game.slug])).json()["k"]
    assert asked == {"ask": "", **parts}


def test_page_of_a_game_that_nobody_has_open_is_told_nothing(round_: Round):
    pages.tell_ages()

    assert redis().xlen(store.keys_of(pages.game_topic(round_.game))[1]) == 0


def test_round_that_is_settled_has_no_age(client: Client, round_: Round):
    Round.objects.filter(pk=round_.pk).update(state=RoundState.SETTLED)

    assert client.get(live_answers(round_)[0]).json()["data_age_ms"] is None
