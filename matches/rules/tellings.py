"""Tellings of a fact: what each revision said in words, and what it changed of the one before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from leagues.packs.schema import SportPack

RETRACT = "retract"
ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One revision of a fact, with the names a reader needs; `side` is home, away or empty."""

    lineage: UUID
    rev: int
    op: str
    seq: int
    type: str
    period: str
    clock_ms: int
    order: int
    told_at: datetime
    clock_label: str = ""
    side: str = ""
    player: str = ""
    player_slug: str = ""
    related: str = ""
    related_slug: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    is_provisional: bool = False
    source: str = ""
    pin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a revision changed of the telling before it; `field` is a word of `CHANGING`."""

    field: str
    before: str
    now: str


# What readers are told of when it changes.
CHANGING = ("type", "clock", "team", "player", "related", "certainty", "details")


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What one telling of an item said, who told it and what it changed."""

    rev: int
    op: str
    sentence: str
    reason: str
    told_at: datetime
    clock: str = ""
    source: str = ""
    pin: str = ""
    changes: tuple[Change, ...] = ()

    @property
    def is_by_curator(self) -> bool:
        """A curator said it, not a vendor."""
        return self.source == ADMIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """What the two teams are called."""

    home: str
    away: str

    def names(self, side: str) -> tuple[str, str]:
        """Return the acting team and its opponent."""
        return {"home": (self.home, self.away), "away": (self.away, self.home)}.get(side, ("", ""))


def sentence_of(pack: SportPack, row: Telling, sides: Sides, score: tuple[int, int] | None) -> str:
    """Return the telling as a sentence of the sport."""
    team, opponent = sides.names(row.side)
    return pack.sentence(
        row.type,
        player=row.player,
        related=row.related,
        team=team,
        opponent=opponent,
        clock=row.clock_label or pack.clock_label(row.period, row.clock_ms),
        score=f"{score[0]}-{score[1]}" if score else "",
        payload=row.payload,
    )


def revisions_of(pack: SportPack, fact: Sequence[Telling], sides: Sides) -> tuple[Revision, ...]:
    """Return what each telling of a fact said, and what it changed of the one before."""
    revisions, before = [], None
    for row in fact:
        changes = () if row.op == RETRACT or before is None else _changes(pack, before, row, sides)
        revisions.append(replace(revision_of(pack, row, sides), changes=changes))
        before = before if row.op == RETRACT else row
    return tuple(revisions)


def revision_of(pack: SportPack, row: Telling, sides: Sides) -> Revision:
    """Return what one telling says."""
    return Revision(
        rev=row.rev,
        op=row.op,
        sentence=sentence_of(pack, row, sides, None),
        reason=row.reason,
        told_at=row.told_at,
        clock=_clock(pack, row),
        source=row.source,
        pin=row.pin,
    )


def _changes(pack: SportPack, before: Telling, now: Telling, sides: Sides) -> tuple[Change, ...]:
    was, is_ = _readable(pack, before, sides), _readable(pack, now, sides)
    return tuple(
        Change(field=name, before=was[name], now=is_[name])
        for name in CHANGING
        if was[name] != is_[name]
    )


def _clock(pack: SportPack, row: Telling) -> str:
    label = row.clock_label or pack.clock_label(row.period, row.clock_ms)
    return f"{label}'" if pack.clock.cumulative and label[:1].isdigit() else label


def _readable(pack: SportPack, row: Telling, sides: Sides) -> dict[str, str]:
    kind = pack.events.get(row.type)
    period = pack.period(row.period)
    clock = _clock(pack, row)
    named = {key: value for key, value in row.payload.items() if kind and key in kind.payload}
    return {
        "type": kind.label if kind else row.type,
        # The label of a minute hides seconds, and half of the sports say the period elsewhere.
        "clock": clock if clock else (period.label if period else ""),
        "team": sides.names(row.side)[0],
        "player": row.player,
        "related": row.related,
        "certainty": "provisional" if row.is_provisional else "confirmed",
        "details": ", ".join(f"{key} {value}" for key, value in sorted(named.items())),
    }
