"""Playing and cancelling chips; after a Free Hit the squad of before comes back.

A chip that adds a player is played with him: he takes the place behind all others, costs his price
and is no transfer. The lock of the chip's last round sells him (`services.deadlines`).
"""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from fantasy.enums import Availability
from fantasy.models import ChipPlay, GamePlayer, Holding, Transfer
from fantasy.rules.chips import cancel_problems, chip_problems, open_offer
from fantasy.rules.game import Chip
from fantasy.rules.squads import Pick, Refusal, squad_problems, squad_size
from fantasy.rules.transfers import money_problems
from fantasy.services.refusals import refuse, refuse_any
from fantasy.services.squads import OpenSquad, Saved, open_squad, save


@transaction.atomic
def play_chip(
    entry_id: int, chip: str, *, player: int | None = None, for_round: int | None = None
) -> Saved:
    """Play a chip in the next round; return a receipt. Raises Refused.

    `player` is the `GamePlayer` whom the chip is to add, where it adds one.
    """
    squad = open_squad(entry_id, for_round=for_round)
    start_chip(squad, chip)
    joining = joining_by(squad, player)
    if joining is not None:
        refuse_any(_joining_problems(squad, joining))
        seat(squad, joining)
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
    if squad.rules.chip(play.chip).adds:
        _unseat(squad)
    squad.plays.remove(play)
    return save(squad, kind="chip")


def start_chip(squad: OpenSquad, chip_id: str) -> ChipPlay:
    """Put a chip in force in an opened squad's round. Raises Refused.

    Whom it adds is to be found by `joining_by` and given his place by `seat`.
    """
    rules, number = squad.rules, squad.round.number
    refuse_any(problems_of(squad, chip_id))
    chip = rules.chip(chip_id)
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


def problems_of(squad: OpenSquad, chip_id: str) -> tuple[Refusal, ...]:
    """Return why a chip cannot be played in an opened squad's round, empty when it can."""
    number = squad.round.number
    return chip_problems(
        squad.rules,
        chip_id,
        round_number=number,
        joined_round=number if squad.is_new else 0,
        played=squad.played,
    )


def joinable(game_id: int, chip: Chip) -> "QuerySet[GamePlayer]":
    """Return the players whom a chip can add."""
    rows = GamePlayer.objects.filter(game=game_id, position=chip.adds)
    return rows.exclude(status=Availability.GONE)


def joining_by(squad: OpenSquad, player: int | None) -> GamePlayer | None:
    """Return whom the chip that was started adds, None where it adds nobody. Raises Refused."""
    chip = squad.chip
    if chip is None or not chip.adds:
        if player is not None:
            raise refuse("chip_adds_nobody", "This chip adds nobody to the squad.", "player")
        return None
    label = squad.rules.position(chip.adds).label.lower()
    found = GamePlayer.objects.filter(game=squad.game, pk=player).first() if player else None
    if found is not None and found.position == chip.adds:
        if found.status == Availability.GONE:
            raise refuse("player_gone", "He has left the competition.", "player")
        return found
    if player is not None and found is None:
        raise refuse("unknown_player", "No such player.", "player")
    if found is not None:
        raise refuse("wrong_position", f"{chip.label} adds an {label}; he is none.", "player")
    if not joinable(squad.game.pk, chip).exists():
        message = f"{chip.label} cannot be played yet: the season has nobody to choose."
        raise refuse("chip_not_offered", message, "chip")
    raise refuse("player_needed", f"Choose the {label} whom the chip adds.", "player")


def _joining_problems(squad: OpenSquad, joining: GamePlayer) -> tuple[Refusal, ...]:
    """Return why somebody cannot join: as with a transfer, the whole squad is looked at."""
    everybody = [*(holding.game_player for holding in squad.holdings), joining]
    picks = [
        Pick(player=row.pk, position=row.position, club=row.team_id, price=0) for row in everybody
    ]
    bought = joining.price if squad.rules.squad.budget_tenths else 0
    return (
        *squad_problems(squad.rules, picks, chip=squad.chip),
        *money_problems(bank=squad.entry.bank, sold=0, bought=bought),
    )


def seat(squad: OpenSquad, joining: GamePlayer) -> None:
    """Give whom a chip adds his place, and take his price from the bank; all is checked before."""
    holding = Holding.objects.create(
        entry=squad.entry,
        game_player=joining,
        bought_price=joining.price,
        slot=squad_size(squad.rules, squad.chip),
    )
    squad.holdings.append(holding)
    if squad.rules.squad.budget_tenths:
        squad.entry.bank -= joining.price


def _unseat(squad: OpenSquad) -> None:
    """Take him whom the chip added from his place again, for what was paid."""
    place = squad_size(squad.rules, squad.chip)
    for holding in [row for row in squad.holdings if row.slot == place]:
        if squad.rules.squad.budget_tenths:
            squad.entry.bank += holding.bought_price
        squad.holdings.remove(holding)
        holding.delete()


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
