"""The line-ups of rounds as arrays, loaded from Postgres by binary COPY."""

from collections.abc import Iterator

from django.db import connection, transaction
from django.db.models import Max

from fantasy.enums import RoundState
from fantasy.models import Entry, Round
from fantasy.rules.engine import copying
from fantasy.rules.engine.games import effects_of, shape_of, unit_of
from fantasy.rules.engine.lineups import Lineups
from fantasy.rules.engine.live import LiveRound
from fantasy.rules.engine.shape import NOBODY
from fantasy.rules.game import GameRules
from fantasy.rules.loading import load_game
from fantasy.selectors.forms import position_codes

# Blocks of 4,096 line-ups, each as `copying.lineup_record` reads it.
_ROWS = """
    COPY (
        SELECT string_agg(
            int4send(e.number) || int8send(e.id) || int2send(coalesce(l.captain_slot, 0)::int2)
            || int2send(coalesce(l.vice_slot, 0)::int2)
            || int2send(coalesce(array_position(%(chips)s::text[], l.chip::text), 0)::int2)
            || int4send(l.hit) || int4send({total}) || int4send(coalesce(a.points, 0)::int4)
            || CASE WHEN e.country = '' THEN '\\000\\000'::bytea ELSE e.country::bytea END
            || substr(l.packed || %(nobody)s, 1, %(length)s),
            ''::bytea
        )
        FROM fantasy_lineup l
        JOIN fantasy_entry e ON e.id = l.entry_id
        LEFT JOIN fantasy_lineupresult latest
            ON latest.round_id = %(latest)s AND latest.entry_id = e.id
        LEFT JOIN (
            SELECT entry_id, sum(points) AS points FROM fantasy_scoreadjustment
            WHERE round_id = %(round)s GROUP BY entry_id
        ) a ON a.entry_id = l.entry_id
        WHERE l.round_id = %(round)s
        GROUP BY e.number >> 12
    ) TO STDOUT (FORMAT BINARY)
"""
_NO_TOTAL = "0"
# Who was not in the round before goes on from an earlier one.
_TOTAL = """
    coalesce(latest.total, (
        SELECT past.total FROM fantasy_lineupresult past
        JOIN fantasy_round sooner ON sooner.id = past.round_id
        WHERE past.entry_id = e.id AND sooner.game_id = %(game)s AND sooner.number < %(number)s
        ORDER BY sooner.number DESC LIMIT 1
    ), 0)
"""
# The blocks are made in memory, which for a million entries is 64 MB.
_SETTINGS = "SELECT set_config('work_mem', '128MB', true), set_config('jit', 'off', true)"


def load_round(round_: Round) -> LiveRound:
    """Return the round before its start; the game must be fetched along.

    Reads each line-up once, in blocks; about 100 bytes of memory an entry stay in use.
    """
    rules = load_game(round_.game.rules)
    return LiveRound(
        shape=shape_of(rules),
        lineups=load_lineups(round_, rules),
        positions=position_codes(round_.game_id, rules),
    )


def load_lineups(round_: Round, rules: GameRules) -> Lineups:
    """Return all line-ups of the round, by entries' numbers."""
    slots = shape_of(rules).slots
    newest = Entry.objects.filter(game=round_.game_id).aggregate(newest=Max("number"))["newest"]
    lineups = Lineups.empty(slots=slots, entries=0 if newest is None else newest + 1)
    filling = copying.Filling(lineups=lineups, effects=effects_of(rules), unit=unit_of(rules))
    sent = _sent(round_, rules, slots)
    for rows in copying.records(sent, copying.lineup_record(slots)):
        filling.add(rows)
    return filling.finish()


def _sent(round_: Round, rules: GameRules, slots: int) -> Iterator[bytes | memoryview]:
    earlier = Round.objects.filter(
        game=round_.game_id, state=RoundState.SETTLED, number__lt=round_.number
    )
    latest = earlier.order_by("-number").first()
    query = _ROWS.format(total=_TOTAL if latest else _NO_TOTAL)
    values = {
        "nobody": NOBODY.to_bytes(2, "big") * slots,
        "length": 2 * slots,
        "chips": [chip.id for chip in rules.chips],
        "round": round_.pk,
        "latest": latest.pk if latest else None,
        "game": round_.game_id,
        "number": round_.number,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_SETTINGS)
        with cursor.copy(query, values) as copy:
            yield from copy
