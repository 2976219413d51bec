"""How chances are drawn."""

from collections.abc import Mapping, Sequence

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from mlmodels.panels import Share

register = template.Library()

_GAP = 0.8


@register.simple_tag
def chance_bar(shares: Sequence[Share], colors: Mapping[str, str]) -> SafeString:
    """Draw the shares side by side, a gap between them; a draw is the page's own grey."""
    free = 100 - _GAP * (len(shares) - 1)
    drawn, left = [], 0.0
    for share in shares:
        width = free * share.percent / 100
        fill = format_html('fill="{}"', colors[share.side]) if share.side in colors else ""
        drawn.append((round(left, 2), round(width, 2), share.side, fill))
        left += width + _GAP
    return format_html_join(
        "", '<rect x="{}" width="{}" height="8" class="chances__{}" {}/>', drawn
    )
