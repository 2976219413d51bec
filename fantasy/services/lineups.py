"""Saving a line-up: who plays, the order of the bench, captain and vice-captain."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from fantasy.rules.lineups import Slot, lineup_problems
from fantasy.rules.squads import captain_problems
from fantasy.services.refusals import refuse, refuse_any
from fantasy.services.squads import OpenSquad, Saved, open_squad, save, write_slots


@dataclass(frozen=True, slots=True, kw_only=True)
class LineupChoice:
    """What a manager wants: ids of `GamePlayer` in slot order, captain and vice among them.

    Whom a chip adds may be left out: he has his place behind the others anyway.
    """

    players: Sequence[int]
    captain: int | None = None
    vice: int | None = None


@transaction.atomic
def save_lineup(
    entry_id: int,
    choice: LineupChoice,
    *,
    for_round: int | None = None,
    after_receipt: int | None = None,
) -> Saved:
    """Put the squad into this order for the next deadline; return a receipt.

    `for_round` is the number of the round the manager meant, `after_receipt` the newest receipt
    that he knew of when he chose. Raises Refused.
    """
    squad = open_squad(entry_id, for_round=for_round)
    if after_receipt is not None and after_receipt != squad.entry.receipts:
        raise refuse(
            "overtaken",
            "The team was saved elsewhere since: look at it, then save again.",
            "after_receipt",
        )
    slots = _slots(squad, choice)
    refuse_any(lineup_problems(squad.rules, slots, chip=squad.chip))
    refuse_any(
        captain_problems(
            squad.rules, price_tenths=_price(squad, choice.captain), bank_tenths=squad.entry.bank
        )
    )
    write_slots(squad, slots)
    return save(squad, kind="lineup")


def _price(squad: OpenSquad, captain: int | None) -> int:
    prices = {h.game_player_id: h.game_player.price for h in squad.holdings}
    return prices.get(captain, 0) if captain is not None else 0


def _slots(squad: OpenSquad, choice: LineupChoice) -> list[Slot]:
    positions = {h.game_player_id: h.game_player.position for h in squad.holdings}
    players = [*choice.players]
    added = [h.game_player_id for h in squad.holdings if h.slot > squad.rules.squad.size]
    players += [player for player in added if player not in players]
    if set(players) != set(positions) or len(players) != len(positions):
        raise refuse(
            "not_your_squad", "The line-up must name each player of your squad once.", "players"
        )
    for who, field in ((choice.captain, "captain"), (choice.vice, "vice")):
        if who is not None and who not in positions:
            raise refuse("not_your_player", "This player is not in your squad.", field)
    return [
        Slot(
            player=player,
            position=positions[player],
            slot=slot,
            is_captain=player == choice.captain,
            is_vice=player == choice.vice,
        )
        for slot, player in enumerate(players, start=1)
    ]
