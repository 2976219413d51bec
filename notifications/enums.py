"""Closed sets of the notifications app."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Preset(models.TextChoices):
    """How much of what happens is told; which notices that is says the sport's pack."""

    MINIMAL = "minimal", _("Minimal: start and final score")
    STANDARD = "standard", _("Standard: what decides a match, too")
    ALL = "all", _("All that is worth a notice")
    CHOSEN = "chosen", _("Only what you choose")


class Medium(models.TextChoices):
    """By what way a notice comes."""

    INBOX = "inbox", _("Inbox")
    PUSH = "push", _("Push")


class Change(models.TextChoices):
    """What a revision of a notice says."""

    NEW = "new", "New"
    AMENDED = "amended", "Told otherwise"
    WITHDRAWN = "withdrawn", "Taken back"


class DeliveryState(models.TextChoices):
    """Where a delivery stands."""

    LAID = "laid", "In the inbox"
    QUEUED = "queued", "Queued"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Sent"
    MERGED = "merged", "Merged into a later one"
    QUIET = "quiet", "Left out in quiet hours"
    LATE = "late", "Too late to be sent"
    NOWHERE = "nowhere", "No device left"
    FAILED = "failed", "Failed"
