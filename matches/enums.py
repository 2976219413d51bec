"""Closed sets of the matches app."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class MatchStatus(models.TextChoices):
    """Where a match stands; `live` is refined by the match's period."""

    SCHEDULED = "scheduled", "Scheduled"
    DELAYED = "delayed", "Delayed"
    LINEUPS = "lineups", "Line-ups"
    LIVE = "live", "Live"
    BREAK = "break", "Break"
    SUSPENDED = "suspended", "Suspended"
    ABANDONED = "abandoned", "Abandoned"
    POSTPONED = "postponed", "Postponed"
    CANCELLED = "cancelled", "Cancelled"
    AWARDED = "awarded", "Awarded"
    FINISHED = "finished", "Finished"
    FINISHED_AET = "finished_aet", "Finished after extra time"
    FINISHED_PENS = "finished_pens", "Finished after a shoot-out"
    UNDER_REVIEW = "under_review", "Under review"
    FINAL = "final", "Final"


class EventOp(models.TextChoices):
    """What a row of the log does to its lineage."""

    ADD = "add", "Add"
    AMEND = "amend", "Amend"
    RETRACT = "retract", "Retract"


class Certainty(models.TextChoices):
    """How sure the source is of a fact."""

    PROVISIONAL = "provisional", "Provisional"
    CONFIRMED = "confirmed", "Confirmed"
    FINAL = "final", "Final"


class Tone(models.TextChoices):
    """What the newest telling of a fact is to whoever hears the page."""

    NEW = "new", "New"
    UNDER_REVIEW = "under_review", "Under review"
    CONFIRMED = "confirmed", "Confirmed"
    CORRECTED = "corrected", "Corrected"
    CANCELLED = "cancelled", "Cancelled"
    SAME = "same", "Nothing that is heard"


class Pin(models.TextChoices):
    """For how long a curator's word stands against what vendors say later."""

    UNTIL_FINAL = "until_final", "Until the match is final"
    FOREVER = "forever", "For good"


class SheetRole(models.TextChoices):
    """A player's part in a team sheet."""

    STARTER = "starter", "Starter"
    BENCH = "bench", "Bench"


class PollOutcome(models.TextChoices):
    """What one poll of a feed brought."""

    CHANGED = "changed", "New facts"
    UNCHANGED = "unchanged", "Nothing new"
    NOT_MODIFIED = "not_modified", "304"
    HTTP_ERROR = "http_error", "HTTP error"
    NETWORK_ERROR = "network_error", "Network error"
    REFUSED = "refused", "Refused document"
    FAILED = "failed", "Failed on our side"


class ReportSubject(models.TextChoices):
    """What a reader says is wrong."""

    SCORE = "score", _("The score or the result")
    EVENT = "event", _("An event: it did not happen, or not so")
    MISSING = "missing", _("Something is missing")
    PLAYER = "player", _("The wrong player or line-up")
    NUMBERS = "numbers", _("A number of the statistics")
    FIXTURE = "fixture", _("Time, place or teams")


class ReportStatus(models.TextChoices):
    """Where a reader's report stands in the admin's queue."""

    OPEN = "open", "Open"
    MENDED = "mended", "Mended"
    DISMISSED = "dismissed", "Dismissed"
