"""Fantasy games for the people who run them."""

from fantasy.admin import games, scores  # noqa: F401 - Django finds them by this module
