"""The tab of games on the page of a match."""

from contextlib import suppress

from django.core.cache import cache
from django.urls import reverse
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from fantasy.enums import GameState
from fantasy.models import RoundMatch
from matches.models import Match
from matches.panels import Tab, register_tab

_KEPT_S = 60
_KEY = "fantasy:played-matches"


def register() -> None:
    """Put the tab on the pages of matches that count in a game."""
    register_tab(fantasy_tab)


def fantasy_tab(match: Match) -> Tab | None:
    """Return the tab of a match that a published game counts; up to a minute late."""
    played: frozenset[int] | None = None
    with suppress(RedisError, OSError):
        played = cache.get(_KEY)
    if played is None:
        rounds = RoundMatch.objects.exclude(round__game__state=GameState.DRAFT)
        played = frozenset(rounds.values_list("match_id", flat=True))
        with suppress(RedisError, OSError):
            cache.set(_KEY, played, _KEPT_S)
    if match.pk not in played:
        return None
    return Tab(
        id="fantasy", label=_("Fantasy"), url=reverse("fantasy:match", args=[match.public_id])
    )
