"""Games made from packs, looked at, published; their rounds, players and entries."""

from collections.abc import Callable
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from fantasy.enums import Availability, GameState
from fantasy.models import (
    ChipPlay,
    Entry,
    Game,
    GamePlayer,
    Holding,
    Lineup,
    LineupResult,
    Receipt,
    Round,
    RoundMatch,
    Transfer,
)
from fantasy.rules.loading import game_ids, load_game
from fantasy.rules.settling import substitutions_of, unpacked
from fantasy.selectors.totals import with_totals
from fantasy.services import games
from fantasy.services.games import NewGame, News
from fantasy.services.receipts import verify_receipt
from fantasy.services.refusals import Refused
from leagues.packs.schema import PackError
from streams.read_only import ReadOnlyAdmin


def _packs() -> list[tuple[str, str]]:
    return [(pack, pack) for pack in game_ids()]


class NewGameForm(forms.ModelForm):
    """A game to be: which rules it is played by, on which season."""

    rules = forms.ChoiceField(choices=_packs, help_text="The pack whose rules the game has.")

    class Meta:
        model = Game
        fields = ("season", "rules", "name", "slug", "time_zone")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        season, pack = cleaned.get("season"), cleaned.get("rules")
        if season and pack:
            try:
                sport = load_game(pack).sport
            except PackError as error:
                raise ValidationError({"rules": str(error)}) from error
            if sport != season.league.sport:
                self.add_error("rules", f"These are rules for {sport}, not for this league.")
        zone = cleaned.get("time_zone")
        if zone and zone not in available_timezones():
            self.add_error("time_zone", f"'{zone}' is no time zone: write one as Europe/London.")
        return cleaned


