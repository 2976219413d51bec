"""The folds that this process keeps: the matches it worked on last, so that only news is applied.

A kept fold is a shortcut, never a source: what does not fit the database is thrown away.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from leagues.enums import ExternalKind
from leagues.models import ExternalId, Player, Season, Team
from leagues.packs.engine import FoldEvent, MatchFold, Sheet
from leagues.packs.loader import load_pack
from leagues.packs.schema import OVERRIDE, ReviewRule, SportPack
from matches.enums import Certainty, EventOp, SheetRole
from matches.models import Match, PlayEvent, TeamSheetSpot
from stats.models import StatLine
from stats.services.documents import PlayerCard

_MOST_KEPT = 256
# What a curator's decision may say of a match as a whole.
_DECISIONS = frozenset(("status", "score", "awarded"))
EVENT_COLUMNS = (
    "seq",
    "lineage_id",
    "rev",
    "op",
    "type",
    "period",
    "clock_ms",
    "order",
    "team_id",
    "player_id",
    "related_player_id",
    "payload",
    "occurred_at",
    "ingested_at",
    "event_id",
    "clock_label",
    "x",
    "y",
    "vendor_at",
    "source",
    "certainty",
    "reason",
    "pin",
)
_LINEAGE, _TYPE, _CERTAINTY = map(EVENT_COLUMNS.index, ("lineage_id", "type", "certainty"))
# One row of a log, by EVENT_COLUMNS.
Row = tuple[Any, ...]
_NEWS = (  # noqa: S608 - made of the fixed names above
    "SELECT match_id, {columns} FROM matches_playevent "
    "JOIN unnest(%s::bigint[], %s::int[]) AS kept (id, seq) "
    "ON matches_playevent.match_id = kept.id AND matches_playevent.seq > kept.seq "
    "ORDER BY match_id, matches_playevent.seq"
).format(
    columns=", ".join(
        "payload::text" if name == "payload" else f'matches_playevent."{name}"'
        for name in EVENT_COLUMNS
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A fact that is under review (`is_open`), or that ends a review, as it was told last."""

    rev: int
    seq: int
    is_open: bool


@dataclass(slots=True, kw_only=True)
class KeptFold:
    """A match's fold as this process left it, `seq` events in."""

    epoch: UUID
    sheet_version: int
    seq: int
    sheet: Sheet
    fold: MatchFold
    redirects: dict[int, int]
    cards: dict[int, PlayerCard]
    season: Season
    home: Team
    away: Team
    external_ids: dict[str, str]
    lines: dict[int, dict[str, Any]] = field(default_factory=dict)
    last_event_at: datetime | None = None
    # The newest revision of each decision by lineage: number, what it does, payload, reason.
    decisions: dict[str, tuple[int, str, dict[str, Any], str]] = field(default_factory=dict)
    looks: dict[str, Look] = field(default_factory=dict)

    @property
    def is_reviewed(self) -> bool:
        """Whether a fact is looked at again: a provisional one that no later decision ended."""
        newest = max(self.looks.values(), key=lambda look: look.seq, default=None)
        return newest is not None and newest.is_open

    def decided(self) -> dict[str, Any]:
        """Return what curators decided of status, score and award, and the newest reason."""
        found: dict[str, Any] = {}
        # The fold takes decisions in this order, too.
        for _, (_, op, payload, reason) in sorted(self.decisions.items()):
            if op == EventOp.RETRACT or not _DECISIONS & payload.keys():
                continue
            if payload.get("awarded"):
                found |= {"points": None, "both_lose": False}
            found |= {**payload, "reason": reason}
        return found


_kept: OrderedDict[int, KeptFold] = OrderedDict()


def forget(match_ids: Iterable[int]) -> None:
    """Throw kept folds away, for they may be ahead of what was rolled back."""
    for match_id in match_ids:
        _kept.pop(match_id, None)


def bring_up_to_date(
    matches: Sequence[Match], written: Mapping[int, int]
) -> dict[int, tuple[KeptFold, Sequence[Row]]]:
    """Apply what the logs hold beyond the kept folds; return fold and news by match.

    `written` tells how far the stored boxscores are. Gives each match the season and sides that
    its fold was begun with, which costs no query.
    """
    fresh = [m for m in matches if m.pk not in _kept or not _fits(_kept[m.pk], m)]
    _kept.update(_start(fresh))
    # Another process wrote lines since; ours tell no more what there is to change.
    stale = [m.pk for m in matches if m not in fresh and _kept[m.pk].seq != written[m.pk]]
    for match_id, lines in _lines(stale).items():
        _kept[match_id].lines = lines
    for match in matches:
        kept = _kept[match.pk]
        _kept.move_to_end(match.pk)
        match.season, match.home, match.away = kept.season, kept.home, kept.away
    current = {match.pk: _kept[match.pk] for match in matches}
    while len(_kept) > max(_MOST_KEPT, len(current)):
        _kept.popitem(last=False)
    news = _news(current)
    for match in matches:
        apply_rows(match, current[match.pk], news.get(match.pk, ()))
    return {pk: (kept, news.get(pk, ())) for pk, kept in current.items()}


