"""The queue of what readers say is wrong; each task leads to the event's page in the log."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from matches.enums import ReportStatus
from matches.models import FactReport, PlayEvent
from matches.services.fact_reports import close_reports


@admin.register(FactReport)
class FactReportAdmin(admin.ModelAdmin):
    list_display = ("opened_at", "match", "subject", "count", "first_words", "status", "closed_by")
    list_filter = ("status", "subject", "match__season__league")
    list_select_related = ("match__home", "match__away", "closed_by")
    search_fields = ("match__public_id", "match__home__name", "match__away__name", "lineage_id")
    date_hierarchy = "opened_at"
    fields = (
        "match_link",
        "event_link",
        "subject",
        "in_words",
        "count",
        "opened_at",
        "status",
        "answer",
        "closed_at",
        "closed_by",
    )
    readonly_fields = tuple(name for name in fields if name not in ("status", "answer"))
    actions = ("mended", "dismiss")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: FactReport | None = None) -> bool:
        return False

    def get_readonly_fields(
        self, request: HttpRequest, obj: FactReport | None = None
    ) -> tuple[str, ...]:
        is_open = obj is None or obj.status == ReportStatus.OPEN
        return self.readonly_fields if is_open else self.fields

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if obj.status == ReportStatus.OPEN:
            self.message_user(request, "It stays open.", messages.WARNING)
            return
        status = ReportStatus(obj.status)
        close_reports([obj.pk], status=status, by=request.user.pk, answer=obj.answer)

    @admin.display(description="In the first reader's words")
    def first_words(self, report: FactReport) -> str:
        words: str = report.said[0] if report.said else ""
        return words if len(words) <= 80 else f"{words[:79]}\u2026"

    @admin.display(description="In the readers' words")
    def in_words(self, report: FactReport) -> SafeString:
        return format_html_join("", "<p>{}</p>", ((words,) for words in report.said))

    @admin.display(description="Match")
    def match_link(self, report: FactReport) -> SafeString:
        place = reverse("admin:matches_match_change", args=[report.match_id])
        return format_html('<a href="{}">{}</a>', place, report.match)

    @admin.display(description="Event")
    def event_link(self, report: FactReport) -> str:
        if report.lineage_id is None:
            return "the match as a whole"
        newest = (
            PlayEvent.objects.filter(match=report.match_id, lineage_id=report.lineage_id)
            .order_by("-rev")
            .first()
        )
        if newest is None:
            return f"{report.lineage_id}, which the log does not have any more"
        place = reverse("admin:matches_playevent_change", args=[newest.pk])
        return format_html('<a href="{}">{}</a> {}', place, newest, report.lineage_id)

    @admin.action(description="Close: mended", permissions=["change"])
    def mended(self, request: HttpRequest, chosen: QuerySet[FactReport]) -> None:
        self._close(request, chosen, ReportStatus.MENDED)

    @admin.action(description="Close: dismissed", permissions=["change"])
    def dismiss(self, request: HttpRequest, chosen: QuerySet[FactReport]) -> None:
        self._close(request, chosen, ReportStatus.DISMISSED)

    def _close(
        self, request: HttpRequest, chosen: QuerySet[FactReport], status: ReportStatus
    ) -> None:
        keys = list(chosen.values_list("pk", flat=True))
        count = close_reports(keys, status=status, by=request.user.pk)
        self.message_user(request, f"{count} reports are closed.", messages.SUCCESS)
