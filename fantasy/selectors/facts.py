"""The facts of matches that a ledger shows: read off the logs, with their sentences and links."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from leagues.models import Player
from leagues.packs.columns import operands
from leagues.packs.counting import CompiledPack, compiled
from leagues.packs.facts import FoldEvent, Sheet
from leagues.packs.forms import Appeared, PresenceMinutes, WhilePresent
from leagues.packs.loader import load_pack
from leagues.packs.schema import (
    MATCH_END,
    OVERRIDE,
    PERIOD_START,
    SCORE_SET,
    STAT_SET,
    SportPack,
)
from leagues.packs.sources import Sources
from matches.enums import EventOp, SheetRole
from matches.ingest.plan import ADMIN
from matches.models import Match, PlayEvent, TeamSheetSpot
from matches.selectors.payloads import payload_hashes

_PRESENCE = (PresenceMinutes, Appeared, WhilePresent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A fact as people read it; `link` leads to the moment in the match.

    `payload_sha256` is of the vendor's document it was read from, "" where none told it.
    """

    event_id: str
    lineage: str
    rev: int
    seq: int
    type: str
    sentence: str
    clock: str
    source: str
    told_at: datetime
    is_corrected: bool
    reason: str
    link: str
    payload_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchFacts:
    """What stands behind the numbers of some of a match's players; `told` by lineage.

    `result` are the facts that made the result: what moved the score, and the end; while there is
    none of them, the kick-off.
    """

    match: Match
    sources: Sources
    result: tuple[FoldEvent, ...]
    told: Mapping[str, Told]


def match_facts(
    seqs: Mapping[int, int], *, players: Collection[int], columns: Collection[str]
) -> dict[int, MatchFacts]:
    """Return the facts behind `columns` of `players` by match, of each log up to a place.

    Six queries, however many matches. All matches must be of one sport.
    """
    if not seqs:
        return {}
    matches = {match.pk: match for match in Match.objects.with_sides().filter(pk__in=seqs)}
    pack = load_pack(next(iter(matches.values())).season.league.sport)
    twins = Player.objects.filter(merged_into__in=players).values_list("pk", "merged_into")
    merged = {pk: into for pk, into in twins if into is not None}
    rows: dict[int, list[PlayEvent]] = defaultdict(list)
    everyone = [*players, *merged]
    for row in _rows(pack, seqs, everyone, needs_all=_needs_all(pack, columns)):
        rows[row.match_id].append(row)
    sheets = _sheets(matches, merged)
    every = [row for found in rows.values() for row in found]
    names = _names(every)
    hashes = payload_hashes(
        {row.ingested_at for row in every if row.source != ADMIN},
        season_ids={match.season_id for match in matches.values()},
    )
    events = {pk: _facts(match, rows[pk], merged) for pk, match in matches.items()}
    return {
        pk: MatchFacts(
            match=match,
            sources=Sources(pack, sheets[pk], events[pk]),
            result=_of_result(pack, events[pk]),
            told={
                str(row.lineage_id): _told(
                    pack,
                    match,
                    row,
                    names,
                    hashes.get(row.ingested_at, ""),
                )
                for row in rows[pk]
            },
        )
        for pk, match in matches.items()
    }


def _rows(
    pack: SportPack, seqs: Mapping[int, int], players: Sequence[int], *, needs_all: bool
) -> Iterable[PlayEvent]:
    upto = Q()
    for match, seq in seqs.items():
        upto |= Q(match=match, seq__lte=seq)
    frame = Q(type__in=_frame(compiled(pack)))
    wanted = Q() if needs_all else frame | Q(player__in=players) | Q(related_player__in=players)
    # Asked of the few wanted rows alone: most of a log is about other players.
    later = PlayEvent.objects.filter(
        upto,
        match=OuterRef("match"),
        lineage_id=OuterRef("lineage_id"),
        rev__gt=OuterRef("rev"),
    )
    rows = PlayEvent.objects.filter(upto, wanted).exclude(op=EventOp.RETRACT)
    return rows.filter(~Exists(later)).order_by("match_id", "seq")


def _frame(pack: CompiledPack) -> list[str]:
    """Types that say when was played, who was on and what the score was."""
    rules = pack.rules.values()
    return [rule.kind for rule in rules if rule.in_flow or rule.presence is not None]


def _needs_all(pack: SportPack, columns: Collection[str]) -> bool:
    """Who is on is read off what everybody does, where the sport has it so."""
    if pack.presence is None or not pack.presence.infer:
        return False
    waiting, seen = list(columns), set()
    while waiting:
        column = pack.column(waiting.pop())
        if column is None or column.id in seen:
            continue
        if isinstance(column.rule, _PRESENCE):
            return True
        seen.add(column.id)
        waiting += operands(column.rule)
    return False


