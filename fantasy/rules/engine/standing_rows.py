"""Standings out of rows of results."""

from collections.abc import Sequence

import numpy as np

from fantasy.rules.engine.copying import Records, country_codes
from fantasy.rules.engine.lineups import ABSENT
from fantasy.rules.engine.ranking import Standings

STANDING_RECORD = np.dtype([("number", ">i4"), ("total", ">i4"), ("country", ">u2")])


def standings_of(blocks: Sequence[Records]) -> Standings:
    """Return the standings of entries in those rows; numbers that have none play no part."""
    entries = max((int(rows["number"].max()) + 1 for rows in blocks), default=0)
    totals = np.full(entries, ABSENT, np.int32)
    letters = np.zeros(entries, np.int32)
    for rows in blocks:
        totals[rows["number"]] = rows["total"]
        letters[rows["number"]] = rows["country"]
    countries, codes = country_codes(letters)
    return Standings.of(totals, codes, countries)
