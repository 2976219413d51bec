"""Playing and cancelling chips; after a Free Hit the squad of before comes back."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from fantasy.models import ChipPlay, Transfer
from fantasy.rules.chips import cancel_problems, chip_problems, open_offer
from fantasy.services.refusals import refuse, refuse_any
from fantasy.services.squads import OpenSquad, Saved, open_squad, save


@transaction.atomic
def play_chip(entry_id: int, chip: str, *, for_round: int | None = None) -> Saved:
    """Play a chip in the next round; return a receipt. Raises Refused."""
    squad = open_squad(entry_id, for_round=for_round)
    start_chip(squad, chip)
    return save(squad, kind="chip")


@transaction.atomic
def cancel_chip(entry_id: int, *, for_round: int | None = None) -> Saved:
    """Take back the chip of the next round, if it is one that can be; return a receipt."""
    squad = open_squad(entry_id, for_round=for_round)
    play = squad.play
    if play is None:
        raise refuse("no_chip", "No chip is played in this round.", "chip")
    refuse_any(cancel_problems(squad.rules, play.chip))
    play.cancelled_at = squad.at
    play.save(update_fields=["cancelled_at"])
    squad.plays.remove(play)
    return save(squad, kind="chip")


def start_chip(squad: OpenSquad, chip_id: str) -> ChipPlay:
    """Put a chip in force in an opened squad's round. Raises Refused."""
    rules, number = squad.rules, squad.round.number
    refuse_any(
        chip_problems(
            rules,
            chip_id,
            round_number=number,
            joined_round=number if squad.is_new else 0,
            played=squad.played,
        )
    )
    chip = rules.chip(chip_id)
    if chip.adds:
        message = f"{chip.label} cannot be played: this game has no managers to choose."
        raise refuse("chip_not_offered", message, "chip")
    offer = open_offer(rules, chip_id, round_number=number, played=squad.played)
    play = ChipPlay.objects.create(
        entry=squad.entry,
        round=squad.round,
        chip=chip_id,
        number=offer.number if offer else 1,
        kept=_before_the_round(squad) if chip.returns else None,
        played_at=squad.at,
    )
    squad.plays.append(play)
    return play


def _before_the_round(squad: OpenSquad) -> dict[str, Any]:
    """The squad as it was at the round's beginning: transfers made since are taken back."""
    bank = squad.entry.bank
    held = {
        h.game_player_id: [h.game_player_id, h.bought_price, h.slot, h.is_captain, h.is_vice]
        for h in squad.holdings
    }
    since: Iterable[Transfer] = Transfer.objects.filter(
        entry=squad.entry, round=squad.round
    ).order_by("-made_at", "-pk")
    for transfer in since:
        bank += transfer.bought_for - transfer.sold_for
        place = held.pop(transfer.player_in_id)
        held[transfer.player_out_id] = [transfer.player_out_id, transfer.paid, *place[2:]]
    return {"bank": bank, "holdings": sorted(held.values(), key=lambda row: row[2])}
