"""Ranks are competition ranks, whatever the totals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as np_st

from fantasy.rules.engine import snapshots
from fantasy.rules.engine.lineups import ABSENT
from fantasy.rules.engine.ranking import Ladder, Standings, ranks_by_group, ranks_within, top

NEAR = st.integers(-30, 30)
FAR = st.integers(-(2**30), 2**30)
unhurried = settings(deadline=None)


def arrays_of(elements):
    shapes = st.integers(0, 40)
    return shapes.flatmap(lambda size: np_st.arrays(np.int32, size, elements=elements))


def by_hand(totals):
    held = [t for t in totals if t != ABSENT]
    return [0 if t == ABSENT else 1 + sum(other > t for other in held) for t in totals]


@unhurried
@given(st.one_of(*(arrays_of(st.one_of(values, st.just(ABSENT))) for values in (NEAR, FAR))))
def test_ranks_of_any_totals(totals):
    ladder = Ladder.of(totals)
    assert ladder.ranks(totals).tolist() == by_hand(totals)
    held = [t for t in totals.tolist() if t != ABSENT]
    for total in (*held, -31, 0, 31):
        assert ladder.rank(total) == 1 + sum(other > total for other in held)


@unhurried
@given(st.one_of(arrays_of(NEAR), arrays_of(FAR)), st.integers(1, 50))
def test_top_is_by_total_then_number(totals, count):
    wanted = sorted(range(len(totals)), key=lambda n: (-int(totals[n]), n))[:count]
    assert top(totals, Ladder.of(totals), count).tolist() == wanted


@unhurried
@given(arrays_of(st.one_of(NEAR, st.just(ABSENT))), st.data())
def test_ranks_and_top_of_a_country(totals, data):
    codes = data.draw(np_st.arrays(np.uint8, len(totals), elements=st.integers(0, 2)))
    standings = Standings.of(totals, codes, ("", "BR", "NO"))
    members = [n for n in range(len(totals)) if codes[n] == 2 and totals[n] != ABSENT]
    for number in range(len(totals)):
        wanted = None
        if totals[number] != ABSENT and codes[number]:
            rivals = [n for n in range(len(totals)) if codes[n] == codes[number]]
            wanted = 1 + sum(totals[n] > totals[number] for n in rivals)
        assert standings.rank_in_country(number) == wanted
    wanted = sorted(members, key=lambda n: (-int(totals[n]), n))[:5]
    assert standings.top(5, country="NO").tolist() == wanted
    assert not len(standings.top(5, country="XX"))


@unhurried
@given(arrays_of(st.one_of(st.integers(-3, 3), st.just(ABSENT))), st.integers(1, 7), st.data())
def test_pages_hold_everybody_once_in_order_and_say_who_stands_where(totals, size, data):
    codes = data.draw(np_st.arrays(np.uint8, len(totals), elements=st.integers(0, 2)))
    standings = Standings.of(totals, codes, ("", "BR", "NO"))
    for country in ("", "BR", "NO", "XX"):
        members = [
            n
            for n in range(len(totals))
            if totals[n] != ABSENT and (not country or standings.countries[codes[n]] == country)
        ]
        wanted = sorted(members, key=lambda n: (-int(totals[n]), n))
        starts = range(0, len(totals) + size, size)
        pages = [standings.window(at, size, country=country).tolist() for at in starts]
        assert [number for page in pages for number in page] == wanted
        assert standings.size(country=country) == len(wanted)
        places = {n: standings.place(n, country=country) for n in range(len(totals))}
        assert {n: at for n, at in places.items() if at is not None} == {
            n: at for at, n in enumerate(wanted)
        }
        if wanted:
            ranks = standings.ranks_of(np.array(wanted), country=country).tolist()
            level = [int(totals[n]) for n in wanted]
            assert ranks == [1 + sum(other > own for other in level) for own in level]


@unhurried
@given(arrays_of(NEAR), st.data())
def test_league_ranks_break_ties_by_fewer_transfers(points, data):
    ties = data.draw(np_st.arrays(np.int32, len(points), elements=st.integers(0, 3)))
    keys = [(-int(p), int(t)) for p, t in zip(points, ties, strict=True)]
    assert ranks_within(points, ties).tolist() == [1 + sum(k < key for k in keys) for key in keys]


@unhurried
@given(arrays_of(st.one_of(NEAR, FAR)), st.data())
def test_ranks_of_all_leagues_at_once_equal_each_alone(points, data):
    groups = data.draw(np_st.arrays(np.int32, len(points), elements=st.integers(0, 4)))
    ties = data.draw(np_st.arrays(np.int32, len(points), elements=st.integers(0, 3)))
    ranks = ranks_by_group(groups, points, ties)
    for group in range(5):
        own = groups == group
        assert ranks[own].tolist() == ranks_within(points[own], ties[own]).tolist()


@unhurried
@given(
    st.one_of(*(arrays_of(st.one_of(values, st.just(ABSENT))) for values in (NEAR, FAR))),
    st.integers(0, 2),
)
def test_snapshot_comes_back_as_it_was_packed(totals, each):
    codes = np.arange(len(totals), dtype=np.uint8) % 3
    carried = np.arange(len(totals), dtype=np.int32) * each
    standings = Standings.of(totals, codes, ("", "BR", "NO"), carried)
    packed = snapshots.pack(7, standings)
    version, found = snapshots.unpack(packed)
    assert (version, found.countries) == (7, standings.countries)
    assert found.totals.tolist() == totals.tolist()
    assert found.country.tolist() == codes.tolist()
    assert [found.carried_by(n) for n in range(len(totals))] == carried.tolist()
    assert found.ladder.ranks(found.totals).tolist() == by_hand(totals)
    assert snapshots.pack(7, found) == packed


@pytest.mark.parametrize("change", [lambda b: b[:-1], lambda b: b"x" + b[1:], lambda b: b""])
def test_other_bytes_are_refused(change):
    packed = snapshots.pack(1, Standings.of(np.array([3], np.int32), np.zeros(1, np.uint8)))
    with pytest.raises(ValueError, match="snapshot"):
        snapshots.unpack(change(packed))
