"""Closed sets of the streams app."""

from django.db import models


class DeadLetterStatus(models.TextChoices):
    """What became of an entry that a consumer group gave up on."""

    OPEN = "open", "Open"
    RETRIED = "retried", "Retried"
    DISMISSED = "dismissed", "Dismissed"
