"""Live totals follow the scores, survive restarts and lost Redis, and settle exactly."""

import random
import struct
from collections import OrderedDict

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fantasy.enums import RoundState
from fantasy.models import Entry, Lineup, LineupResult, PlayerScore, RoundSnapshot, ScoreAdjustment
from fantasy.rules.loading import load_game
from fantasy.rules.settling import RoundForm, settle, slots_of
from fantasy.selectors import live_ranks
from fantasy.selectors.live_ranks import (
    live_totals,
    rank_card,
    rank_members,
    snapshot_of,
    top_entries,
)
from fantasy.selectors.totals import settled_totals
from fantasy.services import live
from matches.enums import MatchStatus
from streams.redis_client import client
from tests.factories.fantasy import make_entry, make_round, make_round_match
from tests.fantasy.live_rounds import end, make_lineup, make_live_round, play, random_squad
from tests.fantasy.settled import swaps_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _new_process():
    restart()
    yield
    restart()


def restart():
    """What a new process knows: nothing."""
    live.forget_rounds()
    live_ranks._kept.clear()


def settled_by_the_rules(round_):
    """Each entry's result by the pure rules, from the rows alone."""
    rules = load_game(round_.game.rules)
    rows = list(PlayerScore.objects.filter(round=round_).select_related("game_player"))
    form = RoundForm(
        points={row.game_player.number: row.points for row in rows},
        appeared={row.game_player.number for row in rows if row.appeared},
        positions=dict(round_.game.players.values_list("number", "position")),
    )
    chips = {chip.id: chip for chip in rules.chips}
    found = {}
    for lineup in round_.lineups.all():
        slots = slots_of(
            lineup.packed,
            captain_slot=lineup.captain_slot,
            vice_slot=lineup.vice_slot,
            positions=form.positions,
        )
        found[lineup.entry_id] = settle(rules, slots, form, chip=chips.get(lineup.chip))
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_refreshed_totals_and_ranks_equal_the_rules(seed):
    rng = random.Random(seed)
    round_ = make_live_round(rng, past=True)
    play(rng, round_, share=0.8)
    end(round_)
    assert live.refresh_round(round_.pk)
    results = settled_by_the_rules(round_)
    hits = dict(round_.lineups.values_list("entry", "hit"))
    entries = list(round_.game.entries.all())
    before = settled_totals(Entry.objects.all(), game_id=round_.game_id)
    wanted = {e.pk: before[e.pk] + results[e.pk].points - hits[e.pk] for e in entries}
    for entry in entries:
        card = rank_card(round_.pk, entry.number)
        assert card.total == wanted[entry.pk]
        assert card.rank == 1 + sum(total > card.total for total in wanted.values())
        assert card.entries == len(entries)
        rivals = [e for e in entries if e.country == entry.country]
        assert card.country_rank == (
            1 + sum(wanted[e.pk] > card.total for e in rivals) if entry.country else None
        )


