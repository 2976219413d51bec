"""Live totals and exact ranks, read from what the engine published last.

A process keeps the snapshots it read; each question costs one look at their version. A reader who
is told later reads what was published by his moment: Redis keeps what stood at the beginning of
each span of some seconds in which something changed, for as long as delays go.
"""

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import redis

from config.clock import now
from config.sight import MAX_DELAY_S, sight
from fantasy.enums import RoundState
from fantasy.models import Entry, Round, RoundSnapshot
from fantasy.rules.engine import snapshots
from fantasy.rules.engine.lineups import ABSENT
from fantasy.rules.engine.ranking import ranks_within
from fantasy.rules.engine.snapshots import Snapshot
from streams.redis_client import client

_PLAYED = (RoundState.LOCKED, RoundState.LIVE, RoundState.PROVISIONAL)
_MOST_KEPT = 4
# A reader with a delay may be told of totals this much later than of points.
PAST_SPAN_S: Final = 5
PAST_KEPT_S: Final = MAX_DELAY_S + 12 * PAST_SPAN_S
_kept: OrderedDict[int, Snapshot] = OrderedDict()
_kept_past: OrderedDict[str, Snapshot] = OrderedDict()


@dataclass(frozen=True, slots=True, kw_only=True)
class RankCard:
    """Where an entry stands among `entries`; without a country it has no rank in one."""

    total: int
    rank: int
    entries: int
    country_rank: int | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedEntry:
    """One row of a list by total."""

    entry: Entry
    total: int
    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedMember:
    """A member of a league: points since the league began, live ones included."""

    entry_id: int
    points: int
    rank: int


def snapshot_keys(round_id: int) -> tuple[str, str]:
    """Return where Redis holds a round's newest snapshot and its version."""
    return f"veze:fantasy:round:{round_id}", f"veze:fantasy:round:{round_id}:version"


def past_keys(round_id: int, at: datetime) -> tuple[str, str]:
    """Return where Redis holds what stood at the beginning of a moment's span, and since when."""
    key, _ = snapshot_keys(round_id)
    return f"{key}:past:{_span(at)}", f"{key}:since"


