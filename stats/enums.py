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
