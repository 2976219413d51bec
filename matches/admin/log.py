"""The event log as it is: a wrong fact is corrected by a new revision, never edited."""

from collections.abc import Callable
from uuid import UUID

import orjson
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from leagues.packs.loader import load_pack
from leagues.packs.schema import OVERRIDE
from matches.admin.corrections import Act, act_page
from matches.admin.filters import TellerFilter, WordFilter
from matches.admin.parts import stamp, table
from matches.forms import FactForm, PinnedForm, ReasonForm
from matches.models import MissingFact, PlayEvent, VendorWord
from matches.services import corrections
from streams.read_only import ReadOnlyAdmin


@admin.register(PlayEvent)
class PlayEventAdmin(ReadOnlyAdmin):
    list_display = (
        *("match", "seq", "change", "what", "clock", "team", "player", "told_by", "at"),
    )
    list_display_links = ("match", "seq")
    list_filter = (TellerFilter, "op", "pin", "certainty", WordFilter)
    list_select_related = (
        *("match__home", "match__away", "match__season__league"),
        *("team", "player", "actor"),
    )
    search_fields = ("match__public_id", "player__name", "vendor_event_id", "type")
    search_help_text = "Match id, player, vendor's event id or type."
    # The order of arrival, by an index that there is.
    ordering = ("-pk",)
    date_hierarchy = "ingested_at"
    readonly_fields = ("history", "source_says", "boxscore_then")

    @admin.display(description="Change", ordering="op")
    def change(self, event: PlayEvent) -> str:
        op = str(event.get_op_display())
        return op if event.rev == 1 else f"{op}, revision {event.rev}"

    @admin.display(description="What", ordering="type")
    def what(self, event: PlayEvent) -> str:
        kind = load_pack(event.match.season.league.sport).events.get(event.type)
        return kind.label if kind else event.type

    @admin.display(description="Clock")
    def clock(self, event: PlayEvent) -> str:
        label = event.clock_label
        return label if label.startswith(event.period) else f"{event.period} {label}"

    @admin.display(description="Told by", ordering="source")
    def told_by(self, event: PlayEvent) -> str:
        pin = f"pinned: {event.get_pin_display().lower()}" if event.pin else ""
        return ", ".join(str(part) for part in (event.source, event.actor, pin) if part)

    @admin.display(description="At", ordering="ingested_at")
    def at(self, event: PlayEvent) -> str:
        return stamp(event.ingested_at)

    @admin.display(description="Boxscore after it")
    def boxscore_then(self, event: PlayEvent) -> SafeString:
        place = reverse("api-boxscore", args=[event.match.public_id])
        return format_html('<a href="{}?as_of={}">as of {}</a>', place, event.seq, event.seq)

    @admin.display(description="Revisions of this fact")
    def history(self, event: PlayEvent) -> SafeString:
        revisions = PlayEvent.objects.filter(match=event.match_id, lineage_id=event.lineage_id)
        rows = [
            (
                row.rev,
                row.op,
                row.seq,
                row.type,
                f"{row.period} {row.clock_ms // 60_000}:{row.clock_ms // 1000 % 60:02}",
                row.player or "",
                row.source,
                row.actor or "",
                row.get_pin_display(),
                row.reason,
                orjson.dumps(row.payload).decode(),
                f"{row.ingested_at:%Y-%m-%d %H:%M:%S}",
            )
            for row in revisions.select_related("player", "actor").order_by("rev")
        ]
        return table("Rev Op Seq Type Clock Player Source By Pin Reason Value At", rows)

    @admin.display(description="The source says now")
    def source_says(self, event: PlayEvent) -> str:
        words = VendorWord.objects.filter(match=event.match_id, lineage_id=event.lineage_id)
        return "; ".join(_word(word) for word in words) or "nothing since it was pinned"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path(f"<int:pk>/{name}/", view(page), name=f"matches_playevent_{name}")
            for name, page in (
                ("override", self.override_view),
                ("retract", self.retract_view),
                ("release", self.release_view),
            )
        ]
        return own + super().get_urls()

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, object] | None = None,
    ) -> HttpResponse:
        newest = _newest(object_id) if object_id.isdecimal() else None
        more = {"newest": newest, "is_decision": newest is not None and newest.type == OVERRIDE}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **more})

    def override_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask what the fact was in truth, and tell it so."""
        event = _found(pk)
        form = FactForm(request.POST or None, match=event.match, event=event)
        act = Act(
            title=f"Override {_short(event)}",
            note="What you say here counts at once, in scores, tables and everything made of them.",
            button="Override",
            done="Overridden; everything follows.",
            back=_page_of(event),
        )

        def work(match_id: int, lineage: UUID, *, by: corrections.By) -> None:
            seen = form.cleaned_data["rev"]
            corrections.amend_event(match_id, lineage, form.said(), by=by, seen_rev=seen)

        return self._act(request, event, act, form, work)

    def retract_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask why, then take the fact back by a curator's word."""
        event = _found(pk)
        act = Act(
            title=f"Take back {_short(event)}",
            note="Scores and tables follow at once. The fact stays visible, struck through.",
            button="Take back",
            done="Taken back.",
            back=_page_of(event),
        )
        form = PinnedForm(request.POST or None)
        return self._act(request, event, act, form, corrections.retract_event)

    def release_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask why, then give the fact back to the source."""
        event = _found(pk)
        act = Act(
            title=f"Take the pin off {_short(event)}",
            note="What the source says of it counts again, at once and with each later poll.",
            button="Take the pin off",
            done="The pin is off; the source's word counts.",
            back=_page_of(event),
        )
        form = ReasonForm(request.POST or None)
        says = self.source_says(event)
        return self._act(request, event, act, form, corrections.release_event, source_says=says)

    def _act(
        self,
        request: HttpRequest,
        event: PlayEvent,
        act: Act,
        form: ReasonForm,
        work: Callable[..., object],
        **context: object,
    ) -> HttpResponse:
        """Ask for what a service needs that acts upon one fact, then call it."""
        return act_page(
            self,
            request,
            event.match,
            act=act,
            form=form,
            work=lambda by: work(event.match_id, event.lineage_id, by=by),
            history=self.history(event),
            **context,
        )


def _found(pk: int) -> PlayEvent:
    """Return the newest revision of the fact that this row belongs to."""
    rows = PlayEvent.objects.select_related(
        "match__home", "match__away", "match__season__league", "team", "player"
    )
    event = get_object_or_404(rows, pk=pk)
    newest = rows.filter(match=event.match_id, lineage_id=event.lineage_id).order_by("-rev")
    return newest[0]


def _newest(pk: str) -> PlayEvent | None:
    event = PlayEvent.objects.filter(pk=pk).first()
    if event is None:
        return None
    rows = PlayEvent.objects.filter(match=event.match_id, lineage_id=event.lineage_id)
    return rows.order_by("-rev").first()


def _short(event: PlayEvent) -> str:
    kind = load_pack(event.match.season.league.sport).events.get(event.type)
    who = f" of {event.player}" if event.player else ""
    return f"{kind.label.lower() if kind else event.type}{who}, {event.period}".strip(", ")


def _page_of(event: PlayEvent) -> str:
    return reverse("admin:matches_playevent_change", args=[event.pk])


def _word(word: VendorWord) -> str:
    if word.is_retracted:
        return f"{word.source}: there is no such fact"
    said = {name: word.fact[name] for name in ("type", "period", "clock_ms", "player", "payload")}
    return f"{word.source}: {orjson.dumps(said).decode()}"


@admin.register(MissingFact)
class MissingFactAdmin(ReadOnlyAdmin):
    list_display = ("match", "source", "lineage_id", "polls", "missing_since")
    list_filter = ("source",)
    list_select_related = ("match__home", "match__away")


@admin.register(VendorWord)
class VendorWordAdmin(ReadOnlyAdmin):
    list_display = ("match", "source", "lineage_id", "is_retracted", "said_at")
    list_filter = ("source", "is_retracted")
    list_select_related = ("match__home", "match__away")
