"""Folding a match: its log becomes the header, the boxscore and the stat lines, in one transaction.

Each process keeps the folds of the matches it worked on last and applies only what is new; the
result is the same as folding the whole log, and a fold that does not fit is thrown away.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from config.clock import now
from leagues.enums import ExternalKind
from leagues.models import ExternalId, Player, Season, Team
from leagues.packs.engine import Fold, FoldEvent, MatchFold, Sheet
from leagues.packs.loader import load_pack
from leagues.packs.schema import OVERRIDE
from matches.enums import EventOp, MatchStatus, SheetRole
from matches.models import OVER_STATUSES, Match, PlayEvent, TeamSheetSpot
from matches.rules.documents import event_document
from matches.rules.status import effective_status, shown_score
from stats.models import BoxScore, StatLine
from stats.services.documents import PlayerCard, boxscore_document, etag_of
from stats.topics import StatUpdate
from streams.outbox import announce

_KEPT_FOLDS = 64
_EVENT_COLUMNS = (
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
)
_Row = tuple[Any, ...]
_HEADER_FIELDS = (
    "status",
    "score_mismatch",
    "home_score",
    "away_score",
    "home_shootout",
    "away_shootout",
    "period",
    "clock_ms",
    "clock_running_since",
    "period_scores",
    "folded_seq",
    "finished_at",
)


@dataclass(slots=True, kw_only=True)
class _Kept:
    """A match's fold as this process left it."""

    epoch: object
    sheet_version: int
    seq: int
    fold: MatchFold
    redirects: dict[int, int]
    cards: dict[int, PlayerCard]
    season: Season
    home: Team
    away: Team
    external_ids: dict[str, str]
    lines: dict[int, dict[str, Any]] = field(default_factory=dict)
    last_event_at: datetime | None = None
    has_decisions: bool = False


_kept: OrderedDict[int, _Kept] = OrderedDict()


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """What a fold changed. `events` are the public form of the events from_seq to to_seq, empty
    when one of them has to be read anew; `document` is the boxscore as stored."""

    match: Match
    from_seq: int
    to_seq: int
    standing_changed: bool
    events: Sequence[dict[str, Any]]
    document: bytes


def fold_match(match_id: int, *, from_scratch: bool = False) -> Folded | None:
    """Fold the match's log into header, boxscore and stat lines; None when nothing was new.

    Locks the match's boxscore, so folds of one match queue up behind each other. Announces
    `stat.update` in the same transaction. `from_scratch` forgets what this process kept and folds
    even when nothing is new. Raises Match.DoesNotExist and leagues.packs.schema.PackError.
    """
    if from_scratch:
        _kept.pop(match_id, None)
    try:
        with transaction.atomic():
            return _fold(match_id, force=from_scratch)
    except BaseException:
        # The kept fold may be ahead of what was rolled back.
        _kept.pop(match_id, None)
        raise


def _fold(match_id: int, *, force: bool) -> Folded | None:
    box = _locked_box(match_id)
    match = Match.objects.get(pk=match_id)
    kept, rows = _bring_up_to_date(match)
    fold = kept.fold.result()
    before = _standing(match)
    _set_header(match, fold, kept, at=now())
    changed_players = _write_lines(match, fold, kept)
    document = boxscore_document(match, fold, kept.cards, kept.external_ids)
    etag = etag_of(document)
    standing_changed = before != _standing(match)
    if not force and not rows and box.etag == etag and not standing_changed:
        return None
    match.save(update_fields=_HEADER_FIELDS)
    from_seq = box.folded_seq + 1 if box.folded_seq <= kept.seq else 1
    _write_box(box, match, fold, document, etag)
    announce(
        StatUpdate(
            match_id=match.pk,
            season_id=match.season_id,
            folded_seq=kept.seq,
            status=match.status,
            player_ids=tuple(changed_players),
            standing_changed=standing_changed,
        )
    )
    return Folded(
        match=match,
        from_seq=from_seq,
        to_seq=kept.seq,
        standing_changed=standing_changed,
        events=_public_events(match, kept, [row for row in rows if row[0] >= from_seq]),
        document=document,
    )


def _locked_box(match_id: int) -> BoxScore:
    boxes = BoxScore.objects.select_for_update().only("folded_seq", "etag")
    box = boxes.filter(match_id=match_id).first()
    if box is None:
        BoxScore.objects.bulk_create([BoxScore(match_id=match_id)], ignore_conflicts=True)
        box = boxes.get(match_id=match_id)
    return box


def _write_box(box: BoxScore, match: Match, fold: Fold, document: bytes, etag: str) -> None:
    BoxScore.objects.filter(pk=box.pk).update(
        folded_seq=match.folded_seq,
        folded_at=now(),
        document=document,
        etag=etag,
        pack_version=load_pack(match.season.league.sport).version,
        home_totals=dict(fold.home.totals),
        away_totals=dict(fold.away.totals),
    )


def _public_events(match: Match, kept: _Kept, rows: Sequence[_Row]) -> list[dict[str, Any]]:
    """Return the rows in their public form, or nothing when one needs another look-up."""
    teams = {match.home_id: match.home.public_id, match.away_id: match.away.public_id}
    documents = []
    for values in rows:
        row = dict(zip(_EVENT_COLUMNS, values, strict=True))
        people = (row["player_id"], row["related_player_id"])
        if row["rev"] > 1 or any(p in kept.redirects or not _is_named(kept, p) for p in people):
            return []
        row["team__public_id"] = teams.get(row["team_id"])
        for role in ("player", "related_player"):
            key = row[f"{role}_id"]
            row[f"{role}__public_id"] = None if key is None else kept.cards[key].public_id
        documents.append(event_document(row, match_id=match.public_id, supersedes=None))
    return documents


