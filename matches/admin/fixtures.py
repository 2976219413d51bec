"""Fixtures and line-ups: fixture data is edited here, what is played comes from the log alone."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Case, QuerySet, When
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime

from config.clock import ago
from leagues.packs.schema import OVERRIDE
from leagues.services import delete_rows
from matches.admin.corrections import Act, act_page
from matches.admin.filters import WhenFilter
from matches.admin.schedule import schedule_page
from matches.forms import AwardForm, DecisionForm, FactForm, NumberForm, ReasonForm
from matches.ingest.documents import FeedError
from matches.models import (
    LIVE_STATUSES,
    FeedPoll,
    Match,
    PlayEvent,
    TeamSheet,
    TeamSheetAbsence,
    TeamSheetSpot,
)
from matches.selectors.numbers import changes_by
from matches.services import corrections, curation
from matches.services.rerun import rerun_from_raw
from matches.templatetags.matchday import match_state


class TeamSheetInline(admin.TabularInline):
    model = TeamSheet
    extra = 0
    max_num = 2
    show_change_link = True
    autocomplete_fields = ("team",)
    readonly_fields = ("updated_at",)


@admin.register(Match)
class MatchAdmin(admin.ModelAdmin):
    list_display = ("fixture", "kickoff", "state", "score", "vendor_says", "data_age", "season")
    list_display_links = ("fixture",)
    list_filter = (WhenFilter, "season__league", "status", "score_mismatch")
    list_select_related = ("home", "away", "season__league")
    list_per_page = 50
    show_full_result_count = False
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
        "unchanged_seq",
    )
    _DECIDED = ("award", "decision_reason")
    readonly_fields = (*_FOLDED, *_DECIDED)
    fieldsets = (
        (
            "Fixture",
            {"fields": ("season", "home", "away", "kickoff_at", "venue", "round_name", "matchday")},
        ),
        ("Decision", {"fields": ("status_reason", *_DECIDED)}),
        ("Folded from the log", {"fields": _FOLDED}),
    )

    def get_ordering(self, request: HttpRequest) -> Any:
        if request.GET.get(WhenFilter.parameter_name) == "past":
            return ("-kickoff_at", "-pk")
        is_live = Case(When(status__in=LIVE_STATUSES, then=0), default=1)
        return (is_live, "kickoff_at", "pk")

    @admin.display(description="Match", ordering="home__name")
    def fixture(self, match: Match) -> str:
        return str(match)

    @admin.display(description="Kick-off", ordering="kickoff_at")
    def kickoff(self, match: Match) -> str:
        return date_format(localtime(match.kickoff_at), "D j M Y, H:i")

    @admin.display(description="Status", ordering="status")
    def state(self, match: Match) -> str:
        state = match_state(match)
        return state.label if match.is_live else str(match.get_status_display())

    @admin.display(description="Vendor says", ordering="-score_mismatch")
    def vendor_says(self, match: Match) -> str:
        if not match.score_mismatch:
            return ""
        said = match.vendor_score or {}
        return f"{said.get('home', '?')}:{said.get('away', '?')}, not so"

    @admin.display(description="Score")
    def score(self, match: Match) -> str:
        return "" if match.home_score is None else f"{match.home_score}:{match.away_score}"

    @admin.display(description="Awarded")
    def award(self, match: Match) -> str:
        return "" if match.awarded_home is None else f"{match.awarded_home}:{match.awarded_away}"

    @admin.display(description="Data age")
    def data_age(self, match: Match) -> str:
        return ago(match.data_at) if match.is_live else ""

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
            path("schedule/", view(self.schedule_view), name="matches_match_schedule"),
            path("<int:pk>/feed/", view(self.feed_view), name="matches_match_feed"),
            path("<int:pk>/rerun/", view(self.rerun_view), name="matches_match_rerun"),
            path("<int:pk>/decide/", view(self.decide_view), name="matches_match_decide"),
            path("<int:pk>/award/", view(self.award_view), name="matches_match_award"),
            path("<int:pk>/withdraw/", view(self.withdraw_view), name="matches_match_withdraw"),
            path("<int:pk>/add-fact/", view(self.add_fact_view), name="matches_match_add_fact"),
            path("<int:pk>/number/", view(self.number_view), name="matches_match_number"),
        ]
        return own + super().get_urls()

    def schedule_view(self, request: HttpRequest) -> HttpResponse:
        """Make the matches of a season that has none."""
        return schedule_page(self, request)

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
            "data_age": ago(match.data_at),
            "feeds": [(feed, ago(feed.last_good_at)) for feed in match.season.feeds.all()],
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
        form = DecisionForm(request.POST or None)
        act = Act(
            title="Decide about the match",
            note="A decision stands above the log and the vendor. Take it back from its page in "
            "the log.",
            button="Decide",
            done="Decided; everything follows.",
            back=_page_of(pk),
        )

        def work(by: corrections.By) -> None:
            answer = form.cleaned_data
            corrections.decide_match(pk, by=by, status=answer["status"], score=answer["score"])

        return self._act(request, pk, act, form, work)

    def award_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask for the result that officials decided."""
        form = AwardForm(request.POST or None)
        act = Act(
            title="Award the match",
            note="The table counts the award. The played score stays, beside it.",
            button="Award",
            done="Awarded; the tables follow.",
            back=_page_of(pk),
        )
        return self._act(
            request,
            pk,
            act,
            form,
            lambda by: corrections.award_match(pk, form.award(), by=by),
        )

    def withdraw_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask why the award falls."""
        act = Act(
            title="Withdraw the award",
            note="The match counts again as it was played.",
            button="Withdraw",
            done="Withdrawn; the tables follow.",
            back=_page_of(pk),
        )
        form = ReasonForm(request.POST or None)
        return self._act(request, pk, act, form, lambda by: corrections.withdraw_award(pk, by=by))

    def add_fact_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask for a fact that the source leaves out."""
        match = get_object_or_404(Match.objects.with_sides(), pk=pk)
        form = FactForm(request.POST or None, match=match)
        act = Act(
            title="Add a fact",
            note="For what the source leaves out. When it tells the same within a minute, that is "
            "taken for this fact and counts once.",
            button="Add",
            done="Added; everything follows.",
            back=_page_of(pk),
        )
        return self._act(
            request, pk, act, form, lambda by: corrections.add_event(pk, form.said(), by=by)
        )

    def number_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask for a player's or a team's number, show what would follow, append it to the log."""
        match = get_object_or_404(Match.objects.with_sides(), pk=pk)
        form = NumberForm(request.POST or None, match=match)
        act = Act(
            title="Override a number",
            note="It stands above what the log counts and what the source states. Take it back "
            "from its page in the log.",
            button="Override",
            done="Overridden; everything follows.",
            back=_page_of(pk),
            look=lambda: changes_by(match, values=form.values(), **form.whom()),
        )

        def work(by: corrections.By) -> None:
            corrections.override_stats(pk, values=form.values(), by=by, **form.whom())

        return self._act(request, pk, act, form, work)

    def _act(
        self,
        request: HttpRequest,
        pk: int,
        act: Act,
        form: ReasonForm,
        work: Callable[[corrections.By], object],
    ) -> HttpResponse:
        match = get_object_or_404(Match.objects.with_sides(), pk=pk)
        decisions = PlayEvent.objects.filter(match=match, type=OVERRIDE).select_related("actor")
        return act_page(self, request, match, act=act, form=form, work=work, decisions=decisions)

    def _rerun(self, request: HttpRequest, match: Match, documents: Any) -> None:
        try:
            report = rerun_from_raw(match, documents)
        except FeedError as error:
            self.message_user(request, f"Nothing changed: {error}", messages.ERROR)
            return
        self.log_change(request, match, "Told anew from raw documents.")
        told = f"{report.added} added, {report.amended} amended, {report.retracted} retracted."
        self.message_user(request, f"Told anew from {len(documents)} documents: {told}")


def _page_of(pk: int) -> str:
    return reverse("admin:matches_match_change", args=[pk])


class SpotInline(admin.TabularInline):
    model = TeamSheetSpot
    extra = 0
    autocomplete_fields = ("player",)


class AbsenceInline(admin.TabularInline):
    model = TeamSheetAbsence
    extra = 0
    autocomplete_fields = ("player",)
    verbose_name = "missing player"


@admin.register(TeamSheet)
class TeamSheetAdmin(admin.ModelAdmin):
    list_display = ("match", "team", "formation", "coach", "is_confirmed", "updated_at")
    list_filter = ("is_confirmed", "match__season__league")
    list_select_related = ("match__home", "match__away", "team")
    search_fields = ("team__name", "match__public_id", "match__home__name", "match__away__name")
    autocomplete_fields = ("match", "team")
    readonly_fields = ("updated_at",)
    date_hierarchy = "match__kickoff_at"
    inlines = (SpotInline, AbsenceInline)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        curation.tell_sheets_changed(form.instance.match_id)
