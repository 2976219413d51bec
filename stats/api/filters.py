"""What a table is chosen by."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django_filters import rest_framework as filters

from leagues.models import Season
from matches.models import PlayEvent
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
    period = filters.CharFilter(
        method="keep_all",
        max_length=12,
        help_text="One period alone, by an id from `score.periods`, for example 1H or Q3, from the"
        " log. Columns that the log does not tell by period are left out.",
    )

    class Meta:
        model = BoxScore
        fields: list[str] = []

    def keep_all(self, rows: QuerySet[BoxScore], _: str, __: object) -> QuerySet[BoxScore]:
        """Chooses among a match's past and parts, not among boxscores."""
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


class ReplayEventFilter(filters.FilterSet):
    """Read by the view: a replay's events are no rows of a table."""

    after = WholeNumber(
        method="keep_all",
        min_value=0,
        max_value=2**31 - 1,
        help_text="Only events after this `seq`: what a client holds already.",
    )
    limit = WholeNumber(
        method="keep_all", min_value=1, max_value=200, help_text="How many at most; 50."
    )
    type = filters.CharFilter(method="keep_all", help_text="One event type, for example goal.")
    epoch = filters.CharFilter(
        method="keep_all",
        help_text="The epoch that `after` belongs to, from the header Log-Epoch: an error (410)"
        " tells that the replay went elsewhere since.",
    )
    wait = WholeNumber(
        method="keep_all",
        min_value=0,
        max_value=30,
        help_text="Seconds to wait for an event when there is none yet; the answer of a wait that"
        " was in vain is an empty list.",
    )

    class Meta:
        model = PlayEvent
        fields: list[str] = []

    def keep_all(self, rows: QuerySet[PlayEvent], _: str, __: object) -> QuerySet[PlayEvent]:
        return rows
