"""Transfers compared to making none: points after the hit, the range, what is left."""

import pytest

from fantasy.enums import RoundState
from fantasy.models import GamePlayer, Holding, PlayerScore
from fantasy.selectors.outlook import game_outlook
from fantasy.services.comparing import compare
from fantasy.services.squads import look_at, next_round
from fantasy.services.transfers import Move, deal_of
from tests.factories.fantasy import make_entry, make_round, make_round_match

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry(game):
    """An entry with one free transfer; round 6 is settled, in which each player brought 2."""
    teams = list(game.season.teams.order_by("pk"))
    before = make_round(game, 6, state=RoundState.SETTLED)
    ahead = game.rounds.get(number=1)
    for home, away in zip(teams[::2], teams[1::2], strict=True):
        match = make_round_match(before, home, away)
        make_round_match(ahead, home, away)
        PlayerScore.objects.bulk_create(
            PlayerScore(
                round=before, match=match, game_player=row, points=2, minutes=90, appeared=True
            )
            for row in game.players.filter(team__in=(home, away))
        )
    before.settled_at = before.locked_at
    before.save()
    return make_entry(game, joined_round=before)


def moves_of(entry, *slots):
    """Sell who is in these slots for others of the position, of clubs with room."""
    held = list(Holding.objects.filter(entry=entry).select_related("game_player"))
    taken = {h.game_player_id for h in held}
    found = []
    for slot in slots:
        out = next(h.game_player for h in held if h.slot == slot)
        rows = entry.game.players.filter(position=out.position).exclude(pk__in=taken)
        bought = rows.order_by("-number")[0]
        taken.add(bought.pk)
        found.append(Move(sold=out.pk, bought=bought.pk))
    return found


def comparison(entry, moves, chip_before=None):
    squad = look_at(entry, next_round(entry.game_id))
    bought = {row.pk: row for row in GamePlayer.objects.filter(pk__in=[m.bought for m in moves])}
    return compare(
        squad,
        moves,
        bought,
        deal=deal_of(squad, moves),
        outlook=game_outlook(entry.game),
        chip_before=chip_before,
    )


def test_doing_nothing_brings_eleven_players_and_the_captain_twice(entry):
    found = comparison(entry, moves_of(entry, 8))

    assert found.staying.expected.mean == pytest.approx(24)
    assert (found.staying.hit, found.staying.free_after) == (0, 2)
    assert (found.moving.hit, found.moving.free_after) == (0, 1)


def test_hit_is_taken_off_and_from_the_gain(entry):
    found = comparison(entry, moves_of(entry, 8, 5))

    assert (found.moving.hit, found.moving.free_after) == (4, 1)
    assert found.moving.expected.mean == pytest.approx(20)
    assert (found.gain.mean, found.gain.low, found.gain.high) == (pytest.approx(-4), -4, -4)


def test_gain_is_that_of_those_who_change_and_has_a_range(entry):
    moves = moves_of(entry, 8)
    PlayerScore.objects.filter(game_player=moves[0].bought).update(points=12)

    found = comparison(entry, moves)

    assert found.gain.mean == pytest.approx(
        found.moving.expected.mean - found.staying.expected.mean
    )
    assert found.gain.low <= found.gain.mean <= found.gain.high
    assert found.gain.mean > 0


def test_who_comes_for_the_captain_counts_twice(entry):
    moves = moves_of(entry, 2)
    PlayerScore.objects.filter(game_player=moves[0].bought).update(points=14)
    as_captain = comparison(entry, moves).gain.mean
    Holding.objects.filter(entry=entry).update(is_captain=False)
    Holding.objects.filter(entry=entry, slot=5).update(is_captain=True)

    assert as_captain == pytest.approx(2 * comparison(entry, moves).gain.mean)


def test_player_without_a_settled_round_is_named_as_unknown(entry):
    (move,) = moves_of(entry, 8)
    row = GamePlayer.objects.get(pk=move.bought)
    row.team = make_round(entry.game, 7).game.season.teams.model.objects.create(
        name="New Club", slug="new-club", sport="football"
    )
    row.save()
    PlayerScore.objects.filter(game_player=row).delete()

    assert comparison(entry, [move]).unknown == (row,)