def fold_up_to(match: Match, seq: int) -> KeptFold:
    """Return a fold of the first `seq` events of the log, which is kept nowhere."""
    return fold_and_events_up_to(match, seq)[0]


def fold_and_events_up_to(match: Match, seq: int) -> tuple[KeptFold, list[FoldEvent]]:
    """Return a fold of the first `seq` events of the log and what it was made of, in that order."""
    fold = _start([match])[match.pk]
    rows = list(
        PlayEvent.objects.filter(match=match, seq__lte=seq)
        .order_by("seq")
        .values_list(*EVENT_COLUMNS)
    )
    apply_rows(match, fold, rows)
    sides = {match.home_id: "home", match.away_id: "away"}
    return fold, [fold_event(row, sides, fold.redirects) for row in rows]


def _fits(kept: KeptFold, match: Match) -> bool:
    return (
        kept.epoch == match.epoch
        and kept.sheet_version == match.sheet_version
        and kept.seq <= match.head_seq
    )


def _news(current: Mapping[int, KeptFold]) -> dict[int, list[Row]]:
    payload_at = EVENT_COLUMNS.index("payload")
    news: dict[int, list[Row]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_NEWS, [list(current), [kept.seq for kept in current.values()]])
        for match_id, *values in cursor.fetchall():
            values[payload_at] = orjson.loads(values[payload_at])
            news.setdefault(match_id, []).append(tuple(values))
    return news


def apply_rows(match: Match, kept: KeptFold, rows: Sequence[Row]) -> None:
    """Take rows of the match's log into its fold."""
    if not rows:
        return
    sides = {match.home_id: "home", match.away_id: "away"}
    kept.fold.apply_all(fold_event(row, sides, kept.redirects) for row in rows)
    kept.seq = rows[-1][0]
    kept.last_event_at = rows[-1][12] or rows[-1][13]
    pack = load_pack(kept.season.league.sport)
    for row in rows:
        if row[4] == OVERRIDE:
            _note_decision(kept, dict(zip(EVENT_COLUMNS, row, strict=True)))
        if pack.review is not None and _is_of_a_look(row, kept, pack.review):
            _note_look(kept, pack, dict(zip(EVENT_COLUMNS, row, strict=True)))


def _note_decision(kept: KeptFold, row: Mapping[str, Any]) -> None:
    lineage, rev = str(row["lineage_id"]), row["rev"]
    if rev > kept.decisions.get(lineage, (0,))[0]:
        kept.decisions[lineage] = (rev, row["op"], row["payload"], row["reason"])


def _is_of_a_look(row: Row, kept: KeptFold, review: ReviewRule) -> bool:
    """Whether a row may open, end or change a look: few do, and all are asked."""
    return (
        row[_CERTAINTY] == Certainty.PROVISIONAL
        or row[_TYPE] in review.decided_by
        or (bool(kept.looks) and str(row[_LINEAGE]) in kept.looks)
    )


def _note_look(kept: KeptFold, pack: SportPack, row: Mapping[str, Any]) -> None:
    """Remember what `matches.rules.timeline.present_review` looks for."""
    kind = pack.events.get(row["type"])
    if kind is None or kind.hidden or pack.review is None:
        return
    lineage, rev = str(row["lineage_id"]), row["rev"]
    is_open = row["certainty"] == Certainty.PROVISIONAL and row["op"] != EventOp.RETRACT
    if rev <= (kept.looks[lineage].rev if lineage in kept.looks else 0):
        return
    if is_open or row["type"] in pack.review.decided_by:
        kept.looks[lineage] = Look(rev=rev, seq=row["seq"], is_open=is_open)
    else:
        kept.looks.pop(lineage, None)


# Team, player, role, shirt, position and order of one place on a team sheet.
_Spot = tuple[int, int, str, str, str, int]


def _start(matches: Sequence[Match]) -> dict[int, KeptFold]:
    """Begin the folds of matches, with as many queries for many as for one."""
    keys = [match.pk for match in matches]
    if not keys:
        return {}
    spots = _spots(keys)
    external_ids = _match_ids(keys)
    lines = _lines(keys)
    redirects: dict[str, dict[int, int]] = {}
    begun = {}
    for match in Match.objects.with_sides().filter(pk__in=keys):
        sport = match.season.league.sport
        if sport not in redirects:
            redirects[sport] = _redirects(sport)
        begun[match.pk] = _begin(
            match, spots[match.pk], redirects[sport], external_ids[match.pk], lines[match.pk]
        )
    return begun


