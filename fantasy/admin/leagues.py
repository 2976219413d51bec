"""Leagues of entries, cups, phases and prices for the people who run them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from fantasy.models import (
    Cup,
    CupTie,
    FantasyLeague,
    Game,
    HeadToHead,
    LeagueMember,
    Phase,
    PriceChange,
)
from fantasy.services.cups import first_round_of_cup, start_game_cup
from fantasy.services.refusals import Refused
from streams.read_only import ReadOnlyAdmin


@admin.register(FantasyLeague)
class FantasyLeagueAdmin(admin.ModelAdmin):
    """What fans made; its name and whether it takes entries can be changed, its draws cannot."""

    list_display = ("name", "game", "kind", "is_public", "is_closed", "entry_count", "owner")
    list_filter = ("kind", "is_public", "game")
    list_select_related = ("game", "owner")
    search_fields = ("name", "code", "public_id", "owner__email")
    fields = (
        *("public_id", "game", "name", "kind", "is_public", "is_closed", "owner"),
        *("start_round", "max_entries", "seed", "created_at"),
    )
    readonly_fields = (
        *("public_id", "game", "kind", "is_public", "owner", "start_round", "max_entries"),
        *("seed", "created_at"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[FantasyLeague]:
        rows: QuerySet[FantasyLeague] = super().get_queryset(request)
        return rows.annotate(entry_count=Count("members"))

    @admin.display(description="Entries", ordering="entry_count")
    def entry_count(self, league: FantasyLeague) -> int:
        return int(league.entry_count)  # type: ignore[attr-defined]  # annotated

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: FantasyLeague | None = None) -> bool:
        return False


@admin.register(LeagueMember)
class LeagueMemberAdmin(ReadOnlyAdmin):
    list_display = ("entry", "league", "rank", "last_rank", "points", "joined_at")
    list_select_related = ("entry", "league")
    list_filter = ("league__game",)
    search_fields = ("entry__name", "entry__public_id", "league__name", "league__code")


@admin.register(HeadToHead)
class HeadToHeadAdmin(ReadOnlyAdmin):
    list_display = ("league", "round", "home", "away", "home_points", "away_points")
    list_select_related = ("league", "round__game", "home", "away")
    list_filter = ("league__game",)
    search_fields = ("league__name", "home__name", "away__name")


class NewCupForm(forms.ModelForm):
    """A cup of all entries of a game; its first round is the next one without a number."""

    first = forms.IntegerField(
        required=False, min_value=1, label="First round", help_text="Its number; the next one."
    )
    game = forms.ModelChoiceField(Game.objects.all())

    class Meta:
        model = Cup
        fields = ("game", "name")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if game := cleaned.get("game"):
            try:
                first_round_of_cup(game, None, cleaned.get("first"))
            except Refused as refused:
                raise ValidationError(str(refused)) from refused
        return cleaned


class TieInline(admin.TabularInline):
    """The draw, as anybody can repeat it from the seed."""

    model = CupTie
    extra = 0
    can_delete = False
    fields = ("round", "number", "home", "away", "home_points", "away_points", "winner", "reason")
    readonly_fields = fields
    ordering = ("round__number", "number")

    def get_queryset(self, request: HttpRequest) -> QuerySet[CupTie]:
        rows = super().get_queryset(request)
        return rows.select_related("round__game", "home", "away", "winner")

    def has_add_permission(self, request: HttpRequest, obj: Cup | None = None) -> bool:
        return False


@admin.register(Cup)
class CupAdmin(admin.ModelAdmin):
    """A cup is started here for a whole game; what is drawn and decided stands."""

    form = NewCupForm
    list_display = ("name", "game", "league", "start_round", "state")
    list_filter = ("state", "game")
    list_select_related = ("game", "league", "start_round__game")
    search_fields = ("name", "public_id", "league__name")
    inlines = (TieInline,)

    def get_inlines(self, request: HttpRequest, obj: Cup | None) -> Any:
        return super().get_inlines(request, obj) if obj else ()

    def save_model(self, request: HttpRequest, obj: Cup, form: Any, change: bool) -> None:
        made = start_game_cup(obj.game_id, name=obj.name, start_round=form.cleaned_data["first"])
        obj.pk = made.pk
        obj.refresh_from_db()

    def has_change_permission(self, request: HttpRequest, obj: Cup | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Cup | None = None) -> bool:
        return False


@admin.register(Phase)
class PhaseAdmin(admin.ModelAdmin):
    """Months come by themselves; other stretches of a season can be added."""

    list_display = ("name", "game", "first_round", "last_round")
    list_filter = ("game",)
    list_select_related = ("game", "first_round__game", "last_round__game")
    search_fields = ("name", "game__name")


@admin.register(PriceChange)
class PriceChangeAdmin(ReadOnlyAdmin):
    """Every change with the numbers that the open formula used."""

    list_display = ("game_player", "round", "from_price", "to_price", "at", "reason")
    list_select_related = ("game_player__player", "game_player__game", "round__game")
    list_filter = ("game_player__game",)
    search_fields = ("game_player__player__name",)
