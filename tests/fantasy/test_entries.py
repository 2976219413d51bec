"""Joining a game: a legal squad, one team each, a name that can be shown."""

import pytest

from fantasy.enums import Availability, GameState
from fantasy.models import Entry, Holding
from fantasy.services.entries import NewEntry, create_entry, rename_entry
from fantasy.services.refusals import Refused
from tests.factories.fantasy import SQUAD, make_game_player, pick_squad
from tests.fantasy.test_deadlines import lock_next

pytestmark = pytest.mark.django_db


def join(game, players=None, *, owner_id=None, **said):
    squad = [p.pk for p in pick_squad(game)] if players is None else players
    new = NewEntry(**{"name": "Ours", "players": squad, **said})
    return create_entry(game.pk, new, owner_id=owner_id)


def refusals(*arguments, **options) -> tuple[str, ...]:
    with pytest.raises(Refused) as refused:
        join(*arguments, **options)
    assert not Entry.objects.exists()
    return refused.value.codes


def test_entry_starts_with_its_squad_lined_up(game):
    entry, saved = join(game, country="no", name="  Our   team ")

    assert (entry.name, entry.country, entry.number, entry.bank) == ("Our team", "NO", 0, 250)
    positions = [
        holding.game_player.position
        for holding in entry.holdings.select_related("game_player").order_by("slot")
    ]
    assert sorted(positions) == sorted(SQUAD)
    assert (positions[0], positions[11]) == ("GKP", "GKP")
    assert entry.holdings.filter(is_captain=True).count() == 1
    assert saved.receipt.document["kind"] == "entry"
    assert saved.receipt.document["sequence"] == 1


def test_order_given_is_kept(game):
    squad = pick_squad(game)
    entry, _ = join(
        game,
        [p.pk for p in squad],
        is_ordered=True,
        captain=squad[5].pk,
        vice=squad[10].pk,
    )

    assert [h.game_player_id for h in entry.holdings.order_by("slot")] == [p.pk for p in squad]
    assert entry.holdings.get(is_captain=True).slot == 6
    assert entry.holdings.get(is_vice=True).slot == 11


def test_numbers_count_up_within_a_game(game):
    assert [join(game)[0].number for _ in range(3)] == [0, 1, 2]


def test_one_user_has_one_entry(game, django_user_model):
    user = django_user_model.objects.create_user("fan@example.org")
    join(game, owner_id=user.pk)

    with pytest.raises(Refused) as refused:
        join(game, owner_id=user.pk)
    assert refused.value.codes == ("has_entry",)


def test_squad_over_the_budget_is_refused(game):
    squad = pick_squad(game)
    squad[3].price = 50 + 251
    squad[3].save()

    assert refusals(game, [p.pk for p in squad]) == ("over_budget",)


def test_squad_of_fourteen_is_refused(game):
    assert refusals(game, [p.pk for p in pick_squad(game)[:-1]]) == (
        "squad_size",
        "position_quota",
    )


def test_same_player_twice_is_refused(game):
    squad = [p.pk for p in pick_squad(game)]
    squad[3] = squad[2]

    assert "duplicate_player" in refusals(game, squad)


def test_four_of_a_club_are_refused(game):
    squad = pick_squad(game)
    fourth = make_game_player(game, squad[0].team, squad[14].position)
    squad[14] = fourth

    assert "club_cap" in refusals(game, [p.pk for p in squad])


def test_player_who_left_is_refused(game):
    squad = pick_squad(game)
    squad[0].status = Availability.GONE
    squad[0].save()

    assert refusals(game, [p.pk for p in squad]) == ("player_gone",)


def test_player_of_another_game_is_unknown(game):
    assert refusals(game, [0, *[p.pk for p in pick_squad(game)][1:]]) == ("unknown_player",)


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\x00b"])
def test_name_that_cannot_be_shown_is_refused(game, name):
    assert refusals(game, name=name) == ("bad_name",)


def test_country_is_two_letters(game):
    assert refusals(game, country="NOR") == ("bad_country",)


@pytest.mark.parametrize("state", [GameState.DRAFT, GameState.FINISHED])
def test_game_that_is_not_open_takes_nobody(game, state):
    game.state = state
    game.save()

    assert refusals(game) == ("game_closed",)


def test_entry_joins_for_the_round_that_comes_next(game, clock):
    lock_next(game, clock)

    entry, saved = join(game)

    assert (entry.joined_round.number, saved.round) == (2, 2)


def test_entry_can_be_renamed(game):
    entry, _ = join(game, country="NO")

    rename_entry(entry.pk, name="Theirs")

    entry.refresh_from_db()
    assert (entry.name, entry.country) == ("Theirs", "NO")


def test_refused_entry_leaves_no_players_held(game):
    refusals(game, name="")

    assert not Holding.objects.exists()
