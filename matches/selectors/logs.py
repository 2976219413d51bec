"""Reads of match logs."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import QuerySet

from matches.ingest.plan import ADMIN, Fact, HeldFact, unpacked
from matches.models import MissingFact, PlayEvent, VendorWord


def current_log(match_id: int, *, after_seq: int = 0) -> QuerySet[PlayEvent]:
    """Return the log's rows after `after_seq`, in order of arrival, every revision included."""
    return PlayEvent.objects.filter(match_id=match_id, seq__gt=after_seq).order_by("seq")


def held_facts(match_id: int, source: str) -> Sequence[HeldFact]:
    """Return the newest revision of each lineage that a source told, or a curator in its place.

    With what curators added themselves, and what they said of the play of a source that told the
    match before. Two queries, a third one where something is pinned, a fourth after such a change.
    """
    newest = (
        PlayEvent.objects.filter(match_id=match_id)
        .order_by("lineage_id", "-rev")
        .distinct("lineage_id")
    )
    missing = {
        row.lineage_id: row for row in MissingFact.objects.filter(match_id=match_id, source=source)
    }
    rows = list(newest.values_list(*_HELD_COLUMNS))
    held = [_held(values, missing) for values in rows if _is_of(values, source)]
    return _with_words(held, match_id, source)


def held_lineage(match_id: int, lineage: UUID, *, teller: str = "") -> HeldFact | None:
    """Return the newest revision of one lineage, whoever told it.

    `teller` is who tells the match now, and may be another one than the fact had been told by.
    """
    rows = PlayEvent.objects.filter(match_id=match_id, lineage_id=lineage).order_by("-rev")
    newest = rows.values_list(*_HELD_COLUMNS).first()
    if newest is None:
        return None
    held = _held(newest, {})
    if teller and held.stands_for not in ("", teller):
        return _with_words([_told_by_another(held)], match_id, teller)[0]
    return _with_words([held], match_id, held.stands_for)[0]


def vendors_word(held: HeldFact, match_id: int) -> Fact | None:
    """Return what the vendor behind a curator's word says of the fact; None where none told it.

    It is the word kept beside the pin, else the vendor's newest revision in the log.
    """
    if held.beside is not None:
        return held.beside
    rows = PlayEvent.objects.filter(
        match_id=match_id, lineage_id=held.lineage, source=held.stands_for
    ).order_by("-rev")
    newest = rows.values_list(*_HELD_COLUMNS).first() if held.stands_for else None
    if newest is None:
        return None
    told = _held(newest, {})
    return replace(told.fact, is_retracted=told.is_retracted)


def held_by_vendor_ids(
    match_ids: Sequence[int], source: str, vendor_event_ids: Sequence[str]
) -> dict[int, list[HeldFact]]:
    """As `held_facts`, for these vendor ids of many matches in one query; no gaps are looked up.

    Another query for each match with something pinned, one more after a change of its source.
    """
    held: dict[int, list[HeldFact]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            _HELD_BY_IDS,
            {"matches": list(match_ids), "source": source, "ids": list(vendor_event_ids)},
        )
        for match_id, payload, *values in cursor.fetchall():
            values[_HELD_COLUMNS.index("payload")] = orjson.loads(payload)
            held.setdefault(match_id, []).append(_held(tuple(values), {}))
    return {pk: _with_words(found, pk, source) for pk, found in held.items()}


def _is_of(values: Sequence[Any], source: str) -> bool:
    return values[3] in (source, ADMIN)


def _told_by_another(held: HeldFact) -> HeldFact:
    """Return a curator's correction of another source's word as if he had added the fact.

    Its ids mean something else, or nothing, to the source at hand.
    """
    return replace(held, fact=replace(held.fact, vendor_event_id=None, rev=None), stands_for="")


def _with_former_words(held: list[HeldFact], match_id: int, source: str) -> list[HeldFact]:
    """Make corrections of another source's word ready to be found in that of this one."""
    former = {h.lineage: h.stands_for for h in held if h.stands_for not in ("", source)}
    if not former or not source:
        return held
    rows = PlayEvent.objects.filter(match_id=match_id, lineage_id__in=former).exclude(source=ADMIN)
    said = {
        values[0]: _held(values, {}).fact
        for values in rows.order_by("rev").values_list(*_HELD_COLUMNS)
    }
    return [
        replace(_told_by_another(h), was=said.get(h.lineage)) if h.lineage in former else h
        for h in held
    ]


def _with_words(held: list[HeldFact], match_id: int, source: str) -> list[HeldFact]:
    held = _with_former_words(held, match_id, source)
    if not any(h.pin for h in held):
        return held
    words = VendorWord.objects.filter(
        match_id=match_id, lineage_id__in=[h.lineage for h in held if h.pin]
    )
    if source:
        words = words.filter(source=source)
    beside = {word.lineage_id: unpacked(word.fact) for word in words}
    return [replace(h, beside=beside.get(h.lineage)) for h in held]


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
    "vendor_rev",
    "pin",
    "stands_for",
)


_HELD_BY_IDS = (  # noqa: S608 - made of the fixed names above
    "SELECT DISTINCT ON (match_id, lineage_id) match_id, payload::text, {columns} FROM ("
    "SELECT * FROM matches_playevent WHERE match_id = ANY(%(matches)s) "
    "AND (source = %(source)s OR source = 'admin' AND stands_for IN ('', %(source)s)) "
    "AND vendor_event_id = ANY(%(ids)s) UNION ALL "
    # What curators added and no vendor has told yet, and what they said of another one's word.
    "SELECT own.* FROM matches_playevent own WHERE own.match_id = ANY(%(matches)s) "
    "AND own.source = 'admin' AND (own.vendor_event_id IS NULL "
    "OR own.stands_for NOT IN ('', %(source)s)) AND NOT EXISTS ("
    "SELECT 1 FROM matches_playevent later WHERE later.match_id = own.match_id "
    "AND later.lineage_id = own.lineage_id AND later.rev > own.rev)"
    ") AS known ORDER BY match_id, lineage_id, rev DESC"
).format(columns=", ".join(name if name != "payload" else "NULL" for name in _HELD_COLUMNS))


def _held(values: tuple[Any, ...], missing: dict[Any, MissingFact]) -> HeldFact:
    lineage, rev, op, source, *rest = values
    type_, period, clock_ms, label, team, player, related, x, y, payload, *last = rest
    vendor_id, certainty, reason, vendor_rev, pin, stands_for = last
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
            rev=vendor_rev,
            certainty=certainty,
            reason=reason,
        ),
        pin=pin,
        stands_for=stands_for,
        missing_polls=gap.polls if gap else 0,
        missing_since=gap.missing_since if gap else None,
    )
