"""The bell in templates: beside what may be followed, and in the header with what is unread."""

from typing import Any

from django import template

from notifications.selectors import MOST_COUNTED, Line, Subject, follow_of, unread_count

register = template.Library()


@register.inclusion_tag("components/bell.html", takes_context=True)
def bell(context: dict[str, Any], subject: Subject) -> dict[str, Any]:
    """Draw the bell that lets a reader hear of something; one query for who is signed in."""
    request = context.get("request")
    user: Any = getattr(request, "user", None)
    is_known = bool(user and user.is_authenticated)
    return {
        "public_id": subject.public_id,
        "name": getattr(subject, "display_name", "") or str(subject),
        "is_known": is_known,
        "follow": follow_of(user.pk, subject) if is_known else None,
        "request": request,
        "csrf_token": context.get("csrf_token"),
    }


@register.simple_tag(takes_context=True)
def unread_words(context: dict[str, Any]) -> str:
    """Return how many notices the viewer has not read, empty for none; one query."""
    count = unread_count(context["user"].pk)
    return "" if not count else str(count) if count <= MOST_COUNTED else f"{MOST_COUNTED}+"


@register.filter
def is_unread(line: Line) -> bool:
    """Whether the viewer has not read a notice."""
    return line.delivery.read_at is None
