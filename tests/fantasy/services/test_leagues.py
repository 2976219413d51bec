"""Leagues of entries: who may make, join and leave them, and what settlement does to them."""

import pytest

from accounts.models import User
from fantasy.enums import LeagueKind, RoundState
from fantasy.models import ChipPlay, HeadToHead, LeagueMember, Phase, Transfer
from fantasy.services.leagues import (
    NewLeague,
    begin_leagues,
    change_league,
    create_league,
    join_league,
    join_public_league,
    leave_league,
    remove_member,
    settle_leagues,
)
from fantasy.services.refusals import Refused
from tests.factories.fantasy import make_entry, make_game, make_game_player, make_round
from tests.factories.leagues import make_team
from tests.fantasy.settled import lock, settle

pytestmark = pytest.mark.django_db


@pytest.fixture
def game():
    game = make_game()
    for _ in range(6):
        make_round(game)
    return game


def fan(game, name):
    user = User.objects.create_user(f"{name}@example.org", "x")
    return make_entry(game, squad=[], owner=user, name=name)


@pytest.fixture
def entries(game):
    return [fan(game, name) for name in ("ada", "bob", "cyd", "dan", "eve")]


def rounds(game):
    return list(game.rounds.order_by("number"))


def league_of(entries, **fields):
    league = create_league(entries[0].pk, NewLeague(**{"name": "Friends", **fields}))
    for entry in entries[1:]:
        join_league(entry.pk, league.code)
    return league


def places(league):
    rows = league.members.select_related("entry").order_by("rank", "entry__number")
    return [(row.rank, row.entry.name, row.points, row.last_rank) for row in rows]


def refused(wish, *arguments, **named):
    with pytest.raises(Refused) as caught:
        wish(*arguments, **named)
    return caught.value.codes


def test_whoever_makes_a_league_owns_it_and_is_its_first_member(game, entries):
    league = create_league(entries[0].pk, NewLeague(name="  Friends   of  Ada "))

    assert (league.name, league.owner, league.is_public) == (
        "Friends of Ada",
        entries[0].owner,
        False,
    )
    assert len(league.code) == 7
    assert league.start_round == rounds(game)[0]
    assert places(league) == [(1, "ada", 0, None)]


def test_a_league_is_joined_by_its_code_once(entries):
    league = league_of(entries[:1])

    first = join_league(entries[1].pk, f" {league.code.lower()} ")
    again = join_league(entries[1].pk, league.code)

    assert first == again
    assert league.members.count() == 2


def test_a_wrong_code_or_one_of_another_game_is_refused(entries):
    other = make_game()
    make_round(other)
    elsewhere = league_of([fan(other, "zoe")])

    assert refused(join_league, entries[0].pk, "XXXXXXX") == ("unknown_code",)
    assert refused(join_league, entries[0].pk, elsewhere.code) == ("unknown_code",)


def test_a_private_head_to_head_league_takes_sixteen(game):
    crowd = [fan(game, f"fan{n}") for n in range(17)]
    league = league_of(crowd[:16], kind=LeagueKind.HEAD_TO_HEAD)

    assert refused(join_league, crowd[16].pk, league.code) == ("league_full",)
    assert refused(
        create_league,
        crowd[16].pk,
        NewLeague(name="Many", kind=LeagueKind.HEAD_TO_HEAD, max_entries=17),
    ) == ("bad_size",)


def test_an_entry_is_in_thirty_private_leagues_at_most_and_in_more_public_ones(game, entries):
    ada, bob = entries[:2]
    for number in range(30):
        create_league(ada.pk, NewLeague(name=f"League {number}"))
    one_more = league_of([bob])
    public = league_of([bob], is_public=True)

    assert refused(create_league, ada.pk, NewLeague(name="x")) == ("too_many_leagues",)
    assert refused(join_league, ada.pk, one_more.code) == ("too_many_leagues",)
    assert join_public_league(ada.pk, public.pk).league == public


def test_a_private_league_is_not_joined_without_its_code(entries):
    league = league_of(entries[:1])

    assert refused(join_public_league, entries[1].pk, league.pk) == ("not_public",)


