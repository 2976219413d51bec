"""Pages of matches: the day's scores, line-ups, head to head, reports, calendars."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.clock import now
from config.sight import seeing, told_now, wish_of
from leagues.models import League, Season, Team
from leagues.packs.loader import load_pack
from leagues.selectors import follows_of
from matches.enums import MatchStatus
from matches.forms import DayForm, ReportForm
from matches.live import scores_fragments
from matches.models import Match
from matches.panels import remember_tab
from matches.rules.calendar import CalendarEvent, calendar_text
from matches.rules.timeline import TimelineItem
from matches.selectors.fixtures import (
    calendar_matches,
    day_matches,
    head_to_head,
    moving_matches,
    winning_side_of,
)
from matches.selectors.lineups import line_ups
from matches.selectors.timelines import match_head, match_timeline, source_says
from matches.services.fact_reports import report_fact

_CALENDAR_KEPT_S: Final = 900
_CALLED_OFF = (MatchStatus.POSTPONED, MatchStatus.CANCELLED)
_FIRST_DAY, _LAST_DAY = date(1872, 1, 8), date(2999, 12, 24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """The chosen day's neighbours."""

    today: date
    previous: date
    next: date
    around: tuple[date, ...]


def _days(day: date, today: date) -> Days:
    step = timedelta(days=1)
    around = tuple(day + step * offset for offset in range(-3, 4))
    return Days(today=today, previous=day - step, next=day + step, around=around)


@require_safe
def scores(request: HttpRequest) -> HttpResponse:
    """The matches of a day in the viewer's zone, by league."""
    form = DayForm(request.GET)
    today = timezone.localdate(now())
    day = min(max(form.day(today), _FIRST_DAY), _LAST_DAY)
    live_only = bool(form.cleaned_data.get("live")) if form.is_valid() else False
    zone = timezone.get_current_timezone()
    follows = follows_of(request.user, request.COOKIES)
    leagues = day_matches(day=day, zone=zone, is_today=day == today, follows=follows)
    context = {
        "day": day,
        "days": _days(day, today),
        "is_today": day == today,
        "live_only": live_only,
        "match_count": sum(len(league.matches) for league in leagues),
        "live_count": sum(league.live_count for league in leagues),
        "leagues": [league.only_live() for league in leagues if league.live_count]
        if live_only
        else leagues,
    }
    return render(request, "matches/scores.html", context)


@require_safe
def scores_parts(request: HttpRequest) -> JsonResponse:
    """The rows of matches that may just have changed, for pages whose socket fails."""
    return JsonResponse({"k": scores_fragments(moving_matches(at=now()))})


@require_safe
def lineups(request: HttpRequest, public_id: str) -> HttpResponse:
    """Both team sheets of a match."""
    match = get_object_or_404(Match.objects.with_sides(), public_id=public_id)
    items = match_timeline(match)
    context = {"match": match, "tab": "lineups", "head": match_head(match, items)}
    context["follows"] = follows_of(request.user, request.COOKIES)
    context["line_ups"] = line_ups(match, items)
    return remember_tab(request, render(request, "matches/match_lineups.html", context), "lineups")


@require_safe
def event_history(request: HttpRequest, public_id: str, key: str) -> HttpResponse:
    """All that was ever told of one event of the timeline."""
    match = get_object_or_404(Match.objects.with_sides(), public_id=public_id)
    # Points may follow from the end of a period that the timeline leaves out beside another.
    items = match_timeline(match, with_all_dividers=True)
    item = next((item for item in items if item.key == key), None)
    if item is None:
        raise Http404
    context = {
        "match": match,
        "tab": "timeline",
        "head": match_head(match, items),
        "item": item,
        "source_says": source_says(match, UUID(key)) if item.pin else None,
        "follows": follows_of(request.user, request.COOKIES),
    }
    return render(request, "matches/event_history.html", context)


@require_safe
def h2h(request: HttpRequest, public_id: str) -> HttpResponse:
    """The last results between the two teams."""
    match = get_object_or_404(Match.objects.with_sides(), public_id=public_id)
    meetings = head_to_head(match)
    winners = Counter(_winner_id(meeting) for meeting in meetings)
    context = {
        "match": match,
        "tab": "h2h",
        "head": match_head(match, match_timeline(match)),
        "follows": follows_of(request.user, request.COOKIES),
        "meetings": meetings,
        "balance": {
            "home": winners[match.home_id],
            "away": winners[match.away_id],
            "draws": winners[None],
        },
        "goals": _goals(match, meetings),
    }
    return remember_tab(request, render(request, "matches/match_h2h.html", context), "h2h")


