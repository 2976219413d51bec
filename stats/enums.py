"""Closed sets of the stats app."""

from django.db import models


class TableKind(models.TextChoices):
    """Which matches a table is made of."""

    TOTAL = "total", "All"
    HOME = "home", "Home"
    AWAY = "away", "Away"
