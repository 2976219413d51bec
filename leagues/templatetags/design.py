"""The design system in templates: icons, team tiles, links that keep their query, day and time."""

import re
import zlib
from datetime import date, datetime, timedelta
from functools import lru_cache
from html import escape
from typing import Any

from django import template
from django.contrib.staticfiles import finders
from django.http import HttpRequest, QueryDict
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.clock import now
from config.sight import told_now
from leagues.models import League, Team
from leagues.rules.follows import NOBODY, Follows

register = template.Library()

_SPRITE = "img/icons.svg"
_SYMBOL = re.compile(r'<symbol id="([\w-]+)"')
_FALLBACK = "dot"
# WCAG 1.4.3: letters on a tile; 1.4.11: shapes against the page in both themes.
_TEXT_CONTRAST = 4.5
_UNTOLD = Team._meta.get_field("color").get_default()
_PALETTE = (
    "#1d4e89",
    "#8a1c2c",
    "#1b6e53",
    "#5b3a8c",
    "#a3541a",
    "#0f6b7a",
    "#7a2060",
    "#3f5d16",
    "#26406b",
    "#9a3b3b",
    "#4a4f57",
    "#806013",
)
_DARKEST_SHAPE, _LIGHTEST_SHAPE = 0.13, 0.29


@lru_cache(maxsize=1)
def icon_ids() -> frozenset[str]:
    """Return the ids of the sprite's drawings."""
    path = finders.find(_SPRITE)
    if not path:
        return frozenset()
    with open(path, encoding="utf-8") as sprite:
        return frozenset(_SYMBOL.findall(sprite.read()))


@register.simple_tag
def icon(name: str, label: str = "", extra: str = "") -> SafeString:
    """Draw an icon of the sprite; without a label it is decoration. Unknown names are a dot."""
    known = name if name in icon_ids() else _FALLBACK
    role = (
        format_html('role="img" aria-label="{}"', label)
        if label
        else SafeString('aria-hidden="true"')
    )
    classes = f"icon {extra}".strip()
    return format_html(
        '<svg class="{}" {}><use href="{}#{}"></use></svg>', classes, role, static(_SPRITE), known
    )


@register.simple_tag
def team_tile(team: Team, size: str = "") -> SafeString:
    """Draw a team's two letters on its colours; decoration, since the name stands beside it."""
    classes = f"tile tile--{size}" if size else "tile"
    return mark_safe(  # noqa: S308 - the parts are escaped or computed
        f'<svg class="{classes}" viewBox="0 0 40 40" aria-hidden="true" focusable="false">'
        + _tile_body(tile_letters(team), main_color(team), team.color_alt)
        + "</svg>"
    )


@register.filter
def main_color(team: Team) -> str:
    """Return the team's colour; one nobody told us comes from a palette, always the same."""
    if team.color != _UNTOLD:
        return team.color
    return _PALETTE[zlib.crc32(team.slug.encode()) % len(_PALETTE)]


@lru_cache(maxsize=2048)
def _tile_body(letters: str, color: str, color_alt: str) -> str:
    ink = readable_on(color, color_alt)
    corner = color_alt if contrast(color, color_alt) >= 1.5 else ink
    return (
        f'<rect width="40" height="40" rx="10" fill="{escape(color)}"/>'
        f'<path d="M27 0h3a10 10 0 0 1 10 10v3z" fill="{escape(corner)}"/>'
        '<rect x=".75" y=".75" width="38.5" height="38.5" rx="9.3" fill="none"'
        ' stroke="#808b85" stroke-opacity=".55" stroke-width="1.5"/>'
        f'<text x="20" y="21" fill="{escape(ink)}" text-anchor="middle"'
        f' dominant-baseline="central">{escape(letters)}</text>'
    )


def tile_letters(team: Team) -> str:
    """Return two letters: of the code, else the initials, else the name's beginning."""
    if team.code:
        return team.code[:2].upper()
    words = [word for word in re.split(r"[\s.\-]+", team.name) if word[:1].isalnum()]
    letters = words[0][0] + words[1][0] if len(words) > 1 else (words or ["?"])[0][:2]
    return letters.upper()


