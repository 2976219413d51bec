"""Live totals and ranks: this process's rounds follow their players, and are published."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import redis
import structlog
from django.db import connection, transaction
from django.db.models import Count, Max, Q, Sum

from config.clock import now
from fantasy.enums import RoundState
from fantasy.models import Round, RoundSnapshot, ScoreAdjustment
from fantasy.rules.engine import results, snapshots
from fantasy.rules.engine.copying import HEADER, TRAILER
from fantasy.rules.engine.live import LiveRound
from fantasy.rules.engine.ranking import Standings
from fantasy.selectors.forms import final_form, live_form
from fantasy.selectors.live_ranks import snapshot_keys
from fantasy.services.held_rounds import load_round
from streams.redis_client import client

log = structlog.get_logger(__name__)

# Two, for the first matches of a round may begin before the one before it is settled.
_MOST_HELD = 2
# Larger pieces are copied about and are slower.
_WRITE_BYTES = 65_536
_KEPT_IN_REDIS_S = 7 * 86_400
# Redis has every version; Postgres has what is left when Redis forgets.
_STORE_EVERY = timedelta(seconds=30)
_PLAYED = (RoundState.LOCKED, RoundState.LIVE, RoundState.PROVISIONAL)


@dataclass(slots=True, eq=False, kw_only=True)
class _Held:
    """A round in memory; `basis` tells from which line-ups and earlier points it was loaded."""

    basis: tuple[Any, ...]
    live: LiveRound


_held: OrderedDict[int, _Held] = OrderedDict()


def refresh_rounds(round_ids: Iterable[int]) -> int:
    """Bring rounds that are being played up to their scores; return how many were published."""
    return sum(refresh_round(round_id) for round_id in sorted(set(round_ids)))


def refresh_live_rounds() -> int:
    """Bring all rounds that are being played up to their scores, and publish what was lost."""
    return refresh_rounds(Round.objects.filter(state__in=_PLAYED).values_list("pk", flat=True))


@transaction.atomic
def refresh_round(round_id: int) -> bool:
    """Apply what is new in a round's scores and publish; return whether anything was.

    Locks the round's snapshot row first, so that versions and what they hold have one order,
    whichever process comes. The same scores again change nothing. A round that is not being played
    is left alone.
    """
    RoundSnapshot.objects.get_or_create(round_id=round_id)
    stored = (
        RoundSnapshot.objects.select_for_update(no_key=True).defer("packed").get(round=round_id)
    )
    round_ = Round.objects.select_related("game").filter(pk=round_id, state__in=_PLAYED).first()
    if round_ is None or round_.locked_at is None:
        _held.pop(round_id, None)
        return False
    live, is_fresh = _hold(round_)
    changed = live.apply(live_form(round_, live.players))
    if not is_fresh and not len(changed) and _is_published(stored):
        return False
    _publish(stored, live, at=now())
    return True


def _hold(round_: Round) -> tuple[LiveRound, bool]:
    """Return the round in memory and whether it was loaded now."""
    basis = _basis(round_)
    held = _held.get(round_.pk)
    is_fresh = held is None or held.basis != basis
    if held is None or is_fresh:
        _held.pop(round_.pk, None)
        while len(_held) >= _MOST_HELD:
            _held.popitem(last=False)
        held = _held[round_.pk] = _Held(basis=basis, live=load_round(round_))
        log.info("round_loaded", round_id=round_.pk, entries=held.live.lineups.entries)
    _held.move_to_end(round_.pk)
    return held.live, is_fresh


def _basis(round_: Round) -> tuple[Any, ...]:
    """What totals stand on besides players' points: line-ups, earlier rounds, adjustments."""
    earlier = Round.objects.filter(game=round_.game_id).aggregate(
        settled=Count("pk", filter=Q(state=RoundState.SETTLED)), corrections=Sum("corrections")
    )
    given = ScoreAdjustment.objects.filter(game=round_.game_id).aggregate(newest=Max("pk"))
    return (
        round_.locked_at,
        earlier["settled"],
        earlier["corrections"],
        given["newest"],
    )


def forget_rounds() -> None:
    """Drop the rounds this process holds."""
    _held.clear()


def _is_published(stored: RoundSnapshot) -> bool:
    """Redis holds the newest version."""
    try:
        found = client().mget(*snapshot_keys(stored.round_id)[1:])
    except redis.RedisError:
        return True
    return found == [str(stored.version).encode()]


def _publish(stored: RoundSnapshot, live: LiveRound, *, at: datetime) -> None:
    """Publish totals and histogram under the next version."""
    stored.version += 1
    fields = ["version"]
    packed = packed_state(live, stored.version)
    if stored.version == 1 or at - stored.published_at >= _STORE_EVERY:
        stored.packed, stored.published_at = packed, at
        fields += ["packed", "published_at"]
    stored.save(update_fields=fields)
    _send(stored.round_id, stored.version, packed)


def _send(round_id: int, version: int, packed: bytes) -> None:
    key, version_key = snapshot_keys(round_id)
    pipe = client().pipeline(transaction=True)
    pipe.set(key, packed, ex=_KEPT_IN_REDIS_S)
    pipe.set(version_key, version, ex=_KEPT_IN_REDIS_S)
    try:
        pipe.execute()
    except redis.RedisError:
        # The sweep publishes it once Redis is back.
        log.warning("snapshot_not_published", round_id=round_id, version=version)


def packed_state(live: LiveRound, version: int) -> bytes:
    """Return the bytes to publish: the same line-ups and scores give the same bytes."""
    standings = Standings.of(live.totals, live.lineups.country, live.lineups.countries)
    return snapshots.pack(version, standings)


def settle_rows(round_id: int) -> int:
    """Write the result of every line-up of a round by COPY; return how many.

    Runs in the caller's transaction, who holds the round's lock and has deleted earlier results of
    the round. Points, substitutions, captain and bench are exactly those of
    `fantasy.rules.settling.settle` with everybody who appeared by `PlayerScore`; `total` is what
    the entry had after the last settled round before this one, plus points, less the hit, plus
    adjustments; `rank` is by total and `round_rank` by what this round added, competition ranking.
    Stores the standings as the round's last snapshot.
    """
    round_ = Round.objects.select_related("game").get(pk=round_id)
    live, _ = _hold(round_)
    live.apply(final_form(round_, live.players))
    columns = ", ".join(f'"{name}"' for name in results.COLUMNS)
    query = f"COPY fantasy_lineupresult ({columns}) FROM STDIN (FORMAT BINARY)"
    with connection.cursor() as cursor:
        # One statement writes all rows, on a slow disk, too.
        cursor.execute("SET LOCAL statement_timeout = '280s'")
        with cursor.copy(query) as copy:
            copy.write(HEADER)
            for rows in results.rows_of(live, round_id):
                for start in range(0, len(rows), _WRITE_BYTES):
                    copy.write(rows[start : start + _WRITE_BYTES])
            copy.write(TRAILER)
    _held.pop(round_id, None)
    _store_final(round_id, live, at=now())
    return int(live.lineups.present.sum())


def _store_final(round_id: int, live: LiveRound, *, at: datetime) -> None:
    RoundSnapshot.objects.get_or_create(round_id=round_id)
    stored = RoundSnapshot.objects.select_for_update(no_key=True).get(round=round_id)
    stored.version, stored.published_at = stored.version + 1, at
    packed = stored.packed = packed_state(live, stored.version)
    stored.save(update_fields=["version", "packed", "published_at"])
    version = stored.version
    transaction.on_commit(lambda: _send(round_id, version, packed))
