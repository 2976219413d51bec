"""The event log as it is: a wrong fact is taken back by a new revision, never edited."""

import orjson
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from matches.admin.parts import ReadOnlyAdmin, table
from matches.models import MissingFact, PlayEvent
from matches.services.log import retract_event


class ReasonForm(forms.Form):
    """Why a fact is taken back; everybody will see it."""

    reason = forms.CharField(max_length=200, widget=forms.TextInput(attrs={"size": 80}))


@admin.register(PlayEvent)
class PlayEventAdmin(ReadOnlyAdmin):
    list_display = (
        "match",
        "seq",
        "op",
        "rev",
        "type",
        "period",
        "clock_label",
        "team",
        "player",
        "source",
        "certainty",
        "ingested_at",
    )
    list_display_links = ("match", "seq")
    list_filter = ("op", "source", "certainty", "type")
    list_select_related = ("match__home", "match__away", "team", "player")
    search_fields = ("match__public_id", "player__name", "vendor_event_id", "type")
    search_help_text = "Match id, player, vendor's event id or type."
    ordering = ("-ingested_at", "-seq")
    date_hierarchy = "ingested_at"
    readonly_fields = ("history", "boxscore_then")

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
                row.clock_label,
                row.player or "",
                row.source,
                row.reason,
                orjson.dumps(row.payload).decode(),
                row.ingested_at,
            )
            for row in revisions.select_related("player").order_by("rev")
        ]
        return table("Rev Op Seq Type Clock Player Source Reason Value At", rows)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.retract_view)
        return [
            path("<int:pk>/retract/", view, name="matches_playevent_retract"),
            *super().get_urls(),
        ]

    def retract_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask why, then take the fact back by an admin's word."""
        event = get_object_or_404(PlayEvent.objects.select_related("match"), pk=pk)
        if not request.user.has_perm("matches.change_match"):
            raise PermissionDenied
        form = ReasonForm(request.POST or None)
        if form.is_valid():
            retract_event(event, reason=form.cleaned_data["reason"])
            self.log_change(request, event, f"Taken back: {form.cleaned_data['reason']}")
            self.message_user(request, "Taken back.", messages.SUCCESS)
            return HttpResponseRedirect(reverse("admin:matches_playevent_change", args=[pk]))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Take back: {event}",
            "opts": self.model._meta,
            "event": event,
            "form": form,
        }
        return TemplateResponse(request, "admin/matches/playevent/retract.html", context)


@admin.register(MissingFact)
class MissingFactAdmin(ReadOnlyAdmin):
    list_display = ("match", "source", "lineage_id", "polls", "missing_since")
    list_filter = ("source",)
    list_select_related = ("match__home", "match__away")
