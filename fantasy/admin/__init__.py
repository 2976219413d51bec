"""Fantasy games for the people who run them."""

from fantasy.admin import scores  # noqa: F401 - Django finds it by this module