def luminance(color: str) -> float:
    """Return the relative luminance of #rrggbb by WCAG 2."""
    channels = (int(color[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def readable_on(background: str, wish: str) -> str:
    """Return `wish` where letters in it can be read on `background`, else black or white."""
    if contrast(background, wish) >= _TEXT_CONTRAST:
        return wish
    return max(("#ffffff", "#0b100e"), key=lambda ink: contrast(background, ink))


@register.filter
@lru_cache(maxsize=2048)
def shape_color(color: str) -> str:
    """Return the colour moved to where it has 3:1 against the page, light and dark alike."""
    red, green, blue = (int(color[place : place + 2], 16) for place in (1, 3, 5))
    for _step in range(24):
        shade = f"#{red:02x}{green:02x}{blue:02x}"
        light = luminance(shade)
        if light > _LIGHTEST_SHAPE:
            red, green, blue = (int(value * 0.92) for value in (red, green, blue))
        elif light < _DARKEST_SHAPE:
            red, green, blue = (int(value + (255 - value) * 0.09) for value in (red, green, blue))
        else:
            break
    return shade


@register.simple_tag(takes_context=True)
def query(context: dict[str, Any], **changes: object) -> str:
    """Return the present address's query with changes; None removes a key."""
    request: HttpRequest | None = context.get("request")
    values = request.GET.copy() if request else QueryDict(mutable=True)
    for key, value in changes.items():
        if value is None or value == "":
            values.pop(key, None)
        else:
            values[key] = str(value)
    return f"?{values.urlencode()}"


@register.inclusion_tag("components/follow.html", takes_context=True)
def follow_button(
    context: dict[str, Any], thing: Team | League, *, named: bool = False
) -> dict[str, Any]:
    """Draw the star that follows a team or a league, `named` where the page is not about it.

    The page gives `follows` and the request.
    """
    follows: Follows = context.get("follows") or NOBODY
    return {
        "public_id": thing.public_id,
        "name": getattr(thing, "display_name", "") or thing.name,
        "is_named": named,
        "is_followed": thing.public_id in follows,
        "request": context.get("request"),
        "csrf_token": context.get("csrf_token"),
    }


@register.filter
def day_name(day: date) -> str:
    """Return "Today", "Yesterday", "Tomorrow" or the date in words."""
    today = timezone.localdate(now())
    known = {-1: _("Yesterday"), 0: _("Today"), 1: _("Tomorrow")}
    name = known.get((day - today).days)
    if name:
        return name
    return formats.date_format(day, "D j M" if day.year == today.year else "D j M Y")


def time_left(left: timedelta) -> str:
    """Say in one or two units how long it is until a moment, in whole minutes."""
    minutes = max(0, left // timedelta(minutes=1))
    days, hours = minutes // 1440, minutes % 1440 // 60
    told = (
        (ngettext("%(n)s day", "%(n)s days", days), days),
        (_("%(n)s hr"), hours if minutes < 5 * 1440 else 0),
        (_("%(n)s min"), minutes % 60 if minutes < 1440 else 0),
    )
    return " ".join(text % {"n": n} for text, n in told if n) or told[2][0] % {"n": 0}


@register.simple_tag
def server_ms() -> str:
    """Return the reader's present moment in ms since 1970, for clocks that run in the page."""
    return str(int(told_now().timestamp() * 1000))


@register.simple_tag
def moment(at: datetime | None, style: str = "time") -> SafeString:
    """Print a moment in the viewer's zone; the page's script repeats it for live fragments.

    `style` is time, day, both, or left: how long it is until then.
    """
    if at is None:
        return SafeString("")
    local = timezone.localtime(at)
    words = {"time": formats.date_format(local, "H:i"), "day": day_name(local.date())}
    words["both"] = f"{words['day']}, {words['time']}"
    left = at - now()
    words["left"] = time_left(left)
    # The reader's clock may be wrong, so his browser is told what was left by ours.
    left_ms = max(0, left // timedelta(milliseconds=1))
    return format_html(
        '<time datetime="{}" data-style="{}"{}>{}</time>',
        at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        style,
        format_html(' data-left="{}"', left_ms) if style == "left" else "",
        words[style],
    )


@register.filter
def ink_for(background: str, wish: str) -> str:
    """Return the colour of letters on `background`."""
    return readable_on(background, wish)


@register.filter
def outline_for(color: str) -> str:
    """Return an outline that sets the colour off from a green or dark ground."""
    return "#ffffff" if luminance(color) < 0.35 else "#0b100e"
