"""Reads of match logs."""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from django.db import connection
from django.db.models import QuerySet

from matches.ingest.plan import Fact, HeldFact
from matches.models import MissingFact, PlayEvent


def current_log(match_id: int, *, after_seq: int = 0) -> QuerySet[PlayEvent]:
    """Return the log's rows after `after_seq`, in order of arrival, every revision included."""
    return PlayEvent.objects.filter(match_id=match_id, seq__gt=after_seq).order_by("seq")


def held_facts(
    match_id: int, source: str, *, vendor_event_ids: Iterable[str] | None = None
) -> Sequence[HeldFact]:
    """Return the newest revision of each lineage a source told, of the given vendor ids or of all.

    A revision by an admin stands in for the source's, marked `source="admin"`.
    """
    rows = PlayEvent.objects.filter(match_id=match_id, source__in=(source, "admin"))
    if vendor_event_ids is not None:
        rows = rows.filter(vendor_event_id__in=list(vendor_event_ids))
    newest = rows.order_by("lineage_id", "-rev").distinct("lineage_id")
    missing = {
        row.lineage_id: row for row in MissingFact.objects.filter(match_id=match_id, source=source)
    }
    return [_held(values, missing) for values in newest.values_list(*_HELD_COLUMNS)]


def held_by_vendor_ids(
    match_ids: Sequence[int], source: str, vendor_event_ids: Sequence[str]
) -> dict[int, list[HeldFact]]:
    """As `held_facts`, for these vendor ids of many matches in one query; no gaps are looked up."""
    held: dict[int, list[HeldFact]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            _HELD_BY_IDS,
            {"matches": list(match_ids), "source": source, "ids": list(vendor_event_ids)},
        )
        for match_id, payload, *values in cursor.fetchall():
            values[_HELD_COLUMNS.index("payload")] = orjson.loads(payload)
            held.setdefault(match_id, []).append(_held(tuple(values), {}))
    return held


_HELD_COLUMNS = (
    "lineage_id",
    "rev",
    "op",
    "source",
    "type",
    "period",
    "clock_ms",
    "clock_label",
    "team_id",
    "player_id",
    "related_player_id",
    "x",
    "y",
    "payload",
    "vendor_event_id",
    "certainty",
    "reason",
)


_HELD_BY_IDS = (  # noqa: S608 - made of the fixed names above
    "SELECT DISTINCT ON (match_id, lineage_id) match_id, payload::text, {columns} "
    "FROM matches_playevent WHERE match_id = ANY(%(matches)s) "
    "AND source IN (%(source)s, 'admin') AND vendor_event_id = ANY(%(ids)s) "
    "ORDER BY match_id, lineage_id, rev DESC"
).format(columns=", ".join(name if name != "payload" else "NULL" for name in _HELD_COLUMNS))


def _held(values: tuple[Any, ...], missing: dict[Any, MissingFact]) -> HeldFact:
    lineage, rev, op, source, *rest = values
    type_, period, clock_ms, label, team, player, related, x, y, payload, *last = rest
    vendor_id, certainty, reason = last
    gap = missing.get(lineage)
    return HeldFact(
        lineage=lineage,
        rev=rev,
        is_retracted=op == "retract",
        source=source,
        fact=Fact(
            type=type_,
            period=period,
            clock_ms=clock_ms,
            clock_label=label,
            team=team,
            player=player,
            related_player=related,
            x=x,
            y=y,
            payload=payload,
            vendor_event_id=vendor_id,
            certainty=certainty,
            reason=reason,
        ),
        missing_polls=gap.polls if gap else 0,
        missing_since=gap.missing_since if gap else None,
    )
