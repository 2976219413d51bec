"""Settlement while others read, and settlement cut short: all of a round or nothing of it."""

import pytest
from django.db import connection

from fantasy.enums import RoundState
from fantasy.models import LineupResult, Round, RoundSnapshot
from fantasy.selectors.standing import entry_standing
from fantasy.services import live, settlement
from fantasy.services.settlement import settle_round, settles_at
from tests.fantasy.played import derived, enter, game_on, plain_results, play_season, score_all
from tests.fantasy.settled import swaps_of
from tests.race.processes import race, racers

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def game(db):
    """A game of two rounds, the first settled and the second ready for it."""
    told = play_season("football", rounds=2)
    made = game_on(told[0].season, "fpl-2026-27")
    enter(made, 40)
    score_all(made)
    first = made.rounds.select_related("game").order_by("number").first()
    assert settle_round(first.pk, at=settles_at(first))
    live.forget_rounds()
    return made


@pytest.fixture
def round_(game):
    return game.rounds.select_related("game").get(number=2)


def wait_among_rows(gate, patch):
    rows_of = live.results.rows_of

    def slow_rows(*arguments):
        rows = b"".join(rows_of(*arguments))
        yield rows[: len(rows) // 2]
        gate.wait()
        yield rows[len(rows) // 2 :]

    patch.setattr(live.results, "rows_of", slow_rows)


def wait_at_the_end(gate, patch):
    announce = settlement.announce

    def slow_announce(news):
        announce(news)
        gate.wait()

    patch.setattr(settlement, "announce", slow_announce)


PLACES = pytest.mark.parametrize("wait", [wait_among_rows, wait_at_the_end])


def settler(round_, wait=None, gate=None, patch=None):
    def settle():
        if wait:
            wait(gate, patch)
        assert settle_round(round_.pk, at=settles_at(round_))

    return settle


def seen(game):
    """What readers are told, and what is stored of it."""
    return (
        derived(game),
        [entry_standing(entry) for entry in game.entries.select_related("game")],
        list(game.rounds.order_by("number").values_list("state", "settled_at")),
        list(RoundSnapshot.objects.order_by("round").values_list("round", "version")),
    )


def assert_settled_by_the_rules(round_):
    assert Round.objects.get(pk=round_.pk).state == RoundState.SETTLED
    written = {
        row.entry_id: (
            row.points,
            row.hit,
            row.bench_points,
            swaps_of(row),
            row.captain_number,
            row.multiplier,
        )
        for row in LineupResult.objects.filter(round=round_)
    }
    assert written == plain_results(round_)
    assert len(written) == 40


@PLACES
def test_nobody_sees_a_part_of_a_settlement(game, round_, gate, monkeypatch, wait):
    before = seen(game)
    with racers(settler(round_, wait, gate, monkeypatch)) as (settling,):
        gate.await_arrival()
        assert seen(game) == before
        gate.open()
        assert settling.join() == 0

    assert_settled_by_the_rules(round_)
    assert all(standing.total_points for standing in seen(game)[1])


@PLACES
def test_killed_settlement_leaves_everything_as_it_was(game, round_, gate, monkeypatch, wait):
    before = seen(game)
    with racers(settler(round_, wait, gate, monkeypatch)) as (settling,):
        gate.await_arrival()
        settling.kill()

    assert seen(game) == before
    assert race(settler(round_)) == [0]
    assert_settled_by_the_rules(round_)
    after = seen(game)
    assert not settle_round(round_.pk, at=settles_at(round_))
    assert seen(game) == after


def test_two_settlements_at_once_settle_once(game, round_):
    def settle():
        settle_round(round_.pk, at=settles_at(round_))

    assert race(*[settle] * 3) == [0] * 3

    assert_settled_by_the_rules(round_)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM streams_outboxevent WHERE topic = 'fantasy.score.update' "
            "AND payload->>'state' = 'settled' AND (payload->>'round_id')::int = %s",
            [round_.pk],
        )
        assert cursor.fetchone() == (1,)
