"""The published state of a round as bytes: what a web process needs to answer with ranks."""

import struct
from typing import NamedTuple

import numpy as np
import orjson

from fantasy.rules.engine.ranking import Ladder, Standings
from fantasy.rules.engine.shape import Ints

_MAGIC = b"VZRS"
_FORMAT = 2
# Magic, format, whether points are carried, version of the state, entries, histogram's buckets, its
# floor, length of the JSON.
_HEAD = struct.Struct("<4sH?xQIIiI")


class Snapshot(NamedTuple):
    """Standings and the version of the facts they were counted from."""

    version: int
    standings: Standings


def pack(version: int, standings: Standings) -> bytes:
    """Return the snapshot as bytes: head, names, totals, carried, histogram, countries of entries.

    What is carried is left out where nothing is.
    """
    ladder = standings.ladder
    names = orjson.dumps(list(standings.countries))
    # Numbers begin at a multiple of their size.
    names += b" " * (-len(names) % 4)
    carried = b"" if standings.carried is None else _bytes_of(standings.carried)
    head = _HEAD.pack(
        _MAGIC,
        _FORMAT,
        bool(carried),
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
            _bytes_of(standings.totals),
            carried,
            _bytes_of(ladder.above),
            standings.country.tobytes(),
        )
    )


def _bytes_of(numbers: Ints) -> bytes:
    return numbers.astype("<i4", copy=False).tobytes()


def unpack(packed: bytes | memoryview) -> Snapshot:
    """Return the snapshot, whose arrays lie in the bytes. Raises ValueError on other bytes."""
    view = memoryview(packed)
    if len(view) < _HEAD.size or view[:4] != _MAGIC:
        raise ValueError("these bytes are no snapshot of a round")
    _, kind, is_carried, version, entries, buckets, floor, length = _HEAD.unpack_from(view)
    each = 9 if is_carried else 5
    if kind != _FORMAT or len(view) != _HEAD.size + length + each * entries + 4 * buckets:
        raise ValueError(f"a snapshot of format {kind} cannot be read")
    at = _HEAD.size + length
    countries = tuple(orjson.loads(view[_HEAD.size : at]))
    totals = np.frombuffer(view, "<i4", entries, at)
    at += 4 * entries
    carried = np.frombuffer(view, "<i4", entries, at) if is_carried else None
    at += 4 * entries if is_carried else 0
    above = np.frombuffer(view, "<i4", buckets, at)
    country = np.frombuffer(view, np.uint8, entries, at + 4 * buckets)
    # Totals far apart have no histogram; they are sorted where they are read.
    ladder = Ladder(floor, above) if buckets else Ladder.of(totals)
    return Snapshot(
        version,
        Standings(
            totals=totals, ladder=ladder, country=country, countries=countries, carried=carried
        ),
    )
