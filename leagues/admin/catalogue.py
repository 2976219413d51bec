"""Leagues, seasons, teams, players, venues and what vendors call them."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, JSONField, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from leagues.admin.pasting import may_paste, paste_page
from leagues.enums import ExternalKind
from leagues.models import (
    ExternalId,
    Follow,
    League,
    Player,
    RosterSpot,
    Season,
    SeasonTeam,
    Team,
    Venue,
)
from leagues.packs.loader import load_pack, pack_ids
from leagues.services import (
    delete_external_ids,
    delete_rows,
    merge_players,
    save_external_id,
    tell_changed,
)
from streams.read_only import ReadOnlyAdmin


class SportChoiceMixin:
    """Offers the packs there are wherever a sport is named."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name == "sport":
            return forms.ChoiceField(choices=[(pack, load_pack(pack).name) for pack in pack_ids()])
        return super().formfield_for_dbfield(db_field, request, **options)  # type: ignore[misc]


class TellingMixin:
    """Lets partners, and what was made of the rows, hear of what is edited and deleted here."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)  # type: ignore[misc]
        if change and form.changed_data:
            tell_changed(obj, form.changed_data)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        super().save_formset(request, form, formset, change)  # type: ignore[misc]
        for row, fields in formset.changed_objects:
            if hasattr(row, "public_id"):
                tell_changed(row, fields)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        delete_rows(type(obj)._default_manager.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        delete_rows(queryset)


class ZoneChoiceMixin:
    """Offers the time zones there are: a wrong name would only be found out at kick-off."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name == "time_zone":
            zones = [(zone, zone) for zone in sorted(available_timezones())]
            return forms.ChoiceField(choices=zones, initial=db_field.default)
        return super().formfield_for_dbfield(db_field, request, **options)  # type: ignore[misc]


def external_ids(kind: ExternalKind, row: Model) -> str:
    """Return what vendors call the row, one a line."""
    known = ExternalId.objects.filter(kind=kind, object_id=row.pk)
    return "\n".join(f"{source}: {value}" for source, value in known.values_list("source", "value"))


class SeasonForm(forms.ModelForm):
    """A season; the order of its sources is a list of their names."""

    def clean_sources(self) -> list[str]:
        sources = self.cleaned_data["sources"] or []
        is_list = isinstance(sources, list) and all(isinstance(s, str) and s for s in sources)
        if not is_list or len(set(sources)) < len(sources):
            raise forms.ValidationError('Give a list of different names, such as ["opta", "fpl"].')
        return sources


class SeasonInline(admin.TabularInline):
    model = Season
    exclude = ("sources",)
    extra = 0
    can_delete = False
    show_change_link = True

    def get_extra(self, request: HttpRequest, obj: League | None = None, **more: Any) -> int:
        # A new league begins with a season.
        return 0 if obj else 1

    def get_queryset(self, request: HttpRequest) -> QuerySet[Season]:
        # Each row says its league.
        return super().get_queryset(request).select_related("league")


