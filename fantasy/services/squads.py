"""A squad opened for a change: locked, with the round it is for and everything the rules ask.

Whoever changes a squad holds the round's row for share and the entry's row alone, in this order.
The lock of a deadline takes the round's row alone, so a change is wholly before it or refused. The
clock is read once the round is held: the server's time decides.

Thousands save in the minutes before a deadline, so what every save asks is asked in few statements.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from psycopg.types.json import Jsonb

from config.clock import now
from fantasy.enums import GameState, RoundState
from fantasy.models import ChipPlay, Entry, Game, GamePlayer, Holding, Receipt, Round, Transfer
from fantasy.rules.chips import Played, chips_in_force
from fantasy.rules.game import Chip, GameRules
from fantasy.rules.lineups import Slot
from fantasy.rules.receipts import RECEIPT, LineupFacts, sign
from fantasy.rules.transfers import is_unlimited, transfer_cost
from fantasy.services.games import rules_of
from fantasy.services.receipts import signing_seed
from fantasy.services.refusals import refuse

_GAME = "SELECT g.* FROM fantasy_game g JOIN fantasy_entry e ON e.game_id = g.id WHERE e.id = %s"
# Who comes late is not to keep the lock waiting. The state is looked at afterwards: it may change
# while this waits.
_HOLD_ROUND = (
    "SELECT * FROM fantasy_round WHERE deadline_at > %s AND id = (SELECT id FROM fantasy_round "
    "WHERE game_id = %s AND state = 'upcoming' ORDER BY number LIMIT 1) FOR SHARE"
)
_HOLD_ENTRY = "SELECT * FROM fantasy_entry WHERE id = %s FOR NO KEY UPDATE"
_HOLDING, _PLAYER = (
    [field.attname for field in model._meta.concrete_fields] for model in (Holding, GamePlayer)
)
_HELD = f"""
    SELECT (SELECT count(*) FROM fantasy_transfer WHERE entry_id = %(entry)s
            AND round_id = %(round)s),
        EXISTS (SELECT FROM fantasy_chipplay WHERE entry_id = %(entry)s AND cancelled_at IS NULL),
        {", ".join(f"h.{name}" for name in _HOLDING)}, {", ".join(f"p.{name}" for name in _PLAYER)}
    FROM fantasy_holding h JOIN fantasy_gameplayer p ON p.id = h.game_player_id
    WHERE h.entry_id = %(entry)s ORDER BY h.slot
"""  # noqa: S608 - names of our own columns
_SAVE = """
    WITH saved AS (
        UPDATE fantasy_entry SET bank = %(bank)s, free_transfers = %(free_transfers)s,
            receipts = %(sequence)s WHERE id = %(entry)s
    )
    INSERT INTO fantasy_receipt
        (entry_id, round_id, sequence, document, digest, signature, saved_at)
    VALUES (%(entry)s, %(round)s, %(sequence)s, %(document)s, %(digest)s, %(signature)s, %(at)s)
    RETURNING id
