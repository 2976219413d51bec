"""What lists of the fantasy API are chosen by."""

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters

from fantasy.enums import Availability
from fantasy.models import Game, GamePlayer
from streams.ids import id_validator


class WholeNumber(filters.NumberFilter):
    field_class = forms.IntegerField

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"min_value": 0, "max_value": 2**31 - 1, **options})


class Amount(filters.NumberFilter):
    field_class = forms.FloatField

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"min_value": -(10**6), "max_value": 10**6, **options})


ORDERS = ("price", "-price", "number", "-form", "-expected", "missed")


class PlayerFilter(filters.FilterSet):
    position = filters.CharFilter(help_text="A position of the game.")
    team = filters.CharFilter(
        field_name="team__public_id", validators=[id_validator("team")], help_text="Id of a team."
    )
    status = filters.ChoiceFilter(choices=Availability.choices)
    max_price = WholeNumber(field_name="price", lookup_expr="lte", help_text="In tenths.")
    min_price = WholeNumber(field_name="price", lookup_expr="gte", help_text="In tenths.")
    q = filters.CharFilter(method="filter_name", help_text="A part of the name.")
    order = filters.ChoiceFilter(
        choices=[(name, name) for name in ORDERS],
        method="keep_all",
        help_text="Dearest first without it.",
    )
    min_form = Amount(method="keep_all", help_text="In the unit of points.")
    min_expected = Amount(method="keep_all", help_text="In the next round, in the unit of points.")
    max_missed = WholeNumber(
        method="keep_all", help_text="Of the rounds looked at, those missed or played in part."
    )

    class Meta:
        model = GamePlayer
        fields: list[str] = []

    def filter_name(self, rows: QuerySet[GamePlayer], _: str, value: str) -> QuerySet[GamePlayer]:
        return rows.filter(
            Q(player__name__icontains=value) | Q(player__short_name__icontains=value)
        )

    def keep_all(self, rows: QuerySet[GamePlayer], _: str, __: object) -> QuerySet[GamePlayer]:
        return rows


class Asked(filters.FilterSet):
    """Parameters that a view reads itself; its rows are none of a table."""

    class Meta:
        model = Game
        fields: list[str] = []

    def keep_all(self, rows: QuerySet[Game], _: str, __: object) -> QuerySet[Game]:
        return rows


class TopFilter(Asked):
    country = filters.CharFilter(
        method="keep_all",
        max_length=2,
        help_text="Two letters: the first of that country, with their ranks among all.",
    )
    count = WholeNumber(method="keep_all", min_value=1, max_value=1000, help_text="100.")


class OverallFilter(Asked):
    page = WholeNumber(method="keep_all", min_value=1, help_text="From 1; 50 entries a page.")
    country = filters.CharFilter(
        method="keep_all", max_length=2, help_text="Two letters: the table of that country."
    )
    entry = filters.CharFilter(
        method="keep_all",
        validators=[id_validator("entry")],
        help_text="Id of an entry: the page it is on.",
    )
    rank = WholeNumber(method="keep_all", min_value=1, help_text="The page that has this rank.")


class TableFilter(Asked):
    page = WholeNumber(method="keep_all", min_value=1, help_text="From 1; 50 entries a page.")
    phase = filters.CharFilter(
        method="keep_all", max_length=60, help_text="A phase of the game, such as 2026-09."
    )


class RoundFilter(Asked):
    round = WholeNumber(method="keep_all", min_value=1, help_text="Number of a round.")


class CupFilter(RoundFilter):
    page = WholeNumber(
        method="keep_all",
        min_value=1,
        max_value=100_000,
        help_text="From 1; 100 ties of each round a page.",
    )
