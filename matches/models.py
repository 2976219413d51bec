"""Matches, team sheets, the append-only event log and the feeds that fill it."""

import uuid
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, models
from django.db.models import F, Q

from config.clock import now
from config.sight import Sight, sight
from leagues.models import Player, Season, Team, Venue
from matches.enums import (
    Certainty,
    EventOp,
    MatchStatus,
    Pin,
    PollOutcome,
    ReportStatus,
    ReportSubject,
    SheetRole,
)
from matches.rules.seen import FIXTURE_COLUMNS, UNHIDDEN_COLUMNS, hidden_status
from streams import ids

LIVE_STATUSES = (MatchStatus.LIVE, MatchStatus.BREAK, MatchStatus.SUSPENDED)
OVER_STATUSES = (
    MatchStatus.FINISHED,
    MatchStatus.FINISHED_AET,
    MatchStatus.FINISHED_PENS,
    MatchStatus.AWARDED,
    MatchStatus.UNDER_REVIEW,
    MatchStatus.FINAL,
)
# Over by play; no final result yet.
UNCONFIRMED_STATUSES = (
    MatchStatus.FINISHED,
    MatchStatus.FINISHED_AET,
    MatchStatus.FINISHED_PENS,
)


class MatchQuerySet(models.QuerySet["Match"]):
    """Everyday selections of matches."""

    def fixtures(self) -> "MatchQuerySet":
        """Matches not yet played."""
        return self.filter(
            status_is(
                (
                    MatchStatus.SCHEDULED,
                    MatchStatus.DELAYED,
                    MatchStatus.LINEUPS,
                    MatchStatus.POSTPONED,
                )
            )
        )

    def live(self) -> "MatchQuerySet":
        """Matches under way, breaks and interruptions included."""
        return self.filter(status_is(LIVE_STATUSES))

    def results(self) -> "MatchQuerySet":
        """Matches that are over and have a score."""
        return self.filter(status_is(OVER_STATUSES))

    def with_sides(self) -> "MatchQuerySet":
        """Fetch league and both teams along, as every list needs them."""
        return self.select_related("season__league", "home", "away", "venue")


def status_is(statuses: Collection[str], prefix: str = "") -> Q:
    """Select matches by status as the present reader may know it; `prefix` leads to the match."""
    wanted = Q(**{f"{prefix}status__in": statuses})
    seen = sight()
    if seen is None or not (pasts := pasts_of(seen)):
        return wanted
    then = [pk for pk, past in pasts.items() if past["status"] in statuses]
    return (wanted & ~Q(**{f"{prefix}pk__in": list(pasts)})) | Q(**{f"{prefix}pk__in": then})


def pasts_of(seen: Sight) -> Mapping[int, Mapping[str, Any]]:
    """Return what the headers of matches said that the reader is yet to see change; one query."""
    if "pasts" not in seen.memo:
        # Set first: reading these rows is nothing that a reader sees.
        seen.memo["pasts"] = {}
        if seen.until is not None:
            rows = MatchPast.objects.filter(until__gt=seen.until).order_by("match_id", "pk")
            held = rows.distinct("match_id").values_list("match_id", "header")
            seen.memo["pasts"] = dict(held)
    pasts: Mapping[int, Mapping[str, Any]] = seen.memo["pasts"]
    return pasts


def is_withheld(match_id: int) -> bool:
    """Whether what was derived of the match tells more than the present reader may know."""
    seen = sight()
    return seen is not None and (match_id in pasts_of(seen) or is_hidden(match_id))


def is_hidden(match_id: int) -> bool:
    """Whether the present reader wants no scores and has not asked for those of this match."""
    seen = sight()
    if seen is None or not seen.wish.hides_scores:
        return False
    if "shown" not in seen.memo:
        shown = Match.objects.filter(public_id__in=seen.wish.shown)
        seen.memo["shown"] = frozenset(shown.values_list("pk", flat=True))
    return match_id not in seen.memo["shown"]


