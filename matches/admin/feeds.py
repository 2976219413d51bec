"""Feeds, what they did, and what vendors sent."""

import zlib
from typing import Any

import orjson
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from config.clock import ago
from matches.admin.filters import TroubleFilter
from matches.admin.parts import stamp, table
from matches.ingest.adapters import ADAPTERS
from matches.models import Feed, FeedPoll, RawDocument
from matches.services import curation, feeds
from streams.read_only import ReadOnlyAdmin

_SHOWN_BYTES = 400_000
_INFLATE_BYTES = 64 * 1024 * 1024


@admin.register(Feed)
class FeedAdmin(admin.ModelAdmin):
    list_display = (
        "name",
        "adapter",
        "season",
        "is_enabled",
        "silent_for",
        "failures",
        "error",
    )
    list_filter = (TroubleFilter, "is_enabled", "adapter", "season__league")
    list_select_related = ("season__league",)
    search_fields = ("name", "url", "public_id", "season__league__name")
    autocomplete_fields = ("season",)
    readonly_fields = (
        "public_id",
        "silent_for",
        "failures",
        "last_error",
        "last_polled_at",
        "last_good_at",
        "next_poll_at",
        "claimed_until",
        "etag",
        "last_modified",
        "cursor",
        "recent_polls",
    )
    actions = ("ask_now", "enable", "disable")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name == "adapter":
            return forms.ChoiceField(choices=[(name, name) for name in sorted(ADAPTERS)])
        return super().formfield_for_dbfield(db_field, request, **options)

    @admin.display(description="Last good answer", ordering="last_good_at")
    def silent_for(self, feed: Feed) -> str:
        return ago(feed.last_good_at)

    @admin.display(description="Last error")
    def error(self, feed: Feed) -> str:
        text = feed.last_error
        return text if len(text) <= 60 else f"{text[:59]}\u2026"

    @admin.display(description="Recent polls")
    def recent_polls(self, feed: Feed) -> SafeString:
        rows = [
            (
                stamp(poll.polled_at),
                poll.get_outcome_display(),
                poll.http_status or "",
                poll.latency_ms,
                poll.size_bytes,
                poll.added,
                poll.amended,
                poll.retracted,
                poll.error,
            )
            for poll in feed.polls.all()[:30]
        ]
        return table("At Outcome Status ms Bytes Added Amended Retracted Error", rows)

    @admin.action(description="Poll now", permissions=["change"])
    def ask_now(self, request: HttpRequest, chosen: QuerySet[Feed]) -> None:
        count = curation.poll_now(chosen.values_list("pk", flat=True))
        self.message_user(request, f"{count} feeds are due now.", messages.SUCCESS)

    @admin.action(description="Enable", permissions=["change"])
    def enable(self, request: HttpRequest, chosen: QuerySet[Feed]) -> None:
        count = curation.switch_feeds(chosen.values_list("pk", flat=True), on=True)
        self.message_user(request, f"{count} feeds are polled.", messages.SUCCESS)

    @admin.action(description="Disable", permissions=["change"])
    def disable(self, request: HttpRequest, chosen: QuerySet[Feed]) -> None:
        count = curation.switch_feeds(chosen.values_list("pk", flat=True), on=False)
        self.message_user(request, f"{count} feeds rest.", messages.SUCCESS)


@admin.register(FeedPoll)
class FeedPollAdmin(ReadOnlyAdmin):
    list_display = (
        *("at", "feed", "outcome", "http_status", "took_ms", "size_bytes"),
        *("added", "amended", "retracted", "error"),
    )
    list_filter = ("outcome", "feed")
    list_select_related = ("feed",)
    date_hierarchy = "polled_at"

    @admin.display(description="At", ordering="polled_at")
    def at(self, poll: FeedPoll) -> str:
        return stamp(poll.polled_at)

    @admin.display(description="ms", ordering="latency_ms")
    def took_ms(self, poll: FeedPoll) -> int:
        return poll.latency_ms


@admin.register(RawDocument)
class RawDocumentAdmin(ReadOnlyAdmin):
    """Vendors' answers as they came."""

    list_display = ("at", "adapter", "key", "size_bytes", "digest")
    list_filter = ("adapter",)
    search_fields = ("key", "sha256")
    date_hierarchy = "fetched_at"
    fields = ("adapter", "key", "sha256", "size_bytes", "fetched_at", "download", "content")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[RawDocument]:
        return super().get_queryset(request).defer("body")

    @admin.display(description="Fetched", ordering="fetched_at")
    def at(self, document: RawDocument) -> str:
        return stamp(document.fetched_at)

    @admin.display(description="SHA-256", ordering="sha256")
    def digest(self, document: RawDocument) -> str:
        return f"{document.sha256[:12]}\u2026"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.download_view)
        return [path("<int:pk>/raw/", view, name="matches_rawdocument_raw"), *super().get_urls()]

    def download_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Send the document as it is stored, for a tool to look at."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        document = get_object_or_404(RawDocument, pk=pk)
        headers = {"Content-Disposition": f'attachment; filename="raw-{document.pk}.json"'}
        return HttpResponse(_inflate(document), content_type="application/json", headers=headers)

    @admin.display(description="File")
    def download(self, document: RawDocument) -> SafeString:
        place = reverse("admin:matches_rawdocument_raw", args=[document.pk])
        return format_html('<a href="{}">Download</a>', place)

    @admin.display(description="Content")
    def content(self, document: RawDocument) -> SafeString:
        files = feeds.unpack_files(document)
        shown = ((name or "document", _shown(body)) for name, body in files.items())
        return format_html_join("", "<h3>{}</h3><pre>{}</pre>", shown)


def _inflate(document: RawDocument) -> bytes:
    inflater = zlib.decompressobj()
    body = inflater.decompress(bytes(document.body), _INFLATE_BYTES)
    if inflater.unconsumed_tail:
        raise Http404("The document is larger than the admin shows.")
    return body


def _shown(body: bytes) -> str:
    text = _pretty(body)
    cut = f"\n... {len(text) - _SHOWN_BYTES} more" if len(text) > _SHOWN_BYTES else ""
    return text[:_SHOWN_BYTES] + cut


def _pretty(body: bytes) -> str:
    try:
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return body.decode(errors="replace")
