"""Leagues, teams and players for the people who curate, and the queue of unmatched names."""

from leagues.admin import catalogue, names  # noqa: F401 - Django finds them by this module
