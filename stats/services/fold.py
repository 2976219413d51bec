"""Folding a match: its log becomes the header, the boxscore and the stat lines, in one transaction.

Many matches are folded with as many statements as one. What is new is applied to the folds that
the process keeps (`kept`); the result is the same as folding the whole log.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import connection
from django.db.models import F

from config.clock import now
from leagues.packs.engine import Fold
from leagues.packs.loader import load_pack
from matches.enums import MatchStatus
from matches.models import OVER_STATUSES, Match
from matches.rules.documents import event_document
from matches.rules.status import effective_status, settled_status, shown_score
from stats.models import BoxScore, StatLine
from stats.services.documents import boxscore_document, etag_of
from stats.services.kept import EVENT_COLUMNS, KeptFold, Row, bring_up_to_date, forget, name_players
from stats.topics import StatUpdate
from streams.outbox import announce
from streams.quick import atomic_repeatable

# A clock whose last fact is older stands where that fact left it.
_CLOCK_TRUSTED_FOR = timedelta(minutes=30)
# Enough to share the statements, few enough that nobody waits long for a lock.
_MATCHES_PER_TRANSACTION = 20
_HEADER_TYPES = {
    "status": "text",
    "score_mismatch": "bool",
    "is_reviewed": "bool",
    "home_score": "int",
    "away_score": "int",
    "home_shootout": "int",
    "away_shootout": "int",
    "period": "text",
    "clock_ms": "int",
    "clock_running_since": "timestamptz",
    "period_scores": "jsonb",
    "folded_seq": "int",
    "finished_at": "timestamptz",
    "awarded_home": "int",
    "awarded_away": "int",
    "awarded_home_points": "int",
    "awarded_away_points": "int",
    "awarded_both_lose": "bool",
    "decision_reason": "text",
}
# Folds run all the time: these statements spare the ORM's compiler.
_MATCHES = "SELECT * FROM matches_match WHERE id = ANY(%s) ORDER BY id"
_LOCK_BOXES = (
    "SELECT id, match_id, folded_seq, etag FROM stats_boxscore "
    "WHERE match_id = ANY(%s) ORDER BY match_id FOR NO KEY UPDATE"
)
_WRITE_HEADERS = (  # noqa: S608 - made of the fixed names above
    # Locked in key order, as ingest locks them.
    "WITH told AS (SELECT * FROM json_to_recordset(%s) AS told (id bigint, {})), locked AS ("
    "SELECT * FROM matches_match WHERE id IN (SELECT id FROM told) ORDER BY id FOR NO KEY UPDATE"
    # What they said so far is for readers with a delay.
    "), past AS (INSERT INTO matches_matchpast (match_id, until, header) "
    "SELECT id, %s, to_jsonb(locked) FROM locked"
    ") UPDATE matches_match SET {} FROM locked JOIN told USING (id) "
    "WHERE matches_match.id = locked.id"
).format(
    ", ".join(f"{name} {kind}" for name, kind in _HEADER_TYPES.items()),
    ", ".join(f"{name} = told.{name}" for name in _HEADER_TYPES),
)
_WRITE_BOXES = (
    "UPDATE stats_boxscore SET folded_seq = told.seq, folded_at = %s, "
    "document = convert_to(told.document, 'UTF8'), etag = told.etag, "
    "pack_version = told.version, home_totals = told.home, away_totals = told.away "
    "FROM json_to_recordset(%s) AS told (id bigint, seq int, document text, etag text, "
    "version text, home jsonb, away jsonb) WHERE match_id = told.id"
)
_WRITE_LINES = (
    "INSERT INTO stats_statline (match_id, team_id, player_id, values) "
    "SELECT * FROM json_to_recordset(%s) "
    "AS told (match_id bigint, team_id bigint, player_id bigint, values jsonb) "
    "ON CONFLICT (match_id, player_id) "
    "DO UPDATE SET team_id = excluded.team_id, values = excluded.values"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """What a fold changed. `events` are the public form of the events from_seq to to_seq, empty
    when one of them has to be read anew; `document` is the boxscore as stored.
    """

    match: Match
    from_seq: int
    to_seq: int
    standing_changed: bool
    is_first: bool
    player_ids: tuple[int, ...]
    events: Sequence[dict[str, Any]]
    document: bytes
    etag: str
    totals: tuple[dict[str, Any], dict[str, Any]]


def fold_match(match_id: int, *, from_scratch: bool = False) -> Folded | None:
    """Fold one match, see `fold_matches`; None when nothing was new."""
    return next(iter(fold_matches([match_id], from_scratch=from_scratch)), None)


def fold_matches(match_ids: Iterable[int], *, from_scratch: bool = False) -> list[Folded]:
    """Fold the matches' logs into headers, boxscores and stat lines; return what was new.

    One transaction for up to 20 matches. Locks their boxscores in key order, so folds of one match
    queue up behind each other. Announces `stat.update` for each. `from_scratch` forgets what this
    process kept and folds even where nothing is new. Raises Match.DoesNotExist and
    leagues.packs.schema.PackError.
    """
    wanted = sorted(set(match_ids))
    if from_scratch:
        forget(wanted)
    folded: list[Folded] = []
    for start in range(0, len(wanted), _MATCHES_PER_TRANSACTION):
        part = wanted[start : start + _MATCHES_PER_TRANSACTION]
        try:
            # The log is safe, and would be folded again.
            with atomic_repeatable():
                folded += _fold(part, force=from_scratch)
        except BaseException:
            forget(part)
            raise
    return folded


def _fold(match_ids: Sequence[int], *, force: bool) -> list[Folded]:
    boxes = _locked_boxes(match_ids)
    # In key order, as ingest locks them: every write below keeps to it.
    matches = {match.pk: match for match in Match.objects.raw(_MATCHES, [list(match_ids)])}
    if len(matches) < len(match_ids):
        raise Match.DoesNotExist(f"no match {set(match_ids) - set(matches)}")
    written = {pk: box.folded_seq for pk, box in boxes.items()}
    current = bring_up_to_date(list(matches.values()), written)
    folded, lines = [], _Lines()
    for pk, (kept, rows) in current.items():
        news = _fold_one(matches[pk], boxes[pk], kept, rows, lines, force=force)
        if news is not None:
            folded.append(news)
    lines.write()
    if not folded:
        return folded
    _write_boxes(folded)
    announce(
        *(
            StatUpdate(
                match_id=news.match.pk,
                season_id=news.match.season_id,
                folded_seq=news.to_seq,
                status=news.match.status,
                player_ids=news.player_ids,
                standing_changed=news.standing_changed,
                is_first=news.is_first,
            )
            for news in folded
        )
    )
    # Last, for ingest waits for these rows.
    _write_headers([news.match for news in folded])
    return folded


def _locked_boxes(match_ids: Sequence[int]) -> dict[int, BoxScore]:
    boxes = {box.match_id: box for box in BoxScore.objects.raw(_LOCK_BOXES, [list(match_ids)])}
    if len(boxes) < len(match_ids):
        BoxScore.objects.bulk_create(
            [BoxScore(match_id=pk) for pk in match_ids if pk not in boxes], ignore_conflicts=True
        )
        boxes = {box.match_id: box for box in BoxScore.objects.raw(_LOCK_BOXES, [list(match_ids)])}
    return boxes


def _fold_one(
    match: Match,
    box: BoxScore,
    kept: KeptFold,
    rows: Sequence[Row],
    lines: "_Lines",
    *,
    force: bool,
) -> Folded | None:
    fold = kept.fold.result(is_brief=True)
    before = _standing(match)
    _set_header(match, fold, kept, at=now())
    player_ids = lines.add(match, fold, kept)
    document = boxscore_document(match, fold, kept.cards, kept.external_ids)
    standing_changed = before != _standing(match)
    etag = etag_of(document)
    # Not `rows`: a process that kept nothing of the match reads its whole log again.
    is_told = kept.seq == box.folded_seq and box.etag == etag
    if is_told and not force and not standing_changed:
        return None
    from_seq = box.folded_seq + 1 if box.folded_seq <= kept.seq else 1
    return Folded(
        match=match,
        from_seq=from_seq,
        to_seq=kept.seq,
        standing_changed=standing_changed,
        is_first=not box.etag,
        player_ids=tuple(player_ids),
        events=_public_events(match, kept, [row for row in rows if row[0] >= from_seq]),
        document=document,
        etag=etag,
        totals=(dict(fold.home.totals), dict(fold.away.totals)),
    )


class _Lines:
    """The stat lines that a batch of folds changed, written together."""

    def __init__(self) -> None:
        self._changed: list[dict[str, Any]] = []
        self._gone: list[tuple[Match, list[int]]] = []

    def add(self, match: Match, fold: Fold, kept: KeptFold) -> list[int]:
        """Take in a fold's lines and return the players whose line changed."""
        lines: dict[int, tuple[int, dict[str, Any]]] = {}
        for team, box in ((match.home_id, fold.home), (match.away_id, fold.away)):
            for player, values in box.players.items():
                lines[player] = (team, dict(values))  # type: ignore[index]
        changed = [p for p, (_, values) in lines.items() if kept.lines.get(p) != values]
        gone = [player for player in kept.lines if player not in lines]
        self._changed += [
            {
                "match_id": match.pk,
                "team_id": lines[p][0],
                "player_id": p,
                "values": lines[p][1],
            }
            for p in changed
        ]
        if gone:
            self._gone.append((match, gone))
        kept.lines = {player: values for player, (_, values) in lines.items()}
        name_players(kept, lines)
        return changed + gone

    def write(self) -> None:
        """Write what changed, delete whoever is in no fold any more."""
        for match, players in self._gone:
            StatLine.objects.filter(match=match, player_id__in=players).delete()
        if not self._changed:
            return
        with connection.cursor() as cursor:
            cursor.execute(_WRITE_LINES, [_told(self._changed)])