@pytest.mark.parametrize("seed", [4, 5])
def test_rebuilt_state_is_the_incremental_one_byte_for_byte(seed):
    rng = random.Random(seed)
    round_ = make_live_round(rng, past=True)
    live.refresh_round(round_.pk)
    for step in range(6):
        play(rng, round_)
        end(round_, step // 2)
        live.refresh_round(round_.pk)
    held = live._held[round_.pk].live
    live.forget_rounds()
    assert live.refresh_round(round_.pk)
    rebuilt = live._held[round_.pk].live
    assert rebuilt is not held
    assert live.packed_state(rebuilt, 1) == live.packed_state(held, 1)
    assert rebuilt.weights.tobytes() == held.weights.tobytes()
    assert rebuilt.form.points.tobytes() == held.form.points.tobytes()


def test_the_same_scores_again_publish_nothing():
    rng = random.Random(6)
    round_ = make_live_round(rng)
    assert live.refresh_round(round_.pk)
    assert not live.refresh_round(round_.pk)
    play(rng, round_)
    assert live.refresh_live_rounds() == 1
    assert live.refresh_live_rounds() == 0
    assert snapshot_of(round_.pk).version == RoundSnapshot.objects.get(round=round_).version == 2


def test_what_redis_forgot_is_read_from_postgres_and_published_again():
    round_ = make_live_round(random.Random(7))
    live.refresh_round(round_.pk)
    entry = round_.game.entries.get(number=3)
    card = rank_card(round_.pk, entry.number)
    client().flushdb()
    restart()
    assert rank_card(round_.pk, entry.number) == card
    assert live.refresh_round(round_.pk)
    assert rank_card(round_.pk, entry.number).version == card.version + 1


def test_snapshot_in_process_is_read_without_a_query(django_assert_num_queries):
    round_ = make_live_round(random.Random(8), entries=3)
    live.refresh_round(round_.pk)
    rank_card(round_.pk, 0)
    with django_assert_num_queries(0):
        assert rank_card(round_.pk, 1) is not None
        assert rank_card(round_.pk, 99) is None


class Crowded(OrderedDict):
    """What another thread clears as soon as this one has put something into it."""

    def __setitem__(self, round_id, snapshot):
        super().__setitem__(round_id, snapshot)
        self.clear()


def test_snapshot_is_told_whichever_thread_drops_what_is_kept(monkeypatch):
    round_ = make_live_round(random.Random(7))
    live.refresh_round(round_.pk)
    monkeypatch.setattr(live_ranks, "_kept", Crowded())

    assert snapshot_of(round_.pk).version == 1


@pytest.mark.parametrize("entries", [1, 8])
def test_refresh_costs_the_same_queries_for_any_number_of_entries(entries):
    rng = random.Random(9)
    round_ = make_live_round(rng, entries=entries)
    live.refresh_round(round_.pk)
    play(rng, round_)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        live.refresh_round(round_.pk)
    assert len([q for q in queries if "SAVEPOINT" not in q["sql"]]) == 10


def test_points_given_by_hand_count_at_once():
    round_ = make_live_round(random.Random(10))
    live.refresh_round(round_.pk)
    entry = round_.game.entries.get(number=5)
    before = rank_card(round_.pk, 5).total
    ScoreAdjustment.objects.create(
        game=round_.game, entry=entry, round=round_, points=7, reason="A ruling."
    )
    assert live.refresh_round(round_.pk)
    assert rank_card(round_.pk, 5).total == before + 7


def test_entry_without_a_lineup_has_no_rank():
    round_ = make_live_round(random.Random(11), entries=3)
    make_entry(round_.game, [], number=5)
    late = make_entry(round_.game, [], number=4)
    live.refresh_round(round_.pk)
    assert rank_card(round_.pk, late.number) is None
    assert rank_card(round_.pk, 0).entries == 3


def test_only_rounds_under_way_are_held():
    round_ = make_live_round(random.Random(12), entries=2)
    live.refresh_round(round_.pk)
    round_.state = RoundState.SETTLED
    round_.save()
    assert not live.refresh_round(round_.pk)
    assert round_.pk not in live._held
    assert live.refresh_live_rounds() == 0


def test_memory_for_rounds_is_bounded_by_their_entries(monkeypatch):
    rounds = [make_live_round(random.Random(seed), entries=2) for seed in range(4)]
    monkeypatch.setattr(live, "_MOST_ENTRIES", 6)
    for round_ in rounds:
        live.refresh_round(round_.pk)
    assert list(live._held) == [round_.pk for round_ in rounds[1:]]
    # However large, a round and the one before it stay.
    monkeypatch.setattr(live, "_MOST_ENTRIES", 1)
    live.forget_rounds()
    for round_ in rounds:
        live.refresh_round(round_.pk)
    assert list(live._held) == [round_.pk for round_ in rounds[2:]]


def add_round(rng, before):
    """The round after one that is not settled, with the same entries and two matches."""
    clubs = sorted({player.team for player in before.game.players.all()}, key=lambda c: c.pk)
    later = make_round(before.game, before.number + 1, state=RoundState.LIVE)
    for home, away in zip(clubs[::2], clubs[1::2], strict=True):
        make_round_match(later, away, home, status=MatchStatus.LIVE)
    for entry in before.game.entries.order_by("number"):
        make_lineup(rng, later, entry)
    return later


def earned_by_the_rules(round_):
    results = settled_by_the_rules(round_)
    return {
        line.entry_id: results[line.entry_id].points - line.hit for line in round_.lineups.all()
    }


@pytest.mark.parametrize("seed", [21, 22, 23])
def test_a_round_goes_on_from_rounds_before_it_that_are_not_settled(seed):
    rng = random.Random(seed)
    first = make_live_round(rng, past=True)
    second = add_round(rng, first)
    third = add_round(rng, second)
    game = first.game
    settled = settled_totals(Entry.objects.all(), game_id=game.pk)
    for step in range(4):
        for round_ in (first, second, third):
            play(rng, round_)
            end(round_)
        if step == 2:
            # Another process knows nothing of what was held.
            restart()
        # News of the first alone moves all that come after it.
        assert live.refresh_rounds([first.pk]) == 3
        wanted = dict(settled)
        for round_ in (first, second, third):
            earned = earned_by_the_rules(round_)
            before = dict(wanted)
            wanted = {pk: total + earned[pk] for pk, total in before.items()}
            for entry in game.entries.all():
                card = rank_card(round_.pk, entry.number)
                assert card.total == wanted[entry.pk]
                assert card.rank == 1 + sum(t > card.total for t in wanted.values())
                told = live_totals(round_.pk, [entry.number])[entry.number]
                assert told.carried == before[entry.pk] - settled[entry.pk]
    assert live.refresh_live_rounds() == 0


def test_settling_carries_nothing_and_the_next_round_goes_on_from_it():
    rng = random.Random(24)
    first = make_live_round(rng, past=True)
    second = add_round(rng, first)
    for round_ in (first, second):
        play(rng, round_, share=0.9)
        end(round_)
    live.refresh_live_rounds()
    totals = {e.pk: rank_card(second.pk, e.number).total for e in first.game.entries.all()}
    for round_ in (first, second):
        live.settle_rows(round_.pk)
        round_.state = RoundState.SETTLED
        round_.save()
        live.refresh_live_rounds()
        if round_ is first:
            standings = snapshot_of(second.pk).standings
            assert standings.carried is None
            assert totals == {e.pk: standings.total(e.number) for e in first.game.entries.all()}
    assert totals == settled_totals(Entry.objects.all(), game_id=first.game_id)


def test_what_another_process_made_is_not_taken_for_ones_own():
    """The scores go back to what this process published, after another one published others."""
    rng = random.Random(25)
    round_ = make_live_round(rng)
    live.refresh_round(round_.pk)
    own, card = dict(live._held), rank_card(round_.pk, 0)
    live.forget_rounds()
    play(rng, round_, share=1)
    live.refresh_round(round_.pk)
    assert snapshot_of(round_.pk).version == 2

    live._held.clear()
    live._held.update(own)
    PlayerScore.objects.filter(round=round_).delete()
    assert live.refresh_round(round_.pk)

    assert snapshot_of(round_.pk).version == 3
    assert rank_card(round_.pk, 0).total == card.total
    live.forget_rounds()
    live.refresh_round(round_.pk)
    live._held.clear()
    live._held.update(own)
    # The same state by another is good enough, and nothing is published to and fro.
    assert not live.refresh_round(round_.pk)
    assert not live.refresh_round(round_.pk)


def test_top_entries_of_all_and_of_a_country():
    rng = random.Random(13)
    round_ = make_live_round(rng)
    play(rng, round_)
    live.refresh_round(round_.pk)
    totals = {e: rank_card(round_.pk, e.number).total for e in round_.game.entries.all()}
    order = sorted(totals, key=lambda e: (-totals[e], e.number))
    assert [row.entry for row in top_entries(round_, count=4)] == order[:4]
    norwegians = [entry for entry in order if entry.country == "NO"]
    rows = top_entries(round_, count=2, country="NO")
    assert [row.entry for row in rows] == norwegians[:2]
    assert [row.rank for row in rows] == [
        rank_card(round_.pk, e.number).rank for e in norwegians[:2]
    ]


def test_members_of_a_league_are_ranked_since_it_began_and_by_ties():
    round_ = make_live_round(random.Random(14), entries=4, plain=True, past=True)
    LineupResult.objects.update(total=50)
    live.refresh_round(round_.pk)
    members = list(round_.game.entries.order_by("number"))
    first, second, third, fourth = (entry.pk for entry in members)
    rows = rank_members(
        round_.pk, members, settled={}, before={second: 10, third: 10}, ties={first: 1, third: 2}
    )
    assert [(row.entry_id, row.points, row.rank) for row in rows] == [
        (fourth, 50, 1),
        (first, 50, 2),
        (second, 40, 3),
        (third, 40, 4),
    ]


@pytest.mark.parametrize("seed", [20, 21, 22])
@pytest.mark.parametrize("is_held", [True, False])
def test_settled_rows_equal_the_rules(seed, is_held):
    rng = random.Random(seed)
    round_ = make_live_round(rng, entries=60, past=True)
    play(rng, round_, share=0.6)
    given = round_.game.entries.get(number=7)
    ScoreAdjustment.objects.create(
        game=round_.game, entry=given, round=round_, points=-9, reason="A ruling."
    )
    if is_held:
        live.refresh_round(round_.pk)
    before = settled_totals(round_.game.entries.all(), game_id=round_.game_id)
    assert live.settle_rows(round_.pk) == 60
    results = settled_by_the_rules(round_)
    rows = {row.entry_id: row for row in LineupResult.objects.filter(round=round_)}
    assert rows.keys() == results.keys()
    nets = {}
    for lineup in round_.lineups.select_related("entry"):
        row, wanted = rows[lineup.entry_id], results[lineup.entry_id]
        adjusted = -9 if lineup.entry_id == given.pk else 0
        nets[lineup.entry_id] = wanted.points - lineup.hit + adjusted
        assert row.points == wanted.points
        assert (row.hit, row.adjusted) == (lineup.hit, adjusted)
        assert row.total == before[lineup.entry_id] + nets[lineup.entry_id]
        assert row.bench_points == wanted.bench_points
        assert swaps_of(row) == wanted.result.substitutions
        assert (row.captain_number, row.multiplier) == (wanted.result.captain, wanted.multiplier)
    for key, row in rows.items():
        assert row.rank == 1 + sum(other.total > row.total for other in rows.values())
        assert row.round_rank == 1 + sum(net > nets[key] for net in nets.values())


def test_settled_standings_are_stored_for_good(django_capture_on_commit_callbacks):
    rng = random.Random(30)
    round_ = make_live_round(rng, entries=5)
    play(rng, round_)
    with django_capture_on_commit_callbacks(execute=True):
        live.settle_rows(round_.pk)
    totals = dict(round_.results.values_list("entry__number", "total"))
    assert {n: rank_card(round_.pk, n).total for n in range(5)} == totals
    client().flushdb()
    restart()
    assert {n: rank_card(round_.pk, n).total for n in range(5)} == totals


def test_settling_again_starts_from_the_round_before():
    rng = random.Random(31)
    round_ = make_live_round(rng, entries=5, past=True)
    play(rng, round_)
    live.settle_rows(round_.pk)
    first = dict(round_.results.values_list("entry", "total"))
    round_.state = RoundState.SETTLED
    round_.save()
    round_.results.all().delete()
    live.settle_rows(round_.pk)
    assert dict(round_.results.values_list("entry", "total")) == first


def test_lineups_with_and_without_a_place_of_a_chip_are_read_together():
    rng = random.Random(32)
    round_ = make_live_round(rng, entries=4, plain=True, rules="fpl-2024-25")
    entry = make_entry(round_.game, [], number=4)
    numbers = [*random_squad(rng, round_), 3]
    packed = struct.pack(">16H", *numbers)
    Lineup.objects.create(entry=entry, round=round_, packed=packed, leaf=b"leaf")
    play(rng, round_, share=1)
    live.settle_rows(round_.pk)
    wanted = {key: result.points for key, result in settled_by_the_rules(round_).items()}
    assert dict(round_.results.values_list("entry", "points")) == wanted