class Match(models.Model):
    """One match: a fixture before it is played, a result after.

    Status, period, clock and scores are the fold of the event log up to `seq` = `folded_seq`;
    `head_seq` is the newest row of the log. `data_at` is the newest good answer of the vendor.
    Whoever loads a match for a reader with a delay gets it as it was then (`config.sight`).
    """

    public_id = models.CharField(max_length=40, unique=True, default=ids.match_id, editable=False)
    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="matches")
    home = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="home_matches")
    away = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="away_matches")
    venue = models.ForeignKey(Venue, on_delete=models.SET_NULL, null=True, blank=True)
    kickoff_at = models.DateTimeField()
    round_name = models.CharField(max_length=60, blank=True)
    matchday = models.PositiveSmallIntegerField(null=True, blank=True)

    status = models.CharField(
        max_length=14, choices=MatchStatus.choices, default=MatchStatus.SCHEDULED
    )
    status_reason = models.CharField(max_length=200, blank=True)
    period = models.CharField(max_length=12, blank=True)
    clock_ms = models.PositiveIntegerField(default=0, help_text="Since the start of the period.")
    clock_running_since = models.DateTimeField(null=True, blank=True)
    home_score = models.IntegerField(null=True, blank=True)
    away_score = models.IntegerField(null=True, blank=True)
    home_shootout = models.PositiveSmallIntegerField(null=True, blank=True)
    away_shootout = models.PositiveSmallIntegerField(null=True, blank=True)
    period_scores = models.JSONField(default=list, help_text="[[period, home, away], ...]")
    vendor_status = models.CharField(max_length=14, choices=MatchStatus.choices, blank=True)
    vendor_score = models.JSONField(null=True, blank=True, help_text='{"home": n, "away": n}')
    score_mismatch = models.BooleanField(default=False)
    is_reviewed = models.BooleanField(default=False, help_text="The replay is looked at.")
    awarded_home = models.PositiveSmallIntegerField(null=True, blank=True)
    awarded_away = models.PositiveSmallIntegerField(null=True, blank=True)
    awarded_home_points = models.SmallIntegerField(
        null=True, help_text="In the table; empty: what the rules give for the awarded score."
    )
    awarded_away_points = models.SmallIntegerField(null=True)
    awarded_both_lose = models.BooleanField(default=False)
    decision_reason = models.CharField(
        max_length=200, blank=True, help_text="Why status, score or award were decided."
    )

    event_source = models.CharField(
        max_length=40, blank=True, help_text="The one source whose play-by-play is folded."
    )
    event_source_tells_play = models.BooleanField(default=False)
    epoch = models.UUIDField(default=uuid.uuid4, help_text="Changes when the log is rebuilt.")
    head_seq = models.PositiveIntegerField(default=0)
    folded_seq = models.PositiveIntegerField(default=0)
    sheet_version = models.PositiveIntegerField(default=0, help_text="Raised by each team sheet.")
    fixture_version = models.PositiveIntegerField(
        default=0,
        editable=False,
        help_text="Raised by the database with each new time, place or side, and when the match is"
        " called off or on again.",
    )
    data_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    unchanged_seq = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="The log's newest row once nothing had changed for long after the end. A later "
        "row opens the result again.",
    )

    objects = MatchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "matches"
        ordering = ["kickoff_at", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(home=F("away")), name="match_two_sides"),
            models.CheckConstraint(
                condition=Q(folded_seq__lte=F("head_seq")), name="match_fold_not_ahead"
            ),
            models.CheckConstraint(
                condition=Q(awarded_home__isnull=True, awarded_away__isnull=True)
                | Q(awarded_home__isnull=False, awarded_away__isnull=False),
                name="match_awarded_both",
            ),
            models.UniqueConstraint(
                fields=["season", "home", "away", "kickoff_at"], name="match_once"
            ),
        ]
        # None on what each event changes: such an index would be written with every event.
        indexes = [
            models.Index(fields=["kickoff_at"], name="match_kickoff"),
            models.Index(fields=["season", "kickoff_at"], name="match_season_kickoff"),
            models.Index(fields=["home", "kickoff_at"], name="match_home_kickoff"),
            models.Index(fields=["away", "kickoff_at"], name="match_away_kickoff"),
            models.Index(
                fields=["status"], condition=Q(status__in=LIVE_STATUSES), name="match_live"
            ),
            models.Index(
                fields=["finished_at"],
                condition=Q(status__in=UNCONFIRMED_STATUSES),
                name="match_unconfirmed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.home} - {self.away}"

    @classmethod
    def from_db(cls, *args: Any, **options: Any) -> Any:
        match = super().from_db(*args, **options)
        if (seen := sight()) is not None:
            match.see_as(seen)
        return match

    def see_as(self, seen: Sight) -> None:
        """Let the row say what a reader may know: in memory alone, for nobody writes it back."""
        told = pasts_of(seen).get(self.pk, {})
        is_hidden = seen.hides(self.__dict__.get("public_id"))
        for column in self._meta.concrete_fields:
            name = column.attname
            if name in FIXTURE_COLUMNS:
                continue
            if name in told:
                setattr(self, name, column.to_python(told[name]))
            if is_hidden and name not in UNHIDDEN_COLUMNS:
                setattr(self, name, column.get_default())
        if is_hidden:
            self.status = hidden_status(self.status, live=LIVE_STATUSES, over=OVER_STATUSES)

    @property
    def is_live(self) -> bool:
        return self.status in LIVE_STATUSES

    @property
    def is_over(self) -> bool:
        return self.status in OVER_STATUSES


class MatchPastManager(models.Manager["MatchPast"]):
    """Keeps what headers said."""

    def keep(self, match_ids: Iterable[int], *, at: datetime) -> None:
        """Keep the headers as they are, right before a change outside the fold; one statement.

        The caller's transaction has the matches locked.
        """
        with connection.cursor() as cursor:
            cursor.execute(_KEEP_PAST, [at, list(match_ids)])


_KEEP_PAST = (
    "INSERT INTO matches_matchpast (match_id, until, header) "
    "SELECT id, %s, to_jsonb(matches_match) FROM matches_match WHERE id = ANY(%s)"
)


class MatchPast(models.Model):
    """What a match's row said until a moment, for readers who are told later.

    The first row beyond a moment, in order of insertion, is what was said then; none: the present.
    """

    match = models.ForeignKey(Match, on_delete=models.CASCADE, related_name="+", db_index=False)
    until = models.DateTimeField()
    header = models.JSONField()

    objects = MatchPastManager()

    class Meta:
        ordering = ["match", "pk"]
        indexes = [models.Index(fields=["until"], name="match_past_until")]

    def __str__(self) -> str:
        return f"{self.match_id} until {self.until:%H:%M:%S}"


class TeamSheet(models.Model):
    """One side's real line-up for a match; by a predicted one nothing is counted."""

    match = models.ForeignKey(Match, on_delete=models.CASCADE, related_name="team_sheets")
    team = models.ForeignKey(Team, on_delete=models.PROTECT)
    formation = models.CharField(max_length=12, blank=True)
    coach = models.CharField(max_length=120, blank=True)
    is_confirmed = models.BooleanField(default=True)
    updated_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["match", "team"], name="team_sheet_once")]

    def __str__(self) -> str:
        return f"{self.team} in {self.match}"


