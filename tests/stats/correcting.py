"""A vendor and a curator who correct finished matches at random, and folds that know no history."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from config.clock import now
from leagues.models import Season
from leagues.packs.engine import Fold, FoldEvent, Sheet, fold
from leagues.packs.loader import load_pack
from leagues.packs.schema import OVERRIDE, STAT_SET, SportPack
from matches.enums import Pin, SheetRole
from matches.ingest.documents import FeedDocument, FeedEvent, FeedMatch
from matches.models import Match, PlayEvent, TeamSheetSpot
from matches.rules.corrections import CorrectionError, Said
from matches.services import corrections
from matches.services.corrections import Award, By
from matches.services.ingest import apply_document
from stats.rules.standings import Result
from stats.services.fold import fold_match
from stats.services.tables import refresh_tables


@dataclass(slots=True)
class Told:
    """A match as its vendor tells it now: what a snapshot would say."""

    document: FeedDocument
    feed: FeedMatch
    season: Season
    match_id: int
    events: list[FeedEvent]
    gone: list[FeedEvent] = field(default_factory=list)
    is_new: int = 0

    @property
    def pack(self) -> SportPack:
        return load_pack(self.document.sport)


class Corrector:
    """Corrects matches at random, by every route there is, and folds after each correction."""

    def __init__(self, told: list[Told], *, seed: str, actor: int) -> None:
        self.told = told
        self.dice = random.Random(seed)
        self.actor = actor
        self.at = now()
        self.routes: dict[str, int] = {}
        self.touched: set[int] = set()

    def correct(self, times: int) -> None:
        routes: list[Callable[[Told], bool]] = [
            self.amend,
            self.retract,
            self.vanish,
            self.return_,
            self.add_late,
            self.reorder,
            self.override,
            self.override,
            self.take_back,
            self.add_missing,
            self.release,
            self.award,
            self.withdraw,
            self.decide,
            self.state_numbers,
        ]
        done = 0
        while done < times:
            route, told = self.dice.choice(routes), self.dice.choice(self.told)
            head = self._head(told)
            if not route(told) or self._head(told) == head:
                continue
            done += 1
            name = route.__name__.strip("_")
            self.routes[name] = self.routes.get(name, 0) + 1
            self.touched.add(told.match_id)
            news = fold_match(told.match_id)
            if news is not None and news.standing_changed:
                refresh_tables(told.season.pk)

    # What a vendor does.

    def tell(self, told: Told, *events: FeedEvent) -> None:
        """Tell events: by themselves where they have ids, else with all the others."""
        self.at += timedelta(seconds=60)
        if all(event.vendor_event_id for event in events):
            self._apply(told, list(events), is_snapshot=False)
        else:
            self.show(told)

    def show(self, told: Told) -> None:
        """Show the whole match twice, far enough apart for what is missing to be gone."""
        for _ in range(2):
            self.at += timedelta(seconds=25)
            self._apply(told, told.events, is_snapshot=True)

    def _apply(self, told: Told, events: list[FeedEvent], *, is_snapshot: bool) -> None:
        match = replace(told.feed, events=events, is_snapshot=is_snapshot, sheets=(), score=None)
        document = replace(told.document, matches=[match], teams=(), players=())
        apply_document(document, season=told.season, at=self.at)

    def amend(self, told: Told) -> bool:
        index = self._some_index(told)
        event = told.events[index]
        other = self.dice.choice([e for e in told.events if e.player and e.team == event.team])
        changes: list[dict[str, Any]] = [
            {"player": other.player},
            {"clock_ms": max(0, event.clock_ms + self.dice.randrange(-90_000, 90_000))},
            {"type": other.type, "payload": other.payload, "related_player": None},
            {"team": other.team, "player": other.player, "certainty": "provisional"},
        ]
        amended = replace(event, rev=_next(event), **self.dice.choice(changes))
        if amended.related_player == amended.player:
            amended = replace(amended, related_player=None)
        told.events[index] = amended
        self.tell(told, amended)
        return True

    def retract(self, told: Told) -> bool:
        event = told.events.pop(self._some_index(told))
        undone = replace(event, rev=_next(event), is_retracted=True, reason="VAR: offside")
        told.gone.append(replace(event, rev=_next(undone)))
        self.tell(told, undone)
        return True

    def vanish(self, told: Told) -> bool:
        told.gone.append(told.events.pop(self._some_index(told)))
        self.show(told)
        return True

    def return_(self, told: Told) -> bool:
        if not told.gone:
            return False
        event = told.gone.pop(self.dice.randrange(len(told.gone)))
        told.events.append(event)
        self.tell(told, event)
        return True

    def add_late(self, told: Told) -> bool:
        event = told.events[self._some_index(told)]
        told.is_new += 1
        late = replace(
            event,
            vendor_event_id=f"late-{told.is_new}" if event.vendor_event_id else None,
            rev=None,
            clock_ms=event.clock_ms + 61_000 * self.dice.randrange(1, 4),
            order=event.order + 1,
        )
        told.events.append(late)
        self.tell(told, late)
        return True

    def reorder(self, told: Told) -> bool:
        one = self._some_index(told)
        first = told.events[one]
        same = [i for i, e in enumerate(told.events) if e.player and e.period == first.period]
        two = self.dice.choice(same)
        second = told.events[two]
        if one == two:
            return False
        told.events[one] = replace(first, clock_ms=second.clock_ms, rev=_next(first))
        told.events[two] = replace(second, clock_ms=first.clock_ms, rev=_next(second))
        self.tell(told, told.events[two], told.events[one])
        return True

    def _some_index(self, told: Told) -> int:
        acted = [i for i, e in enumerate(told.events) if e.player and e.type != STAT_SET]
        return self.dice.choice(acted)

    # What a curator does.

    def override(self, told: Told) -> bool:
        row = self._some_row(told)
        mates = PlayEvent.objects.filter(match=told.match_id, team=row.team_id, player__gt=0)
        player = self.dice.choice(list(mates.values_list("player_id", flat=True)))
        related = None if player == row.related_player_id else row.related_player_id
        said = replace(_said(row, told.pack), player=player, related_player=related)
        if self.dice.random() < 0.4:
            said = replace(said, clock_ms=max(0, said.clock_ms - 30_000))
        return self._may(
            corrections.amend_event, told.match_id, row.lineage_id, said, by=self._by()
        )

    def take_back(self, told: Told) -> bool:
        row = self._some_row(told)
        corrections.retract_event(told.match_id, row.lineage_id, by=self._by())
        return True

    def add_missing(self, told: Told) -> bool:
        row = self._some_row(told)
        said = replace(_said(row, told.pack), clock_ms=row.clock_ms + 125_000)
        return self._may(corrections.add_event, told.match_id, said, by=self._by())

    def release(self, told: Told) -> bool:
        pinned = [row for row in _newest(told.match_id) if row.pin and row.type != OVERRIDE]
        if not pinned:
            return False
        row = self.dice.choice(pinned)
        corrections.release_event(told.match_id, row.lineage_id, by=self._by())
        return True

    def award(self, told: Told) -> bool:
        points = self.dice.choice([None, (3, 0), (0, -1)])
        award = Award(home=self.dice.randrange(4), away=0, points=points)
        if self.dice.random() < 0.2:
            award = Award(home=0, away=0, both_lose=True)
        corrections.award_match(told.match_id, award, by=self._by())
        return True

    def withdraw(self, told: Told) -> bool:
        return self._may(corrections.withdraw_award, told.match_id, by=self._by())

    def decide(self, told: Told) -> bool:
        standing = [
            h for h in corrections.standing_decisions(told.match_id) if "score" in h.fact.payload
        ]
        if standing:
            lineage = self.dice.choice(standing).lineage
            corrections.retract_event(told.match_id, lineage, by=self._by())
        else:
            score = (self.dice.randrange(6), self.dice.randrange(6))
            corrections.decide_match(told.match_id, by=self._by(), score=score)
        return True

    def state_numbers(self, told: Told) -> bool:
        row = self._some_row(told)
        columns = [c.id for c in told.pack.columns if c.form == "count" and c.for_player]
        values = {self.dice.choice(columns): self.dice.randrange(9)}
        corrections.override_stats(
            told.match_id,
            values=values,
            by=self._by(),
            team_id=row.team_id,
            player_id=row.player_id,
        )
        return True

    def _may(self, service: Callable[..., Any], *arguments: Any, **options: Any) -> bool:
        try:
            service(*arguments, **options)
        except CorrectionError:
            return False
        return True

    def _by(self) -> By:
        pin = self.dice.choice([Pin.FOREVER, Pin.UNTIL_FINAL, ""])
        return By(reason="The report says so.", actor=self.actor, pin=pin)

    def _some_row(self, told: Told) -> Any:
        acted = [
            row
            for row in _newest(told.match_id)
            if row.op != "retract" and row.player_id and row.type not in (STAT_SET, OVERRIDE)
        ]
        return self.dice.choice(acted)

    def _head(self, told: Told) -> int:
        return Match.objects.values_list("head_seq", flat=True).get(pk=told.match_id)


def _next(event: FeedEvent) -> int | None:
    return None if event.vendor_event_id is None else (event.rev or 1) + 1


def _newest(match_id: int) -> list[Any]:
    rows = PlayEvent.objects.filter(match=match_id).order_by("lineage_id", "-rev")
    newest = rows.distinct("lineage_id").values_list(*_COLUMNS, named=True)
    return sorted(newest, key=lambda row: row.seq)


_COLUMNS = (
    *("seq", "lineage_id", "op", "type", "period", "clock_ms", "order", "team_id", "player_id"),
    *("related_player_id", "payload", "pin"),
)


def _said(row: Any, pack: SportPack) -> Said:
    known = pack.events[row.type].payload
    return Said(
        type=row.type,
        period=row.period,
        clock_ms=row.clock_ms,
        team=row.team_id,
        player=row.player_id,
        related_player=row.related_player_id,
        payload={key: value for key, value in row.payload.items() if key in known},
    )


def clean_fold(match: Match, *, shuffle: random.Random) -> Fold:
    """Fold the corrected log as if each fact had been told once, rightly, in whatever order."""
    sides = {match.home_id: "home", match.away_id: "away"}
    events = [
        FoldEvent(
            lineage=str(row.lineage_id),
            type=row.type,
            period=row.period,
            clock_ms=row.clock_ms,
            order=row.order,
            team=sides.get(row.team_id),
            player=row.player_id,
            related=row.related_player_id,
            payload=row.payload,
        )
        for row in _newest(match.pk)
        if row.op != "retract"
    ]
    shuffle.shuffle(events)
    return fold(load_pack(match.season.league.sport), _sheet(match), events)


def _sheet(match: Match) -> Sheet:
    spots = TeamSheetSpot.objects.filter(sheet__match=match).order_by("order")

    def players(team: int, role: str) -> tuple[int, ...]:
        chosen = spots.filter(sheet__team=team, role=role)
        return tuple(chosen.values_list("player_id", flat=True))

    return Sheet(
        home=players(match.home_id, SheetRole.STARTER),
        away=players(match.away_id, SheetRole.STARTER),
        home_bench=players(match.home_id, SheetRole.BENCH),
        away_bench=players(match.away_id, SheetRole.BENCH),
    )


def clean_result(match: Match, folded: Fold) -> Result:
    """Return what a table is to count, by the log alone."""
    awards = [
        row.payload
        for row in sorted(_newest(match.pk), key=lambda row: row.lineage_id)
        if row.op != "retract" and row.payload.get("awarded")
    ]
    award = awards[-1] if awards else {}
    points = award.get("points")
    kinds = {p.id: p.kind for p in load_pack(match.season.league.sport).periods}
    decided_in = {True: "overtime"}.get("overtime" in {kinds[p] for p, *_ in folded.periods})
    return Result(
        home=match.home_id,
        away=match.away_id,
        score=folded.score,
        awarded=(award["awarded"]["home"], award["awarded"]["away"]) if award else None,
        double_forfeit=bool(award.get("both_lose")),
        awarded_points=(points["home"], points["away"]) if points else None,
        shootout=folded.shootout,
        decided_in="shootout" if folded.shootout else decided_in or "regular",
        at=(match.kickoff_at, match.pk),
        is_final=False,
    )


def ingest(documents: Iterable[FeedDocument], *, at: datetime) -> list[Told]:
    """Ingest documents without the scores their vendors state, and fold and rank what they tell."""
    told: dict[int, Told] = {}
    for document in documents:
        matches = [replace(match, score=None) for match in document.matches]
        report = apply_document(replace(document, matches=matches), at=at)
        feeds = {match.ref: match for match in matches}
        for pk in report.match_ids:
            fold_match(pk)
            match = Match.objects.select_related("season__league").get(pk=pk)
            feed = feeds[report.refs[pk]]
            if feed.events:
                told[pk] = Told(
                    document=document,
                    feed=feed,
                    season=match.season,
                    match_id=pk,
                    events=[event for event in feed.events if not event.is_retracted],
                )
    for season_id in {one.season.pk for one in told.values()}:
        refresh_tables(season_id)
    return list(told.values())
