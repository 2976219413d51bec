"""What points consist of: parts that add up, each of its own kind."""

from hypothesis import given
from hypothesis import strategies as st

from fantasy.rules.lineups import Slot
from fantasy.rules.loading import load_game
from fantasy.rules.parts import Brought, parts_of
from fantasy.rules.settling import RoundForm, settle
from tests.fantasy.engine_squads import forms, positions_of, squads

RULES = load_game("fpl-2026-27")
# A legal eleven by place: the captain is a forward, his deputy a midfielder.
ELEVEN = ["GKP"] + ["DEF"] * 4 + ["MID"] * 4 + ["FWD"] * 2
BENCH = ["GKP", "DEF", "MID", "FWD"]
CAPTAIN, VICE, FIRST_RESERVE = 11, 9, 13


def slots():
    return tuple(
        Slot(
            player=place,
            position=position,
            slot=place,
            is_captain=place == CAPTAIN,
            is_vice=place == VICE,
        )
        for place, position in enumerate([*ELEVEN, *BENCH], start=1)
    )


def parts(brought, appeared, **fields):
    form = RoundForm(
        points={player: one.points for player, one in brought.items()},
        appeared=appeared,
        positions={slot.player: slot.position for slot in slots()},
    )
    settled = settle(RULES, slots(), form, chip=None)
    found = parts_of(RULES, slots(), settled, brought, **fields)
    assert found.points == settled.points
    return found


def test_settled_live_and_bonus_are_of_those_named_the_captain_twice():
    brought = {
        1: Brought(settled=6),
        2: Brought(live=2, bonus=3),
        CAPTAIN: Brought(live=5, bonus=1),
    }

    found = parts(brought, appeared=range(1, 12), hit=4, adjusted=1)

    assert (found.settled, found.live, found.bonus) == (6, 12, 5)
    assert (found.substitutes, found.captain) == (0, 0)
    assert (found.points, found.net) == (23, 20)


def test_reserve_and_deputy_stand_in_parts_of_their_own():
    brought = {VICE: Brought(live=7), FIRST_RESERVE: Brought(live=2, bonus=1)}

    found = parts(brought, appeared=[*range(1, 11), FIRST_RESERVE])

    # The captain is away: a defender comes on for him, his deputy counts twice.
    assert (found.live, found.bonus) == (7, 0)
    assert (found.substitutes, found.captain) == (3, 7)
    assert found.points == 17


@given(st.data())
def test_parts_of_any_squad_add_up_to_its_points(data):
    squad = data.draw(squads(RULES))
    form = data.draw(forms(RULES))
    count = len(positions_of(RULES))
    brought = {}
    for number in range(count):
        total = int(form.points[number])
        settled, bonus = (data.draw(st.integers(-5, 5)) for _ in range(2))
        brought[number] = Brought(settled=settled, live=total - settled - bonus, bonus=bonus)
    everybody = {slot.player for slot in squad.slots}
    settled = settle(
        RULES,
        squad.slots,
        RoundForm(
            points={n: int(form.points[n]) for n in everybody},
            appeared={n for n in everybody if form.enters[n]},
            may_appear={n for n in everybody if form.stays[n]},
            positions={slot.player: slot.position for slot in squad.slots},
        ),
        chip=squad.chip,
    )

    found = parts_of(RULES, squad.slots, settled, brought, hit=squad.hit, adjusted=squad.given)

    assert found.points == settled.points
    assert found.net == settled.points - squad.hit + squad.given
