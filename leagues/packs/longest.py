"""The longest of a player's runs, kicks or catches: greatest payload values over his events.

A counter cannot give back what a corrected event raised it to, so these are read from the current
log each time.
"""

import math
from collections.abc import Hashable, Mapping
from functools import lru_cache
from typing import Any, TypeGuard

from leagues.packs.entries import Entries
from leagues.packs.forms import Longest
from leagues.packs.schema import SportPack

Peaks = dict[tuple[Longest, str, Hashable | None], int | float]


def longest_by_player(pack: SportPack, entries: Entries, sides: Mapping[Any, str]) -> Peaks:
    """Return the greatest values by form, side and player."""
    rules = _by_event_type(pack)
    peaks: Peaks = {}
    if not rules:
        return peaks
    for entry in entries:
        event = entry.event
        if event.player is None or event.type not in rules:
            continue
        side = event.team or sides.get(event.player)
        for rule in rules[event.type]:
            value = event.payload.get(rule.key)
            if side is not None and _is_number(value):
                place = (rule, side, event.player)
                peaks[place] = max(peaks.get(place, value), value)
    return peaks


@lru_cache(maxsize=64)
def _by_event_type(pack: SportPack) -> Mapping[str, tuple[Longest, ...]]:
    forms = [column.rule for column in pack.columns if isinstance(column.rule, Longest)]
    types = {name for form in forms for name in form.of}
    return {name: tuple(form for form in forms if name in form.of) for name in types}


def _is_number(value: Any) -> TypeGuard[int | float]:
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
