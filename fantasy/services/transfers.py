"""Transfers: a basket that can be undone, and its confirmation, which cannot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.db import transaction

from fantasy.enums import Availability
from fantasy.models import GamePlayer, Holding, Transfer, TransferDraft
from fantasy.rules.arranging import arranged
from fantasy.rules.game import GameRules
from fantasy.rules.lineups import Slot
from fantasy.rules.squads import Pick, Refusal, captain_problems, squad_problems
from fantasy.rules.transfers import (
    free_transfers_left,
    money_problems,
    selling_price,
    transfer_problems,
)
from fantasy.services.chips import joining_by, seat, start_chip
from fantasy.services.refusals import refuse, refuse_any
from fantasy.services.squads import (
    OpenSquad,
    Saved,
    cost_of,
    is_free,
    made_before,
    open_squad,
    save,
    write_slots,
)

# Far more than any squad: what a draft may hold.
MOST_MOVES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One player sold and one bought, by `GamePlayer` id."""

    sold: int
    bought: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """What a basket would do: money in tenths, cost in points, and all that forbids it."""

    sold_for: int
    bought_for: int
    bank: int
    made: int
    free_left: int
    hit: int
    problems: tuple[Refusal, ...]


@transaction.atomic
def set_draft(entry_id: int, moves: Sequence[Move], *, for_round: int | None = None) -> Deal:
    """Keep a basket that is not confirmed yet and say what it would do; nothing else changes."""
    return _keep(open_squad(entry_id, for_round=for_round), moves)


@transaction.atomic
def change_draft(
    entry_id: int, *, sold: int, bought: int | None, for_round: int | None = None
) -> bool:
    """Let the basket sell a player for another one, or sell him no more; tell whether it did."""
    squad = open_squad(entry_id, for_round=for_round)
    before = basket_of(squad)
    moves = [move for move in before if move.sold != sold]
    if bought is not None:
        moves.append(Move(sold=sold, bought=bought))
    _keep(squad, moves)
    return len(before) > len(moves) - (bought is not None)


def _keep(squad: OpenSquad, moves: Sequence[Move]) -> Deal:
    deal = deal_of(squad, moves)
    TransferDraft.objects.update_or_create(
        entry=squad.entry,
        defaults={
            "round": squad.round,
            "moves": [[move.sold, move.bought] for move in moves],
            "changed_at": squad.at,
        },
    )
    return deal


@transaction.atomic
def clear_draft(entry_id: int) -> None:
    """Undo the whole basket."""
    TransferDraft.objects.filter(entry=entry_id).delete()


def draft_of(entry_id: int, round_id: int) -> tuple[Move, ...]:
    """Return the basket of that round; what was left from an earlier one is forgotten."""
    draft = TransferDraft.objects.filter(entry=entry_id, round=round_id).first()
    return tuple(Move(sold=sold, bought=bought) for sold, bought in draft.moves) if draft else ()


def basket_of(squad: OpenSquad) -> tuple[Move, ...]:
    """Return the moves of the squad's basket that are still possible: it may have changed since."""
    held = {holding.game_player_id for holding in squad.holdings}
    moves = draft_of(squad.entry.pk, squad.round.pk)
    return tuple(move for move in moves if move.sold in held and move.bought not in held)


@transaction.atomic
def confirm_transfers(
    entry_id: int,
    moves: Sequence[Move],
    *,
    chip: str = "",
    player: int | None = None,
    for_round: int | None = None,
) -> Saved:
    """Make the transfers, all or none, playing `chip` with them; return a receipt. Raises Refused.

    `player` is whom the chip is to add, where it adds one; he is no transfer.

    Confirmed transfers are final. A bought player takes the slot and the armband of the one sold
    when the line-up stays legal, else the nearest legal line-up is made.
    """
    if not moves:
        raise refuse("no_transfers", "Choose at least one transfer.", "transfers")
    squad = open_squad(entry_id, for_round=for_round)
    joining = play_with(squad, chip, player)
    bought = _players(squad, moves)
    deal = _deal(squad, moves, bought, joining)
    refuse_any(deal.problems)
    _exchange(squad, moves, bought)
    if joining is not None:
        seat(squad, joining)
    squad.entry.bank = deal.bank
    TransferDraft.objects.filter(entry=squad.entry).delete()
    return save(squad, kind="transfers", made=deal.made)


def play_with(squad: OpenSquad, chip: str, player: int | None) -> GamePlayer | None:
    """Put a chip in force with transfers; return whom it adds, if anybody. Raises Refused."""
    if chip:
        start_chip(squad, chip)
        return joining_by(squad, player)
    if player is not None:
        raise refuse("chip_adds_nobody", "Name the chip that adds this player.", "player")
    return None


def deal_of(squad: OpenSquad, moves: Sequence[Move], *, joining: GamePlayer | None = None) -> Deal:
    """Say what the moves would do to an opened squad, and whom a chip adds with them.

    Raises Refused for unknown players.
    """
    return _deal(squad, moves, _players(squad, moves), joining)


def sale_price(rules: GameRules, holding: Holding) -> int:
    """Return what a held player fetches now."""
    return selling_price(rules, bought=holding.bought_price, now=holding.game_player.price)