def _span(at: datetime) -> int:
    return int(at.timestamp() // PAST_SPAN_S)


def live_round_of(game_id: int) -> Round | None:
    """Return the round under way: the latest that has begun and whose points are not final.

    Where none has begun it is the latest whose squads are locked. A round that is locked before the
    one before it is over has nothing to tell yet.
    """
    rows = Round.objects.filter(game=game_id, state__in=_PLAYED).select_related("game")
    locked = list(rows.order_by("-number"))
    begun = (round_ for round_ in locked if round_.state != RoundState.LOCKED)
    return next(begun, locked[0] if locked else None)


def snapshot_of(round_id: int) -> Snapshot | None:
    """Return what is published for the round, None while nothing is.

    From this process if it is the newest, else from Redis, or Postgres where Redis has none. A
    reader with a delay gets what was published by his moment, None where that is not known.
    """
    seen = sight()
    if seen is None or seen.until is None:
        return _newest(round_id)
    key = f"snapshot:{round_id}"
    if key not in seen.memo:
        seen.memo[key] = _past(round_id, seen.until)
    found: Snapshot | None = seen.memo[key]
    return found


def _past(round_id: int, until: datetime) -> Snapshot | None:
    """What stood at a moment, or some seconds before it: what the first change since then left."""
    # Read before it is asked what changed: a change that comes in between is found then.
    newest = _newest(round_id)
    key, since_key = snapshot_keys(round_id)[0], past_keys(round_id, until)[1]
    keys = [f"{key}:past:{span}" for span in range(_span(until), _span(now()) + 2)]
    pipe = client().pipeline(transaction=True)
    pipe.get(since_key)
    for past_key in keys:
        pipe.exists(past_key)
    try:
        since, *are_there = pipe.execute()
        if since is None or until.timestamp() < float(since):
            return None
        changed = next((k for k, is_there in zip(keys, are_there, strict=True) if is_there), None)
        if changed is None:
            return newest
        found = _kept_past.get(changed)
        packed = client().get(changed) if found is None else None
    except redis.RedisError:
        return None
    if packed is not None:
        found = _kept_past[changed] = snapshots.unpack(packed)  # type: ignore[arg-type]
        if len(_kept_past) > _MOST_KEPT:
            _kept_past.popitem(last=False)
    return found


def _newest(round_id: int) -> Snapshot | None:
    key, version_key = snapshot_keys(round_id)
    held = _kept.get(round_id)
    try:
        version = client().get(version_key)
        if held is not None and version is not None and int(version) == held.version:  # type: ignore[arg-type]
            return held
        packed = client().get(key) if version is not None else None
    except redis.RedisError:
        packed = None
    if packed is None:
        packed = _stored(round_id, held)
    return held if packed is None else _keep(round_id, snapshots.unpack(packed))  # type: ignore[arg-type]


def _stored(round_id: int, held: Snapshot | None) -> bytes | None:
    """The snapshot in Postgres, unless what is held is as new."""
    newer = RoundSnapshot.objects.filter(
        round=round_id, version__gt=held.version if held else 0
    ).exclude(packed=b"")
    packed = newer.values_list("packed", flat=True).first()
    return None if packed is None else bytes(packed)


def _keep(round_id: int, snapshot: Snapshot) -> Snapshot:
    # Taken out and put back at the end, whatever another thread drops meanwhile.
    _kept.pop(round_id, None)
    _kept[round_id] = snapshot
    if len(_kept) > _MOST_KEPT:
        _kept.popitem(last=False)
    return snapshot


def rank_card(round_id: int, number: int) -> RankCard | None:
    """Return where the entry of that number stands now, None where it plays no part."""
    snapshot = snapshot_of(round_id)
    if snapshot is None:
        return None
    standings = snapshot.standings
    total = standings.total(number)
    if total is None:
        return None
    return RankCard(
        total=total,
        rank=standings.ladder.rank(total),
        entries=standings.ladder.size,
        country_rank=standings.rank_in_country(number),
        version=snapshot.version,
    )


def top_entries(round_: Round, *, count: int = 100, country: str = "") -> Sequence[RankedEntry]:
    """Return the first entries, of all or of a country (with their ranks among all); one query."""
    snapshot = snapshot_of(round_.pk)
    if snapshot is None:
        return ()
    standings = snapshot.standings
    numbers = [int(number) for number in standings.top(count, country=country)]
    rows = Entry.objects.filter(game=round_.game_id, number__in=numbers).select_related(
        "owner", "game", "joined_round"
    )
    entries = {row.number: row for row in rows}
    totals = {number: int(standings.totals[number]) for number in numbers}
    return tuple(
        RankedEntry(
            entry=entries[number],
            total=totals[number],
            rank=standings.ladder.rank(totals[number]),
        )
        for number in numbers
        if number in entries
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTotal:
    """An entry's total; `carried` is what it has in earlier rounds that are not settled."""

    total: int
    carried: int


def live_totals(round_id: int, numbers: Collection[int]) -> Mapping[int, LiveTotal]:
    """Return live totals by entries' numbers; those that play no part are left out.

    What an entry brought in the round so far, hit taken off, is its total less its settled one and
    what is carried.
    """
    snapshot = snapshot_of(round_id)
    if snapshot is None:
        return {}
    standings = snapshot.standings
    found = ((number, standings.total(number)) for number in numbers)
    return {
        number: LiveTotal(total=total, carried=standings.carried_by(number))
        for number, total in found
        if total is not None
    }


def carried_into(round_: Round, numbers: Collection[int]) -> Mapping[int, int]:
    """Return what entries have in rounds before one that are not settled, by their numbers."""
    snapshot = snapshot_of(round_.pk) if round_.state in _PLAYED else None
    standings = snapshot.standings if snapshot else None
    return {number: standings.carried_by(number) if standings else 0 for number in numbers}


def rank_members(
    round_id: int,
    members: Sequence[Entry],
    *,
    settled: Mapping[int, int],
    before: Mapping[int, int] | None = None,
    ties: Mapping[int, int] | None = None,
) -> Sequence[RankedMember]:
    """Rank a league's members by live points, best first.

    `settled`: totals of settled rounds, `before`: what an entry had when the league began, `ties`:
    fewer is better, say transfers; all by entry, 0 where nothing is said. Who plays no part in the
    round has points as settled.
    """
    snapshot = snapshot_of(round_id)
    before, ties = before or {}, ties or {}
    held_before = np.array([settled.get(entry.pk, 0) for entry in members], np.int32)
    totals = held_before
    if snapshot is not None:
        held = snapshot.standings.totals
        numbers = np.array([entry.number for entry in members], np.int64)
        is_in = numbers < len(held)
        totals = np.full(len(members), ABSENT, np.int32)
        totals[is_in] = held[numbers[is_in]]
        totals = np.where(totals == ABSENT, held_before, totals)
    points = (totals - np.array([before.get(e.pk, 0) for e in members], np.int32)).astype(np.int32)
    ranks = ranks_within(points, np.array([ties.get(e.pk, 0) for e in members], np.int32))
    rows = [
        RankedMember(entry_id=entry.pk, points=int(own), rank=int(rank))
        for entry, own, rank in zip(members, points, ranks, strict=True)
    ]
    return sorted(rows, key=lambda row: (row.rank, row.entry_id))
