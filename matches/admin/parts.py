"""What the admin pages of matches share."""

from collections.abc import Iterable, Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString


def table(heads: str, rows: Iterable[Sequence[object]]) -> SafeString:
    """Return a table with the heads, which are separated by spaces."""
    names = heads.split()
    head = format_html_join("", '<th scope="col">{}</th>', ((name,) for name in names))
    cells = "<tr>" + "<td>{}</td>" * len(names) + "</tr>"
    return format_html("<table><tr>{}</tr>{}</table>", head, format_html_join("", cells, rows))