def _goals(match: Match, meetings: Sequence[Match]) -> tuple[int, int]:
    """Return what both teams have scored against each other, the home side's first."""
    goals: Counter[int] = Counter()
    for meeting in meetings:
        goals[meeting.home_id] += meeting.home_score or 0
        goals[meeting.away_id] += meeting.away_score or 0
    return goals[match.home_id], goals[match.away_id]


def _winner_id(match: Match) -> int | None:
    return {"home": match.home_id, "away": match.away_id}.get(winning_side_of(match))


@never_cache
def report(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask what is wrong with a match or one of its events, and open a task for the curators."""
    # A report is about what its reader sees, and so is the page that asks for a better one.
    with seeing(wish_of(request.user, request.COOKIES)):
        match = get_object_or_404(Match.objects.with_sides(), public_id=public_id)
        form = _report_form(request, match)
        if not form.is_valid():
            return render(request, "matches/report.html", {"match": match, "form": form})
    report_fact(
        match.pk,
        subject=form.cleaned_data["subject"],
        words=form.cleaned_data["words"],
        lineage_id=form.lineage_id(),
    )
    messages.success(request, _("Thank you. A curator will look at it."))
    return redirect("stats:match", match.public_id)


def _report_form(request: HttpRequest, match: Match) -> ReportForm:
    items = match_timeline(match)
    events = [(item.key, _event_words(item)) for item in items if item.is_key]
    wish = request.GET.get("event", "")
    events += [(i.key, _event_words(i)) for i in items if i.key == wish and not i.is_key]
    about = {"event": wish, "subject": "event"} if wish in dict(events) else {}
    said = request.POST if request.method == "POST" else None
    return ReportForm(said, events=events, initial=about)


def _event_words(item: TimelineItem) -> str:
    return f"{item.clock} {item.sentence or item.label}".strip()


@require_safe
def team_calendar(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """A team's matches for a calendar that asks again and again."""
    team = get_object_or_404(Team.objects.select_related("merged_into"), public_id=public_id)
    if team.merged_into:
        place = reverse("matches:team_calendar", args=[team.merged_into.public_id])
        return HttpResponseRedirect(place)
    return _calendar(request, team.name, calendar_matches(at=now(), team=team))


@require_safe
def league_calendar(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """The matches of a league's current season for a calendar."""
    league = get_object_or_404(League, public_id=public_id, is_test=False)
    season = get_object_or_404(Season, league=league, is_current=True)
    return _calendar(request, league.name, calendar_matches(at=now(), season=season))


def _calendar(request: HttpRequest, name: str, rows: Sequence[Match]) -> HttpResponseBase:
    events = [_calendar_event(request, match) for match in rows]
    response = HttpResponse(
        calendar_text(name, events, at=told_now()), content_type="text/calendar; charset=utf-8"
    )
    response["Content-Disposition"] = 'inline; filename="matches.ics"'
    # Of what it says, not of when it was asked.
    digest = hashlib.blake2b(repr((name, events)).encode(), digest_size=16).hexdigest()
    response["ETag"] = f'"{digest}"'
    patch_cache_control(response, public=True, max_age=_CALENDAR_KEPT_S)
    return get_conditional_response(request, etag=response["ETag"], response=response) or response


def _calendar_event(request: HttpRequest, match: Match) -> CalendarEvent:
    league = match.season.league
    round_name = match.round_name or (
        _("Round %(n)s") % {"n": match.matchday} if match.matchday else ""
    )
    return CalendarEvent(
        uid=f"{match.public_id}@vezepysports",
        sequence=match.fixture_version,
        starts_at=match.kickoff_at,
        usual_min=load_pack(league.sport).clock.usual_min,
        is_cancelled=match.status in _CALLED_OFF,
        summary=f"{match.home.name} \u2013 {match.away.name}",
        place=str(match.venue) if match.venue else "",
        note=", ".join(part for part in (league.name, round_name, match.status_reason) if part),
        url=request.build_absolute_uri(reverse("stats:match", args=[match.public_id])),
    )
