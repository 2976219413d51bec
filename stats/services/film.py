"""Films: a match's log laid out for a replay, and the match as it stood after any part of it.

Nothing here writes. A film is made of a log up to a place, so it never changes and is kept for a
while.
"""

import copy
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from leagues.packs.engine import Fold, Standing
from leagues.packs.loader import load_pack
from matches.enums import EventOp, MatchStatus
from matches.models import Match, PlayEvent
from matches.rules.documents import EVENT_COLUMNS as DOCUMENT_COLUMNS
from matches.rules.documents import event_document
from matches.rules.replay import Cue, LogRow, Reel, corrected_reel, told_reel
from stats.enums import Drama, ReplayView
from stats.rules.drama import Scene, Script, staged
from stats.services.documents import boxscore_document
from stats.services.kept import (
    EVENT_COLUMNS,
    KeptFold,
    Row,
    apply_rows,
    fold_event,
    fold_up_to,
    name_players,
)

_MOST_KEPT: Final = 16
_COLUMNS: Final = tuple(dict.fromkeys((*EVENT_COLUMNS, *DOCUMENT_COLUMNS)))


class NothingToReplayError(LookupError):
    """The match has no log of play."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """A match's log on its reel.

    `rows`, `events` (the public form) and `standings` are in the order of the reel's cues: the
    standing is the one right after the event. `match` is the match as it is in truth.
    """

    match: Match
    view: ReplayView
    drama: Drama | None
    upto_seq: int
    reel: Reel
    rows: tuple[Row, ...]
    events: tuple[dict[str, Any], ...]
    standings: tuple[Standing, ...]

    @property
    def is_whole(self) -> bool:
        """Whether the film ends where the match's own fold does."""
        return self.match.folded_seq == self.upto_seq and self.drama != Drama.ABANDONED

    def past(self, count: int) -> Match:
        """Return the match as it stood after the first `count` events; not to be saved.

        After the last one it is the match itself, with what the vendor states beside its log.
        """
        if count >= len(self.rows) and self.is_whole:
            return copy.copy(self.match)
        past = _blank(self.match)
        if count:
            _stand(past, self.standings[count - 1])
        past.folded_seq = count
        return past

    def fold(self, count: int, *, at_ms: int | None = None) -> tuple[Fold, KeptFold]:
        """Return the fold of the first `count` events and who is in it."""
        kept = fold_up_to(self.match, 0)
        apply_rows(self.match, kept, self.rows[:count])
        return _result(kept, at_ms)

    def folds(self, counts: Sequence[int]) -> "list[tuple[Fold, KeptFold]]":
        """Return the folds after so many events each, in rising order, in one walk."""
        kept, done, folds = fold_up_to(self.match, 0), 0, []
        for count in counts:
            apply_rows(self.match, kept, self.rows[done:count])
            done = count
            folds.append(_result(kept, None))
        return folds

    def state(self, count: int) -> bytes:
        """Return the boxscore after the first `count` events, as canonical JSON."""
        fold, kept = self.fold(count)
        return boxscore_document(self.past(count), fold, kept.cards, kept.external_ids)


def _result(kept: KeptFold, at_ms: int | None) -> tuple[Fold, KeptFold]:
    fold = kept.fold.result(at_ms=at_ms, is_brief=True)
    name_players(kept, [*fold.home.players, *fold.away.players])  # type: ignore[list-item]
    return fold, kept


def _blank(match: Match) -> Match:
    """Return a copy of the match as it was before anything was told of its play."""
    past = copy.copy(match)
    past.status, past.status_reason = MatchStatus.SCHEDULED, ""
    past.vendor_status, past.vendor_score, past.score_mismatch = "", None, False
    past.is_reviewed = False
    past.home_score = past.away_score = past.home_shootout = past.away_shootout = None
    past.awarded_home = past.awarded_away = None
    past.period, past.clock_ms, past.period_scores = "", 0, []
    past.clock_running_since = past.data_at = past.finished_at = None
    return past


def _stand(past: Match, standing: Standing) -> None:
    past.status, past.status_reason = standing.status, standing.status_reason
    past.period, past.clock_ms = standing.period, standing.clock_ms
    if standing.status != MatchStatus.SCHEDULED:
        past.home_score, past.away_score = standing.score
    past.home_shootout, past.away_shootout = standing.shootout or (None, None)


_films: "OrderedDict[tuple[object, ...], Film]" = OrderedDict()
_lock = threading.Lock()


