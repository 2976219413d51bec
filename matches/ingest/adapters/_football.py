"""What the football adapters share: periods, clock labels, the frame of a match, file names."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from types import MappingProxyType

from matches.ingest.documents import FeedError, FeedEvent

SPORT = "football"
FIRST, SECOND, EXTRA_FIRST, EXTRA_SECOND, SHOOTOUT = "1H", "2H", "E1", "E2", "P"
# Vendors number the periods 1 to 5 in this order.
PERIODS = (FIRST, SECOND, EXTRA_FIRST, EXTRA_SECOND, SHOOTOUT)
MINUTE_MS = 60_000
_LENGTH_MIN = MappingProxyType({FIRST: 45, SECOND: 45, EXTRA_FIRST: 15, EXTRA_SECOND: 15})
START_MIN = MappingProxyType({FIRST: 0, SECOND: 45, EXTRA_FIRST: 90, EXTRA_SECOND: 105})

NO_ENDS: Mapping[str, int] = MappingProxyType({})
# After everything that happened in the period, whatever the vendor's numbering.
_LAST = 2**40
_BEFORE = -1

_FOLDERS = re.compile(r"^.*/")
_NUMBER = re.compile(r"(?<!\d)(\d{3,})(?!\d)")


def period_of(number: int) -> str:
    """Return the period of a vendor's number, "" for what is no period of play."""
    return PERIODS[number - 1] if 1 <= number <= len(PERIODS) else ""


def clock_label(period: str, clock_ms: int) -> str:
    """Return the minute as people say it: the running one, "45+2" in added time."""
    if period not in START_MIN:
        return ""
    minute, length = clock_ms // MINUTE_MS + 1, _LENGTH_MIN[period]
    if minute > length:
        return f"{START_MIN[period] + length}+{minute - length}"
    return str(START_MIN[period] + minute)


def framed(
    events: Iterable[FeedEvent],
    *,
    over: bool,
    ends: Mapping[str, int] = NO_ENDS,
    begun: Collection[str] = (),
) -> list[FeedEvent]:
    """Return the events in match order between the starts and ends of their periods.

    A period starts when it is `begun` or has an event. It ends at its clock in `ends`, else with
    its last event when another one follows or the match is `over`, which also adds the end of
    the match.
    """
    ordered = sorted((event for event in events if event.period), key=match_order)
    reached = {event.period for event in ordered}.union(begun)
    played = [period for period in PERIODS if period in reached]
    framed_events: list[FeedEvent] = []
    for period in played:
        inside = [event for event in ordered if event.period == period]
        framed_events += [started(period), *inside]
        if over or period in ends or period != played[-1]:
            last_ms = inside[-1].clock_ms if inside else 0
            framed_events.append(ended(period, max(last_ms, ends.get(period, 0))))
    if over and played:
        framed_events.append(match_over(played[-1], framed_events[-1].clock_ms))
    return framed_events


def match_order(event: FeedEvent) -> tuple[int, int, int]:
    """Sort key: the order in which things happened."""
    return PERIODS.index(event.period), event.clock_ms, event.order


def started(period: str) -> FeedEvent:
    """Return the start of a period."""
    return FeedEvent(
        type="period_start", period=period, order=_BEFORE, vendor_event_id=f"start:{period}"
    )


def ended(period: str, clock_ms: int) -> FeedEvent:
    """Return the end of a period."""
    return FeedEvent(
        type="period_end",
        period=period,
        clock_ms=clock_ms,
        clock_label=clock_label(period, clock_ms),
        order=_LAST,
        vendor_event_id=f"end:{period}",
    )


def match_over(period: str, clock_ms: int) -> FeedEvent:
    """Return the end of the match."""
    return replace(
        ended(period, clock_ms), type="match_end", order=_LAST + 1, vendor_event_id="end"
    )


def status_after(periods: Iterable[str]) -> str:
    """Return the status of a match that is over after these periods."""
    played = set(periods)
    if SHOOTOUT in played:
        return "finished_pens"
    return "finished_aet" if played & {EXTRA_FIRST, EXTRA_SECOND} else "finished"


def numbered(events: Iterable[FeedEvent]) -> list[FeedEvent]:
    """Return the events with their place in the list as `order` and their clock's label."""
    return [
        replace(event, order=order, clock_label=clock_label(event.period, event.clock_ms))
        for order, event in enumerate(events)
    ]


def season_of(day: date) -> str:
    """Return the name of a season that runs from summer to summer: "2017-18"."""
    first = day.year if day.month >= 7 else day.year - 1
    return f"{first}-{(first + 1) % 100:02d}"


@contextmanager
def refusing(files: Mapping[str, bytes]) -> Iterator[None]:
    """Turn what a document of another shape leads to into a FeedError that names the files."""
    for name, body in files.items():
        # PostgreSQL stores no NUL, and no name has one.
        if b"\0" in body or b"\\u0000" in body:
            raise FeedError(f"{name}: $: expected text without NUL")
    try:
        yield
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise FeedError(
            f"{', '.join(files)}: $: expected the vendor's own form, found {reason:.200}"
        ) from error


def common_name(name: str) -> str:
    """Return an English club's name without what most of them have: "AFC Bournemouth FC"."""
    return name.removesuffix(" FC").removesuffix(" AFC").removeprefix("AFC ").strip()


def match_number(name: str) -> str | None:
    """Return the last number of three or more digits in a file's own name, if there is one."""
    found = _NUMBER.findall(_FOLDERS.sub("", name))
    return found[-1] if found else None


def bare(name: str) -> str:
    """Return a file's own name in lower case, without folders and ".gz"."""
    return _FOLDERS.sub("", name).lower().removesuffix(".gz")
