"""What the admin pages of matches share."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime


def stamp(at: datetime) -> str:
    """Return the moment to the second, for rows that follow each other closely."""
    return f"{localtime(at):%Y-%m-%d %H:%M:%S}"


def table(heads: str, rows: Iterable[Sequence[object]]) -> SafeString:
    """Return a table with the heads, which are separated by spaces."""
    names = heads.split()
    head = format_html_join("", '<th scope="col">{}</th>', ((name,) for name in names))
    cells = "<tr>" + "<td>{}</td>" * len(names) + "</tr>"
    return format_html("<table><tr>{}</tr>{}</table>", head, format_html_join("", cells, rows))