def _sheets(matches: Mapping[int, Match], merged: Mapping[int, int]) -> dict[int, Sheet]:
    spots: dict[tuple[int, int, str], list[int]] = defaultdict(list)
    rows = TeamSheetSpot.objects.filter(
        sheet__match__in=matches, sheet__is_confirmed=True
    ).order_by("order")
    for match, team, role, player in rows.values_list(
        "sheet__match", "sheet__team", "role", "player"
    ):
        spots[match, team, role].append(merged.get(player, player))
    return {
        pk: Sheet(
            home=tuple(spots[pk, match.home_id, SheetRole.STARTER]),
            away=tuple(spots[pk, match.away_id, SheetRole.STARTER]),
            home_bench=tuple(spots[pk, match.home_id, SheetRole.BENCH]),
            away_bench=tuple(spots[pk, match.away_id, SheetRole.BENCH]),
        )
        for pk, match in matches.items()
    }


def _facts(match: Match, rows: Iterable[PlayEvent], merged: Mapping[int, int]) -> list[FoldEvent]:
    sides = {match.home_id: "home", match.away_id: "away"}
    return [
        FoldEvent(
            lineage=str(row.lineage_id),
            rev=row.rev,
            op=row.op,
            type=row.type,
            period=row.period,
            clock_ms=row.clock_ms,
            order=row.order,
            team=sides.get(row.team_id or 0),
            player=merged.get(row.player_id or 0, row.player_id),
            related=merged.get(row.related_player_id or 0, row.related_player_id),
            payload=row.payload,
            ref=row.seq,
        )
        for row in rows
    ]


def _of_result(pack: SportPack, events: Iterable[FoldEvent]) -> tuple[FoldEvent, ...]:
    rules = compiled(pack).rules
    told = sorted(events, key=lambda event: event.order)
    found = [e for e in told if e.type in (SCORE_SET, MATCH_END) or rules[e.type].scores]
    # Nil-nil so far is a result, too: nothing has happened since the kick-off.
    return tuple(found or [e for e in told if e.type == PERIOD_START][:1])


def _names(rows: Iterable[PlayEvent]) -> dict[int | None, str]:
    wanted = {pk for row in rows for pk in (row.player_id, row.related_player_id) if pk}
    people = Player.objects.filter(pk__in=wanted)
    return {player.pk: player.display_name for player in people}


def _told(
    pack: SportPack, match: Match, row: PlayEvent, names: Mapping[int | None, str], sha256: str
) -> Told:
    return Told(
        event_id=str(row.event_id),
        lineage=str(row.lineage_id),
        rev=row.rev,
        seq=row.seq,
        type=row.type,
        sentence=_sentence(pack, match, row, names),
        clock=row.clock_label or (pack.clock_label(row.period, row.clock_ms) if row.period else ""),
        source=row.source,
        told_at=row.ingested_at,
        is_corrected=row.rev > 1,
        reason=row.reason,
        link=_link(pack, match, row),
        payload_sha256="" if row.source == ADMIN else sha256,
    )


def _sentence(
    pack: SportPack, match: Match, row: PlayEvent, names: Mapping[int | None, str]
) -> str:
    player = names.get(row.player_id, "")
    if row.type in (STAT_SET, OVERRIDE):
        said_by = "A curator" if row.type == OVERRIDE else row.source
        return f"{said_by} states the numbers of {player or match}."
    period = pack.period(row.period)
    sides: dict[Any, tuple[str, str]] = {
        match.home_id: (match.home.display_name, match.away.display_name),
        match.away_id: (match.away.display_name, match.home.display_name),
    }
    team, opponent = sides.get(row.team_id, ("", ""))
    return pack.sentence(
        row.type,
        player=player,
        related=names.get(row.related_player_id, ""),
        team=team,
        opponent=opponent,
        clock=row.clock_label,
        period=period.label if period else "",
        payload=row.payload,
    )


def _link(pack: SportPack, match: Match, row: PlayEvent) -> str:
    """Return the page of the event, else the replay at its clock, else the match."""
    kind = pack.events.get(row.type)
    if kind is not None and not kind.hidden:
        return reverse("matches:event_history", args=[match.public_id, row.lineage_id.hex])
    if match.is_over and pack.period(row.period):
        minutes, seconds = divmod(row.clock_ms // 1000, 60)
        place = f"{row.period}+{minutes}:{seconds:02d}"
        return f"{reverse('stats:match_replay', args=[match.public_id])}?at={place}"
    return reverse("stats:match", args=[match.public_id])
