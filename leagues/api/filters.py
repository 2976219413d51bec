"""What the lists of leagues, seasons, teams and players can be narrowed by."""

from typing import Any

from django.core.validators import MinLengthValidator
from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters

from leagues.models import League, Player, RosterSpot, Season, SeasonTeam, Team
from streams.ids import id_validator

Text = filters.CharFilter


def _id_filter(kind: str, **options: Any) -> filters.CharFilter:
    help_text = f"Id of a {kind}, vz_{kind}_..."
    return Text(validators=[id_validator(kind)], help_text=help_text, **options)


class NameSearch(filters.CharFilter):
    """Rows whose name or short name contains the text, whatever the case."""

    def __init__(self, **options: Any) -> None:
        help_text = "Part of the name, two letters or more."
        super().__init__(validators=[MinLengthValidator(2)], help_text=help_text, **options)

    def filter(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        if not value:
            return rows
        return rows.filter(Q(name__icontains=value) | Q(short_name__icontains=value))


class LeagueFilter(filters.FilterSet):
    sport = Text(help_text="Id of a sport, as leagues have it in `sport`.")
    country = Text(lookup_expr="iexact")
    search = NameSearch()

    class Meta:
        model = League
        fields: list[str] = []


class SeasonFilter(filters.FilterSet):
    league = _id_filter("league", field_name="league__public_id")
    current = filters.TypedChoiceFilter(
        field_name="is_current",
        choices=[("true", "true"), ("false", "false")],
        coerce=lambda text: text == "true",
        empty_value=None,
        help_text="Whether the season is its league's current one.",
    )

    class Meta:
        model = Season
        fields: list[str] = []


class TeamFilter(filters.FilterSet):
    league = _id_filter("league", method="filter_league")
    season = _id_filter("season", method="filter_season")
    sport = Text(help_text="Id of a sport, as leagues have it in `sport`.")
    search = NameSearch()

    class Meta:
        model = Team
        fields: list[str] = []

    # Subqueries: a team that played many seasons is one row.
    def filter_league(self, rows: QuerySet[Team], _: str, value: str) -> QuerySet[Team]:
        played = SeasonTeam.objects.filter(season__league__public_id=value)
        return rows.filter(pk__in=played.values("team"))

    def filter_season(self, rows: QuerySet[Team], _: str, value: str) -> QuerySet[Team]:
        played = SeasonTeam.objects.filter(season__public_id=value)
        return rows.filter(pk__in=played.values("team"))


class PlayerFilter(filters.FilterSet):
    team = _id_filter("team", method="filter_team")
    sport = Text(help_text="Id of a sport, as leagues have it in `sport`.")
    position = Text(help_text="Id of a position of the sport, for example GKP.")
    search = NameSearch()

    class Meta:
        model = Player
        fields: list[str] = []

    def filter_team(self, rows: QuerySet[Player], _: str, value: str) -> QuerySet[Player]:
        now_there = RosterSpot.objects.filter(team__public_id=value, until_on__isnull=True)
        return rows.filter(pk__in=now_there.values("player"))
