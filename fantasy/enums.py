"""Closed sets of the fantasy app."""

from django.db import models


class GameState(models.TextChoices):
    """Whether fans may see and play a game."""

    DRAFT = "draft", "Draft"
    PUBLISHED = "published", "Published"
    FINISHED = "finished", "Finished"


class RoundState(models.TextChoices):
    """How far a round is, from open squads to final points."""

    UPCOMING = "upcoming", "Upcoming"
    LOCKED = "locked", "Locked"
    LIVE = "live", "Live"
    PROVISIONAL = "provisional", "Provisional"
    SETTLED = "settled", "Settled"
    VOID = "void", "Void"


class Availability(models.TextChoices):
    """Whether a player can be fielded, as far as anybody knows."""

    AVAILABLE = "available", "Available"
    DOUBTFUL = "doubtful", "Doubtful"
    OUT = "out", "Out"
    GONE = "gone", "Left the competition"


class ScoreState(models.TextChoices):
    """How final a player's points in a match are."""

    LIVE = "live", "Live"
    PROVISIONAL = "provisional", "Provisional"
    SETTLED = "settled", "Settled"
    CORRECTED = "corrected", "Corrected"


class BonusBasis(models.TextChoices):
    """What bonus points were ranked by."""

    NONE = "", "No bonus"
    FEED = "feed", "The feed's own ranking value"
    COMPONENTS = "components", "Our published components"
    OFFICIAL = "official", "The feed's own bonus points"


class CaseState(models.TextChoices):
    """What became of a correction that arrived after settlement."""

    OPEN = "open", "Open"
    APPLIED = "applied", "Re-scored"
    DISMISSED = "dismissed", "Left as it was"


class LeagueKind(models.TextChoices):
    """How a league of entries is ranked."""

    CLASSIC = "classic", "Classic"
    HEAD_TO_HEAD = "head_to_head", "Head to head"


class CupState(models.TextChoices):
    """How far a cup is."""

    UPCOMING = "upcoming", "Upcoming"
    RUNNING = "running", "Running"
    FINISHED = "finished", "Finished"
