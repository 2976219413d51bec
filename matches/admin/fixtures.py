"""Fixtures and line-ups: fixture data is edited here, what is played comes from the log alone."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from leagues.services import delete_rows
from matches.admin.parts import age
from matches.enums import MatchStatus
from matches.ingest.documents import FeedError
from matches.models import FeedPoll, Match, PlayEvent, TeamSheet, TeamSheetSpot
from matches.services import curation
from matches.services.log import decide_match
from matches.services.rerun import rerun_from_raw


class DecisionForm(forms.Form):
    """What officials decided about a match; it stands above its log and its vendor."""

    status = forms.ChoiceField(
        choices=[("", "as the log and the vendor say"), *MatchStatus.choices], required=False
    )
    home_score = forms.IntegerField(min_value=0, max_value=999, required=False)
    away_score = forms.IntegerField(min_value=0, max_value=999, required=False)
    reason = forms.CharField(max_length=200, widget=forms.TextInput(attrs={"size": 80}))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        scores = [cleaned.get("home_score"), cleaned.get("away_score")]
        if scores.count(None) == 1:
            raise forms.ValidationError("Give both scores or none.")
        if not cleaned.get("status") and None in scores:
            raise forms.ValidationError("Decide a status, a score or both.")
        cleaned["score"] = None if None in scores else tuple(scores)
        return cleaned


class TeamSheetInline(admin.TabularInline):
    model = TeamSheet
    extra = 0
    max_num = 2
    show_change_link = True
    autocomplete_fields = ("team",)
    readonly_fields = ("updated_at",)


@admin.register(Match)
class MatchAdmin(admin.ModelAdmin):
    list_display = (
        "kickoff_at",
        "home",
        "away",
        "season",
        "status",
        "score",
        "score_agrees",
        "data_age",
    )
    list_display_links = ("kickoff_at", "home")
    list_filter = ("status", "score_mismatch", "season__league")
    list_select_related = ("home", "away", "season__league")
    list_per_page = 50
    search_fields = ("home__name", "away__name", "public_id", "round_name")
    date_hierarchy = "kickoff_at"
    autocomplete_fields = ("season", "home", "away", "venue")
    inlines = (TeamSheetInline,)
    _FOLDED = (
        "public_id",
        "status",
        "period",
        "clock_ms",
        "score",
        "vendor_status",
        "vendor_score",
        "score_mismatch",
        "event_source",
        "epoch",
        "head_seq",
        "folded_seq",
        "sheet_version",
        "data_at",
        "finished_at",
    )
    readonly_fields = _FOLDED
    fieldsets = (
        (
            "Fixture",
            {"fields": ("season", "home", "away", "kickoff_at", "venue", "round_name", "matchday")},
        ),
        ("Decision", {"fields": ("status_reason", "awarded_home", "awarded_away")}),
        ("Folded from the log", {"fields": _FOLDED}),
    )

    @admin.display(description="Score")
    def score(self, match: Match) -> str:
        return "" if match.home_score is None else f"{match.home_score}:{match.away_score}"

    @admin.display(description="Vendor agrees", boolean=True, ordering="score_mismatch")
    def score_agrees(self, match: Match) -> bool:
        return not match.score_mismatch

    @admin.display(description="Data age")
    def data_age(self, match: Match) -> str:
        return age(match.data_at) if match.is_live else ""

    def has_delete_permission(self, request: HttpRequest, obj: Match | None = None) -> bool:
        # A match with a log is history: cancel or postpone it.
        has_log = obj is not None and obj.head_seq > 0
        return not has_log and super().has_delete_permission(request, obj)

    def delete_model(self, request: HttpRequest, obj: Match) -> None:
        delete_rows(Match.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Match]) -> None:
        delete_rows(queryset)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        is_other_match = {"season", "home", "away"} & set(form.changed_data)
        if is_other_match or any(formset.has_changed() for formset in formsets):
            curation.tell_sheets_changed(form.instance.pk)
        elif form.has_changed():
            curation.tell_fixture_changed(form.instance.pk)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<int:pk>/feed/", view(self.feed_view), name="matches_match_feed"),
            path("<int:pk>/rerun/", view(self.rerun_view), name="matches_match_rerun"),
            path("<int:pk>/decide/", view(self.decide_view), name="matches_match_decide"),
        ]
        return own + super().get_urls()

    def feed_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what the feeds of the match's season did and what they sent."""
        match = get_object_or_404(Match.objects.with_sides(), pk=pk)
        if not self.has_view_permission(request, match):
            raise PermissionDenied
        polls = FeedPoll.objects.filter(feed__season=match.season_id).select_related("feed")
        documents = curation.documents_about(match)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Feed of {match}",
            "opts": self.model._meta,
            "match": match,
            "data_age": age(match.data_at),
            "feeds": [(feed, age(feed.last_good_at)) for feed in match.season.feeds.all()],
            "polls": polls[:50],
            "documents": list(reversed(documents))[:50],
            "document_count": len(documents),
            "may_rerun": self.has_change_permission(request, match),
        }
        return TemplateResponse(request, "admin/matches/match/feed.html", context)

    def rerun_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Tell the log anew from the raw documents."""
        match = get_object_or_404(Match.objects.select_related("season"), pk=pk)
        if request.method != "POST" or not self.has_change_permission(request, match):
            raise PermissionDenied
        documents = curation.documents_about(match)
        if documents:
            self._rerun(request, match, documents)
        else:
            self.message_user(request, "No raw document is kept of it.", messages.WARNING)
        return HttpResponseRedirect(reverse("admin:matches_match_feed", args=[pk]))

    def decide_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask for a status or a score and the reason, then append it to the log."""
        match = get_object_or_404(Match.objects.with_sides(), pk=pk)
        if not self.has_change_permission(request, match):
            raise PermissionDenied
        form = DecisionForm(request.POST or None)
        if form.is_valid():
            answer = form.cleaned_data
            decide_match(
                pk, reason=answer["reason"], status=answer["status"], score=answer["score"]
            )
            self.log_change(request, match, f"Decided: {answer['reason']}")
            self.message_user(request, "Decided; everything follows.", messages.SUCCESS)
            return HttpResponseRedirect(reverse("admin:matches_match_change", args=[pk]))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Decide about {match}",
            "opts": self.model._meta,
            "match": match,
            "decisions": PlayEvent.objects.filter(match=match, type="admin.override"),
            "form": form,
        }
        return TemplateResponse(request, "admin/matches/match/decide.html", context)

    def _rerun(self, request: HttpRequest, match: Match, documents: Any) -> None:
        try:
            report = rerun_from_raw(match, documents)
        except FeedError as error:
            self.message_user(request, f"Nothing changed: {error}", messages.ERROR)
            return
        self.log_change(request, match, "Told anew from raw documents.")
        told = f"{report.added} added, {report.amended} amended, {report.retracted} retracted."
        self.message_user(request, f"Told anew from {len(documents)} documents: {told}")


class SpotInline(admin.TabularInline):
    model = TeamSheetSpot
    extra = 0
    autocomplete_fields = ("player",)


@admin.register(TeamSheet)
class TeamSheetAdmin(admin.ModelAdmin):
    list_display = ("match", "team", "formation", "coach", "is_confirmed", "updated_at")
    list_filter = ("is_confirmed", "match__season__league")
    list_select_related = ("match__home", "match__away", "team")
    search_fields = ("team__name", "match__public_id", "match__home__name", "match__away__name")
    autocomplete_fields = ("match", "team")
    readonly_fields = ("updated_at",)
    date_hierarchy = "match__kickoff_at"
    inlines = (SpotInline,)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        curation.tell_sheets_changed(form.instance.match_id)
