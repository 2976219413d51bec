"""What the models say of a match, as a part of its page."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from django.core.cache import cache
from django.template.loader import render_to_string
from redis.exceptions import RedisError

from leagues.packs.loader import load_pack
from leagues.packs.schema import StrengthRule
from matches.models import Match
from matches.selectors.plays import Play
from mlmodels.models import MatchForecast
from mlmodels.rules.chances import Chances, Expectation, percents
from mlmodels.rules.drawing import WIDTH, Drawing, draw_line
from mlmodels.rules.win_probability import FORMULA
from mlmodels.selectors import expectation_of, forecast_for, win_probability_line
from stats.panels import register_panel
from stats.selectors.pressure import axis_of

# It rests on results of earlier days: within a match it changes with a new forecast at most.
_EXPECTED_FOR_S = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One outcome's chance in words: "48", "<1", ">99"."""

    side: str
    percent: int
    words: str


def register() -> None:
    """Put the chances on the page of a match."""
    register_panel("chances", chances_panel)


def chances_panel(match: Match, plays: Sequence[Play]) -> str:
    """Return the forecast before the match, the line through it; nothing where none is made."""
    rule = load_pack(match.season.league.sport).strength
    if rule is None:
        return ""
    forecast = forecast_for(match)
    drawing = _drawing(match, plays, rule)
    chances = _told(match, forecast, drawing)
    if chances is None:
        return ""
    rows = _rows(match, drawing) if drawing else ()
    context = {
        "match": match,
        "forecast": forecast,
        "shares": shares(chances),
        "drawing": drawing,
        "rows": rows,
        "last": rows[-1] if rows else None,
        "formula": FORMULA,
    }
    return render_to_string("mlmodels/partials/chances.html", context).strip()


def _drawing(match: Match, plays: Sequence[Play], rule: StrengthRule) -> Drawing | None:
    if not plays:
        return None
    key = f"expected:{match.public_id}"
    expected: Expectation | None = None
    with suppress(RedisError, OSError):
        expected = cache.get(key)
    if expected is None:
        expected = expectation_of(match, rule)
        with suppress(RedisError, OSError):
            cache.set(key, expected, _EXPECTED_FOR_S)
    line = win_probability_line(match, plays=plays, expected=expected)
    axis = axis_of(load_pack(match.season.league.sport), plays, width=WIDTH)
    return draw_line(axis, line) if line else None


def _told(match: Match, forecast: MatchForecast | None, drawing: Drawing | None) -> Chances | None:
    """Return the chances now, or those before the match when it is not on."""
    if drawing and match.is_live:
        return drawing.last.chances
    if forecast:
        return Chances(home=forecast.home_prob, draw=forecast.draw_prob, away=forecast.away_prob)
    return drawing.points[0].chances if drawing else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A point of the line in words."""

    clock: str
    shares: tuple[Share, ...]


def _rows(match: Match, drawing: Drawing) -> tuple[Row, ...]:
    pack = load_pack(match.season.league.sport)
    has_draw = bool(drawing.draw)
    rows = []
    for point in drawing.points:
        period = pack.period(point.period)
        clock = point.clock_label or pack.clock_label(point.period, point.clock_ms)
        if not pack.clock.cumulative and period and not clock.startswith(period.short):
            clock = f"{period.short} {clock}"
        mark = "'" if pack.clock.cumulative and clock[:1].isdigit() else ""
        words = f"{clock}{mark}" or (period.short if period else "")
        rows.append(Row(clock=words, shares=shares(point.chances, has_draw=has_draw)))
    return tuple(rows)


def shares(chances: Chances, *, has_draw: bool = False) -> tuple[Share, ...]:
    """Return the outcomes that there are, home first; a draw also where one `has_draw`."""
    parts = zip(
        ("home", "draw", "away"),
        percents(chances),
        (chances.home, chances.draw, chances.away),
        strict=True,
    )
    return tuple(
        Share(side=side, percent=percent, words=_words(percent, part))
        for side, percent, part in parts
        if part or has_draw or side != "draw"
    )


def _words(percent: int, part: float) -> str:
    if percent == 0 and part:
        return "<1"
    return ">99" if percent == 100 and part < 1 else str(percent)
