"""The page on which a curator makes a season's schedule: look at the plan, then publish it."""

from collections import Counter
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from leagues.rules.schedule import ScheduleError
from matches.forms import ScheduleForm
from matches.services.schedule import PlannedRound, plan_schedule, publish_schedule, teams_of


def schedule_page(owner: admin.ModelAdmin, request: HttpRequest) -> HttpResponse:
    """Ask for the calendar, show the rounds, and publish exactly these when it is confirmed."""
    if not owner.has_add_permission(request):
        raise PermissionDenied
    form = ScheduleForm(request.POST or None, initial={"season": request.GET.get("season")})
    rounds: list[PlannedRound] = []
    if form.is_valid():
        if "save" in request.POST and _is_published(owner, request, form):
            season = form.cleaned_data["season"]
            query = f"when=all&season__id__exact={season.pk}"
            return HttpResponseRedirect(f"{reverse('admin:matches_match_changelist')}?{query}")
        rounds = _planned(form)
    context: dict[str, Any] = {
        **owner.admin_site.each_context(request),
        "title": "Make a schedule",
        "opts": owner.model._meta,
        "form": form,
        "rounds": rounds,
        "count": sum(len(planned.games) for planned in rounds),
        "at_home": _at_home(rounds),
        "seen": ",".join(map(str, sorted(teams_of(rounds)))),
        "zone": rounds[0].kickoff_at.tzinfo if rounds else None,
    }
    return TemplateResponse(request, "admin/matches/match/schedule.html", context)


def _planned(form: ScheduleForm) -> list[PlannedRound]:
    try:
        return plan_schedule(form.cleaned_data["season"], form.calendar())
    except ScheduleError as error:
        if not form.errors:
            form.add_error(None, _sentence(error))
        return []


def _is_published(owner: admin.ModelAdmin, request: HttpRequest, form: ScheduleForm) -> bool:
    season = form.cleaned_data["season"]
    try:
        count = publish_schedule(season, form.calendar(), seen_teams=form.seen_teams())
    except ScheduleError as error:
        form.add_error(None, _sentence(error))
        return False
    owner.log_addition(request, season, f"Schedule of {count} matches published.")
    owner.message_user(request, f"{count} matches of {season} are public.", messages.SUCCESS)
    return True


def _at_home(rounds: list[PlannedRound]) -> str:
    """Say how many matches each team has at home."""
    counts = Counter(home.pk for planned in rounds for home, _ in planned.games)
    if not counts:
        return ""
    least, most = min(counts.values()), max(counts.values())
    return f"{least}" if least == most else f"{least} to {most}"


def _sentence(error: ScheduleError) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."
