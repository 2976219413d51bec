"""How the numbers of charts read."""

from django import template
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from leagues.packs.loader import load_pack
from matches.models import Match
from stats.rules.momentum import MinutePressure
from stats.rules.shots import Spot

register = template.Library()

_MINUTE_MS = 60_000


@register.filter
def minute_words(point: MinutePressure, match: Match) -> str:
    """Return the minute as fans count it: "67'" through the match, "Q3 5" within a period."""
    pack = load_pack(match.season.league.sport)
    if pack.clock.cumulative:
        return f"{pack.clock_label(point.period, (point.minute - 1) * _MINUTE_MS)}'"
    period = pack.period(point.period)
    return f"{period.short if period else point.period} {point.minute}"


@register.filter
def signed(value: float) -> str:
    """Return a number with its sign."""
    words = number_format(abs(value), 0)
    if words == "0":
        return words
    return f"+{words}" if value > 0 else f"\u2212{words}"


@register.simple_tag
def sample_mark(outcome: str) -> SafeString:
    """Draw an outcome's shape for the legend."""
    spot = Spot(x=0, y=0, radius=4, outcome=outcome, label="", expected=None)
    if not spot.path:
        return SafeString('<circle class="sample" r="4"/>')
    line = " sample--line" if outcome == "off" else ""
    return format_html('<path class="sample{}" d="{}"/>', line, spot.path)


@register.filter
def expected_words(value: float | None) -> str:
    """Return a sum of chances, a dash where none is told."""
    return "–" if value is None else number_format(value, 2)
