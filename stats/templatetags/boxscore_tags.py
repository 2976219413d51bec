"""How numbers of boxscores and tables read: formats, column names, two-sided bars."""

from collections.abc import Mapping

from django import template
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from leagues.models import Team
from leagues.packs.schema import Column
from leagues.templatetags.design import main_color, shape_color
from stats.models import TableRow
from stats.rules.season_totals import Number
from stats.selectors.bars import Bar
from stats.selectors.seasons import minutes_unit

register = template.Library()

_NOTHING = "–"
# For teams in one colour, and for a second one in white, which would be as grey as a track.
_SPARE = ("#c2571a", "#2b7bb9")
_GREY_BELOW = 24
# Sum of channel differences below which two bars look the same.
_ALIKE = 80
_HALF, _MIDDLE = 49.25, 50.0


@register.filter
def value(values: Mapping[str, Number], column: Column) -> str:
    """Return a column's number of a line as a reader sees it."""
    return format_number(values.get(column.id), column)


@register.filter
def in_column(number: Number, column: Column) -> str:
    """Return a number in the format of its column."""
    return format_number(number, column)


def format_number(number: Number, column: Column) -> str:
    """Return a number by the column's format; a dash where there is none."""
    if number is None:
        return _NOTHING
    if column.format == "minutes":
        return _minutes(number, minutes_unit(column))
    if column.format == "pct1":
        return f"{number_format(number, 1)}%"
    if column.format in {"decimal1", "decimal2"}:
        return number_format(number, int(column.format[-1]))
    if column.format == "signed":
        return f"{number:+g}".replace("-", "\u2212")
    return f"{number:g}" if isinstance(number, float) else str(number)


def _minutes(number: int | float, unit: str) -> str:
    if unit == "min":
        return f"{number:g}"
    seconds = int(number // 1000 if unit == "ms" else number)
    return f"{seconds // 60}:{seconds % 60:02}"


@register.simple_tag
def table_heading(column: str) -> dict[str, str]:
    """Return short and long name of a table's column."""
    names = {
        "played": (_("P"), _("Played")),
        "wins": (_("W"), _("Won")),
        "draws": (_("D"), _("Drawn")),
        "losses": (_("L"), _("Lost")),
        "overtime_wins": (_("OTW"), _("Won in overtime")),
        "overtime_losses": (_("OTL"), _("Lost in overtime")),
        "shootout_wins": (_("SOW"), _("Won in a shoot-out")),
        "shootout_losses": (_("SOL"), _("Lost in a shoot-out")),
        "goals_for": (_("F"), _("For")),
        "goals_against": (_("A"), _("Against")),
        "goal_diff": (_("+/−"), _("Difference")),
        "points": (_("Pts"), _("Points")),
        "pct": (_("Pct"), _("Share of wins")),
        "points_pct": (_("Pts%"), _("Share of points")),
        "streak": (_("Strk"), _("Streak")),
        "games_behind": (_("GB"), _("Games behind")),
    }
    short, long = names.get(column, (column, column))
    # What a phone has room for beside the names.
    narrow = {"played", "goal_diff", "points", "pct", "games_behind"}
    return {"short": short, "long": long, "css": "" if column in narrow else "wide"}


@register.filter
def cell(row: TableRow, column: str) -> str:
    """Return what a table's row shows in a column."""
    held = row.values.get(column)
    if held is None:
        return _NOTHING
    if column == "goal_diff":
        return f"{held:+d}".replace("-", "\u2212") if held else "0"
    if column in {"pct", "points_pct"}:
        return number_format(held, 3)
    return str(held)


@register.simple_tag
def form_letters(form: str) -> list[dict[str, str]]:
    """Return the last results as letters with their words, newest last."""
    words = {"W": _("Won"), "D": _("Drawn"), "L": _("Lost")}
    letters = {"W": _("W"), "D": _("D"), "L": _("L")}
    return [
        {"letter": letters[one], "words": words[one], "css": one.lower()}
        for one in form
        if one in words
    ]


@register.simple_tag
def bar_colors(home: Team, away: Team) -> dict[str, str]:
    """Return two colours that differ from each other and from the page in both themes."""
    first = shape_color(main_color(home))
    for wish in (main_color(away), away.color_alt):
        second = shape_color(wish)
        if _distance(first, second) >= _ALIKE and _is_coloured(second):
            return {"home": first, "away": second}
    return {"home": first, "away": max(_SPARE, key=lambda spare: _distance(first, spare))}


def _is_coloured(color: str) -> bool:
    channels = [int(color[place : place + 2], 16) for place in (1, 3, 5)]
    return max(channels) - min(channels) >= _GREY_BELOW


def _distance(one: str, other: str) -> int:
    return sum(abs(int(one[p : p + 2], 16) - int(other[p : p + 2], 16)) for p in (1, 3, 5))


@register.simple_tag
def bar_shapes(bar: Bar, colors: Mapping[str, str]) -> SafeString:
    """Draw both sides' shares, growing from the middle outwards."""
    home, away = (share * _HALF for share in bar.shares)
    return format_html(
        '<rect class="bar__track" width="{half}" height="8"/>'
        '<rect class="bar__track" x="{start}" width="{half}" height="8"/>'
        '<rect x="{left}" width="{home}" height="8" fill="{home_color}"/>'
        '<rect x="{start}" width="{away}" height="8" fill="{away_color}"/>',
        half=_HALF,
        start=_MIDDLE + 0.75,
        left=round(_HALF - home, 2),
        home=round(home, 2),
        away=round(away, 2),
        home_color=colors["home"],
        away_color=colors["away"],
    )
