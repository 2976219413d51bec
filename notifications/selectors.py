"""Reads of the notifications app: who follows a match, and what a user's inbox shows."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID, uuid5

from django.db.models import Exists, Max, Min, OuterRef, Q, QuerySet
from django.http import Http404

from config.clock import now
from config.sight import Sight, sight, told_now
from leagues.models import League, Player, Team
from leagues.packs.loader import load_pack
from leagues.packs.schema import NoticeRule, SportPack
from matches.models import Match, TeamSheet
from matches.selectors.timelines import match_timeline
from notifications.enums import Change, DeliveryState, Medium, Preset
from notifications.models import SUBJECTS, Delivery, Device, Follow, Notification, Preference
from notifications.rules.audience import kinds_of
from notifications.rules.notices import Held, Notice, Told, notices_of

_BASE: Final = UUID("6f1d3f1e-6a57-4e0b-9a57-0a1f5a0c9d11")
MOST_COUNTED: Final = 99
Subject = League | Team | Match | Player


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A follow as planning needs it. `player` is the slug whose deeds alone are followed."""

    user_id: int
    delay_s: int
    kinds: frozenset[str]
    media: tuple[str, ...]
    since: datetime
    player: str = ""

    def wants(self, notice: Notice) -> bool:
        """Whether the notice is told to this follower."""
        return (
            notice.kind in self.kinds
            and self.since <= notice.began_at
            and (not self.player or self.player in notice.players)
        )


