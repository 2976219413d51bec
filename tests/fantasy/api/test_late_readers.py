"""Readers with a delay, while a round is played: no address tells them a fresher point."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from config.clock import now
from fantasy.enums import RoundState
from fantasy.selectors.live_ranks import PAST_SPAN_S
from fantasy.services.leagues import NewLeague, begin_leagues, create_league
from fantasy.services.live import refresh_round
from fantasy.services.scoring import score_matches
from matches.models import Match
from stats.services.fold import fold_match
from streams.redis_client import client
from tests.factories.fantasy import make_entry, make_game, make_game_player, make_round
from tests.factories.matchday import Log, make_matchday
from tests.fantasy.settled import lock

pytestmark = pytest.mark.django_db
API = "/api/v1/fantasy"
_START = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)


class Clock:
    at = _START


def clock_now():
    return Clock.at


@pytest.fixture(autouse=True)
def clock(settings):
    Clock.at = _START
    settings.CLOCK = f"{__name__}.clock_now"
    return Clock


@pytest.fixture
def day():
    made = make_matchday(now())
    Clock.at += timedelta(seconds=300)
    return made


@pytest.fixture
def addresses(day):
    """A game on the live match with a league of one, and every address that tells points."""
    match = day.matches["live"]
    game = make_game(match.season, rules="fpl-2024-25")
    round_ = make_round(game, 1)
    round_.round_matches.create(game=game, match=match)
    for (team, _shirt), player in day.players.items():
        if team in (match.home_id, match.away_id):
            side = match.home if team == match.home_id else match.away
            make_game_player(game, side, player.position, player=player)
    entry = make_entry(game, squad=[])
    league = create_league(entry.pk, NewLeague(name="Friends", is_public=True))
    lock(round_, [entry])
    begin_leagues(round_.pk)
    round_.state = RoundState.LIVE
    round_.save()
    score_matches([match.pk])
    refresh_round(round_.pk)
    scorer = day.players[match.home_id, "11"].public_id
    return {
        "game": f"{API}/games/{game.public_id}",
        "round": f"{API}/games/{game.public_id}/rounds/1",
        "players": f"{API}/games/{game.public_id}/players?limit=200",
        "player": f"{API}/games/{game.public_id}/players/{scorer}",
        "why": f"{API}/games/{game.public_id}/players/{scorer}/rounds/1",
        "top": f"{API}/games/{game.public_id}/top",
        "entry": f"{API}/entries/{entry.public_id}",
        "entry round": f"{API}/entries/{entry.public_id}/rounds/1",
        "history": f"{API}/entries/{entry.public_id}/history",
        "table": f"{API}/leagues/{league.public_id}/table",
    }


def go_on(day):
    """Let a player of the line-up score, and everything follow."""
    match = Match.objects.get(pk=day.matches["live"].pk)
    Clock.at += timedelta(seconds=10)
    log = Log(day=day, match=match, at=now(), seq=match.head_seq)
    log.tell("goal", "2H", 30, team=match.home, player="11", related="8")
    Match.objects.filter(pk=match.pk).update(head_seq=log.seq)
    fold_match(match.pk)
    score_matches([match.pk])
    refresh_round(match.fantasy_rounds.get().round_id)


def told(reader, addresses):
    answers = {name: reader.get(path) for name, path in addresses.items()}
    assert {answer.status_code for answer in answers.values()} == {200}
    # How old the data is moves with the clock, whatever is told.
    return {name: _without_age(answer.json()) for name, answer in answers.items()}


def _without_age(told):
    return {name: value for name, value in told.items() if name != "data_age_ms"}


def late_reader():
    reader = Client()
    reader.cookies["delay"] = "60"
    return reader


def numbers(value):
    """Every number of points, total or rank in an answer, by its name."""
    named = {"points", "net", "total", "rank", "live_total", "live_rank", "round_points"}
    if isinstance(value, dict):
        own = [(name, value[name]) for name in sorted(named & value.keys())]
        return own + [found for inner in value.values() for found in numbers(inner)]
    if isinstance(value, list):
        return [found for inner in value for found in numbers(inner)]
    return []


def test_nobody_late_is_told_a_point_that_came_since(day, addresses):
    before = told(Client(), addresses)
    Clock.at += timedelta(seconds=120)

    go_on(day)
    fresh, late = told(Client(), addresses), told(late_reader(), addresses)

    changed = {name for name in addresses if fresh[name] != before[name]}
    assert {"players", "player", "why", "top", "entry", "entry round", "table"} <= changed
    for name in addresses:
        then = set(map(repr, numbers(before[name])))
        news = [found for found in numbers(late[name]) if found[1] and repr(found) not in then]
        assert news == [], name
    # Points of his moment are counted anew, totals and ranks are those published by then.
    for name in ("why", "player", "entry round", "entry", "top", "table"):
        assert late[name] == before[name], name
    assert late["why"]["points"] is not None
    assert late["entry"]["standing"]["live_rank"] == 1
    assert late["table"]["results"][0]["total"] is not None


def test_ranks_that_are_not_known_of_his_moment_are_withheld(day, addresses):
    """Nothing had been published by then; and Redis may lose what had."""
    go_on(day)

    for _ in range(2):
        late = told(late_reader(), addresses)
        standing = late["entry"]["standing"]
        assert (standing["live_total"], standing["live_rank"]) == (None, None)
        assert standing["withheld"] == "too_fresh"
        assert late["top"]["results"] == []
        Clock.at += timedelta(seconds=120)
        client().flushdb()
        refresh_round(day.matches["live"].fantasy_rounds.get().round_id)
    Clock.at += timedelta(seconds=61)
    assert told(late_reader(), addresses)["entry"]["standing"]["live_rank"] == 1


def test_once_it_is_old_enough_everything_is_told(day, addresses):
    Clock.at += timedelta(seconds=120)
    go_on(day)
    fresh = told(Client(), addresses)

    Clock.at += timedelta(seconds=60 + PAST_SPAN_S)

    assert told(late_reader(), addresses) == fresh


def test_no_shared_cache_gives_one_reader_the_answer_of_another(day, addresses):
    for name, path in addresses.items():
        plain, late = Client().get(path), late_reader().get(path)

        assert "Cookie" in plain["Vary"], name
        assert late["Cache-Control"] == "private, no-cache", name
