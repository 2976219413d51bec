"""The engine counts what the rules count, however the news arrives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fantasy.rules.engine.games import shape_of
from fantasy.rules.engine.lineups import ABSENT
from fantasy.rules.engine.shape import Form
from fantasy.rules.engine.weights import NO_SLOT, count
from fantasy.rules.loading import load_game
from tests.fantasy.engine_squads import expected, expected_total, forms, live_round, squads

GAMES = ("fpl-2024-25", "fpl-2026-27")
several = settings(max_examples=60, deadline=None)


@pytest.mark.parametrize("game", GAMES)
@given(data=st.data())
@several
def test_totals_equal_the_rules_for_random_squads(game, data):
    rules = load_game(game)
    held = data.draw(st.lists(squads(rules), min_size=1, max_size=8))
    form = data.draw(forms(rules))
    live = live_round(rules, held)
    live.apply(form)
    assert live.totals.tolist() == [expected_total(rules, squad, form) for squad in held]


@pytest.mark.parametrize("game", GAMES)
@given(data=st.data())
@several
def test_weights_and_substitutions_equal_the_rules(game, data):
    rules = load_game(game)
    held = data.draw(st.lists(squads(rules), min_size=1, max_size=8))
    form = data.draw(forms(rules))
    live = live_round(rules, held)
    live.apply(form)
    counted = count(live.shape, live.lineups, live.form, live.positions, slice(None))
    for at, squad in enumerate(held):
        result = expected(rules, squad, form)
        weights = {
            slot.player: int(counted.weights[slot.slot - 1, at])
            for slot in squad.slots
            if counted.weights[slot.slot - 1, at]
        }
        assert weights == dict(result.multipliers)
        player = {slot.slot: slot.player for slot in squad.slots}
        swaps = sorted(
            (int(out), place) for place, out in enumerate(counted.relieved[:, at]) if out != NO_SLOT
        )
        bench = shape_of(rules).starters + 1
        assert [(player[out + 1], player[bench + place]) for out, place in swaps] == list(
            result.substitutions
        )


@given(data=st.data())
@several
def test_news_in_any_steps_equal_a_count_from_scratch(data):
    rules = load_game("fpl-2026-27")
    held = data.draw(st.lists(squads(rules), min_size=1, max_size=12))
    steps = data.draw(st.lists(forms(rules), min_size=1, max_size=5))
    live = live_round(rules, held)
    for form in steps:
        live.apply(form)
    fresh = live_round(rules, held)
    fresh.apply(steps[-1])
    assert live.totals.tobytes() == fresh.totals.tobytes()
    assert live.weights.tobytes() == fresh.weights.tobytes()
    assert live.bench_points().tobytes() == fresh.bench_points().tobytes()


@given(data=st.data())
@several
def test_entries_without_a_lineup_have_no_total(data):
    rules = load_game("fpl-2026-27")
    held = data.draw(st.lists(squads(rules), min_size=2, max_size=2))
    form = data.draw(forms(rules))
    live = live_round(rules, held, numbers=[1, 4])
    live.apply(form)
    wanted = [ABSENT] * 5
    wanted[1], wanted[4] = (expected_total(rules, squad, form) for squad in held)
    assert live.totals.tolist() == wanted
    assert live.round_points().tolist() == [
        0 if total == ABSENT else total - squad.before + squad.hit - squad.given
        for total, squad in zip(wanted, [held[0], held[0], held[0], held[0], held[1]], strict=True)
    ]


def test_apply_tells_whose_points_or_presence_changed():
    rules = load_game("fpl-2026-27")
    live = live_round(rules, [])
    before = Form.before_the_start(live.players)
    points, stays = before.points.copy(), before.stays.copy()
    points[3], stays[7] = 5, False
    told = live.apply(Form(points=points, stays=stays, enters=before.enters))
    assert told.tolist() == [3, 7]
    assert not len(live.apply(Form(points=points, stays=stays, enters=before.enters)))


@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_bench_points_are_those_that_did_not_count(data):
    rules = load_game("fpl-2026-27")
    squad, form = data.draw(squads(rules)), data.draw(forms(rules))
    live = live_round(rules, [squad])
    live.apply(form)
    counting = set(expected(rules, squad, form).multipliers)
    reserves = [slot.player for slot in squad.slots if slot.slot > rules.lineup.size]
    left = np.sum([form.points[player] for player in reserves if player not in counting])
    assert live.bench_points()[0] == left


@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_players_of_many_and_of_few_count_alike(data):
    rules = load_game("fpl-2026-27")
    popular, rare = data.draw(squads(rules)), data.draw(squads(rules))
    held = [popular] * 40 + [rare]
    steps = data.draw(st.lists(forms(rules), min_size=2, max_size=3))
    live = live_round(rules, held)
    for form in steps:
        live.apply(form)
    assert live.totals.tolist() == [expected_total(rules, squad, steps[-1]) for squad in held]
