"""Closed sets of the mlmodels app."""

from django.db import models


class ModelState(models.TextChoices):
    """Where a trained model stands: tried, in use, or used before."""

    CANDIDATE = "candidate", "Candidate"
    ACTIVE = "active", "Active"
    RETIRED = "retired", "Retired"