class TeamSheetSpot(models.Model):
    """A player's place on a team sheet."""

    sheet = models.ForeignKey(TeamSheet, on_delete=models.CASCADE, related_name="spots")
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="sheet_spots")
    role = models.CharField(max_length=7, choices=SheetRole.choices)
    position = models.CharField(max_length=12, blank=True)
    shirt = models.CharField(max_length=4, blank=True)
    order = models.PositiveSmallIntegerField(default=0)
    is_captain = models.BooleanField(default=False)

    class Meta:
        ordering = ["role", "order"]
        constraints = [
            models.UniqueConstraint(fields=["sheet", "player"], name="sheet_player_once")
        ]

    def __str__(self) -> str:
        return f"{self.shirt} {self.player}".strip()


class TeamSheetAbsence(models.Model):
    """A player who is missing on a team sheet, and why, as far as the source says."""

    sheet = models.ForeignKey(TeamSheet, on_delete=models.CASCADE, related_name="absences")
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="sheet_absences")
    reason = models.CharField(max_length=80, blank=True)
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["order"]
        constraints = [
            models.UniqueConstraint(fields=["sheet", "player"], name="sheet_absence_once")
        ]

    def __str__(self) -> str:
        return f"{self.player}: {self.reason}" if self.reason else str(self.player)


class RawDocument(models.Model):
    """A vendor's answer as it came, compressed, so that a match can be run again from it."""

    adapter = models.CharField(max_length=40)
    key = models.CharField(max_length=200, help_text="Which document of the vendor this is.")
    sha256 = models.CharField(max_length=64)
    body = models.BinaryField(help_text="zlib; a folder's files travel together as one document.")
    size_bytes = models.PositiveIntegerField(help_text="Before compression.")
    fetched_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-fetched_at"]
        constraints = [
            models.UniqueConstraint(fields=["adapter", "key", "sha256"], name="raw_document_once")
        ]
        # Rows of logs bear the moment at which their document was read.
        indexes = [models.Index(fields=["fetched_at"], name="raw_document_read")]

    def __str__(self) -> str:
        return f"{self.adapter} {self.key} {self.sha256[:8]}"


