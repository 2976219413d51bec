"""What a table is chosen by."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django_filters import rest_framework as filters

from leagues.models import Season
from stats.enums import TableKind
from stats.models import BoxScore
from streams.ids import id_validator


def _id_filter(kind: str, **options: Any) -> filters.CharFilter:
    return filters.CharFilter(validators=[id_validator(kind)], **options)


class WholeNumber(filters.NumberFilter):
    field_class = forms.IntegerField


class BoxScoreFilter(filters.FilterSet):
    as_of = WholeNumber(
        method="keep_all",
        min_value=0,
        max_value=2**31 - 1,
        help_text="The boxscore after this `seq` of the event log, from the log alone.",
    )

    class Meta:
        model = BoxScore
        fields: list[str] = []

    def keep_all(self, rows: QuerySet[BoxScore], _: str, __: int) -> QuerySet[BoxScore]:
        """Chooses among a match's past, not among boxscores."""
        return rows


class StandingsFilter(filters.FilterSet):
    season = _id_filter("season", field_name="public_id", help_text="Id of a season.")
    league = _id_filter(
        "league",
        method="filter_league",
        help_text="Id of a league: its current season.",
    )
    kind = filters.ChoiceFilter(
        choices=TableKind.choices,
        method="keep_all",
        help_text="Which matches count; total.",
    )

    class Meta:
        model = Season
        fields: list[str] = []

    def filter_league(self, rows: QuerySet[Season], _: str, value: str) -> QuerySet[Season]:
        return rows.filter(league__public_id=value, is_current=True)

    def keep_all(self, rows: QuerySet[Season], _: str, __: str) -> QuerySet[Season]:
        """Chooses among a season's tables, not among seasons."""
        return rows
