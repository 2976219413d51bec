"""A match's numbers by period, from its log; nothing here writes."""

import pickle
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
from django.core.cache import cache
from redis.exceptions import RedisError

from config.clock import now
from config.sight import sight
from leagues.packs.engine import Fold, SideBox
from leagues.packs.loader import load_pack
from matches.models import Match
from stats.rules.periods import PeriodPart, period_parts, told_by_period
from stats.rules.season_totals import Number
from stats.services.documents import boxscore_document, etag_of
from stats.services.kept import KeptFold, fold_and_events_up_to, name_players

_KEPT_S: Final = 3600
# A log that grows all the time is cut anew no more often than this. Shorter than open pages wait
# after news before they ask, so that their answer has the news.
_FRESH_S: Final = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodBox:
    """Both sides' numbers in one period; `document` is their public JSON."""

    period: str
    home: Mapping[str, Number]
    away: Mapping[str, Number]
    document: bytes
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodBoxes:
    """The periods of a match as its log told them up to `seq`; `columns` are told by period."""

    seq: int = 0
    made_at_s: float = 0.0
    columns: frozenset[str] = frozenset()
    boxes: tuple[PeriodBox, ...] = ()

    def box_of(self, period: str) -> PeriodBox | None:
        """Return the numbers of that period, None where nothing was told of it."""
        return next((box for box in self.boxes if box.period == period), None)


def period_boxes(match: Match) -> PeriodBoxes:
    """Return the numbers by period of a match fetched with its sides.

    They are those of its fold; while the log grows they may lag by a second, so that many
    readers of a live match are no more work than one.
    """
    if not match.folded_seq:
        return PeriodBoxes()
    key = f"periods:{match.pk}:{match.epoch}:{match.sheet_version}"
    if sight() is not None:
        # What others were told a moment ago may be too new for this reader.
        key += f":{match.folded_seq}"
    held = _held(key)
    if held is not None and held.seq <= match.folded_seq and _is_fresh(held, match.folded_seq):
        return held
    made = period_boxes_as_of(match, seq=match.folded_seq)
    with suppress(RedisError, OSError):
        cache.set(key, made, timeout=_KEPT_S)
    return made


def _held(key: str) -> PeriodBoxes | None:
    with suppress(RedisError, OSError, pickle.UnpicklingError):
        held: PeriodBoxes | None = cache.get(key)
        return held
    return None


def _is_fresh(held: PeriodBoxes, seq: int) -> bool:
    return held.seq == seq or now().timestamp() - held.made_at_s < _FRESH_S


def period_boxes_as_of(match: Match, *, seq: int) -> PeriodBoxes:
    """Return the numbers by period after the first `seq` events of the log."""
    pack = load_pack(match.season.league.sport)
    kept, events = fold_and_events_up_to(match, seq)
    whole = kept.fold.result(is_brief=True)
    parts = period_parts(pack, kept.sheet, events)
    columns = told_by_period(pack, whole.home.totals, whole.away.totals, parts)
    scores = {period: score for period, *score in whole.periods}
    kinds = {period.id: period.kind for period in pack.periods}
    return PeriodBoxes(
        seq=kept.seq,
        made_at_s=now().timestamp(),
        columns=columns,
        boxes=tuple(
            _box(match, kept, part, columns, scores.get(part.period.id))
            for part in parts
            if kinds[part.period.id] != "shootout"
        ),
    )


def _box(
    match: Match,
    kept: KeptFold,
    part: PeriodPart,
    columns: frozenset[str],
    score: list[int] | None,
) -> PeriodBox:
    home, away = _cut(part.fold.home, columns), _cut(part.fold.away, columns)
    document = _document(match, kept, replace(part.fold, home=home, away=away), part, score)
    return PeriodBox(
        period=part.period.id,
        home=home.totals,
        away=away.totals,
        document=document,
        etag=etag_of(document),
    )


def _cut(box: SideBox, columns: frozenset[str]) -> SideBox:
    """Return the side with the columns that are told by period, and players who have any."""
    lines = {
        player: {column: number for column, number in line.items() if column in columns}
        for player, line in box.players.items()
    }
    return SideBox(
        totals={column: number for column, number in box.totals.items() if column in columns},
        players={player: line for player, line in lines.items() if any(line.values())},
    )


def _document(
    match: Match, kept: KeptFold, fold: Fold, part: PeriodPart, score: list[int] | None
) -> bytes:
    name_players(kept, [*fold.home.players, *fold.away.players])  # type: ignore[list-item]
    document: dict[str, Any] = orjson.loads(
        boxscore_document(match, fold, kept.cards, kept.external_ids)
    )
    period = {"id": part.period.id, "label": part.period.label, "kind": part.period.kind}
    home, away = score or (None, None)
    document |= {
        "period": period,
        "score": {"home": home, "away": away, "shootout": None, "awarded": None, "periods": []},
        "folded_seq": kept.seq,
    }
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