def _write_headers(matches: Sequence[Match]) -> None:
    told = [
        {"id": match.pk, **{name: getattr(match, name) for name in _HEADER_TYPES}}
        for match in matches
    ]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE_HEADERS, [_told(told), now()])


def _told(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows for `json_to_recordset`: one value is bound many times faster than arrays."""
    return orjson.dumps(rows).decode()


def _write_boxes(folded: Sequence[Folded]) -> None:
    told = [
        {
            "id": news.match.pk,
            "seq": news.to_seq,
            "document": news.document.decode(),
            "etag": news.etag,
            "version": load_pack(news.match.season.league.sport).version,
            "home": news.totals[0],
            "away": news.totals[1],
        }
        for news in folded
    ]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE_BOXES, [now(), _told(told)])


def _public_events(match: Match, kept: KeptFold, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the rows in their public form, or nothing when one needs another look-up."""
    teams = {match.home_id: match.home.public_id, match.away_id: match.away.public_id}
    documents = []
    for values in rows:
        row = dict(zip(EVENT_COLUMNS, values, strict=True))
        people = (row["player_id"], row["related_player_id"])
        if row["rev"] > 1 or any(p in kept.redirects or not _is_named(kept, p) for p in people):
            return []
        row["team__public_id"] = teams.get(row["team_id"])
        for role in ("player", "related_player"):
            key = row[f"{role}_id"]
            row[f"{role}__public_id"] = None if key is None else kept.cards[key].public_id
        documents.append(event_document(row, match_id=match.public_id, supersedes=None))
    return documents


def _is_named(kept: KeptFold, player: int | None) -> bool:
    return player is None or (player in kept.cards and bool(kept.cards[player].public_id))


def _standing(match: Match) -> tuple[object, ...]:
    return (
        *(match.status, match.home_score, match.away_score, match.score_mismatch),
        *(match.home_shootout, match.away_shootout, match.period_scores),
        *(match.awarded_home, match.awarded_away, match.awarded_both_lose),
        *(match.awarded_home_points, match.awarded_away_points),
    )


def _set_header(match: Match, fold: Fold, kept: KeptFold, *, at: datetime) -> None:
    decided = kept.decided() if kept.decisions else {}
    is_decided = bool(decided.get("status"))
    match.status = (
        fold.status
        if is_decided
        else effective_status(fold.status, match.vendor_status, has_begun=bool(fold.period))
    )
    has_score = bool(decided.get("score"))
    stated = (
        (match.vendor_score["home"], match.vendor_score["away"])
        if match.vendor_score and not has_score
        else None
    )
    has_log = kept.seq > 0 and (has_begun(fold) or has_score)
    score, match.score_mismatch = shown_score(fold.score if has_log else None, stated)
    if not (is_decided and match.status == MatchStatus.FINAL):
        match.status = settled_status(
            match.status,
            fold.status,
            is_unchanged=match.unchanged_seq == kept.seq,
            is_disputed=match.score_mismatch,
        )
    match.home_score, match.away_score = score if score else (None, None)
    match.home_shootout, match.away_shootout = fold.shootout or (None, None)
    match.period, match.clock_ms = fold.period, fold.clock_ms
    told_at = kept.last_event_at
    is_fresh = told_at is not None and at - told_at < _CLOCK_TRUSTED_FOR
    match.clock_running_since = told_at if fold.clock_running and is_fresh else None
    match.period_scores = [list(part) for part in fold.periods]
    match.folded_seq = kept.seq
    match.is_reviewed = kept.is_reviewed and match.is_live
    set_award(match, decided)
    match.finished_at = (match.finished_at or at) if match.status in OVER_STATUSES else None


def has_begun(fold: Fold) -> bool:
    """Return whether the log knows of play, so that there is a score.

    A match that was only awarded was not played: it has none of its own.
    """
    was_played = fold.status != MatchStatus.AWARDED or bool(fold.period) or fold.score != (0, 0)
    return fold.status != MatchStatus.SCHEDULED and was_played


def set_award(match: Match, decided: Mapping[str, Any]) -> None:
    """Set the award's columns by what curators decided; see `KeptFold.decided`."""
    award, points = decided.get("awarded") or {}, decided.get("points") or {}
    match.awarded_home, match.awarded_away = award.get("home"), award.get("away")
    match.awarded_home_points = points.get("home") if award else None
    match.awarded_away_points = points.get("away") if award else None
    match.awarded_both_lose = bool(award and decided.get("both_lose"))
    match.decision_reason = str(decided.get("reason", ""))


def matches_behind(*, limit: int = 200) -> list[int]:
    """Return matches whose fold is behind their log, for whoever lost a message.

    In no order: those that cannot be folded would stand before all others for good.
    """
    behind = Match.objects.filter(folded_seq__lt=F("head_seq")).order_by("?")
    return list(behind.values_list("pk", flat=True)[:limit])
