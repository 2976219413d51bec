"""What the log of changes can be narrowed by, and what goes on where."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django_filters import rest_framework as filters

from streams.changes import public_topics
from streams.models import OutboxEvent

LATEST = "latest"
_MAX_POSITION = 2**63 - 1


class _Position(forms.CharField):
    """A position, or the word for the newest one."""

    def clean(self, value: Any) -> int | str | None:
        text = super().clean(value)
        if text in {"", LATEST}:
            return text or None
        if text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= _MAX_POSITION:
            return int(text)
        raise ValidationError("Give `next` of the answer before, or latest.", code="invalid_cursor")


class _Topics(forms.CharField):
    """Names of public topics, separated by commas."""

    def clean(self, value: Any) -> list[str]:
        """Return the names, none where none is given."""
        names = [name for name in super().clean(value).split(",") if name]
        for name in names:
            if name not in public_topics():
                known = ", ".join(public_topics())
                raise ValidationError(
                    f"There is no public topic {name[:60]!r}; choose from {known}.",
                    code="unknown_topic",
                )
        return names


class _ChangeForm(forms.Form):
    """One name for what is wanted, not two that may differ."""

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or {}
        if "topics" in self.data and "kinds" in self.data:
            refusal = ValidationError("Give `topics` or `kinds`: they mean the same.", "both_given")
            self.add_error("kinds", refusal)
        return told


class _Given:
    """A parameter that the view reads by itself."""

    def filter(self, rows: Any, value: Any) -> Any:
        return rows


class PositionFilter(_Given, filters.CharFilter):
    field_class = _Position


class TopicsFilter(_Given, filters.CharFilter):
    field_class = _Topics


class WholeFilter(_Given, filters.NumberFilter):
    field_class = forms.IntegerField


class ChangeFilter(filters.FilterSet):
    after = PositionFilter(
        help_text="`next` of the answer before. `latest` gives the newest position and no changes;"
        " without it the log comes from the oldest change that is kept."
    )
    limit = WholeFilter(min_value=1, max_value=1000, help_text="How many at most, 100 without it.")
    topics = TopicsFilter(help_text="Topics, separated by commas; all public ones without it.")
    kinds = TopicsFilter(help_text="Another name of `topics`; give one of the two.")
    wait = WholeFilter(
        min_value=0,
        max_value=30,
        help_text="Seconds to wait for a change when there is none yet.",
    )

    class Meta:
        model = OutboxEvent
        form = _ChangeForm
        fields: list[str] = []
