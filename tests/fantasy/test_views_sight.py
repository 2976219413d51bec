"""Readers who are told late, or hide scores: no page of a game tells them what they do not want."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from config.clock import now
from fantasy.enums import RoundState
from fantasy.models import FantasyLeague, Game, LeagueMember, Lineup, PlayerScore, RoundMatch
from fantasy.rules.loading import load_game
from fantasy.services.scoring import score_matches
from leagues.models import RosterSpot
from matches.models import Match
from stats.live import publish_matches
from stats.services.fold import fold_match
from streams.relay import relay
from tests.factories.fantasy import TELLING, make_entry, make_game, make_game_player, make_round
from tests.factories.matchday import Log, Matchday, make_matchday

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
RULES = "fpl-2026-27"


@pytest.fixture
def day(clock):
    clock.stand_at(START)
    made = make_matchday(now())
    relay()
    clock.stand_at(START + timedelta(seconds=300))
    return made


@pytest.fixture
def game(day) -> Game:
    """A game whose round has the match under way, with one entry of players of both sides."""
    rules = load_game(RULES)
    made = make_game(day.season, rules=RULES, published_at=START)
    match = day.matches["live"]
    for spot in RosterSpot.objects.select_related("player", "team").order_by("pk"):
        position = rules.position_of(spot.player.position)
        assert position is not None
        make_game_player(made, spot.team, position.id, player=spot.player)
    round_ = make_round(made, 1, state=RoundState.LIVE, starts_at=START - timedelta(hours=2))
    RoundMatch.objects.create(game=made, round=round_, match=match)
    entry = make_entry(made, [], joined_round=round_)
    numbers = made.players.filter(team__in=(match.home, match.away)).order_by("number")
    packed = b"".join(
        number.to_bytes(2, "big") for number in numbers.values_list("number", flat=True)
    )
    Lineup.objects.create(
        entry=entry, round=round_, packed=packed[:30], captain_slot=2, vice_slot=3, leaf=b"leaf"
    )
    league = FantasyLeague.objects.create(
        game=made, name="All", code="AAAAAAA", is_public=True, start_round=round_
    )
    LeagueMember.objects.create(league=league, entry=entry)
    score_matches([match.pk])
    return made


def addresses(game: Game) -> list[str]:
    """Every page of the game that everybody may read."""
    entry, league = game.entries.get(), FantasyLeague.objects.get(game=game)
    scorer = game.players.get(player__slug="ash-10").player.public_id
    match = RoundMatch.objects.get(game=game).match.public_id
    slug = game.slug
    return [
        reverse("fantasy:landing"),
        reverse("fantasy:game", args=[slug]),
        reverse("fantasy:leagues", args=[slug]),
        reverse("fantasy:players", args=[slug]),
        reverse("fantasy:players", args=[slug]) + "?sort=points",
        reverse("fantasy:player", args=[slug, scorer]),
        reverse("fantasy:why", args=[slug, scorer, 1]),
        reverse("fantasy:entry", args=[entry.public_id]),
        reverse("fantasy:entry_round", args=[entry.public_id, 1]),
        reverse("fantasy:history", args=[entry.public_id]),
        reverse("fantasy:league", args=[league.public_id]),
        reverse("fantasy:match", args=[match]),
    ]


def let_him_score(day: Matchday, game: Game, clock) -> None:
    """A goal of the tenth of the home side, folded, scored, and worth a number of its own."""
    match = Match.objects.get(pk=RoundMatch.objects.get(game=game).match_id)
    clock.stand_at(START + timedelta(seconds=310))
    log = Log(day=day, match=match, at=now(), seq=match.head_seq)
    log.tell("goal", "2H", 30, team=match.home, player="10")
    Match.objects.filter(pk=match.pk).update(head_seq=log.seq)
    publish_matches([fold_match(match.pk)])
    relay()
    score_matches([match.pk])
    PlayerScore.objects.filter(game_player__player__slug="ash-10").update(points=TELLING)


def tells(client: Client, game: Game) -> set[str]:
    """The addresses that tell the new points."""
    found = set()
    for path in addresses(game):
        response = client.get(path)
        assert response.status_code == 200, path
        if str(TELLING) in response.content.decode():
            found.add(path.partition("/fantasy/")[2] or path)
    return found


def test_reader_with_a_delay_is_told_once_it_is_over(day, game, clock):
    let_him_score(day, game, clock)
    late = Client()
    late.cookies["delay"] = "60"

    clock.stand_at(START + timedelta(seconds=320))
    assert tells(Client(), game)
    assert tells(late, game) == set()
    clock.stand_at(START + timedelta(seconds=371))
    assert tells(late, game) >= tells(Client(), game)


def test_reader_who_hides_scores_is_told_nothing(day, game, clock):
    let_him_score(day, game, clock)
    spared = Client()
    spared.cookies["hide_scores"] = "1"

    assert tells(spared, game) == set()
