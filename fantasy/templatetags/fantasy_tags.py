"""The game in templates: money, points, shirts, reasons."""

import zlib
from collections.abc import Collection
from datetime import date
from fractions import Fraction
from functools import lru_cache
from html import escape

from django import template
from django.utils import formats
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from fantasy.models import GamePlayer
from fantasy.rules.countries import country_name
from fantasy.rules.squads import tenths
from fantasy.selectors.outlook import Outlook
from leagues.templatetags.design import contrast, main_color, readable_on

register = template.Library()

_BODY = "M15 3 5 9l4 10 4-2v26h22V17l4 2 4-10-10-6c-2 5-16 5-18 0z"
_SLEEVES = "M13 4.2 5 9l4 10 4-2zM35 4.2 43 9l-4 10-4-2z"
_PATTERNS = (
    "",
    '<path d="M17.5 8v35M24 9v34M30.5 8v35" stroke="{0}" stroke-width="3.2"/>',
    '<path d="M13 15h22M13 23.5h22M13 32h22M13 40h22" stroke="{0}" stroke-width="4"/>',
    '<path d="M24 7c4 0 8-1 9-4l2 1.2V43H24z" fill="{0}"/>',
    '<path d="M13 13l22 18v9L13 22z" fill="{0}"/>',
    f'<path d="{_SLEEVES}" fill="{{0}}"/>',
)


@register.filter
def money(amount: int | None) -> str:
    """Return an amount of tenths as people read it."""
    return "–" if amount is None else tenths(amount)


@register.filter
def called(name: str, others: Collection[str] = ()) -> str:
    """Return a name short enough for a shirt: without the first name, or with its letter.

    The letter tells those apart who share the rest among `others`.
    """
    first, _space, rest = name.strip().partition(" ")
    if not rest:
        return first
    shared = sum(other.strip().partition(" ")[2] == rest for other in others) > 1
    return f"{first[0]}. {rest}" if shared else rest


@register.filter
def ordinal(rank: int) -> str:
    """Return a rank as people say it: 1st, 22nd, 13th."""
    endings = {1: pgettext("rank", "%(n)sst"), 2: pgettext("rank", "%(n)snd")}
    endings[3] = pgettext("rank", "%(n)srd")
    last = 0 if rank % 100 in (11, 12, 13) else rank % 10
    return (endings.get(last) or pgettext("rank", "%(n)sth")) % {"n": rank}


@register.filter
def month_name(phase: str) -> str:
    """Return the name of a phase as people say it: September 2026 for 2026-09.

    What an admin named otherwise, such as 2026-27, stays.
    """
    try:
        first = date.fromisoformat(f"{phase}-01")
    except ValueError:
        return phase
    return formats.date_format(first, "YEAR_MONTH_FORMAT")


@register.filter
def country(code: str) -> str:
    """Return the name of a country by its two letters."""
    return country_name(code)


@register.filter
def points(value: int | None, scale: int = 1) -> str:
    """Return points of the game's unit as people read them; a dash where there are none."""
    if value is None:
        return "–"
    if scale == 1 or value % scale == 0:
        return str(value // scale).replace("-", "−")
    digits = len(str(scale)) - 1
    return f"{value / scale:.{digits}f}".rstrip("0").replace("-", "−")


@register.filter
def signed(value: int, scale: int = 1) -> str:
    """Return points with their sign."""
    text = points(value, scale)
    return f"+{text}" if value > 0 else text


@register.filter
def mean(value: float | None, scale: int = 1) -> str:
    """Return mean points of the game's unit to one decimal; a dash where there are none."""
    return "–" if value is None else f"{value / scale:.1f}".replace("-", "−")


@register.filter
def mean_signed(value: float, scale: int = 1) -> str:
    """Return mean points to one decimal with their sign."""
    text = mean(value, scale)
    return f"+{text}" if value > 0 and text != "0.0" else text


@register.simple_tag
def minutes_words(outlook: Outlook, minutes: int, *, is_short: bool = False) -> str:
    """Say in how many of his last rounds a player was missing, or played less than regulars do."""
    if not outlook.missed:
        return _("played in all of the last %(all)s") % {"all": outlook.rounds}
    if is_short:
        return _("missed or short in %(n)s of %(all)s") % {
            "n": outlook.missed,
            "all": outlook.rounds,
        }
    told = {"n": outlook.missed, "all": outlook.rounds, "minutes": minutes}
    if minutes:
        return _("missed or under %(minutes)s min in %(n)s of the last %(all)s") % told
    return _("missed %(n)s of the last %(all)s") % told


@register.filter
def times(value: Fraction) -> str:
    """Return how often a player counts: 2, or 1.5."""
    return f"{float(value):g}"


@register.filter
def permille(value: int) -> str:
    """Return thousandths as a percentage."""
    return f"{value / 10:.1f}%"


@register.simple_tag
def shirt(player: GamePlayer, is_reversed: bool = False) -> SafeString:
    """Draw a club's shirt in its two colours with a pattern of its own; decoration."""
    team = player.team
    main, other = main_color(team), team.color_alt
    if is_reversed:
        main, other = other, main
    if contrast(main, other) < 1.3:
        other = readable_on(main, other)
    pattern = zlib.crc32(team.slug.encode()) % len(_PATTERNS)
    return mark_safe(_drawn(main, other, pattern))  # noqa: S308 - colours are checked and escaped


@lru_cache(maxsize=512)
def _drawn(main: str, other: str, pattern: int) -> str:
    return (
        '<svg class="shirt" viewBox="0 0 48 46" aria-hidden="true" focusable="false">'
        f'<path d="{_BODY}" fill="{escape(main)}"/>'
        f"{_PATTERNS[pattern].format(escape(other))}"
        f'<path d="{_BODY}" fill="none" stroke="#808b85" stroke-opacity=".75"/></svg>'
    )


@register.simple_tag
def cup_stage(ties: int, entrants: int) -> str:
    """Return what people call a stage of a cup with so many ties, byes included."""
    known = {1: _("Final"), 2: _("Semi-finals"), 4: _("Quarter-finals")}
    return known.get(ties) or _("Last %(n)s") % {"n": entrants}


@register.simple_tag
def reason_words(reason: str) -> str:
    """Say what decided a tie."""
    known = {
        "points": _("on points"),
        "coin": _("by the coin"),
        "bye": _("bye"),
    }
    return known.get(reason, reason.replace("_", " "))


@register.filter
def ties(names: tuple[str, ...]) -> str:
    """Return what parts the level as people read it, in order."""
    words = {"+": _("more %(what)s"), "-": _("fewer %(what)s")}
    return ", ".join(words[name[0]] % {"what": name[1:].replace("_", " ")} for name in names)


@register.filter
def at_key(values: dict[object, object], key: object) -> object:
    """Return what a mapping holds under a key, None without it."""
    return values.get(key)
