"""The lock of a round: every squad is frozen as a line-up, and a root over all is published.

One transaction, a handful of statements for any number of entries. What the rules say of transfers
and prices is asked once for each different case and joined, so it is written in one place.
After it squads stand for the next round: a Free Hit has been given back, whom a chip added has left
with its last round for what he fetches, free transfers are new.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from django.db import connection, transaction

from config.clock import now
from fantasy.enums import GameState, RoundState
from fantasy.models import Game, Lineup, Round, TransferDraft
from fantasy.rules.chips import Played, ending_in, in_force_in
from fantasy.rules.game import GameRules
from fantasy.rules.receipts import LINE, merkle_root
from fantasy.rules.transfers import (
    first_free_transfers,
    free_transfers_next,
    is_unlimited,
    selling_price,
    transfer_cost,
)
from fantasy.services.games import rules_of
from fantasy.topics import LineupLocked
from streams.outbox import announce

log = structlog.get_logger(__name__)

_LOCK = 0x76656C6B

# The chip of each entry that has an effect in the round, whichever round it was played in.
_IN_FORCE = """
    SELECT DISTINCT ON (p.entry_id) p.entry_id, p.chip FROM fantasy_chipplay p
    JOIN unnest(%(force_rounds)s::bigint[], %(force_chips)s::text[]) AS f (round_id, chip)
        ON f.round_id = p.round_id AND f.chip = p.chip
    WHERE p.cancelled_at IS NULL ORDER BY p.entry_id, p.played_at DESC
"""
_CASES = f"""
    SELECT e.free_transfers, coalesce(t.made, 0), coalesce(c.chip, ''),
        e.joined_round_id = %(round)s
    FROM fantasy_entry e
    LEFT JOIN (
        SELECT entry_id, count(*) AS made FROM fantasy_transfer
        WHERE round_id = %(round)s GROUP BY entry_id
    ) t ON t.entry_id = e.id
    LEFT JOIN ({_IN_FORCE}) c ON c.entry_id = e.id
    WHERE e.game_id = %(game)s
    GROUP BY 1, 2, 3, 4
"""  # noqa: S608 - a part of our own
_BOUGHT = """
    SELECT DISTINCT h.bought_price, p.price
    FROM fantasy_holding h JOIN fantasy_gameplayer p ON p.id = h.game_player_id
    WHERE p.game_id = %(game)s
"""
# A row for each line-up; the text that is hashed is that of `rules.receipts.LineupFacts`.
_FREEZE = f"""
    WITH cases AS (
        SELECT * FROM unnest(%(free)s::int[], %(made)s::int[], %(chip)s::text[], %(new)s::bool[],
            %(hit)s::int[]) AS c (free, made, chip, is_new, hit)
    ), sales AS (
        SELECT * FROM unnest(%(bought)s::int[], %(price)s::int[], %(sale)s::int[])
            AS s (bought, price, sale)
    ), squads AS (
        SELECT h.entry_id,
            string_agg(int2send(p.number::smallint), ''::bytea ORDER BY h.slot) AS packed,
            string_agg(p.number::text, ',' ORDER BY h.slot) AS numbers,
            max(h.slot) FILTER (WHERE h.is_captain) AS captain,
            max(h.slot) FILTER (WHERE h.is_vice) AS vice,
            sum(coalesce(sales.sale, least(p.price, h.bought_price))) AS worth
        FROM fantasy_holding h
        JOIN fantasy_gameplayer p ON p.id = h.game_player_id
        -- A price that changes meanwhile must cost nobody a player.
        LEFT JOIN sales ON sales.bought = h.bought_price AND sales.price = p.price
        WHERE p.game_id = %(game)s
        GROUP BY h.entry_id
    ), made AS (
        SELECT entry_id, count(*)::int AS made FROM fantasy_transfer
        WHERE round_id = %(round)s GROUP BY entry_id
    )
    INSERT INTO fantasy_lineup (entry_id, round_id, packed, captain_slot, vice_slot, chip,
        transfers_made, hit, bank, value, free_transfers, leaf)
    SELECT e.id, %(round)s, s.packed, s.captain, s.vice, cases.chip, cases.made, cases.hit, e.bank,
        e.bank + s.worth, e.free_transfers,
        sha256('\\x00'::bytea || convert_to(concat_ws('|', %(line)s::text, %(game_id)s::text,
            %(number)s::text, e.public_id, s.numbers, coalesce(s.captain::text, ''),
            coalesce(s.vice::text, ''), cases.chip), 'UTF8'))
    FROM fantasy_entry e
    JOIN squads s ON s.entry_id = e.id
    LEFT JOIN made ON made.entry_id = e.id
    LEFT JOIN ({_IN_FORCE}) play ON play.entry_id = e.id
    JOIN cases ON cases.free = e.free_transfers AND cases.made = coalesce(made.made, 0)
        AND cases.chip = coalesce(play.chip, '')
        AND cases.is_new = (e.joined_round_id = %(round)s)
    WHERE e.game_id = %(game)s
