"""From a folded match to deliveries: what is new is written down once for each user and medium."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import connection, transaction

from config.sight import Wish, release_at
from leagues.packs.loader import load_pack
from matches.models import Match
from notifications.enums import Change, DeliveryState, Medium
from notifications.models import Delivery, Notification
from notifications.rules.keys import delivery_key, tag_of
from notifications.rules.notices import Held, News, Notice, news_of
from notifications.selectors import (
    Listener,
    followed_matches,
    held_notices,
    listeners_of,
    present_notices,
    users_with_devices,
)

# An older fact is history: a log that is imported, or told after an outage.
FRESH: Final = timedelta(minutes=30)
_DAY: Final = timedelta(hours=24)
_LOCK: Final = "SELECT pg_advisory_xact_lock(%s, %s)"
_LOCK_SPACE: Final = 0x6E6F7466  # "notf"


def plan_matches(match_ids: Collection[int], *, at: datetime) -> int:
    """Write deliveries of all that is new in these matches; return how many.

    Idempotent: what was told is compared with what is worth telling now. One transaction a match,
    in key order. A match that nobody follows costs its part of one query.
    """
    return sum(_plan(match_id, at=at) for match_id in followed_matches(match_ids))


@transaction.atomic
def _plan(match_id: int, *, at: datetime) -> int:
    """Plan one match under its own lock, which no fold or ingest waits for."""
    with connection.cursor() as cursor:
        # Of two that plan one match at once the second has to see what the first has told.
        cursor.execute(_LOCK, [_LOCK_SPACE, match_id % 2**31])
    match = Match.objects.with_sides().get(pk=match_id)
    pack = load_pack(match.season.league.sport)
    notices = present_notices(match, pack)
    held = held_notices(match)
    lasting = {rule.id for rule in pack.notices if rule.form in ("lineups", "period_end")}
    news, gone = news_of(notices, held, epoch=match.epoch, lasting=lasting)
    if not news and not gone:
        return 0
    slugs = {slug for one in news for slug in one.notice.players}
    plan = _Plan(match=match, at=at, listeners=listeners_of(match, pack, slugs))
    plan.known_at = max((notice.told_at for notice in notices), default=at)
    for one in news:
        plan.tell(one)
    for lost in gone:
        plan.take_back(lost)
    return plan.write()


@dataclass(slots=True, kw_only=True)
class _Plan:
    """What is told of one match. `known_at` is the newest word of its log."""

    match: Match
    at: datetime
    listeners: Sequence[Listener]
    known_at: datetime = field(init=False)
    told: list[tuple[Notification, dict[tuple[int, str], None]]] = field(default_factory=list)

    def tell(self, news: News) -> None:
        """Tell something to those who want it, a correction to those who were told before."""
        notice, before = news.notice, news.replaces
        if before is None and not self._is_fresh(notice):
            return
        hearing = self._told_before(before.lineage) if before else {}
        # A yellow card that is a red one now is news to who hears of red ones only.
        if before is None or (before.kind != notice.kind and not notice.is_withdrawn):
            hearing |= {
                (listener.user_id, medium): None
                for listener in self.listeners
                if listener.wants(notice)
                for medium in listener.media
            }
        change = Change.AMENDED if before else Change.NEW
        row = self._row(
            lineage=notice.lineage,
            rev=news.rev,
            kind=notice.kind,
            meaning=notice.meaning,
            change=Change.WITHDRAWN if notice.is_withdrawn else change,
        )
        row.label, row.sentence, row.clock = notice.label[:80], notice.sentence[:400], notice.clock
        row.home_score, row.away_score = notice.score or (None, None)
        row.tells_score = notice.tells_score
        # Words and scores know all that the log told; a reader with a delay may not know sooner.
        if not (notice.is_deduced or (before and notice.rev == 1)):
            row.happened_at = min(max(self.known_at, notice.told_at), self.at)
        self.told.append((row, hearing))

    def take_back(self, lost: Held) -> None:
        """Tell those who were told that it is not so any more."""
        first = Notification.objects.filter(match=self.match, lineage_id=lost.lineage)
        last = first.order_by("-rev")[0]
        row = self._row(
            lineage=lost.lineage,
            rev=lost.rev + 1,
            kind=lost.kind,
            meaning=lost.meaning,
            change=Change.WITHDRAWN,
        )
        row.label, row.clock, row.tells_score = last.label, last.clock, last.tells_score
        self.told.append((row, self._told_before(lost.lineage)))

    def _row(
        self, *, lineage: UUID, rev: int, kind: str, meaning: str, change: str
    ) -> Notification:
        return Notification(
            match=self.match,
            lineage_id=lineage,
            rev=rev,
            kind=kind,
            meaning=meaning[:300],
            change=change,
            epoch=self.match.epoch,
            happened_at=self.at,
            made_at=self.at,
        )

    def _is_fresh(self, notice: Notice) -> bool:
        is_old = notice.began_at < self.at - FRESH or self.match.kickoff_at < self.at - _DAY
        # What comes before the score is no news when all is over.
        return not is_old and (notice.tells_score or not self.match.is_over)

    def _told_before(self, lineage: UUID) -> dict[tuple[int, str], None]:
        rows = Delivery.objects.filter(
            notification__match=self.match, notification__lineage_id=lineage, user__is_active=True
        )
        return dict.fromkeys(rows.values_list("user_id", "medium"))

    def write(self) -> int:
        """Write what somebody hears; return how many deliveries are new."""
        heard = [(row, hearing) for row, hearing in self.told if hearing]
        if not heard:
            return 0
        Notification.objects.bulk_create([row for row, _ in heard])
        delays = {one.user_id: one.delay_s for one in self.listeners}
        everybody = {user for _, hearing in heard for user, _ in hearing}
        delays |= _delays_of(everybody - set(delays))
        reachable = users_with_devices(everybody)
        rows = [
            self._delivery(row, user_id, medium, Wish(delay_s=delays.get(user_id, 0)))
            for row, hearing in heard
            for user_id, medium in hearing
            if medium != Medium.PUSH or user_id in reachable
        ]
        Delivery.objects.bulk_create(rows, ignore_conflicts=True, batch_size=2000)
        return len(rows)

    def _delivery(self, row: Notification, user_id: int, medium: str, wish: Wish) -> Delivery:
        return Delivery(
            notification=row,
            user_id=user_id,
            medium=medium,
            key=delivery_key(
                lineage=row.lineage_id,
                rev=row.rev,
                kind=row.kind,
                user_id=user_id,
                medium=medium,
            ),
            tag=tag_of(self.match.pk, row.lineage_id),
            due_at=release_at(row.happened_at, wish),
            state=DeliveryState.LAID if medium == Medium.INBOX else DeliveryState.QUEUED,
        )


def _delays_of(user_ids: Iterable[int]) -> dict[int, int]:
    rows = get_user_model().objects.filter(pk__in=set(user_ids))
    return dict(rows.values_list("pk", "spoiler_delay_s"))
