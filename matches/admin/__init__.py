"""Matches, line-ups, the event log and the feeds for the people who curate."""

from matches.admin import feeds, fixtures, log, reports  # noqa: F401 - Django finds them by this module
