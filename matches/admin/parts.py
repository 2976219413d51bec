"""What the admin pages of matches share."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from config.clock import now


def age(at: datetime | None) -> str:
    """Return how long ago that was, as people say it."""
    if at is None:
        return "never"
    seconds = max(0, int((now() - at).total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"


def table(heads: str, rows: Iterable[Sequence[object]]) -> SafeString:
    """Return a table with the heads, which are separated by spaces."""
    names = heads.split()
    head = format_html_join("", '<th scope="col">{}</th>', ((name,) for name in names))
    cells = "<tr>" + "<td>{}</td>" * len(names) + "</tr>"
    return format_html("<table><tr>{}</tr>{}</table>", head, format_html_join("", cells, rows))