class PlayEventManager(models.Manager["PlayEvent"]):
    """Gives readers no event that they may not know yet, whoever asks for them."""

    def get_queryset(self) -> "models.QuerySet[PlayEvent]":
        rows = super().get_queryset()
        if (seen := sight()) is None:
            return rows
        if seen.until is not None:
            rows = rows.filter(ingested_at__lte=seen.until)
        if seen.wish.hides_scores:
            rows = rows.filter(match__public_id__in=seen.wish.shown)
        return rows


class PlayEvent(models.Model):
    """One row of a match's log: the first telling, an amendment or the retraction of a fact.

    Rows are never updated. `lineage_id` is shared by all revisions of one fact; `order` is the
    vendor's own order among events of the same clock. `source` is whose word the row is, `actor`
    the curator who appended it. A curator's row that corrects a vendor's word `stands_for` it.
    """

    id = models.BigAutoField(primary_key=True)
    event_id = models.UUIDField(unique=True, default=ids.event_uuid)
    match = models.ForeignKey(Match, on_delete=models.CASCADE, related_name="events")
    seq = models.PositiveIntegerField(help_text="1, 2, 3 ... in order of arrival, no holes.")
    lineage_id = models.UUIDField()
    rev = models.PositiveSmallIntegerField(default=1)
    op = models.CharField(max_length=7, choices=EventOp.choices, default=EventOp.ADD)
    type = models.CharField(max_length=40)
    period = models.CharField(max_length=12, blank=True)
    clock_ms = models.PositiveIntegerField(default=0, help_text="Since the start of the period.")
    clock_label = models.CharField(max_length=12, blank=True)
    order = models.BigIntegerField(default=0)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, related_name="+")
    player = models.ForeignKey(Player, on_delete=models.PROTECT, null=True, related_name="events")
    related_player = models.ForeignKey(
        Player, on_delete=models.PROTECT, null=True, related_name="related_events"
    )
    x = models.FloatField(null=True, help_text="0-100, attacking left to right.")
    y = models.FloatField(null=True, help_text="0-100, from the attacker's left.")
    payload = models.JSONField(default=dict)
    occurred_at = models.DateTimeField(null=True)
    vendor_at = models.DateTimeField(null=True)
    ingested_at = models.DateTimeField(default=now)
    source = models.CharField(max_length=40)
    vendor_event_id = models.CharField(max_length=120, null=True)  # noqa: DJ001 - null: no id given
    vendor_rev = models.PositiveIntegerField(
        null=True, help_text="The vendor's own number of its newest revision by then."
    )
    stands_for = models.CharField(max_length=40, blank=True)
    pin = models.CharField(
        max_length=11,
        choices=Pin.choices,
        blank=True,
        help_text="Until when no later word of a vendor counts.",
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        # Few rows have one, and every event writes every index.
        db_index=False,
    )
    certainty = models.CharField(
        max_length=11, choices=Certainty.choices, default=Certainty.CONFIRMED
    )
    reason = models.CharField(max_length=200, blank=True)

    objects = PlayEventManager()

    class Meta:
        ordering = ["match", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["match", "seq"], name="play_event_seq"),
            models.UniqueConstraint(fields=["match", "lineage_id", "rev"], name="play_event_rev"),
            models.UniqueConstraint(
                fields=["match", "source", "vendor_event_id", "rev"],
                condition=Q(vendor_event_id__isnull=False),
                name="play_event_vendor_rev",
            ),
            models.CheckConstraint(condition=Q(seq__gte=1), name="play_event_seq_from_1"),
            models.CheckConstraint(condition=Q(rev__gte=1), name="play_event_rev_from_1"),
            models.CheckConstraint(
                condition=Q(pin="") | Q(source="admin"), name="play_event_pin_by_admin"
            ),
        ]
        indexes = [
            models.Index(fields=["match"], condition=Q(source="admin"), name="play_event_decided"),
            models.Index(
                fields=["actor"], condition=Q(actor__isnull=False), name="play_event_actor"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.op} {self.type} {self.clock_label}".strip()


class MissingFact(models.Model):
    """A fact that a snapshot stopped telling; retracted after two polls and 20 s."""

    match = models.ForeignKey(Match, on_delete=models.CASCADE, related_name="+")
    source = models.CharField(max_length=40)
    lineage_id = models.UUIDField()
    polls = models.PositiveSmallIntegerField(default=1)
    missing_since = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["match", "source", "lineage_id"], name="missing_fact_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.lineage_id} missing for {self.polls} polls"


class VendorWord(models.Model):
    """What a vendor says now of a fact that a curator pinned: kept beside the log, not in it."""

    match = models.ForeignKey(Match, on_delete=models.CASCADE, related_name="vendor_words")
    source = models.CharField(max_length=40)
    lineage_id = models.UUIDField()
    is_retracted = models.BooleanField(default=False)
    fact = models.JSONField(help_text="As `matches.ingest.plan.Fact`, with our integer keys.")
    said_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["match", "source", "lineage_id"], name="vendor_word_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.source} on {self.lineage_id}"


class Feed(models.Model):
    """An address that one vendor's facts about one season are polled from."""

    public_id = models.CharField(max_length=40, unique=True, default=ids.feed_id, editable=False)
    name = models.CharField(max_length=80, unique=True)
    adapter = models.CharField(max_length=40)
    url = models.URLField(max_length=500)
    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="feeds")
    is_enabled = models.BooleanField(default=True)
    live_interval_ms = models.PositiveIntegerField(default=1000)
    idle_interval_s = models.PositiveIntegerField(default=60)

    next_poll_at = models.DateTimeField(default=now)
    claimed_until = models.DateTimeField(null=True, blank=True)
    etag = models.CharField(max_length=200, blank=True)
    last_modified = models.CharField(max_length=60, blank=True)
    cursor = models.CharField(
        max_length=200, blank=True, help_text="Where the vendor's log goes on."
    )
    failures = models.PositiveIntegerField(default=0, help_text="In a row.")
    last_error = models.CharField(max_length=300, blank=True)
    last_polled_at = models.DateTimeField(null=True, blank=True)
    last_good_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]
        indexes = [
            models.Index(fields=["next_poll_at"], condition=Q(is_enabled=True), name="feed_due")
        ]

    def __str__(self) -> str:
        return self.name