def test_a_league_begins_with_a_round_that_is_open(game, entries):
    first, second = rounds(game)[:2]
    lock(first, [])

    league = create_league(entries[0].pk, NewLeague(name="Late"))

    assert league.start_round == second
    assert refused(create_league, entries[0].pk, NewLeague(name="x", start_round=1)) == (
        "round_not_open",
    )


def test_the_owner_alone_removes_others(entries):
    ada, bob, cyd = entries[:3]
    league = league_of([ada, bob, cyd])

    assert refused(remove_member, league.pk, cyd.pk, by_user_id=bob.owner_id) == ("not_owner",)
    assert refused(remove_member, league.pk, ada.pk, by_user_id=ada.owner_id) == ("own_entry",)
    remove_member(league.pk, cyd.pk, by_user_id=ada.owner_id)
    assert refused(remove_member, league.pk, cyd.pk, by_user_id=ada.owner_id) == ("not_a_member",)
    assert [name for _, name, _, _ in places(league)] == ["ada", "bob"]


def test_a_league_whose_owner_leaves_is_owned_by_who_joined_next(entries):
    ada, bob, cyd = entries[:3]
    league = league_of([ada, bob, cyd])

    leave_league(league.pk, ada.pk)
    leave_league(league.pk, ada.pk)

    league.refresh_from_db()
    assert league.owner == bob.owner
    assert league.members.count() == 2


def test_the_owner_closes_a_league_and_gives_it_another_code(entries):
    ada, bob, cyd = entries[:3]
    league = league_of([ada, bob])
    old = league.code

    changed = change_league(league.pk, by_user_id=ada.owner_id, new_code=True, name="Foes")
    closed = change_league(league.pk, by_user_id=ada.owner_id, is_closed=True)

    assert (closed.name, changed.code != old) == ("Foes", True)
    assert refused(join_league, cyd.pk, closed.code) == ("league_closed",)
    assert refused(change_league, league.pk, by_user_id=bob.owner_id, name="Mine") == ("not_owner",)


def test_settlement_ranks_by_points_after_hits_and_keeps_the_rank_before(game, entries):
    ada, bob, cyd = entries[:3]
    league = league_of([ada, bob, cyd])
    first, second = rounds(game)[:2]

    settle(first, {ada: 50, bob: 60, cyd: 50}, hits={bob: 4})
    settle_leagues(first.pk)
    after_one = places(league)
    settle(second, {ada: 50, bob: 20, cyd: 60})
    settle_leagues(second.pk)
    settle_leagues(second.pk)

    assert after_one == [(1, "bob", 56, None), (2, "ada", 50, None), (2, "cyd", 50, None)]
    assert places(league) == [(1, "cyd", 110, 2), (2, "ada", 100, 2), (3, "bob", 76, 1)]


def test_level_entries_are_parted_by_transfers_outside_chips(game, entries):
    ada, bob, cyd = entries[:3]
    league = league_of([ada, bob, cyd])
    first = rounds(game)[0]
    team = make_team(season=game.season)
    out, into = (make_game_player(game, team, "MID") for _ in range(2))
    # Before the chip of its round a transfer counts as made under it.
    ChipPlay.objects.create(entry=cyd, round=first, chip="freehit", number=1, kept={})
    for entry, chip in ((ada, ""), (bob, "wildcard"), (cyd, "")):
        Transfer.objects.create(
            entry=entry,
            round=first,
            player_out=out,
            player_in=into,
            paid=50,
            sold_for=50,
            bought_for=50,
            chip=chip,
        )

    settle(first, dict.fromkeys((ada, bob, cyd), 40))
    settle_leagues(first.pk)

    assert places(league) == [(1, "bob", 40, None), (1, "cyd", 40, None), (3, "ada", 40, None)]


def test_a_league_counts_from_its_first_round(game, entries):
    ada, bob = entries[:2]
    first, second, third = rounds(game)[:3]
    settle(first, {ada: 90, bob: 10})
    league = league_of([ada, bob], start_round=3)

    settle(second, {ada: 50, bob: 10})
    settle_leagues(second.pk)
    before = places(league)
    settle(third, {ada: 30, bob: 40})
    settle_leagues(third.pk)

    assert before == [(1, "ada", 0, None), (1, "bob", 0, None)]
    assert places(league) == [(1, "bob", 40, None), (2, "ada", 30, None)]