@admin.register(Game)
class GameAdmin(admin.ModelAdmin):
    """A draft is looked at here and published by an action; rules and season then stand."""

    list_display = ("name", "season", "rules", "state", "entry_count", "published_at")
    list_filter = ("state", "season__league__sport")
    list_select_related = ("season__league",)
    search_fields = ("name", "slug", "public_id", "season__league__name")
    autocomplete_fields = ("season",)
    prepopulated_fields = {"slug": ("name",)}
    actions = ("publish", "sync", "finish")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Game]:
        rows: QuerySet[Game] = super().get_queryset(request)
        return rows.annotate(entry_count=Count("entries"))

    def get_form(
        self, request: HttpRequest, obj: Game | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        return super().get_form(
            request, obj, change, **(kwargs if obj else {**kwargs, "form": NewGameForm})
        )

    def get_fields(self, request: HttpRequest, obj: Game | None = None) -> Any:
        if obj is None:
            return ("season", "rules", "name", "slug", "time_zone")
        return ("name", *self.get_readonly_fields(request, obj))

    def get_readonly_fields(self, request: HttpRequest, obj: Game | None = None) -> Any:
        if obj is None:
            return ()
        return (
            *("season", "rules", "rules_version", "slug", "public_id", "time_zone", "state"),
            *("published_at", "what_it_has"),
        )

    def get_prepopulated_fields(self, request: HttpRequest, obj: Game | None = None) -> Any:
        return {} if obj else super().get_prepopulated_fields(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Game | None = None) -> bool:
        is_draft = obj is None or obj.state == GameState.DRAFT
        return is_draft and super().has_delete_permission(request, obj)

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("fantasy.change_game")

    def save_model(self, request: HttpRequest, obj: Game, form: Any, change: bool) -> None:
        if change:
            obj.save(update_fields=["name"])
            return
        told = form.cleaned_data
        made = games.create_game(
            NewGame(
                season=told["season"],
                rules=told["rules"],
                name=told["name"],
                slug=told["slug"],
                time_zone=told["time_zone"],
            )
        )
        obj.pk = made.pk
        obj.refresh_from_db()
        problems = games.preview(made).problems
        text = "Look at what it has, then publish it by the action of the list."
        self.message_user(request, " ".join(problems) or text, messages.INFO)

    @admin.display(description="Entries", ordering="entry_count")
    def entry_count(self, game: Game) -> int:
        count: int = game.entry_count  # type: ignore[attr-defined]
        return count

    @admin.display(description="What it has")
    def what_it_has(self, game: Game) -> SafeString:
        seen = games.preview(game)
        counted = [
            ("Rounds", seen.rounds),
            ("Matches", seen.matches),
            ("Clubs", seen.clubs),
            *((f"Players, {position}", count) for position, count in seen.players.items()),
        ]
        facts = format_html_join("", "<li>{}: {}</li>", counted)
        lacks = format_html_join("", "<li><strong>{}</strong></li>", ((p,) for p in seen.problems))
        place = reverse("fantasy:rules", args=[game.slug])
        return format_html('<ul>{}{}</ul><a href="{}">The rules page</a>', facts, lacks, place)

    @admin.action(description="Publish: open to fans", permissions=["decide"])
    def publish(self, request: HttpRequest, chosen: QuerySet[Game]) -> None:
        self._each(request, chosen, lambda pk: f"{games.publish_game(pk)} is open.")

    @admin.action(description="Follow the season: new players and matches", permissions=["decide"])
    def sync(self, request: HttpRequest, chosen: QuerySet[Game]) -> None:
        self._each(request, chosen, _synced)

    @admin.action(description="Finish: all rounds are settled", permissions=["decide"])
    def finish(self, request: HttpRequest, chosen: QuerySet[Game]) -> None:
        self._each(request, chosen, lambda pk: f"{games.finish_game(pk)} is finished.")

    def _each(
        self, request: HttpRequest, chosen: QuerySet[Game], act: Callable[[int], str]
    ) -> None:
        for pk, name in list(chosen.values_list("pk", "name")):
            try:
                self.message_user(request, act(pk), messages.SUCCESS)
            except (Refused, PackError) as error:
                self.message_user(request, f"{name}: {error}", messages.ERROR)


def _synced(game_id: int) -> str:
    done = games.sync_game(game_id)
    return (
        f"{done.players_added} players added, {done.players_changed} changed; {done.rounds_added}"
        f" rounds added, {done.rounds_moved} moved; {done.matches_moved} matches moved."
    )


@admin.register(Round)
class RoundAdmin(ReadOnlyAdmin):
    list_display = ("name", "game", "deadline_at", "starts_at", "state", "corrections")
    list_filter = ("state", "game")
    list_select_related = ("game",)
    search_fields = ("game__name", "merkle_root")
    date_hierarchy = "deadline_at"
    ordering = ("game", "number")
    readonly_fields = ("matches",)

    @admin.display(description="Matches")
    def matches(self, round_: Round) -> SafeString:
        rows = RoundMatch.objects.filter(round=round_).select_related("match__home", "match__away")
        told = ((row.match, row.match.status) for row in rows.order_by("match__kickoff_at"))
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{} ({})</li>", told))


@admin.register(GamePlayer)
class GamePlayerAdmin(admin.ModelAdmin):
    """Whether a player can be fielded is told here; the price of a draft can be set."""

    list_display = ("player", "game", "team", "position", "price", "status", "chance_percent")
    list_filter = ("status", "game", "position")
    list_select_related = ("player", "game", "team")
    search_fields = ("player__name", "team__name")
    show_full_result_count = False
    fields = (
        *("player", "game", "team", "position", "number", "start_price"),
        *("price", "status", "chance_percent", "news", "news_at"),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: GamePlayer | None = None) -> Any:
        fixed = ("player", "game", "team", "position", "number", "start_price", "news_at")
        is_draft = obj is not None and obj.game.state == GameState.DRAFT
        return fixed if is_draft else (*fixed, "price")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: GamePlayer | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: GamePlayer, form: Any, change: bool) -> None:
        if "price" in form.changed_data:
            games.set_prices(obj.game_id, {obj.pk: obj.price})
        if {"status", "chance_percent", "news"} & set(form.changed_data):
            status = Availability(obj.status)
            news = News(status=status, chance_percent=obj.chance_percent, text=obj.news)
            games.tell_news(obj.pk, news)


