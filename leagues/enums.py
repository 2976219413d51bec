"""Closed sets of the leagues app."""

from django.db import models


class ExternalKind(models.TextChoices):
    """What an external id names."""

    LEAGUE = "league", "League"
    SEASON = "season", "Season"
    TEAM = "team", "Team"
    PLAYER = "player", "Player"
    VENUE = "venue", "Venue"
    MATCH = "match", "Match"


class UnmatchedStatus(models.TextChoices):
    """Where a vendor's name stands in the admin's queue."""

    OPEN = "open", "Open"
    LINKED = "linked", "Linked"
    CREATED = "created", "Created"
    IGNORED = "ignored", "Ignored"


class Pasted(models.TextChoices):
    """What a line of pasted teams would do."""

    NEW = "new", "New team"
    SIMILAR = "similar", "New team, but much like another one"
    KNOWN = "known", "Known team, joins the season"
    JOINED = "joined", "In the season already"
    TWICE = "twice", "Named twice, left out"