def film_of(
    match: Match, *, view: ReplayView, upto_seq: int | None = None, drama: Drama | None = None
) -> Film:
    """Return the film of a match fetched with its sides, of its log up to a place or to its fold.

    Raises NothingToReplayError and NoSuchDramaError.
    """
    seq = match.folded_seq if upto_seq is None else upto_seq
    key = (match.pk, match.epoch, match.sheet_version, seq, view, drama, *_header(match))
    with _lock:
        if key in _films:
            _films.move_to_end(key)
            return _films[key]
    # Outside of the lock: two may make the same film, and it is the same.
    film = _make(match, view, seq, drama)
    with _lock:
        _films[key] = film
        while len(_films) > _MOST_KEPT:
            _films.popitem(last=False)
    return film


def _header(match: Match) -> tuple[object, ...]:
    """Return what the film's last state has of the match itself."""
    score = (match.home_score, match.away_score, match.score_mismatch)
    return (match.folded_seq, match.status, match.period, match.clock_ms, *score)


def _make(match: Match, view: ReplayView, upto_seq: int, drama: Drama | None) -> Film:
    log = PlayEvent.objects.filter(match=match, seq__lte=upto_seq).order_by("seq")
    told = list(log.values(*_COLUMNS))
    reel = _reel(match, view, told)
    if not reel.cues or not reel.length_ms:
        raise NothingToReplayError(f"{match.public_id}: its log tells of no play")
    scenes: Sequence[Scene] = [Scene(at_ms=cue.at_ms, entry=told[cue.row]) for cue in reel.cues]
    if drama is not None:
        goals = _goals(_standings(match, scenes))
        script = Script(scenes=scenes, goals=goals, length_ms=reel.length_ms)
        script = staged(drama, script)
        scenes = script.scenes
        cues = tuple(Cue(at_ms=scene.at_ms, row=row) for row, scene in enumerate(scenes))
        reel = replace(reel, cues=cues, length_ms=script.length_ms)
    return Film(
        match=match,
        view=view,
        drama=drama,
        upto_seq=upto_seq,
        reel=reel,
        rows=tuple(_row(scene.entry) for scene in scenes),
        events=_documents(match, view, drama, [scene.entry for scene in scenes]),
        standings=_standings(match, scenes),
    )


def _reel(match: Match, view: ReplayView, told: Sequence[Mapping[str, Any]]) -> Reel:
    kept = fold_up_to(match, 0)
    sides = {match.home_id: "home", match.away_id: "away"}
    lay_out = told_reel if view == ReplayView.AS_IT_HAPPENED else corrected_reel
    return lay_out(
        load_pack(match.season.league.sport),
        [
            LogRow(
                event=fold_event(_row(entry), sides, kept.redirects), told_at=entry["ingested_at"]
            )
            for entry in told
        ],
        is_played_out=match.is_over,
    )


def _row(entry: Mapping[str, Any]) -> Row:
    return tuple(entry[name] for name in EVENT_COLUMNS)


def _goals(standings: Sequence[Standing]) -> list[int]:
    """Return the places of the tellings that raised the score."""
    before, goals = (0, 0), []
    for place, standing in enumerate(standings):
        if sum(standing.score) > sum(before):
            goals.append(place)
        before = standing.score
    return goals


def _standings(match: Match, scenes: Sequence[Scene]) -> tuple[Standing, ...]:
    kept, standings = fold_up_to(match, 0), []
    for scene in scenes:
        apply_rows(match, kept, (_row(scene.entry),))
        standings.append(kept.fold.standing())
    return tuple(standings)


def _documents(
    match: Match, view: ReplayView, drama: Drama | None, told: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, Any], ...]:
    """Return the events in public form.

    Corrected, they are those of a log that told the truth at once: their places are counted anew,
    and each is the first telling of its fact, but for what a drama made up. With a drama places are
    counted anew, whatever the view.
    """
    newest: dict[UUID, str] = {}
    documents = []
    for place, entry in enumerate(told, start=1):
        supersedes = newest.get(entry["lineage_id"])
        newest[entry["lineage_id"]] = str(entry["event_id"])
        document = event_document(entry, match_id=match.public_id, supersedes=supersedes)
        if view == ReplayView.CORRECTED and supersedes is None:
            document |= {"rev": 1, "op": EventOp.ADD.value, "reason": None}
        if view == ReplayView.CORRECTED or drama is not None:
            document["seq"] = place
        documents.append(document)
    return tuple(documents)