def _players(squad: OpenSquad, moves: Sequence[Move]) -> Mapping[int, GamePlayer]:
    """The bought players, after everything that does not depend on rules was checked."""
    if len(moves) > MOST_MOVES:
        raise refuse("too_many", f"At most {MOST_MOVES} transfers at once.", "transfers")
    held = {holding.game_player_id for holding in squad.holdings}
    sold, wanted = {move.sold for move in moves}, {move.bought for move in moves}
    players = {row.pk: row for row in GamePlayer.objects.filter(game=squad.game, pk__in=wanted)}
    refusals = [
        *(_refusal("not_held", "You do not have this player.", p) for p in sold - held),
        *(_refusal("already_held", "You have this player already.", p) for p in wanted & held),
        *(_refusal("unknown_player", "No such player.", p) for p in wanted - players.keys()),
        *(
            _refusal("player_gone", "This player has left the competition.", p)
            for p, row in players.items()
            if row.status == Availability.GONE
        ),
    ]
    if len(sold) < len(moves) or len(wanted) < len(moves):
        message = "A player can be sold once and bought once."
        refusals.append(Refusal(code="duplicate_player", message=message, field="transfers"))
    refuse_any(refusals)
    return players


def _refusal(code: str, message: str, player: int) -> Refusal:
    return Refusal(code=code, message=message, field=f"player:{player}")


def _deal(
    squad: OpenSquad,
    moves: Sequence[Move],
    bought: Mapping[int, GamePlayer],
    joining: GamePlayer | None,
) -> Deal:
    rules, sold = squad.rules, {move.sold for move in moves}
    coming = [*bought.values(), *([joining] if joining else [])]
    going = [h for h in squad.holdings if h.game_player_id in sold]
    kept = [h.game_player for h in squad.holdings if h.game_player_id not in sold]
    sold_for = sum(sale_price(rules, holding) for holding in going)
    bought_for = sum(player.price for player in coming)
    made = (0 if squad.is_new else len(moves)) + made_before(squad)
    unlimited = is_free(squad)
    picks = [
        Pick(player=row.pk, position=row.position, club=row.team_id, price=0)
        for row in (*kept, *coming)
    ]
    bank = squad.entry.bank + (sold_for - bought_for if rules.squad.budget_tenths else 0)
    return Deal(
        sold_for=sold_for,
        bought_for=bought_for,
        bank=bank,
        made=made,
        free_left=free_transfers_left(
            made=made, free=squad.entry.free_transfers, unlimited=unlimited
        ),
        hit=cost_of(squad, made),
        problems=(
            *squad_problems(rules, picks, chip=squad.chip),
            *_money(rules, squad.entry.bank, sold_for, bought_for),
            *captain_problems(
                rules, price_tenths=_captain_price(squad, moves, bought), bank_tenths=bank
            ),
            *transfer_problems(rules, made=made, unlimited=unlimited),
        ),
    )


def _captain_price(
    squad: OpenSquad, moves: Sequence[Move], bought: Mapping[int, GamePlayer]
) -> int:
    """The price of him who would lead after the moves, 0 where it makes no difference."""
    if squad.rules.captain is None or not squad.rules.captain.dearer:
        return 0
    captain = next((s.player for s in slots_after(squad, moves, bought) if s.is_captain), None)
    prices = {h.game_player_id: h.game_player.price for h in squad.holdings}
    prices |= {pk: row.price for pk, row in bought.items()}
    return prices.get(captain, 0) if captain is not None else 0


def slots_after(
    squad: OpenSquad, moves: Sequence[Move], bought: Mapping[int, GamePlayer]
) -> tuple[Slot, ...]:
    """Return the line-up as the moves would leave it; `bought` holds all who come."""
    held = {holding.game_player_id: holding for holding in squad.holdings}
    pairs = _paired([held[move.sold] for move in moves], [bought[m.bought] for m in moves])
    coming = {holding.game_player_id: row for holding, row in pairs}
    after = {pk: coming.get(pk, holding.game_player) for pk, holding in held.items()}
    slots = [
        replace(slot, player=after[slot.player].pk, position=after[slot.player].position)
        for slot in squad.slots
    ]
    return arranged(squad.rules, slots, chip=squad.chip)


def _money(rules: GameRules, bank: int, sold: int, bought: int) -> tuple[Refusal, ...]:
    if not rules.squad.budget_tenths:
        return ()
    return money_problems(bank=bank, sold=sold, bought=bought)


def _exchange(squad: OpenSquad, moves: Sequence[Move], bought: Mapping[int, GamePlayer]) -> None:
    held = {holding.game_player_id: holding for holding in squad.holdings}
    pairs = _paired([held[move.sold] for move in moves], [bought[m.bought] for m in moves])
    if not squad.is_new:
        Transfer.objects.bulk_create(_log(squad, holding, row) for holding, row in pairs)
    for holding, row in pairs:
        holding.game_player, holding.bought_price = row, row.price
    Holding.objects.bulk_update([holding for holding, _ in pairs], ["game_player", "bought_price"])
    write_slots(squad, arranged(squad.rules, squad.slots, chip=squad.chip))


def _log(squad: OpenSquad, holding: Holding, row: GamePlayer) -> Transfer:
    return Transfer(
        entry=squad.entry,
        round=squad.round,
        player_out=holding.game_player,
        player_in=row,
        paid=holding.bought_price,
        sold_for=sale_price(squad.rules, holding),
        bought_for=row.price,
        chip=squad.chip.id if squad.chip and squad.chip.free_transfers else "",
        made_at=squad.at,
    )


def _paired(
    going: Sequence[Holding], coming: Sequence[GamePlayer]
) -> list[tuple[Holding, GamePlayer]]:
    """Who comes for whom: the same position where there is one, else in the order given."""
    left = list(coming)
    pairs: list[tuple[Holding, GamePlayer]] = []
    for holding, wanted in zip(going, coming, strict=True):
        position = holding.game_player.position
        same = [row for row in left if row.position == position]
        found = wanted if wanted in same else next(iter(same), None)
        if found is not None:
            left.remove(found)
            pairs.append((holding, found))
    placed = {holding.pk for holding, _ in pairs}
    return [*pairs, *zip([h for h in going if h.pk not in placed], left, strict=True)]
