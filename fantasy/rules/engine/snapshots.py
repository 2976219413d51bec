"""The published state of a round as bytes: what a web process needs to answer with ranks."""

import struct
from typing import NamedTuple

import numpy as np
import orjson

from fantasy.rules.engine.ranking import Ladder, Standings

_MAGIC = b"VZRS"
_FORMAT = 1
# Magic, format, version of the state, entries, histogram's buckets, its floor, length of the JSON.
_HEAD = struct.Struct("<4sHxxQIIiI")


class Snapshot(NamedTuple):
    """Standings and the version of the facts they were counted from."""

    version: int
    standings: Standings


def pack(version: int, standings: Standings) -> bytes:
    """Return the snapshot as bytes: head, countries, totals, histogram, countries of entries."""
    ladder = standings.ladder
    names = orjson.dumps(list(standings.countries))
    # Numbers begin at a multiple of their size.
    names += b" " * (-len(names) % 4)
    head = _HEAD.pack(
        _MAGIC,
        _FORMAT,
        version,
        len(standings.totals),
        len(ladder.above),
        ladder.floor,
        len(names),
    )
    return b"".join(
        (
            head,
            names,
            standings.totals.astype("<i4", copy=False).tobytes(),
            ladder.above.astype("<i4", copy=False).tobytes(),
            standings.country.tobytes(),
        )
    )


def unpack(packed: bytes | memoryview) -> Snapshot:
    """Return the snapshot, whose arrays lie in the bytes. Raises ValueError on other bytes."""
    view = memoryview(packed)
    if len(view) < _HEAD.size or view[:4] != _MAGIC:
        raise ValueError("these bytes are no snapshot of a round")
    _, kind, version, entries, buckets, floor, length = _HEAD.unpack_from(view)
    if kind != _FORMAT or len(view) != _HEAD.size + length + 5 * entries + 4 * buckets:
        raise ValueError(f"a snapshot of format {kind} cannot be read")
    at = _HEAD.size + length
    countries = tuple(orjson.loads(view[_HEAD.size : at]))
    totals = np.frombuffer(view, "<i4", entries, at)
    at += 4 * entries
    above = np.frombuffer(view, "<i4", buckets, at)
    country = np.frombuffer(view, np.uint8, entries, at + 4 * buckets)
    # Totals far apart have no histogram; they are sorted where they are read.
    ladder = Ladder(floor, above) if buckets else Ladder.of(totals)
    return Snapshot(
        version,
        Standings(totals=totals, ladder=ladder, country=country, countries=countries),
    )
