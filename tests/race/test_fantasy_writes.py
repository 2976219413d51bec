"""Writes of the fantasy API at once: one key, one effect; a league takes no entry too many."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections

from fantasy.models import FantasyLeague, LeagueMember
from fantasy.services.leagues import NewLeague, create_league, join_league
from fantasy.services.refusals import Refused
from tests.factories.fantasy import make_entry, make_game, make_round
from tests.fantasy.api.conftest import Manager
from tests.race.processes import racers, without_row_locks

pytestmark = pytest.mark.django_db(transaction=True)
_AT_ONCE = 6


def at_once(works):
    """Let all works begin together, each with a connection of its own; return their results."""
    gate = Barrier(len(works))

    def run(work):
        try:
            gate.wait(timeout=20)
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


@pytest.fixture
def game():
    game = make_game()
    for _ in range(3):
        make_round(game)
    return game


def answers_to(game, key_of):
    ada = Manager("ada")
    team = make_entry(game, squad=[], owner=ada.user).public_id

    def work(number):
        client = Manager.__new__(Manager)
        client.client = ada.client.__class__()
        client.client.cookies = ada.client.cookies
        headers = {"Idempotency-Key": key_of(number)}
        return lambda: client.post(f"teams/{team}/leagues", {"name": "Friends"}, **headers)

    return at_once([work(number) for number in range(_AT_ONCE)])


def test_one_key_sent_at_once_is_done_once(game):
    answers = answers_to(game, lambda _: "same")

    statuses = [answer.status_code for answer in answers]
    assert set(statuses) <= {201, 409}
    assert statuses.count(201) >= 1
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert FantasyLeague.objects.count() == 1
    assert all(answer["Retry-After"] for answer in answers if answer.status_code == 409)


def test_keys_of_their_own_are_each_done(game):
    answers = answers_to(game, lambda number: f"key-{number}")

    assert {answer.status_code for answer in answers} == {201}
    assert FantasyLeague.objects.count() == _AT_ONCE


def league_of_two(game):
    """A league with one place left, and entries that want it."""
    owner, *others = [make_entry(game, squad=[]) for _ in range(_AT_ONCE + 1)]
    return create_league(owner.pk, NewLeague(name="Two", max_entries=2)), others


def test_a_league_with_one_place_left_takes_one(game):
    league, others = league_of_two(game)

    def work(entry):
        def join():
            try:
                join_league(entry.pk, league.code)
            except Refused as refused:
                return refused.codes
            return ("joined",)

        return join

    results = at_once([work(entry) for entry in others])

    assert sorted(results) == [("joined",), *[("league_full",)] * (_AT_ONCE - 1)]
    assert LeagueMember.objects.filter(league=league).count() == 2


def test_without_its_lock_a_league_takes_too_many(game, gate, monkeypatch):
    league, others = league_of_two(game)
    save = LeagueMember.save

    def save_with_the_others(self, *args, **options):
        gate.wait()
        save(self, *args, **options)

    def work(entry):
        def join():
            without_row_locks()
            monkeypatch.setattr(LeagueMember, "save", save_with_the_others)
            join_league(entry.pk, league.code)

        return join

    with racers(*(work(entry) for entry in others)) as running:
        for _ in running:
            gate.await_arrival()
        gate.open()
        assert [racer.join() for racer in running] == [0] * _AT_ONCE

    assert LeagueMember.objects.filter(league=league).count() == _AT_ONCE + 1
