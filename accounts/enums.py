"""Closed sets of the accounts app."""

from django.db import models


class Role(models.TextChoices):
    """A group of the same name exists for each role; see `accounts.rules` for what each may do."""

    FAN = "fan", "Fan"
    ANALYST = "analyst", "Analyst"
    ADMIN = "admin", "Admin"
