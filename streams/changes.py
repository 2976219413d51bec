"""The public log of changes: announced events in their global order, with public ids.

An app shows a topic by saying what an event means to a stranger; topics nobody shows stay inside.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Max, Min

from config.sight import sight
from streams.models import OutboxEvent
from streams.topics import from_payload

CHANGED: Final = "changed"
MERGED: Final = "merged"
DELETED: Final = "deleted"
# Further than this no event is from its place by the time it was made.
_OUT_OF_STEP: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an event says in public: a thing with a public id was changed, merged or deleted.

    `into` is the id of the one that a merged thing is part of now.
    """

    id: str
    op: str = CHANGED
    into: str | None = None
    data: Mapping[str, Any]


# Gets events of one topic and returns as many answers, None for what is not public. May read.
Describe = Callable[[Sequence[Any]], Sequence[Told | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One public change and its place."""

    position: int
    topic: str
    at: datetime
    told: Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Changes in order; whoever has them has everything up to `upto`."""

    changes: Sequence[Change]
    upto: int


class PositionLostError(LookupError):
    """The log does not reach back to a position, or never came to it."""

    code = "position_lost"


_SHOWN: dict[str, Describe] = {}
# Position, topic, time, payload.
_Row = tuple[int, str, datetime, dict[str, Any]]


def show(topic: str, describe: Describe) -> None:
    """Let strangers see a topic. A second call replaces the first."""
    _SHOWN[topic] = describe


def public_topics() -> Sequence[str]:
    """Return the topics that strangers may see, in order of their names."""
    return sorted(_SHOWN)


def head_position() -> int:
    """Return the position of the newest event, 0 where there is none."""
    return int(OutboxEvent.objects.aggregate(last=Max("position"))["last"] or 0)


def told_position() -> int:
    """Return the position of the newest event that the present reader may know, 0 for none."""
    seen = sight()
    if seen is None or seen.until is None:
        return head_position()
    relayed = OutboxEvent.objects.filter(position__isnull=False)
    told = relayed.filter(created_at__lte=seen.until).order_by("-position")
    last = int(told.values_list("position", flat=True).first() or 0)
    # Positions follow commits, moments come before them: nothing beyond the first untold one.
    near = relayed.filter(position__gt=last - _OUT_OF_STEP, created_at__gt=seen.until)
    first = near.aggregate(first=Min("position"))["first"]
    return last if first is None else int(first) - 1


def read_changes(*, after: int | None, limit: int, topics: Collection[str]) -> Page:
    """Return the first `limit` events after a position, or of all that is kept, described.

    Needs three queries and those of the descriptions. An event that is not public takes a place of
    `limit` and is left out. Raises PositionLostError.
    """
    last = told_position()
    if after is not None and after > last:
        if after > head_position():
            raise PositionLostError(f"The log is at position {last} and never was at {after}.")
        # A reader who asked for a delay since, and waits until it has caught up with him.
        return Page(changes=(), upto=after)
    # Positions are given alone and in order: up to `last` every one is there to be read.
    rows = OutboxEvent.objects.filter(
        topic__in=topics, position__gt=after or 0, position__lte=last
    ).order_by("position")[:limit]
    found: list[_Row] = [
        (int(position or 0), topic, at, payload)
        for position, topic, at, payload in rows.values_list(
            "position", "topic", "created_at", "payload"
        )
    ]
    # Looked up last: what is forgotten meanwhile must not be left out in silence.
    first = int(OutboxEvent.objects.aggregate(first=Min("position"))["first"] or 1)
    if after is not None and after < first - 1:
        raise PositionLostError(f"The log is kept from position {first} on, not back to {after}.")
    return Page(changes=_described(found), upto=found[-1][0] if len(found) == limit else last)


def _described(rows: Sequence[_Row]) -> list[Change]:
    changes = []
    for topic in {topic for _, topic, _, _ in rows}:
        mine = [row for row in rows if row[1] == topic]
        told = _SHOWN[topic]([from_payload(topic, payload) for _, _, _, payload in mine])
        changes += [
            Change(position=position, topic=topic, at=at, told=answer)
            for (position, _, at, _), answer in zip(mine, told, strict=True)
            if answer is not None
        ]
    return sorted(changes, key=lambda change: change.position)