def test_who_joins_late_brings_what_was_scored_since_the_league_began(game, entries):
    ada, bob, cyd = entries[:3]
    league = league_of([ada, bob])
    first = rounds(game)[0]
    settle(first, {ada: 30, bob: 50, cyd: 40})
    settle_leagues(first.pk)

    join_league(cyd.pk, league.code)

    assert places(league) == [(1, "bob", 50, None), (2, "cyd", 40, None), (3, "ada", 30, None)]


class TestHeadToHead:
    @pytest.fixture
    def league(self, entries):
        return league_of(entries[:3], kind=LeagueKind.HEAD_TO_HEAD)

    def test_fixtures_are_drawn_at_the_first_deadline_and_the_league_closes(
        self, game, entries, league
    ):
        first = rounds(game)[0]
        lock(first, entries)

        begin_leagues(first.pk)
        begin_leagues(first.pk)

        assert HeadToHead.objects.filter(league=league).count() == 6 * 2
        assert refused(join_league, entries[3].pk, league.code) == ("league_closed",)
        assert list(Phase.objects.filter(game=game)) != []

    def test_nobody_joins_between_the_deadline_and_the_draw(self, game, entries, league):
        first = rounds(game)[0]
        first.state, first.locked_at = RoundState.LOCKED, first.deadline_at
        first.save()

        assert refused(join_league, entries[3].pk, league.code) == ("league_closed",)

    def test_void_rounds_have_no_fixtures(self, game, entries, league):
        all_rounds = rounds(game)
        all_rounds[2].state = RoundState.VOID
        all_rounds[2].save()
        lock(all_rounds[0], entries)

        begin_leagues(all_rounds[0].pk)

        assert set(league.fixtures.values_list("round__number", flat=True)) == {1, 2, 4, 5, 6}

    def test_settlement_scores_fixtures_and_the_average_plays(self, game, entries, league):
        ada, bob, cyd = entries[:3]
        points = {ada: 50, bob: 61, cyd: 40}
        for number in range(3):
            round_ = rounds(game)[number]
            lock(round_, entries)
            settle(round_, points)
            settle_leagues(round_.pk)

        # The average of 50, 61 and 40 is 50: everybody met both others and it once.
        assert [row[:3] for row in places(league)] == [(1, "bob", 9), (2, "ada", 4), (3, "cyd", 0)]
        idle = league.fixtures.filter(away__isnull=True, home_points__isnull=False)
        assert {(f.home.name, f.home_points, f.away_points) for f in idle} == {
            ("ada", 50, 50),
            ("bob", 61, 50),
            ("cyd", 40, 50),
        }

    def test_a_correction_scores_fixtures_again(self, game, entries, league):
        ada, bob, cyd = entries[:3]
        first = rounds(game)[0]
        lock(first, entries)
        settle(first, {ada: 50, bob: 40, cyd: 30})
        settle_leagues(first.pk)
        before = {name: points for _, name, points, _ in places(league)}

        settle(first, {ada: 10, bob: 40, cyd: 90})
        settle_leagues(first.pk)

        after = {name: points for _, name, points, _ in places(league)}
        assert (before["ada"], after["ada"]) == (3, 0)
        assert (before["cyd"], after["cyd"]) == (0, 3)

    def test_the_average_takes_the_place_of_who_leaves(self, game, entries, league):
        ada, bob, cyd = entries[:3]
        first = rounds(game)[0]
        lock(first, entries)
        settle(first, {ada: 50, bob: 40, cyd: 30})
        settle_leagues(first.pk)

        remove_member(league.pk, cyd.pk, by_user_id=ada.owner_id)

        ahead = league.fixtures.filter(round__number__gte=2)
        assert not ahead.filter(home=cyd).exists()
        assert not ahead.filter(away=cyd).exists()
        for number in range(2, 7):
            playing = ahead.filter(round__number=number).values_list("home", "away")
            assert sorted(side for pair in playing for side in pair if side) == [ada.pk, bob.pk]
        assert league.fixtures.filter(round=first).count() == 2
        assert LeagueMember.objects.filter(league=league).count() == 2
