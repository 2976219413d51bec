"""Derived numbers to look at and fold again, and decisions about tables."""

from typing import Any

import orjson
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from leagues.packs.schema import PackError
from stats.models import BoxScore, StatLine, TableAdjustment, TableRow
from stats.selectors.tables import undecided_ties
from stats.services.fold import fold_match
from stats.services.tables import refresh_tables
from streams.read_only import ReadOnlyAdmin


@admin.register(BoxScore)
class BoxScoreAdmin(ReadOnlyAdmin):
    list_display = ("match", "folded_seq", "log_seq", "pack_version", "folded_at")
    list_filter = ("match__status", "match__season__league")
    list_select_related = ("match__home", "match__away")
    search_fields = ("match__public_id", "match__home__name", "match__away__name")
    date_hierarchy = "folded_at"
    fields = ("match", "folded_seq", "pack_version", "etag", "folded_at", "content")
    readonly_fields = fields
    actions = ("refold",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[BoxScore]:
        return super().get_queryset(request).defer("document", "home_totals", "away_totals")

    @admin.display(description="Log is at")
    def log_seq(self, box: BoxScore) -> int:
        return box.match.head_seq

    @admin.display(description="Public JSON")
    def content(self, box: BoxScore) -> SafeString:
        document = orjson.loads(bytes(box.document) or b"null")
        text = orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()
        return format_html("<pre>{}</pre>", text)

    def has_refold_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("matches.change_match")

    @admin.action(description="Fold again from the whole log", permissions=["refold"])
    def refold(self, request: HttpRequest, boxes: QuerySet[BoxScore]) -> None:
        for match_id in boxes.values_list("match_id", flat=True):
            try:
                fold_match(match_id, from_scratch=True)
            except PackError as error:
                self.message_user(request, str(error), messages.ERROR)
                return
        self.message_user(request, "Folded again.", messages.SUCCESS)


@admin.register(StatLine)
class StatLineAdmin(ReadOnlyAdmin):
    list_display = ("player", "team", "match")
    list_filter = ("match__season__league",)
    list_select_related = ("player", "team", "match__home", "match__away")
    search_fields = ("player__name", "match__public_id")
    date_hierarchy = "match__kickoff_at"


class TieFilter(admin.SimpleListFilter):
    """Rows of current tables that wait for a decision of people."""

    title = "tie"
    parameter_name = "tie"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Not separable by the rules")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[TableRow]) -> QuerySet[TableRow]:
        if self.value() != "open":
            return queryset
        return queryset.filter(pk__in=undecided_ties().values("pk"))


@admin.register(TableRow)
class TableRowAdmin(ReadOnlyAdmin):
    list_display = ("season", "kind", "group", "rank", "team", "form", "is_tied", "is_provisional")
    list_filter = (TieFilter, "kind", "is_provisional", "season__league")
    list_select_related = ("season__league", "team")
    search_fields = ("team__name", "season__name", "season__league__name")
    ordering = ("season", "kind", "group", "rank")


@admin.register(TableAdjustment)
class TableAdjustmentAdmin(admin.ModelAdmin):
    """Decisions are added, never edited: a second one takes the first one back."""

    list_display = ("decided_at", "season", "team", "points", "goals", "reason", "by")
    list_filter = ("season__league",)
    list_select_related = ("season__league", "team", "by")
    search_fields = ("team__name", "reason")
    autocomplete_fields = ("season", "team")
    date_hierarchy = "decided_at"
    exclude = ("by",)

    def has_change_permission(
        self, request: HttpRequest, obj: TableAdjustment | None = None
    ) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: TableAdjustment | None = None
    ) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: TableAdjustment, form: Any, change: bool
    ) -> None:
        obj.by_id = request.user.pk
        super().save_model(request, obj, form, change)
        refresh_tables(obj.season_id)
