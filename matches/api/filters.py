"""What the lists of matches and events can be narrowed by."""

from datetime import UTC, date, datetime, time
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters

from matches.enums import MatchStatus
from matches.models import Match, PlayEvent, status_is
from streams.ids import id_validator

_MAX_SEQ = 2**31 - 1


def _id_filter(kind: str, **options: Any) -> filters.CharFilter:
    help_text = f"Id of a {kind}, vz_{kind}_..."
    return filters.CharFilter(validators=[id_validator(kind)], help_text=help_text, **options)


def _day_filter(method: str, help_text: str) -> filters.DateFilter:
    return filters.DateFilter(method=method, input_formats=["%Y-%m-%d"], help_text=help_text)


class AnyOf(filters.BaseInFilter, filters.ChoiceFilter):
    """One or more of the choices, separated by commas."""


class WholeNumber(filters.NumberFilter):
    field_class = forms.IntegerField


class MatchFilter(filters.FilterSet):
    league = _id_filter("league", field_name="season__league__public_id")
    season = _id_filter("season", field_name="season__public_id")
    team = _id_filter("team", method="filter_team")
    status = AnyOf(
        method="filter_status",
        choices=MatchStatus.choices,
        help_text="One or more of the states, separated by commas.",
    )
    date_from = _day_filter("filter_from", "First day by kick-off, UTC, for example 2026-11-22.")
    date_to = _day_filter("filter_to", "Last day by kick-off, UTC.")
    round = filters.CharFilter(
        method="filter_round", help_text="Name of a round, or number of a matchday."
    )
    order = filters.OrderingFilter(
        fields=["kickoff_at"], help_text="kickoff_at (the default) or -kickoff_at."
    )

    class Meta:
        model = Match
        fields: list[str] = []

    def filter_team(self, rows: QuerySet[Match], _: str, value: str) -> QuerySet[Match]:
        return rows.filter(Q(home__public_id=value) | Q(away__public_id=value))

    def filter_status(self, rows: QuerySet[Match], _: str, value: list[str]) -> QuerySet[Match]:
        return rows.filter(status_is(value)) if value else rows

    def filter_from(self, rows: QuerySet[Match], _: str, value: date) -> QuerySet[Match]:
        return rows.filter(kickoff_at__gte=datetime.combine(value, time.min, tzinfo=UTC))

    def filter_to(self, rows: QuerySet[Match], _: str, value: date) -> QuerySet[Match]:
        return rows.filter(kickoff_at__lte=datetime.combine(value, time.max, tzinfo=UTC))

    def filter_round(self, rows: QuerySet[Match], _: str, value: str) -> QuerySet[Match]:
        is_number = value.isascii() and value.isdigit() and len(value) < 5
        by_number = Q(matchday=int(value)) if is_number else Q()
        return rows.filter(Q(round_name__iexact=value) | by_number)


class LogFilter(filters.FilterSet):
    after = WholeNumber(
        field_name="seq",
        lookup_expr="gt",
        min_value=0,
        max_value=_MAX_SEQ,
        help_text="Only events after this `seq`: what a client holds already.",
    )
    type = filters.CharFilter(help_text="One event type, for example goal.")

    class Meta:
        model = PlayEvent
        fields: list[str] = []


class _Given:
    """A parameter that the view reads by itself, or the door before it."""

    def filter(self, rows: QuerySet[PlayEvent], value: Any) -> QuerySet[PlayEvent]:
        return rows


class GivenNumber(_Given, WholeNumber):
    pass


class GivenUUID(_Given, filters.UUIDFilter):
    pass


class EventFilter(LogFilter):
    epoch = GivenUUID(
        help_text="The epoch that `after` belongs to, from the header Log-Epoch: an error (410)"
        " tells that the log was told anew since.",
    )
    wait = GivenNumber(
        min_value=0,
        max_value=30,
        help_text="Seconds to wait for an event when there is none yet; the answer of a wait that"
        " was in vain is an empty list.",
    )
