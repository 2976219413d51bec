"""Matches, team sheets, the append-only event log and the feeds that fill it."""

import uuid

from django.db import models
from django.db.models import F, Q

from config.clock import now
from leagues.models import Player, Season, Team, Venue
from matches.enums import Certainty, EventOp, MatchStatus, PollOutcome, SheetRole
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


class MatchQuerySet(models.QuerySet["Match"]):
    """Everyday selections of matches."""

    def fixtures(self) -> "MatchQuerySet":
        """Matches not yet played."""
        return self.filter(
            status__in=(
                MatchStatus.SCHEDULED,
                MatchStatus.DELAYED,
                MatchStatus.LINEUPS,
                MatchStatus.POSTPONED,
            )
        )

    def live(self) -> "MatchQuerySet":
        """Matches under way, breaks and interruptions included."""
        return self.filter(status__in=LIVE_STATUSES)

    def results(self) -> "MatchQuerySet":
        """Matches that are over and have a score."""
        return self.filter(status__in=OVER_STATUSES)

    def with_sides(self) -> "MatchQuerySet":
        """Fetch league and both teams along, as every list needs them."""
        return self.select_related("season__league", "home", "away", "venue")


class Match(models.Model):
    """One match: a fixture before it is played, a result after.

    Status, period, clock and scores are the fold of the event log up to `seq` = `folded_seq`;
    `head_seq` is the newest row of the log. `data_at` is the newest good answer of the vendor.
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
    awarded_home = models.PositiveSmallIntegerField(null=True, blank=True)
    awarded_away = models.PositiveSmallIntegerField(null=True, blank=True)

    event_source = models.CharField(
        max_length=40, blank=True, help_text="The one source whose play-by-play is folded."
    )
    event_source_tells_play = models.BooleanField(default=False)
    epoch = models.UUIDField(default=uuid.uuid4, help_text="Changes when the log is rebuilt.")
    head_seq = models.PositiveIntegerField(default=0)
    folded_seq = models.PositiveIntegerField(default=0)
    sheet_version = models.PositiveIntegerField(
        default=0, help_text="Raised by each new team sheet."
    )
    data_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

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
        ]

    def __str__(self) -> str:
        return f"{self.home} - {self.away}"

    @property
    def is_live(self) -> bool:
        return self.status in LIVE_STATUSES

    @property
    def is_over(self) -> bool:
        return self.status in OVER_STATUSES


class TeamSheet(models.Model):
    """One side's real line-up for a match."""

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

    def __str__(self) -> str:
        return f"{self.adapter} {self.key} {self.sha256[:8]}"


class PlayEvent(models.Model):
    """One row of a match's log: the first telling, an amendment or the retraction of a fact.

    Rows are never updated. `lineage_id` is shared by all revisions of one fact; `order` is the
    vendor's own order among events of the same clock.
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
    certainty = models.CharField(
        max_length=11, choices=Certainty.choices, default=Certainty.CONFIRMED
    )
    reason = models.CharField(max_length=200, blank=True)

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
