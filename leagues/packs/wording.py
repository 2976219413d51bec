"""How facts read: timeline sentences from templates, clocks as fans say them."""

import re
from collections.abc import Mapping
from typing import Any

_WORD = re.compile(r"\{(\w+)\}")
# What a word that is missing leaves behind: "Shot by Silva: ."
_LOOSE = re.compile(r"[,:;]\s*(?=[.!?]|$)")
_SPACES = re.compile(r"\s+(?=[.,!?;:)])|(?<=\s)\s+")


def filled(template: str, words: Mapping[str, Any]) -> str:
    """Return the template with its {words} put in; unknown ones and flags are left out."""

    def word(match: re.Match[str]) -> str:
        value = words.get(match[1])
        return "" if value is None or isinstance(value, bool) else str(value).replace("_", " ")

    return _LOOSE.sub("", _SPACES.sub("", _WORD.sub(word, template)).strip())


def minute_label(offset_ms: int, length_ms: int, clock_ms: int) -> str:
    """Return a running clock in minutes begun: "1" in the first second, "45+1" after 45 minutes."""
    over_ms = clock_ms - length_ms
    if over_ms >= 0:
        return f"{(offset_ms + length_ms) // 60_000}+{over_ms // 60_000 + 1}"
    return str((offset_ms + clock_ms) // 60_000 + 1)


def clock_face(clock_ms: int) -> str:
    """Return minutes and seconds, "4:05"."""
    seconds = max(clock_ms, 0) // 1000
    return f"{seconds // 60}:{seconds % 60:02}"