"""
_DISARM = (
    "UPDATE fantasy_holding SET is_captain = false, is_vice = false "
    "WHERE entry_id = %s AND (is_captain OR is_vice)"
)
_REARRANGE = (
    "UPDATE fantasy_holding h SET slot = v.slot, is_captain = v.captain, is_vice = v.vice "
    "FROM unnest(%s::bigint[], %s::smallint[], %s::bool[], %s::bool[]) "
    "AS v (player, slot, captain, vice) WHERE h.entry_id = %s AND h.game_player_id = v.player "
    "AND (h.slot, h.is_captain, h.is_vice) IS DISTINCT FROM (v.slot, v.captain, v.vice)"
)


@dataclass(slots=True, kw_only=True)
class OpenSquad:
    """An entry whose squad may be changed now; holdings are in slot order.

    `made`: transfers that were confirmed in the round when it was opened, None if nobody looked.
    """

    entry: Entry
    round: Round
    game: Game
    rules: GameRules
    at: datetime
    holdings: list[Holding]
    plays: list[ChipPlay] = field(default_factory=list)
    made: int | None = None

    @property
    def play(self) -> ChipPlay | None:
        """The chip played in the round."""
        return next((play for play in self.plays if play.round_id == self.round.pk), None)

    @property
    def chip(self) -> Chip | None:
        """The chip in force in the round, played in it or in one before."""
        force = chips_in_force(self.rules, round_number=self.round.number, played=self.played)
        return next(iter(force), None)

    @property
    def played(self) -> tuple[Played, ...]:
        return tuple(Played(chip=play.chip, round=play.round.number) for play in self.plays)

    @property
    def is_new(self) -> bool:
        """Before the entry's own first deadline."""
        return self.entry.joined_round_id == self.round.pk

    @property
    def slots(self) -> tuple[Slot, ...]:
        return tuple(
            Slot(
                player=holding.game_player_id,
                position=holding.game_player.position,
                slot=holding.slot,
                is_captain=holding.is_captain,
                is_vice=holding.is_vice,
            )
            for holding in self.holdings
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What a change left: the receipt, and the entry's money and transfers."""

    receipt: Receipt
    round: int
    bank: int
    free_transfers: int
    transfers_made: int
    hit: int


def next_round(game_id: int) -> Round | None:
    """Return the round whose deadline comes next, due or not, None when there is none."""
    rounds = Round.objects.filter(game=game_id, state=RoundState.UPCOMING)
    return rounds.order_by("number").first()


def hold_round(game: Game, *, for_round: int | None) -> tuple[Round, datetime]:
    """Hold the next round open until the transaction ends; return it and the time.

    Refuses when its deadline has passed, also while a lock is yet to come, and when the caller
    meant another round.
    """
    if game.state != GameState.PUBLISHED:
        raise refuse("game_closed", "This game is not open.", "game")
    held = next(iter(Round.objects.raw(_HOLD_ROUND, [now(), game.pk])), None)
    round_ = held or next_round(game.pk)
    if round_ is None:
        raise refuse("no_round", "No round of this game is to come.", "round")
    if for_round is not None and for_round > round_.number:
        text = f"Round {for_round} is not open yet: the next one is round {round_.number}."
        raise refuse("round_not_next", text, "round")
    if for_round is not None and for_round < round_.number:
        raise _too_late(for_round)
    at = now()
    if held is None or round_.state != RoundState.UPCOMING or at >= round_.deadline_at:
        raise _too_late(round_.number)
    return round_, at


def _too_late(number: int) -> Exception:
    return refuse("deadline_passed", f"The deadline of round {number} has passed.", "round")


def open_squad(entry_id: int, *, for_round: int | None = None) -> OpenSquad:
    """Lock an entry for a change within the caller's transaction; see the module's text.

    Raises Refused when nothing may be changed now, and Entry.DoesNotExist.
    """
    game = next(iter(Game.objects.raw(_GAME, [entry_id])), None)
    if game is None:
        raise Entry.DoesNotExist(f"there is no entry {entry_id}")
    round_, at = hold_round(game, for_round=for_round)
    (entry,) = Entry.objects.raw(_HOLD_ENTRY, [entry_id])
    with connection.cursor() as cursor:
        cursor.execute(_HELD, {"entry": entry_id, "round": round_.pk})
        rows = cursor.fetchall()
    squad = OpenSquad(
        entry=entry,
        round=round_,
        game=game,
        rules=rules_of(game),
        at=at,
        holdings=[_holding(row[2:]) for row in rows],
        made=rows[0][0] if rows else None,
    )
    if not rows or rows[0][1]:
        plays = ChipPlay.objects.filter(entry=entry_id, cancelled_at=None)
        squad.plays = list(plays.select_related("round"))
    return squad


def _holding(values: Sequence[Any]) -> Holding:
    """Return a row of `_HELD` as a holding with its player."""
    own, player = values[: len(_HOLDING)], values[len(_HOLDING) :]
    holding: Holding = Holding.from_db(connection.alias, _HOLDING, own)
    holding.game_player = GamePlayer.from_db(connection.alias, _PLAYER, player)
    return holding


def held_by(entry: Entry) -> list[Holding]:
    """Return what an entry holds in slot order, with names and clubs."""
    holdings = Holding.objects.filter(entry=entry).order_by("slot")
    return list(holdings.select_related("game_player__player", "game_player__team"))


def look_at(entry: Entry, round_: Round, held: list[Holding] | None = None) -> OpenSquad:
    """Return an entry's squad without any lock, to be shown and asked about; never to be saved.

    `held` spares the question what the entry holds.
    """
    plays = ChipPlay.objects.filter(entry=entry, cancelled_at=None).select_related("round")
    return OpenSquad(
        entry=entry,
        round=round_,
        game=entry.game,
        rules=rules_of(entry.game),
        at=now(),
        holdings=held_by(entry) if held is None else held,
        plays=list(plays),
    )


def write_slots(squad: OpenSquad, slots: Sequence[Slot]) -> None:
    """Put the held players into these slots; who is held does not change."""
    before = {slot.player: slot for slot in squad.slots}
    if all(before[slot.player] == slot for slot in slots):
        return
    armbands = [(s.player, s.is_captain, s.is_vice) for s in slots if s.is_captain or s.is_vice]
    held = [(s.player, s.is_captain, s.is_vice) for s in squad.slots if s.is_captain or s.is_vice]
    with connection.cursor() as cursor:
        # One captain at any moment, row by row: an index cannot wait for the end.
        if set(armbands) != set(held):
            cursor.execute(_DISARM, [squad.entry.pk])
        columns = zip(*((s.player, s.slot, s.is_captain, s.is_vice) for s in slots), strict=True)
        cursor.execute(_REARRANGE, [*map(list, columns), squad.entry.pk])
    by_player = {slot.player: slot for slot in slots}
    for holding in squad.holdings:
        slot = by_player[holding.game_player_id]
        holding.slot, holding.is_captain, holding.is_vice = slot.slot, slot.is_captain, slot.is_vice
    squad.holdings.sort(key=lambda holding: holding.slot)


def facts_of(squad: OpenSquad) -> LineupFacts:
    """Return the line-up as it would be frozen now."""
    return LineupFacts(
        game=squad.game.public_id,
        round=squad.round.number,
        entry=squad.entry.public_id,
        numbers=tuple(holding.game_player.number for holding in squad.holdings),
        captain_slot=next((h.slot for h in squad.holdings if h.is_captain), None),
        vice_slot=next((h.slot for h in squad.holdings if h.is_vice), None),
        chip=squad.chip.id if squad.chip else "",
    )


def made_before(squad: OpenSquad) -> int:
    """Return how many transfers were confirmed in the round; those of a new squad are not told."""
    if squad.is_new:
        return 0
    if squad.made is not None:
        return squad.made
    return Transfer.objects.filter(entry=squad.entry, round=squad.round).count()


def is_free(squad: OpenSquad) -> bool:
    """All transfers of the round are free for the entry."""
    # Whether the round is the entry's first was asked already, by row and not by number.
    return squad.is_new or is_unlimited(
        squad.rules, round_number=squad.round.number, joined_round=0, chip=squad.chip
    )


def cost_of(squad: OpenSquad, made: int) -> int:
    """Return the points that so many transfers of the round cost."""
    free = squad.entry.free_transfers
    return transfer_cost(squad.rules, made=made, free=free, unlimited=is_free(squad))


def save(squad: OpenSquad, *, kind: str, made: int | None = None) -> Saved:
    """Write the entry's row and a signed receipt of what is saved now."""
    entry = squad.entry
    made = made_before(squad) if made is None else made
    hit = cost_of(squad, made)
    entry.receipts += 1
    signed = sign(
        {
            "version": RECEIPT,
            "kind": kind,
            "game": squad.game.public_id,
            "entry": entry.public_id,
            "round": squad.round.number,
            "sequence": entry.receipts,
            "saved_at": squad.at.isoformat(),
            "deadline_at": squad.round.deadline_at.isoformat(),
            "lineup": facts_of(squad).line,
            "bank": entry.bank,
            "transfers_made": made,
            "hit": hit,
        },
        seed=signing_seed(),
    )
    receipt = Receipt(
        entry=entry,
        round=squad.round,
        sequence=entry.receipts,
        document=signed.document,
        digest=signed.digest,
        signature=signed.signature,
        saved_at=squad.at,
    )
    _write(receipt)
    return Saved(
        receipt=receipt,
        round=squad.round.number,
        bank=entry.bank,
        free_transfers=entry.free_transfers,
        transfers_made=made,
        hit=hit,
    )


def _write(receipt: Receipt) -> None:
    """Write the receipt, and the figures of its entry."""
    entry = receipt.entry
    values: dict[str, Any] = {
        "entry": entry.pk,
        "bank": entry.bank,
        "free_transfers": entry.free_transfers,
        "round": receipt.round_id,
        "sequence": receipt.sequence,
        "document": Jsonb(receipt.document),
        "digest": receipt.digest,
        "signature": receipt.signature,
        "at": receipt.saved_at,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SAVE, values)
        (receipt.pk,) = cursor.fetchone()
