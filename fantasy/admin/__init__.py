"""Fantasy games for the people who run them."""

from fantasy.admin import games, leagues, scores  # noqa: F401 - Django finds them by this module