def _is_named(kept: _Kept, player: int | None) -> bool:
    return player is None or (player in kept.cards and bool(kept.cards[player].public_id))


def _bring_up_to_date(match: Match) -> tuple[_Kept, Sequence[_Row]]:
    kept = _kept.get(match.pk)
    if (
        kept is None
        or kept.epoch != match.epoch
        or kept.sheet_version != match.sheet_version
        or kept.seq > match.head_seq
    ):
        kept = _kept[match.pk] = _start(match)
    _kept.move_to_end(match.pk)
    while len(_kept) > _KEPT_FOLDS:
        _kept.popitem(last=False)
    match.season, match.home, match.away = kept.season, kept.home, kept.away
    sides = {match.home_id: "home", match.away_id: "away"}
    rows = list(
        PlayEvent.objects.filter(match=match, seq__gt=kept.seq)
        .order_by("seq")
        .values_list(*_EVENT_COLUMNS)
    )
    kept.fold.apply_all(_fold_event(row, sides, kept.redirects) for row in rows)
    if rows:
        kept.seq = rows[-1][0]
        kept.last_event_at = rows[-1][12] or rows[-1][13]
        kept.has_decisions |= any(row[4] == OVERRIDE for row in rows)
    return kept, rows


def _start(match: Match) -> _Kept:
    match = Match.objects.with_sides().get(pk=match.pk)
    spots = list(
        TeamSheetSpot.objects.filter(sheet__match=match).values_list(
            "sheet__team_id", "player_id", "role", "shirt", "position", "order"
        )
    )
    redirects = _redirects(match)
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
    external = ExternalId.objects.filter(kind=ExternalKind.MATCH, object_id=match.pk)
    return _Kept(
        epoch=match.epoch,
        sheet_version=match.sheet_version,
        seq=0,
        season=match.season,
        home=match.home,
        away=match.away,
        external_ids=dict(external.order_by("source").values_list("source", "value")),
        fold=MatchFold(load_pack(match.season.league.sport), sheet),
        redirects=redirects,
        cards=cards,
        lines=dict(StatLine.objects.filter(match=match).values_list("player_id", "values")),
    )


def _redirects(match: Match) -> dict[int, int]:
    return dict(
        Player.objects.filter(
            sport=match.season.league.sport, merged_into__isnull=False
        ).values_list("pk", "merged_into_id")
    )


def _fold_event(
    row: tuple[Any, ...], sides: Mapping[int, str], redirects: Mapping[int, int]
) -> FoldEvent:
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


def _standing(match: Match) -> tuple[object, ...]:
    return (match.status, match.home_score, match.away_score, match.score_mismatch)


def _decided(match: Match) -> frozenset[str]:
    """Return what of status and score an admin's word decides, against log and vendor."""
    newest = (
        PlayEvent.objects.filter(match=match, type=OVERRIDE)
        .order_by("lineage_id", "-rev")
        .distinct("lineage_id")
        .values_list("op", "payload")
    )
    return frozenset(
        key
        for op, payload in newest
        if op != EventOp.RETRACT
        for key in ("status", "score")
        if payload.get(key)
    )


def _set_header(match: Match, fold: Fold, kept: _Kept, *, at: datetime) -> None:
    decided = _decided(match) if kept.has_decisions else frozenset()
    match.status = (
        fold.status if "status" in decided else effective_status(fold.status, match.vendor_status)
    )
    stated = (
        (match.vendor_score["home"], match.vendor_score["away"])
        if match.vendor_score and "score" not in decided
        else None
    )
    has_log = kept.seq > 0 and (fold.status != MatchStatus.SCHEDULED or "score" in decided)
    score, match.score_mismatch = shown_score(tuple(fold.score) if has_log else None, stated)
    match.home_score, match.away_score = score if score else (None, None)
    match.home_shootout, match.away_shootout = fold.shootout or (None, None)
    match.period, match.clock_ms = fold.period, fold.clock_ms
    match.clock_running_since = kept.last_event_at if fold.clock_running else None
    match.period_scores = [list(part) for part in fold.periods]
    match.folded_seq = kept.seq
    if match.status in OVER_STATUSES:
        match.finished_at = match.finished_at or at


def _write_lines(match: Match, fold: Fold, kept: _Kept) -> Sequence[int]:
    lines: dict[int, tuple[int, dict[str, Any]]] = {}
    for team, box in ((match.home_id, fold.home), (match.away_id, fold.away)):
        for player, values in box.players.items():
            lines[player] = (team, dict(values))  # type: ignore[index]
    changed = [p for p, (_, values) in lines.items() if kept.lines.get(p) != values]
    gone = [player for player in kept.lines if player not in lines]
    if gone:
        StatLine.objects.filter(match=match, player_id__in=gone).delete()
    StatLine.objects.bulk_create(
        [
            StatLine(match=match, team_id=lines[p][0], player_id=p, values=lines[p][1])
            for p in changed
        ],
        update_conflicts=True,
        unique_fields=["match", "player"],
        update_fields=["team", "values"],
    )
    kept.lines = {player: values for player, (_, values) in lines.items()}
    _name_players(kept, lines)
    return changed + gone


def _name_players(kept: _Kept, players: Mapping[int, object]) -> None:
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


def matches_behind(*, limit: int = 200) -> list[int]:
    """Return matches whose fold is behind their log, oldest first, for whoever lost a message."""
    return list(
        Match.objects.filter(folded_seq__lt=F("head_seq"))
        .order_by("pk")
        .values_list("pk", flat=True)[:limit]
    )