@admin.register(League)
class LeagueAdmin(TellingMixin, SportChoiceMixin, ZoneChoiceMixin, admin.ModelAdmin):
    list_display = ("name", "sport", "country", "priority", "season_count", "is_test")
    list_filter = ("sport", "is_test", "country")
    list_editable = ("priority",)
    search_fields = ("name", "short_name", "public_id")
    prepopulated_fields = {"slug": ("name",)}
    fields = (
        *("name", "slug", "short_name", "sport", "country", "time_zone"),
        *("priority", "is_test", "public_id", "known_as"),
    )
    readonly_fields = ("public_id", "known_as")
    inlines = (SeasonInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[League]:
        rows: QuerySet[League] = super().get_queryset(request)
        return rows.annotate(seasons_held=Count("seasons"))

    @admin.display(description="Seasons", ordering="seasons_held")
    def season_count(self, league: Any) -> int:
        return int(league.seasons_held)

    @admin.display(description="External ids")
    def known_as(self, league: League) -> str:
        return external_ids(ExternalKind.LEAGUE, league)


class SeasonTeamInline(admin.TabularInline):
    model = SeasonTeam
    extra = 0
    autocomplete_fields = ("team",)


@admin.register(Season)
class SeasonAdmin(TellingMixin, admin.ModelAdmin):
    form = SeasonForm
    formfield_overrides = {JSONField: {"widget": forms.Textarea(attrs={"rows": 2, "cols": 60})}}
    list_display = ("name", "league", "starts_on", "ends_on", "is_current", "team_count")
    list_filter = ("is_current", "league")
    list_select_related = ("league",)
    search_fields = ("name", "league__name", "public_id")
    autocomplete_fields = ("league",)
    readonly_fields = ("public_id", "known_as")
    inlines = (SeasonTeamInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Season]:
        rows: QuerySet[Season] = super().get_queryset(request)
        return rows.annotate(teams_held=Count("season_teams"))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.paste_view)
        return [path("<int:pk>/paste/", view, name="leagues_season_paste"), *super().get_urls()]

    def paste_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take the names of teams, one a line."""
        return paste_page(self, request, pk)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        more = {"may_paste": may_paste(request), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, more)

    @admin.display(description="Teams", ordering="teams_held")
    def team_count(self, season: Any) -> int:
        return int(season.teams_held)

    @admin.display(description="External ids")
    def known_as(self, season: Season) -> str:
        return external_ids(ExternalKind.SEASON, season)


class TeamRosterInline(admin.TabularInline):
    model = RosterSpot
    extra = 0
    autocomplete_fields = ("player",)
    ordering = ("-from_on", "player__name")


@admin.register(Team)
class TeamAdmin(TellingMixin, SportChoiceMixin, admin.ModelAdmin):
    list_display = ("name", "code", "sport", "country", "venue", "merged_into")
    list_filter = ("sport", ("merged_into", admin.EmptyFieldListFilter), "country")
    list_select_related = ("venue", "merged_into")
    search_fields = ("name", "short_name", "code", "public_id")
    prepopulated_fields = {"slug": ("name",)}
    autocomplete_fields = ("venue",)
    readonly_fields = ("public_id", "merged_into", "known_as")
    inlines = (TeamRosterInline,)

    @admin.display(description="External ids")
    def known_as(self, team: Team) -> str:
        return external_ids(ExternalKind.TEAM, team)


class PlayerRosterInline(admin.TabularInline):
    model = RosterSpot
    extra = 0
    autocomplete_fields = ("team",)
    ordering = ("-from_on",)


@admin.register(Player)
class PlayerAdmin(TellingMixin, SportChoiceMixin, admin.ModelAdmin):
    list_display = ("name", "sport", "position", "birth_on", "country", "merged_into")
    list_filter = ("sport", ("merged_into", admin.EmptyFieldListFilter), "position")
    list_select_related = ("merged_into",)
    search_fields = ("name", "short_name", "public_id")
    prepopulated_fields = {"slug": ("name",)}
    readonly_fields = ("public_id", "merged_into", "known_as")
    inlines = (PlayerRosterInline,)
    actions = ("merge",)

    @admin.display(description="External ids")
    def known_as(self, player: Player) -> str:
        return external_ids(ExternalKind.PLAYER, player)

    @admin.action(description="Merge the two: the older one stays", permissions=["change"])
    def merge(self, request: HttpRequest, players: QuerySet[Player]) -> None:
        chosen = list(players.order_by("pk"))
        if len(chosen) != 2:
            self.message_user(request, "Choose exactly two players.", messages.ERROR)
            return
        keep, drop = chosen
        try:
            merge_players(keep=keep, drop=drop)
        except ValueError as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            self.message_user(request, f"{drop} now stands for {keep}.", messages.SUCCESS)


@admin.register(RosterSpot)
class RosterSpotAdmin(admin.ModelAdmin):
    list_display = ("player", "team", "shirt", "position", "from_on", "until_on")
    list_filter = (("until_on", admin.EmptyFieldListFilter), "team__sport")
    list_select_related = ("player", "team")
    search_fields = ("player__name", "team__name")
    autocomplete_fields = ("player", "team")
    date_hierarchy = "from_on"


@admin.register(SeasonTeam)
class SeasonTeamAdmin(admin.ModelAdmin):
    list_display = ("team", "season", "group")
    list_filter = ("season__league",)
    list_select_related = ("team", "season__league")
    search_fields = ("team__name", "season__name", "season__league__name")
    autocomplete_fields = ("team", "season")


@admin.register(Venue)
class VenueAdmin(TellingMixin, ZoneChoiceMixin, admin.ModelAdmin):
    list_display = ("name", "city", "country", "capacity", "time_zone")
    list_filter = ("country",)
    search_fields = ("name", "city", "public_id")
    readonly_fields = ("public_id",)


@admin.register(ExternalId)
class ExternalIdAdmin(admin.ModelAdmin):
    list_display = ("source", "kind", "value", "ours")
    list_filter = ("kind", "source")
    search_fields = ("value", "source")
    show_full_result_count = False

    @admin.display(description="Our row", ordering="object_id")
    def ours(self, row: ExternalId) -> str:
        app = "matches" if row.kind == ExternalKind.MATCH else "leagues"
        place = reverse(f"admin:{app}_{row.kind}_change", args=[row.object_id])
        return format_html('<a href="{}">{} {}</a>', place, row.kind, row.object_id)

    def save_model(self, request: HttpRequest, obj: ExternalId, form: Any, change: bool) -> None:
        save_external_id(obj)

    def delete_model(self, request: HttpRequest, obj: ExternalId) -> None:
        delete_external_ids(ExternalId.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ExternalId]) -> None:
        delete_external_ids(queryset)


@admin.register(Follow)
class FollowAdmin(ReadOnlyAdmin):
    """Whom users follow; they alone change it."""

    list_display = ("user", "team", "league", "followed_at")
    list_select_related = ("user", "team", "league")
    search_fields = ("user__email", "team__name", "league__name")
    date_hierarchy = "followed_at"
