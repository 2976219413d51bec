"""Pages of matches: the day's scores, line-ups, head to head."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from config.clock import now
from matches.forms import DayForm
from matches.live import scores_fragments
from matches.models import Match
from matches.selectors.fixtures import day_matches, head_to_head, moving_matches, winning_side_of
from matches.selectors.lineups import line_ups
from matches.selectors.timelines import match_head, match_timeline, source_says

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
    leagues = day_matches(day=day, zone=zone, is_today=day == today)
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
    context["line_ups"] = line_ups(match, items)
    return render(request, "matches/match_lineups.html", context)


@require_safe
def event_history(request: HttpRequest, public_id: str, key: str) -> HttpResponse:
    """All that was ever told of one event of the timeline."""
    match = get_object_or_404(Match.objects.with_sides(), public_id=public_id)
    items = match_timeline(match)
    item = next((item for item in items if item.key == key), None)
    if item is None:
        raise Http404
    context = {
        "match": match,
        "tab": "timeline",
        "head": match_head(match, items),
        "item": item,
        "source_says": source_says(match, UUID(key)) if item.pin else None,
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
        "meetings": meetings,
        "balance": {
            "home": winners[match.home_id],
            "away": winners[match.away_id],
            "draws": winners[None],
        },
    }
    return render(request, "matches/match_h2h.html", context)


def _winner_id(match: Match) -> int | None:
    return {"home": match.home_id, "away": match.away_id}.get(winning_side_of(match))