class FeedPoll(models.Model):
    """One poll of a feed, kept for a while so that people can see what the feed did."""

    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="polls")
    polled_at = models.DateTimeField(default=now)
    outcome = models.CharField(max_length=14, choices=PollOutcome.choices)
    http_status = models.PositiveSmallIntegerField(null=True)
    latency_ms = models.PositiveIntegerField(default=0)
    size_bytes = models.PositiveIntegerField(default=0)
    document = models.ForeignKey(RawDocument, on_delete=models.SET_NULL, null=True)
    added = models.PositiveIntegerField(default=0)
    amended = models.PositiveIntegerField(default=0)
    retracted = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-polled_at"]
        indexes = [models.Index(fields=["feed", "-polled_at"], name="feed_poll_recent")]

    def __str__(self) -> str:
        return f"{self.feed} {self.outcome} at {self.polled_at:%H:%M:%S}"


class FactReport(models.Model):
    """What readers say is wrong on a match's page; the same complaint is one row.

    `lineage_id` names the event it is about, none: the match as a whole.
    """

    match = models.ForeignKey(Match, on_delete=models.CASCADE, related_name="fact_reports")
    lineage_id = models.UUIDField(null=True, blank=True)
    subject = models.CharField(max_length=8, choices=ReportSubject.choices)
    said = models.JSONField(default=list, help_text="In the readers' words, the first ones.")
    count = models.PositiveIntegerField(default=1, help_text="How many said so.")
    status = models.CharField(max_length=9, choices=ReportStatus.choices, default=ReportStatus.OPEN)
    answer = models.CharField(max_length=300, blank=True, help_text="What was found, and done.")
    opened_at = models.DateTimeField(default=now)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        ordering = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["match", "lineage_id", "subject"],
                condition=Q(status="open"),
                nulls_distinct=False,
                name="fact_report_one_open",
            ),
            models.CheckConstraint(
                condition=Q(status="open", closed_at__isnull=True)
                | (~Q(status="open") & Q(closed_at__isnull=False)),
                name="fact_report_closed_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_subject_display()}: {self.match_id}"