def followed_matches(match_ids: Collection[int]) -> list[int]:
    """Return those matches, in key order, of which somebody may have to be told; one query."""
    of_match = Q(match=OuterRef("pk")) | Q(league=OuterRef("season__league"))
    of_player = Q()
    for side in ("home", "away"):
        of_match |= Q(team=OuterRef(side)) | Q(team__merged_into=OuterRef(side))
        of_player |= Q(player__roster_spots__team=OuterRef(side))
    follows = Follow.objects.filter(of_match)
    people = Follow.objects.filter(of_player, player__roster_spots__until_on=None)
    told = Notification.objects.filter(match=OuterRef("pk"))
    rows = Match.objects.filter(pk__in=match_ids, season__league__is_test=False)
    return list(
        rows.filter(Exists(follows) | Exists(told) | Exists(people))
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def listeners_of(match: Match, pack: SportPack, slugs: Collection[str]) -> list[Listener]:
    """Return the follows that concern a match and those players; one query."""
    sides = (match.home_id, match.away_id)
    rows = Follow.objects.filter(
        Q(match=match)
        | Q(league=match.season.league_id)
        | Q(team__in=sides)
        | Q(team__merged_into__in=sides)
        | Q(player__slug__in=slugs)
        | Q(player__merged_into__slug__in=slugs),
        user__is_active=True,
    )
    return [
        Listener(
            user_id=user_id,
            delay_s=delay_s,
            kinds=kinds_of(pack.notices, preset, kinds),
            media=tuple(media),
            since=since,
            player=merged or slug or "",
        )
        for user_id, delay_s, preset, kinds, media, since, slug, merged in rows.values_list(
            "user_id",
            "user__spoiler_delay_s",
            "preset",
            "kinds",
            "media",
            "since",
            "player__slug",
            "player__merged_into__slug",
        )
    ]


def present_notices(match: Match, pack: SportPack) -> list[Notice]:
    """Return what of a match is worth telling now, the oldest first; two queries."""
    sheets = TeamSheet.objects.filter(match=match, is_confirmed=True).aggregate(
        first=Min("team"), last=Max("team"), at=Max("updated_at")
    )
    score, shootout = (
        (home, away) if home is not None and away is not None else None
        for home, away in (
            (match.home_score, match.away_score),
            (match.home_shootout, match.away_shootout),
        )
    )
    told = Told(
        base=uuid5(_BASE, match.public_id),
        begun_at=match.kickoff_at if match.is_live or match.is_over else None,
        over_at=(match.finished_at or now()) if match.is_over else None,
        score=score,
        shootout=shootout,
        sheets_at=sheets["at"] if sheets["first"] != sheets["last"] else None,
    )
    return notices_of(pack, match_timeline(match), told)


def held_notices(match: Match) -> dict[UUID, Held]:
    """Return the newest revision of each notice of a match that was told to anybody."""
    rows = Notification.objects.filter(match=match).order_by("lineage_id", "-rev")
    return {
        row.lineage_id: Held(
            kind=row.kind,
            lineage=row.lineage_id,
            rev=row.rev,
            meaning=row.meaning,
            clock=row.clock,
            epoch=row.epoch,
            is_withdrawn=row.change == Change.WITHDRAWN,
        )
        for row in rows.distinct("lineage_id")
    }


def users_with_devices(user_ids: Iterable[int]) -> set[int]:
    """Return those users who have a browser that takes push messages."""
    return set(Device.objects.filter(user__in=set(user_ids)).values_list("user", flat=True))


def inbox(user_id: int) -> QuerySet[Delivery]:
    """Return what a user's inbox shows, the newest first: of each notice its newest word.

    Nothing that the present reader may not know yet (`config.sight`), whatever delay he had when
    it was planned.
    """
    due = Q(due_at__lte=now(), notification__happened_at__lte=told_now())
    rows = Delivery.objects.filter(due, user=user_id, medium=Medium.INBOX)
    newer = rows.filter(tag=OuterRef("tag"), pk__gt=OuterRef("pk"))
    return rows.filter(~Exists(newer)).select_related(
        "notification__match__season__league",
        "notification__match__home",
        "notification__match__away",
    )


def unread_count(user_id: int) -> int:
    """Return how many notices of the inbox are unread, at most one more than `MOST_COUNTED`."""
    unread = inbox(user_id).filter(read_at=None).select_related(None).order_by()
    return unread[: MOST_COUNTED + 1].count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A notice in words that its reader may read."""

    delivery: Delivery
    title: str
    text: str
    clock: str
    change: str
    is_hidden: bool = False

    @property
    def match(self) -> Match:
        return self.delivery.notification.match


def hidden_by(seen: Sight | None, match: Match) -> bool:
    """Whether the scores of a match are hidden from the present reader."""
    return seen is not None and seen.hides(match.public_id)


def inbox_lines(deliveries: Iterable[Delivery]) -> list[Line]:
    """Return the notices in words; who hides scores reads that there is news, and no more."""
    seen = sight()
    return [
        line_of(delivery, hides_scores=hidden_by(seen, delivery.notification.match))
        for delivery in deliveries
    ]


def line_of(delivery: Delivery, *, hides_scores: bool) -> Line:
    """Return a notice in words."""
    told = delivery.notification
    home, away = told.match.home.display_name, told.match.away.display_name
    if hides_scores and told.tells_score:
        return Line(
            delivery=delivery,
            title=f"There is news in {home} - {away}",
            text="",
            clock="",
            change=Change.NEW,
            is_hidden=True,
        )
    score = f" {told.home_score}-{told.away_score} " if told.home_score is not None else " - "
    labels = {
        Change.NEW: told.label,
        Change.AMENDED: f"Correction: {told.label}",
        Change.WITHDRAWN: f"Correction: no {told.label[:1].lower()}{told.label[1:]}",
    }
    return Line(
        delivery=delivery,
        title=f"{labels[Change(told.change)]} · {home}{score}{away}",
        text=told.sentence,
        clock=told.clock,
        change=told.change,
    )


_MODELS: Final[dict[str, type[Subject]]] = {
    "league": League,
    "team": Team,
    "match": Match,
    "player": Player,
}


def subject_kind(public_id: str) -> str:
    """Return what a public id names, empty where nobody can follow it."""
    kind = public_id.removeprefix("vz_").partition("_")[0]
    return kind if kind in SUBJECTS and public_id.startswith("vz_") else ""


def find_subject(public_id: str) -> Subject | None:
    """Return what may be followed by its public id: a merged one leads to what it is part of."""
    kind = subject_kind(public_id)
    if not kind:
        return None
    rows: QuerySet[Any] = _MODELS[kind]._default_manager.filter(public_id=public_id)
    if kind == "league":
        rows = rows.filter(is_test=False)
    if kind == "match":
        rows = rows.filter(season__league__is_test=False).select_related(
            "season__league", "home", "away"
        )
    found = rows.first()
    return cast("Subject | None", getattr(found, "merged_into", None) or found)


def get_subject(public_id: str) -> Subject:
    """Return what may be followed. Raises Http404."""
    found = find_subject(public_id)
    if found is None:
        raise Http404
    return found


def pack_of(subject: Subject) -> SportPack:
    """Return the pack of what is followed."""
    is_match = isinstance(subject, Match)
    return load_pack(subject.season.league.sport if is_match else subject.sport)  # type: ignore[union-attr]


def notices_for(subject: Subject) -> tuple[NoticeRule, ...]:
    """Return the notices to choose from: of a player only what he does himself."""
    notices = pack_of(subject).notices
    if isinstance(subject, Player):
        return tuple(notice for notice in notices if notice.form == "events")
    return notices


def follow_of(user_id: int, subject: Subject) -> Follow | None:
    """Return how a user follows something, None where he does not."""
    kind = type(subject).__name__.lower()
    return Follow.objects.filter(user=user_id, **{kind: subject.pk}).first()


def follows_of_user(user_id: int) -> Sequence[Follow]:
    """Return all that a user hears of, with the rows; one query."""
    return list(
        Follow.objects.filter(user=user_id).select_related(
            "league", "team", "player", "match__home", "match__away", "match__season__league"
        )
    )


def preference_of(user_id: int) -> Preference:
    """Return a user's preferences, unsaved ones where he never set any."""
    return Preference.objects.filter(user=user_id).first() or Preference(user_id=user_id)


def kinds_words(follow: Follow) -> str:
    """Return in words how much a follow tells."""
    if follow.preset != Preset.CHOSEN:
        return str(Preset(follow.preset).label)
    labels = {notice.id: notice.label for notice in pack_of(follow.subject).notices}
    return ", ".join(labels.get(kind, kind) for kind in follow.kinds)


def pending_push() -> QuerySet[Delivery]:
    """Return the push messages that are not done with."""
    return Delivery.objects.filter(
        medium=Medium.PUSH, state__in=(DeliveryState.QUEUED, DeliveryState.SENDING)
    )
