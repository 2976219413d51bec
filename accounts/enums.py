"""Closed sets of the accounts app."""

from django.db import models


class Role(models.TextChoices):
    """A group of the same name exists for each role; see `accounts.rules` for what each may do."""

    FAN = "fan", "Fan"
    ANALYST = "analyst", "Analyst"
    ADMIN = "admin", "Admin"


class KeyMode(models.TextChoices):
    """What a partner's key is for; `accounts.rules.SCOPES` says what each may be good for."""

    TEST = "test", "Test"
    LIVE = "live", "Live"


class KeyScope(models.TextChoices):
    """What a key is good for, beyond what everybody may read without one."""

    READ = "read", "Read everything that is public"
    REPLAY = "replay", "Replay matches and rehearse what goes wrong"
    PLAY = "play", "Play fantasy for you: your teams, transfers and leagues"
