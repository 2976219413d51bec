"""Line-ups out of, and results into, the binary form of Postgres' COPY, many rows at once.

Rows of one kind have the same layout, so numpy reads and writes them as an array of records.
Layout: https://www.postgresql.org/docs/current/sql-copy.html, numbers have their high byte first.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from fantasy.rules.engine.games import ChipEffect
from fantasy.rules.engine.lineups import Lineups
from fantasy.rules.engine.shape import Bytes

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
# More countries than there are codes in a byte are counted as untold.
_MOST_COUNTRIES = 255
_LENGTH = "_length"
_ROW_HEAD = struct.Struct(">hi")

Records = npt.NDArray[np.void]


def layout(columns: Sequence[tuple[str, str]]) -> np.dtype[np.void]:
    """Return the record of a row: how many columns, then each with its length before it.

    A column without a kind is NULL in every row.
    """
    fields: list[tuple[str, str]] = [("columns", ">i2")]
    for name, kind in columns:
        fields.append((f"{name}{_LENGTH}", ">i4"))
        if kind:
            fields.append((name, kind))
    return np.dtype(fields)


def lineup_record(slots: int) -> np.dtype[np.void]:
    """Return the record of a line-up as `records` finds them in a block."""
    return np.dtype(
        [
            ("number", ">i4"),
            ("entry", ">i8"),
            ("captain", ">i2"),
            ("vice", ">i2"),
            ("chip", ">i2"),
            ("hit", ">i4"),
            ("before", ">i4"),
            ("given", ">i4"),
            ("country", ">u2"),
            ("packed", ">u2", (slots,)),
        ]
    )


def records(chunks: Iterable[bytes | memoryview], record: np.dtype[np.void]) -> Iterator[Records]:
    """Return the records of what COPY TO STDOUT sends: rows of one column, a block of records each.

    A row for each record would take several times as long. Raises ValueError on other rows.
    """
    for chunk in chunks:
        row = bytes(chunk).removeprefix(HEADER)
        if not row or row == TRAILER:
            continue
        columns, size = _ROW_HEAD.unpack_from(row)
        if columns != 1 or size % record.itemsize or len(row) != size + _ROW_HEAD.size:
            raise ValueError(f"{size} bytes are no records of {record.itemsize}")
        yield np.frombuffer(row, record, offset=_ROW_HEAD.size)


@dataclass(slots=True, eq=False, kw_only=True)
class Filling:
    """Line-ups being filled from rows; `effects[chip]` says what a row's chip does."""

    lineups: Lineups
    effects: Sequence[ChipEffect]
    unit: int = 1
    codes: npt.NDArray[np.int32] = field(init=False)

    def __post_init__(self) -> None:
        """Remember each entry's country until all are known."""
        self.codes = np.zeros(self.lineups.entries, np.int32)

    def add(self, rows: Records) -> None:
        """Put records of line-ups in place. A captain's slot of 0 is nobody's."""
        held, at = self.lineups, rows["number"]
        for slot, players in enumerate(held.players):
            players[at] = rows["packed"][:, slot]
        multiplier = np.array([effect.multiplier for effect in self.effects], np.uint8)
        boosts = np.array([effect.boosts for effect in self.effects], np.bool_)
        held.captain[at] = np.maximum(rows["captain"], 1) - 1
        held.vice[at] = np.maximum(rows["vice"], 1) - 1
        held.multiplier[at] = np.where(rows["captain"] > 0, multiplier[rows["chip"]], self.unit)
        held.boosted[at] = boosts[rows["chip"]]
        held.hit[at] = rows["hit"]
        held.given[at] = rows["given"]
        held.base[at] = rows["before"] - rows["hit"] + rows["given"]
        held.entry[at] = rows["entry"]
        held.present[at] = True
        self.codes[at] = rows["country"]

    def finish(self) -> Lineups:
        """Number the countries and return the line-ups."""
        self.lineups.countries, codes = country_codes(self.codes)
        self.lineups.country[:] = codes
        return self.lineups


def country_codes(letters: npt.NDArray[np.int32]) -> tuple[tuple[str, ...], Bytes]:
    """Return the countries in order, "" first, and each entry's place among them.

    `letters` are numbers of countries, 256 times the first letter and the second; 0 for none.
    """
    known = np.flatnonzero(np.bincount(letters, minlength=1)[1:]) + 1
    known = known[:_MOST_COUNTRIES]
    codes = np.zeros(len(letters), np.uint8)
    if len(known):
        places = np.minimum(np.searchsorted(known, letters), len(known) - 1)
        codes[:] = np.where(known[places] == letters, places + 1, 0)
    return ("", *(_letters(int(code)) for code in known)), codes


def _letters(code: int) -> str:
    """A country's number is 256 times its first letter and its second."""
    return "".join(map(chr, divmod(code, 256)))


def encoded(row: np.dtype[np.void], values: Mapping[str, Any], size: int) -> bytes:
    """Return rows of that layout with those columns, ready to be sent."""
    rows = np.zeros(size, row)
    lengths = [name for name in row.names or () if name.endswith(_LENGTH)]
    rows["columns"] = len(lengths)
    for length in lengths:
        column = length.removesuffix(_LENGTH)
        is_null = column not in (row.names or ())
        rows[length] = -1 if is_null else row[column].itemsize
        if not is_null:
            rows[column] = values[column]
    return rows.tobytes()