def _begin(
    match: Match,
    spots: Sequence[_Spot],
    redirects: dict[int, int],
    external_ids: dict[str, str],
    lines: dict[int, dict[str, Any]],
) -> KeptFold:
    rosters: dict[tuple[int, str], tuple[int, ...]] = {}
    for team in (match.home_id, match.away_id):
        for role in SheetRole.values:
            rosters[team, role] = tuple(
                redirects.get(player, player)
                for spot_team, player, spot_role, *_ in sorted(spots, key=lambda s: s[5])
                if (spot_team, spot_role) == (team, role)
            )
    sheet = Sheet(
        home=rosters[match.home_id, SheetRole.STARTER],
        away=rosters[match.away_id, SheetRole.STARTER],
        home_bench=rosters[match.home_id, SheetRole.BENCH],
        away_bench=rosters[match.away_id, SheetRole.BENCH],
    )
    cards = {
        redirects.get(player, player): PlayerCard(
            shirt=shirt, position=position, is_starter=role == SheetRole.STARTER, order=order
        )
        for _, player, role, shirt, position, order in spots
    }
    return KeptFold(
        epoch=match.epoch,
        sheet_version=match.sheet_version,
        seq=0,
        season=match.season,
        home=match.home,
        away=match.away,
        external_ids=external_ids,
        sheet=sheet,
        fold=MatchFold(load_pack(match.season.league.sport), sheet),
        redirects=redirects,
        cards=cards,
        lines=lines,
    )


def _spots(match_ids: Sequence[int]) -> dict[int, list[_Spot]]:
    spots: dict[int, list[_Spot]] = {match_id: [] for match_id in match_ids}
    listed = TeamSheetSpot.objects.filter(sheet__match__in=match_ids, sheet__is_confirmed=True)
    for match_id, team, player, role, shirt, position, order in listed.values_list(
        "sheet__match_id", "sheet__team_id", "player_id", "role", "shirt", "position", "order"
    ):
        spots[match_id].append((team, player, role, shirt, position, order))
    return spots


def _match_ids(match_ids: Sequence[int]) -> dict[int, dict[str, str]]:
    known: dict[int, dict[str, str]] = {match_id: {} for match_id in match_ids}
    external = ExternalId.objects.filter(kind=ExternalKind.MATCH, object_id__in=match_ids)
    for match_id, source, value in external.order_by("source").values_list(
        "object_id", "source", "value"
    ):
        known[match_id][source] = value
    return known


def _lines(match_ids: Sequence[int]) -> dict[int, dict[int, dict[str, Any]]]:
    lines: dict[int, dict[int, dict[str, Any]]] = {match_id: {} for match_id in match_ids}
    if match_ids:
        written = StatLine.objects.filter(match__in=match_ids)
        for match_id, player, values in written.values_list("match_id", "player_id", "values"):
            lines[match_id][player] = values
    return lines


def _redirects(sport: str) -> dict[int, int]:
    merged = Player.objects.filter(sport=sport, merged_into__isnull=False)
    return dict(merged.values_list("pk", "merged_into_id"))


def fold_event(row: Row, sides: Mapping[int, str], redirects: Mapping[int, int]) -> FoldEvent:
    seq, lineage, rev, op, type_, period, clock_ms, order, team, player, related, payload, *_ = row
    return FoldEvent(
        lineage=str(lineage),
        rev=rev,
        op=op,
        type=type_,
        period=period,
        clock_ms=clock_ms,
        order=order,
        team=sides.get(team),
        player=redirects.get(player, player),
        related=redirects.get(related, related),
        payload=payload,
        ref=seq,
    )


def name_players(kept: KeptFold, players: Iterable[int]) -> None:
    """Look up who the players are whom the fold met for the first time."""
    nameless = [p for p in players if p not in kept.cards or not kept.cards[p].name]
    if not nameless:
        return
    known: dict[int, dict[str, str]] = {}
    for key, source, value in ExternalId.objects.filter(
        kind=ExternalKind.PLAYER, object_id__in=nameless
    ).values_list("object_id", "source", "value"):
        known.setdefault(key, {})[source] = value
    for player in Player.objects.filter(pk__in=nameless):
        card = kept.cards.setdefault(player.pk, PlayerCard(position=player.position))
        card.public_id, card.name = player.public_id, player.name
        card.external_ids = known.get(player.pk, {})
