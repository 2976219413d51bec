"""Closed sets of the stats app."""

from django.db import models


class TableKind(models.TextChoices):
    """Which matches a table is made of."""

    TOTAL = "total", "All"
    HOME = "home", "Home"
    AWAY = "away", "Away"


class ReplayView(models.TextChoices):
    """How a replay sees corrections: told rightly at once, or as the log was told."""

    CORRECTED = "corrected", "Corrected"
    AS_IT_HAPPENED = "as_it_happened", "As it happened"


class Drama(models.TextChoices):
    """What goes wrong in a replay, for whoever rehearses it."""

    VAR_REVERSAL = "var_reversal", "A goal is given, reviewed and taken back"
    ABANDONED = "abandoned", "The match is broken off"
    DUPLICATE_GOAL = "duplicate_goal", "A goal is told twice, and once too often"
    FEED_SILENCE = "feed_silence", "Nothing is told for five minutes of play"
    OUT_OF_ORDER = "out_of_order", "Every fourth event comes late"
