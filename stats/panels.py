"""Parts of a match's page drawn from its whole log: charts of this app and of those above."""

from collections.abc import Callable, Sequence
from contextlib import suppress

from django.core.cache import cache
from django.template.loader import render_to_string
from django.utils.translation import get_language
from redis.exceptions import RedisError

from matches.models import Match
from matches.selectors.plays import Play, current_plays
from matches.selectors.timelines import match_timeline
from stats.rules import momentum, shots
from stats.selectors.pressure import strip_of
from stats.selectors.shots import shot_map

# Names, colours and forecasts may change without an event.
_KEPT_S = 300

Panel = Callable[[Match, Sequence[Play]], str]
_panels: dict[str, Panel] = {}


def register_panel(name: str, draw: Panel) -> None:
    """Put a part on every match's page; `draw` gets the match and its current log."""
    _panels[name] = draw


def panels(match: Match) -> dict[str, str]:
    """Return the HTML of each part by name, empty where there is nothing to draw.

    Drawn once for each fold, language and five minutes. The match must be fetched with its sides.
    """
    state = f"{match.epoch}:{match.folded_seq}:{match.status}:{get_language()}"
    key = f"panels:{match.public_id}:{state}"
    with suppress(RedisError, OSError):
        held: dict[str, str] | None = cache.get(key)
        if held is not None:
            return held
    plays = current_plays(match) if match.folded_seq else ()
    drawn = {name: draw(match, plays) for name, draw in _panels.items()}
    with suppress(RedisError, OSError):
        cache.set(key, drawn, _KEPT_S)
    return drawn


def register() -> None:
    """Put this app's own charts on the pages."""
    register_panel("momentum", _momentum)
    register_panel("shots", _shots)


def _momentum(match: Match, plays: Sequence[Play]) -> str:
    strip = strip_of(match, plays, match_timeline(match)) if plays else None
    if strip is None:
        return ""
    context = {"match": match, "strip": strip, "formula": momentum.FORMULA}
    return render_to_string("stats/partials/momentum.html", context).strip()


def _shots(match: Match, plays: Sequence[Play]) -> str:
    found = shot_map(match, plays)
    if found is None:
        return ""
    context = {"match": match, "shots": found, "version": shots.VERSION}
    return render_to_string("stats/partials/shots.html", context).strip()