"""  # noqa: S608 - a part of our own
_ROLL_OVER = """
    UPDATE fantasy_entry e SET free_transfers = c.next
    FROM fantasy_lineup l
    JOIN unnest(%(free)s::int[], %(made)s::int[], %(chip)s::text[], %(new)s::bool[],
            %(next)s::int[]) AS c (free, made, chip, is_new, next)
        ON c.free = l.free_transfers AND c.made = l.transfers_made AND c.chip = l.chip
    WHERE l.round_id = %(round)s AND l.entry_id = e.id
        AND c.is_new = (e.joined_round_id = %(round)s) AND e.free_transfers <> c.next
"""
# After a Free Hit the squad of before comes back.
_GIVE_BACK = (
    """
    DELETE FROM fantasy_holding h USING fantasy_chipplay c
    WHERE h.entry_id = c.entry_id AND c.round_id = %(round)s AND c.cancelled_at IS NULL
        AND c.kept IS NOT NULL
    """,
    """
    INSERT INTO fantasy_holding
        (entry_id, game_player_id, bought_price, slot, is_captain, is_vice)
    SELECT c.entry_id, (row->>0)::bigint, (row->>1)::int, (row->>2)::smallint, (row->>3)::bool,
        (row->>4)::bool
    FROM fantasy_chipplay c, jsonb_array_elements(c.kept->'holdings') AS row
    WHERE c.round_id = %(round)s AND c.cancelled_at IS NULL AND c.kept IS NOT NULL
    """,
    """
    UPDATE fantasy_entry e SET bank = (c.kept->>'bank')::int FROM fantasy_chipplay c
    WHERE e.id = c.entry_id AND c.round_id = %(round)s AND c.cancelled_at IS NULL
        AND c.kept IS NOT NULL
    """,
)

# Whom a chip added leaves with its last round: no transfer, but he fetches what he would in one.
_PART = """
    WITH sales AS (
        SELECT * FROM unnest(%(bought)s::int[], %(price)s::int[], %(sale)s::int[])
            AS s (bought, price, sale)
    ), gone AS (
        DELETE FROM fantasy_holding h USING fantasy_chipplay c, fantasy_gameplayer p,
            unnest(%(ending_rounds)s::bigint[], %(ending_chips)s::text[]) AS f (round_id, chip)
        WHERE c.round_id = f.round_id AND c.chip = f.chip AND c.cancelled_at IS NULL
            AND h.entry_id = c.entry_id AND h.slot > %(size)s AND p.id = h.game_player_id
        RETURNING h.entry_id, h.bought_price, p.price
    )
    UPDATE fantasy_entry e SET bank = e.bank + coalesce(s.sale, least(g.price, g.bought_price))
    FROM gone g LEFT JOIN sales s ON s.bought = g.bought_price AND s.price = g.price
    WHERE e.id = g.entry_id AND %(has_budget)s
