"""The time axis that all charts of a match share: period beside period, every second as wide."""

from collections.abc import Mapping
from dataclasses import dataclass

from leagues.packs.schema import SportPack


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A period's place on the axis; `place` counts the pack's periods."""

    id: str
    short: str
    place: int
    left: float
    width: float
    length_ms: int

    @property
    def middle(self) -> float:
        return round(self.left + self.width / 2, 1)

    @property
    def right(self) -> float:
        return round(self.left + self.width, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """Periods from left to right."""

    width: float
    bands: tuple[Band, ...]

    def x(self, period: str, clock_ms: int) -> float | None:
        """Return where a moment lies, None for a period without clock."""
        band = next((band for band in self.bands if band.id == period), None)
        if band is None:
            return None
        share = min(1.0, max(0.0, clock_ms / band.length_ms))
        return round(band.left + share * band.width, 1)


def time_axis(
    pack: SportPack,
    played_ms: Mapping[str, int],
    *,
    width: float,
    told_ms: Mapping[str, int] | None = None,
) -> Axis:
    """Return the axis of a match whose periods were played so long.

    Regular periods are there from the start, others once they are played. `told_ms` are lengths
    that the log tells in place of the pack's.
    """
    told = told_ms or {}
    lengths = []
    for place, period in enumerate(pack.periods):
        played = played_ms.get(period.id, 0)
        nominal = told.get(period.id) or period.length_ms
        if period.length_ms and (period.kind == "regular" or played):
            lengths.append((place, period, max(played, nominal)))
    whole = sum(length for _, _, length in lengths) or 1
    bands, left = [], 0.0
    for place, period, length in lengths:
        part = width * length / whole
        bands.append(
            Band(
                id=period.id,
                short=period.short,
                place=place,
                left=round(left, 2),
                width=round(part, 2),
                length_ms=length,
            )
        )
        left += part
    return Axis(width=width, bands=tuple(bands))
