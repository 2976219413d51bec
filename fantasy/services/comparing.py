"""What transfers are expected to bring against making none, for the last look at them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fantasy.models import GamePlayer
from fantasy.rules.game import Chip
from fantasy.rules.outlook import Expected, gain_expected, squad_expected
from fantasy.rules.transfers import (
    first_free_transfers,
    free_transfers_next,
    is_unlimited,
    transfer_cost,
)
from fantasy.selectors.outlook import GameOutlook
from fantasy.services.squads import OpenSquad, made_before
from fantasy.services.transfers import Deal, Move, slots_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of both ways: points to expect after the hit, and the free transfers after the round."""

    expected: Expected
    hit: int
    free_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Both ways side by side; `unknown` are those who play and have no settled round yet."""

    moving: Side
    staying: Side
    gain: Expected
    unknown: tuple[GamePlayer, ...]


def free_after(squad: OpenSquad, *, made: int, chip: Chip | None) -> int:
    """Return the free transfers of the round after the squad's, with so many made in it."""
    number = squad.round.number
    if squad.is_new:
        return first_free_transfers(squad.rules, joined_round=number)
    free = squad.entry.free_transfers
    return free_transfers_next(squad.rules, free=free, made=made, round_number=number, chip=chip)


def cost_before(squad: OpenSquad, made: int, chip: Chip | None) -> int:
    """Return what the transfers made so far cost, with no more than that chip in force."""
    unlimited = squad.is_new or is_unlimited(
        squad.rules, round_number=squad.round.number, joined_round=0, chip=chip
    )
    free = squad.entry.free_transfers
    return transfer_cost(squad.rules, made=made, free=free, unlimited=unlimited)


def compare(
    squad: OpenSquad,
    moves: Sequence[Move],
    bought: Mapping[int, GamePlayer],
    *,
    deal: Deal,
    outlook: GameOutlook,
    chip_before: Chip | None,
) -> Comparison:
    """Compare the moves, with the chip in force by now, to making none with the chip of before."""
    rules = squad.rules
    players = {h.game_player_id: h.game_player for h in squad.holdings} | dict(bought)
    prospects = outlook.prospects(players.values())
    after = slots_after(squad, moves, bought)
    made = made_before(squad)
    hit_before = cost_before(squad, made, chip_before)
    ways = ((squad.slots, chip_before), (after, squad.chip))
    playing = {s.player for slots, _ in ways for s in slots if s.slot <= rules.lineup.size}
    return Comparison(
        moving=Side(
            expected=squad_expected(rules, after, prospects, chip=squad.chip, hit=deal.hit),
            hit=deal.hit,
            free_after=free_after(squad, made=deal.made, chip=squad.chip),
        ),
        staying=Side(
            expected=squad_expected(
                rules, squad.slots, prospects, chip=chip_before, hit=hit_before
            ),
            hit=hit_before,
            free_after=free_after(squad, made=made, chip=chip_before),
        ),
        gain=gain_expected(rules, *ways, prospects, hit=deal.hit - hit_before),
        unknown=tuple(
            row for pk, row in players.items() if pk in playing and not outlook.past.get(pk)
        ),
    )
