"""Which part of a timeline a reader chose."""

from collections.abc import Sequence
from dataclasses import dataclass

from leagues.packs.schema import Period, SportPack
from matches.rules.timeline import TimelineItem

KEY, ALL = "key", "all"
# Above this many items a reader sees one period at a time.
_MOST_AT_ONCE = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the reader asked for: key moments, a group or all, and of which period."""

    show: str = ""
    period: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The items to show and the choices there are.

    `is_plays` lists one full line per event; else home stands left and away right.
    """

    show: str
    period: str
    groups: tuple[tuple[str, str], ...]
    periods: tuple[Period, ...]
    items: tuple[TimelineItem, ...]
    is_plays: bool
    has_more: bool

    @property
    def is_group(self) -> bool:
        """Whether it lists a group in two columns: its lines need not be key moments."""
        return not self.is_plays and self.show != KEY

    @property
    def prefix(self) -> str:
        """What the keys of its lines begin with."""
        if self.is_plays:
            return "p"
        return "l" if self.is_group else "t"


def choose(pack: SportPack, items: Sequence[TimelineItem], wish: Choice) -> Chosen:
    """Return what the wish shows; a wish that makes no sense shows the key moments."""
    present = {item.group for item in items if not item.is_divider}
    groups = tuple((key, label) for key, label in pack.groups.items() if key in present)
    known = {key for key, _ in groups} | {ALL}
    show = wish.show if wish.show in known else KEY
    matching = [item for item in items if item.is_divider or _belongs(item, show)]
    periods, period = _periods(pack, matching, wish.period)
    if period:
        matching = [item for item in matching if item.period == period]
    return Chosen(
        show=show,
        period=period,
        groups=groups,
        periods=periods,
        items=tuple(matching),
        is_plays=show == ALL or not pack.clock.cumulative,
        has_more=any(not item.is_key for item in items),
    )


def _belongs(item: TimelineItem, show: str) -> bool:
    if show == ALL:
        return True
    return item.is_key if show == KEY else item.group == show


def _periods(
    pack: SportPack, items: Sequence[TimelineItem], wish: str
) -> tuple[tuple[Period, ...], str]:
    if len(items) <= _MOST_AT_ONCE:
        return (), ""
    played = {item.period for item in items}
    periods = tuple(period for period in pack.periods if period.id in played)
    ids = [period.id for period in periods]
    return periods, wish if wish in ids else ids[-1]