class HoldingInline(admin.TabularInline):
    model = Holding
    fields = ("slot", "game_player", "bought_price", "is_captain", "is_vice")
    readonly_fields = fields
    ordering = ("slot",)
    extra = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Holding]:
        return super().get_queryset(request).select_related("game_player__player")

    def has_add_permission(self, request: HttpRequest, obj: Entry | None = None) -> bool:
        return False


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    list_display = ("name", "game", "owner", "country", "total_points", "bank", "created_at")
    list_filter = ("game",)
    list_select_related = ("game", "owner")
    search_fields = ("name", "public_id", "owner__email")
    ordering = ("game", "number")
    inlines = (HoldingInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Entry]:
        return with_totals(super().get_queryset(request))

    @admin.display(description="Total points")
    def total_points(self, entry: Entry) -> int:
        total: int = entry.total_points  # type: ignore[attr-defined]  # annotated
        return total


@admin.register(Transfer)
class TransferAdmin(ReadOnlyAdmin):
    list_display = ("entry", "round", "player_out", "player_in", "sold_for", "bought_for", "chip")
    list_filter = ("round__game",)
    list_select_related = ("entry", "round__game", "player_out__player", "player_in__player")
    search_fields = ("entry__name", "entry__public_id")
    date_hierarchy = "made_at"


@admin.register(ChipPlay)
class ChipPlayAdmin(ReadOnlyAdmin):
    list_display = ("chip", "number", "entry", "round", "played_at", "cancelled_at")
    list_filter = ("chip", "round__game")
    list_select_related = ("entry", "round__game")
    search_fields = ("entry__name", "entry__public_id")


@admin.register(Receipt)
class ReceiptAdmin(ReadOnlyAdmin):
    list_display = ("entry", "round", "sequence", "saved_at")
    list_filter = ("round__game",)
    list_select_related = ("entry", "round__game")
    search_fields = ("entry__name", "entry__public_id", "digest")
    date_hierarchy = "saved_at"
    readonly_fields = ("verdict",)

    @admin.display(description="What it proves")
    def verdict(self, receipt: Receipt) -> str:
        return verify_receipt(receipt.document, receipt.signature).message


@admin.register(Lineup)
class LineupAdmin(ReadOnlyAdmin):
    list_display = ("entry", "round", "chip", "transfers_made", "hit", "bank", "value")
    list_filter = ("round__game", "chip")
    list_select_related = ("entry", "round__game")
    search_fields = ("entry__name", "entry__public_id")
    exclude = ("packed", "leaf")
    readonly_fields = ("numbers", "leaf_digest")

    @admin.display(description="Players by number, in slot order")
    def numbers(self, lineup: Lineup) -> str:
        packed = bytes(lineup.packed)
        places = range(0, len(packed), 2)
        return ", ".join(str(int.from_bytes(packed[at : at + 2], "big")) for at in places)

    @admin.display(description="Leaf")
    def leaf_digest(self, lineup: Lineup) -> str:
        return bytes(lineup.leaf).hex()


@admin.register(LineupResult)
class LineupResultAdmin(ReadOnlyAdmin):
    list_display = ("entry", "round", "points", "hit", "total", "rank", "bench_points")
    list_filter = ("round__game",)
    list_select_related = ("entry", "round__game")
    search_fields = ("entry__name", "entry__public_id")
    ordering = ("-round", "rank")
    readonly_fields = ("substitutions",)

    @admin.display(description="Who came on for whom, by number")
    def substitutions(self, result: LineupResult) -> str:
        lineup = Lineup.objects.filter(entry=result.entry_id, round=result.round_id).first()
        starters = load_game(result.round.game.rules).lineup.size
        numbers = unpacked(bytes(lineup.packed)) if lineup else ()
        relieved = bytes(result.relieved) if lineup else b""
        made = substitutions_of(relieved, numbers, starters=starters)
        return ", ".join(f"{came} for {went}" for went, came in made)
