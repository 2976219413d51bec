"""Pages of a league: its table, fixtures and results."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from config.clock import now
from leagues.models import League, Season
from leagues.selectors import follows_of
from matches.live import scores_fragments
from matches.models import Match
from matches.selectors.fixtures import (
    last_matches,
    moving_matches,
    next_matches,
    season_matches,
)
from stats.enums import TableKind
from stats.selectors.tables import season_table
from streams.live.regions import regions_answer

_MATCHES_A_PAGE = 40
_MATCHES_BESIDE = 4
_REGIONS = {
    "table": "stats/partials/league_standings.html",
    "beside": "stats/partials/league_beside.html",
}


@require_safe
def league(request: HttpRequest, slug: str) -> HttpResponse:
    """A league's table, all matches or those at home or away."""
    return render(request, "stats/league_table.html", _table_context(request, slug))


@require_safe
def league_regions(request: HttpRequest, slug: str) -> JsonResponse:
    """The parts of a league's table page; an open page asks when there is a newer table."""
    return regions_answer(request, _REGIONS, _table_context(request, slug))


@require_safe
def table_parts(request: HttpRequest) -> JsonResponse:
    """What a page with a table hears whose socket fails: rows of matches, to ask for its table."""
    rows = scores_fragments(moving_matches(at=now()))
    return JsonResponse({"k": {"table-news": "", **rows}})


def _table_context(request: HttpRequest, slug: str) -> dict[str, Any]:
    context = _league(request, slug)
    kind = request.GET.get("table", "")
    kind = kind if kind in TableKind.values else TableKind.TOTAL
    season = context["season"]
    return context | {
        "tab": "table",
        "kind": kind,
        "kinds": TableKind,
        "table": season_table(season, kind=kind, tells_age=True) if season else None,
        "next": next_matches(season=season, at=now(), limit=_MATCHES_BESIDE) if season else (),
        "last": last_matches(season=season, limit=_MATCHES_BESIDE) if season else (),
    }


@require_safe
def league_matches(request: HttpRequest, slug: str, *, which: str) -> HttpResponse:
    """A league's fixtures or results, by round where it has rounds, else by day."""
    context = _league(request, slug)
    rows = season_matches(context["season"], is_over=which == "results")
    page = Paginator(rows, _MATCHES_A_PAGE).get_page(request.GET.get("page"))
    context |= {"tab": which, "page": page, "rounds": _by_round(list(page.object_list))}
    return render(request, "stats/league_matches.html", context)


def _league(request: HttpRequest, slug: str) -> dict[str, Any]:
    found = get_object_or_404(League, slug=slug)
    seasons = list(Season.objects.filter(league=found).select_related("league"))
    wish = request.GET.get("season", "")
    named = next((season for season in seasons if season.name == wish), None)
    present = next((season for season in seasons if season.is_current), None)
    season = named or present or next(iter(seasons), None)
    follows = follows_of(request.user, request.COOKIES)
    return {"league": found, "seasons": seasons, "season": season, "follows": follows}


def _by_round(rows: list[Match]) -> list[dict[str, Any]]:
    rounds: list[dict[str, Any]] = []
    for row in rows:
        day = timezone.localtime(row.kickoff_at).date()
        key = row.round_name or row.matchday or day
        if not rounds or rounds[-1]["key"] != key:
            rounds.append({"key": key, "name": row.round_name, "matchday": row.matchday})
            rounds[-1] |= {"day": day, "matches": []}
        rounds[-1]["matches"].append(row)
    return rounds