"""


def lock_due_rounds() -> list[int]:
    """Lock every round whose deadline has passed, in order; return their ids."""
    due = Round.objects.filter(
        state=RoundState.UPCOMING,
        deadline_at__lte=now(),
        game__state=GameState.PUBLISHED,
    )
    waiting = list(due.order_by("game", "number").values_list("pk", flat=True))
    return [pk for pk in waiting if lock_round(pk)]


@transaction.atomic
def lock_round(round_id: int) -> bool:
    """Freeze all squads of a due round; return whether this call did it.

    Waits for saves that began in time, and those that come later wait for it and are refused.
    Locking again changes nothing; while another process locks the round, this returns at once.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [_LOCK, round_id])
        if not cursor.fetchone()[0]:
            return False
        # A million squads take longer than a page may.
        cursor.execute("SET LOCAL statement_timeout = '280s'")
    rounds = Round.objects.select_for_update(no_key=True)
    round_ = rounds.filter(pk=round_id, state=RoundState.UPCOMING).first()
    at = now()
    if round_ is None or round_.deadline_at > at:
        return False
    game = Game.objects.get(pk=round_.game_id)
    entries = _freeze(game, round_)
    leaves = Lineup.objects.filter(round=round_).order_by("entry__number")
    root = merkle_root([bytes(leaf) for leaf in leaves.values_list("leaf", flat=True)])
    _close(round_, root=root.hex(), at=at)
    announce(
        LineupLocked(
            game_id=game.pk,
            round_id=round_.pk,
            number=round_.number,
            entries=entries,
            merkle_root=round_.merkle_root,
        )
    )
    log.info("round_locked", game=game.slug, round=round_.number, entries=entries)
    return True


def _close(round_: Round, *, root: str, at: datetime) -> None:
    round_.state, round_.merkle_root, round_.locked_at = RoundState.LOCKED, root, at
    round_.save(update_fields=["state", "merkle_root", "locked_at"])
    TransferDraft.objects.filter(round=round_).delete()


def _freeze(game: Game, round_: Round) -> int:
    """Write the line-ups, roll free transfers over, end chips; return how many line-ups."""
    rules = rules_of(game)
    values: dict[str, Any] = {
        "game": game.pk,
        "round": round_.pk,
        "line": LINE,
        "game_id": game.public_id,
        "number": round_.number,
        "size": rules.squad.size,
        "has_budget": rules.squad.budget_tenths > 0,
        **_plays(game, "force", in_force_in(rules, round_.number)),
        **_plays(game, "ending", ending_in(rules, round_.number)),
    }
    with connection.cursor() as cursor:
        cursor.execute(_CASES, values)
        values |= _case_columns(rules, round_.number, cursor.fetchall())
        cursor.execute(_BOUGHT, values)
        values |= _sale_columns(rules, cursor.fetchall())
        cursor.execute(_FREEZE, values)
        entries: int = cursor.rowcount
        cursor.execute(_ROLL_OVER, values)
        for statement in _GIVE_BACK:
            cursor.execute(statement, values)
        if values["ending_rounds"]:
            cursor.execute(_PART, values)
    return entries


def _plays(game: Game, name: str, plays: Sequence[Played]) -> dict[str, list[object]]:
    """Plays as columns: the rounds they began in, by id, and the chips."""
    numbers = {play.round for play in plays}
    rounds = dict(game.rounds.filter(number__in=numbers).values_list("number", "pk"))
    known = [play for play in plays if play.round in rounds]
    return {
        f"{name}_rounds": [rounds[play.round] for play in known],
        f"{name}_chips": [play.chip for play in known],
    }


def _case_columns(
    rules: GameRules, number: int, cases: Sequence[tuple[int, int, str, bool]]
) -> dict[str, list[object]]:
    """What the rules say of each case: its hit, and the free transfers of the next round."""
    columns: dict[str, list[object]] = {
        name: [] for name in ("free", "made", "chip", "new", "hit", "next")
    }
    for free, made, chip_id, is_new in cases:
        chip = rules.chip(chip_id) if chip_id else None
        unlimited = is_new or is_unlimited(rules, round_number=number, joined_round=0, chip=chip)
        following = (
            first_free_transfers(rules, joined_round=number)
            if is_new
            else free_transfers_next(rules, free=free, made=made, round_number=number, chip=chip)
        )
        hit = transfer_cost(rules, made=made, free=free, unlimited=unlimited)
        row = (free, made, chip_id, is_new, hit, following)
        for column, value in zip(columns.values(), row, strict=True):
            column.append(value)
    return columns


def _sale_columns(rules: GameRules, pairs: Sequence[tuple[int, int]]) -> dict[str, list[object]]:
    return {
        "bought": [bought for bought, _ in pairs],
        "price": [price for _, price in pairs],
        "sale": [selling_price(rules, bought=bought, now=price) for bought, price in pairs],
    }
