"""Live totals and ranks: this process's rounds follow their players, and are published."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import redis
import structlog
from django.db import connection, transaction
from django.db.models import Count, Exists, Max, OuterRef, Q, Sum

from config.clock import now
from fantasy.enums import RoundState
from fantasy.models import Round, RoundSnapshot, ScoreAdjustment
from fantasy.rules.engine import results, snapshots
from fantasy.rules.engine.copying import HEADER, TRAILER
from fantasy.rules.engine.live import LiveRound
from fantasy.rules.engine.ranking import Standings
from fantasy.rules.engine.shape import Ints
from fantasy.selectors.forms import final_form, live_form
from fantasy.selectors.live_ranks import PAST_KEPT_S, past_keys, snapshot_keys
from fantasy.services.held_rounds import load_round
from streams.redis_client import client

log = structlog.get_logger(__name__)

# Rounds of so many entries together, about 100 bytes an entry, and always the newest two: the first
# matches of a round may begin before the one before it is settled.
_MOST_ENTRIES = 4_000_000
_FEWEST_HELD = 2
# Larger pieces are copied about and are slower.
_WRITE_BYTES = 65_536
_KEPT_IN_REDIS_S = 7 * 86_400
# Redis has every version; Postgres has what is left when Redis forgets.
_STORE_EVERY = timedelta(seconds=30)
_PLAYED = (RoundState.LOCKED, RoundState.LIVE, RoundState.PROVISIONAL)


@dataclass(slots=True, eq=False, kw_only=True)
class _Held:
    """A round in memory; `basis` tells from which line-ups and earlier points it was loaded.

    `version` is the one that was published of this state, 0 for none.
    """

    basis: tuple[Any, ...]
    live: LiveRound
    version: int = 0


_held: OrderedDict[int, _Held] = OrderedDict()


def refresh_rounds(round_ids: Iterable[int]) -> int:
    """Bring rounds that are being played up to their scores; return how many were published.

    Later ones that are being played go on from them and follow, too.
    """
    sooner = Round.objects.filter(pk__in=set(round_ids), game=OuterRef("game"))
    playing = Round.objects.filter(
        Exists(sooner.filter(number__lte=OuterRef("number"))), state__in=_PLAYED
    )
    found = playing.order_by("game", "number").values_list("pk", flat=True)
    return sum(refresh_round(round_id) for round_id in list(found))


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
    carried = _unsettled_before(round_)
    held = _follow(round_)
    if held.live.carry(carried):
        held.version = 0
    if held.version and _is_published(stored, held):
        return False
    _publish(stored, held.live, at=now())
    held.version = stored.version
    return True


def _unsettled_before(round_: Round) -> Ints:
    """Return what entries have in rounds before it that are not settled yet, by their numbers."""
    earlier = Round.objects.filter(
        game=round_.game_id, state__in=_PLAYED, number__lt=round_.number, locked_at__isnull=False
    )
    carried = np.zeros(0, np.int32)
    for before in earlier.select_related("game").order_by("number"):
        earned = _follow(before).live.earned()
        # Who has entered since is missing in the shorter one.
        carried, earned = sorted((carried, earned), key=len)
        earned[: len(carried)] += carried
        carried = earned
    return carried


def _follow(round_: Round) -> _Held:
    """Return the round in memory with the scores there are now."""
    held = _hold(round_)
    if len(held.live.apply(live_form(round_, held.live.players))):
        held.version = 0
    return held


def _hold(round_: Round) -> _Held:
    """Return the round in memory, loaded if need be."""
    basis = _basis(round_)
    held = _held.pop(round_.pk, None)
    if held is None or held.basis != basis:
        held = _Held(basis=basis, live=load_round(round_))
        log.info("round_loaded", round_id=round_.pk, entries=held.live.lineups.entries)
        entries = held.live.lineups.entries + sum(h.live.lineups.entries for h in _held.values())
        while len(_held) >= _FEWEST_HELD and entries > _MOST_ENTRIES:
            entries -= _held.popitem(last=False)[1].live.lineups.entries
    _held[round_.pk] = held
    return held


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


def _is_published(stored: RoundSnapshot, held: _Held) -> bool:
    """Redis holds the newest version, and what another process made of it is the same."""
    key, version_key = snapshot_keys(stored.round_id)
    try:
        found = client().get(version_key)
        if found != str(stored.version).encode():
            return False
        if held.version != stored.version:
            if client().get(key) != packed_state(held.live, stored.version):
                return False
            held.version = stored.version
    except redis.RedisError:
        return True
    return True


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
    """Publish in one transaction; what stood before is kept for readers who are told later."""
    key, version_key = snapshot_keys(round_id)
    past_key, since_key = past_keys(round_id, now())
    pipe = client().pipeline(transaction=True)
    # The first change of a span keeps what stood at its beginning, the others leave it alone.
    pipe.copy(key, past_key)
    pipe.expire(past_key, PAST_KEPT_S)
    pipe.set(since_key, now().timestamp(), nx=True)
    pipe.expire(since_key, _KEPT_IN_REDIS_S)
    pipe.set(key, packed, ex=_KEPT_IN_REDIS_S)
    pipe.set(version_key, version, ex=_KEPT_IN_REDIS_S)
    try:
        pipe.execute()
    except redis.RedisError:
        # The sweep publishes it once Redis is back.
        log.warning("snapshot_not_published", round_id=round_id, version=version)


def packed_state(live: LiveRound, version: int) -> bytes:
    """Return the bytes to publish: the same line-ups and scores give the same bytes."""
    standings = Standings.of(
        live.totals, live.lineups.country, live.lineups.countries, live.carried
    )
    return snapshots.pack(version, standings)


def settle_rows(round_id: int) -> int:
    """Write the result of every line-up of a round by COPY; return how many.

    Runs in the caller's transaction, who holds the round's lock and has deleted earlier results of
    the round. Points, substitutions, captain and bench are exactly those of
    `fantasy.rules.settling.settle` with everybody who appeared by `PlayerScore`; `total` is what
    the entry had after the last settled round before this one, plus points, less the hit, plus
    adjustments, nothing carried from rounds that are not settled; `rank` is by total and
    `round_rank` by what this round added, competition ranking. Stores the standings as the round's
    last snapshot.
    """
    round_ = Round.objects.select_related("game").get(pk=round_id)
    live = _hold(round_).live
    live.carry(np.zeros(0, np.int32))
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
