"""Pages of a team and of a player."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from config.clock import now
from leagues.models import Player, RosterSpot, Season, Team
from leagues.packs.loader import load_pack
from leagues.selectors import follows_of
from matches.selectors.fixtures import last_matches, next_matches
from stats.selectors.seasons import live_match, player_seasons
from stats.selectors.tables import season_table
from streams.live.regions import regions_answer


@require_safe
def team(request: HttpRequest, slug: str) -> HttpResponse:
    """A team: what comes, what was, where it stands, who plays."""
    found = _team(slug)
    spots = RosterSpot.objects.filter(team=found, until_on=None).select_related("player")
    context = _standing(found) | {
        "follows": follows_of(request.user, request.COOKIES),
        "next": next_matches(team=found, at=now(), limit=5),
        "last": last_matches(team=found, limit=5),
        "lines": _by_position(found.sport, list(spots)),
    }
    return render(request, "stats/team_detail.html", context)


@require_safe
def team_regions(request: HttpRequest, slug: str) -> JsonResponse:
    """The parts of a team's page that an open one asks for when there is a newer table."""
    regions = {"table": "stats/partials/team_table.html"}
    return regions_answer(request, regions, _standing(_team(slug)))


def _team(slug: str) -> Team:
    found = get_object_or_404(Team.objects.select_related("venue", "merged_into"), slug=slug)
    return found.merged_into or found


def _standing(found: Team) -> dict[str, Any]:
    season = (
        Season.objects.filter(season_teams__team=found, is_current=True)
        .select_related("league")
        .order_by("league__priority")
        .first()
    )
    table = season_table(season, tells_age=True).around(found.pk) if season else None
    return {"team": found, "season": season, "table": table}


def _by_position(sport: str, spots: list[RosterSpot]) -> list[dict[str, Any]]:
    pack = load_pack(sport)
    groups: dict[str, list[RosterSpot]] = {position.id: [] for position in pack.positions}
    for spot in spots:
        groups.setdefault(spot.position or spot.player.position, []).append(spot)
    labels = {position.id: position.label for position in pack.positions}
    return [
        {
            "label": labels.get(position, ""),
            "spots": sorted(found, key=lambda s: (len(s.shirt), s.shirt, s.player.name)),
        }
        for position, found in groups.items()
        if found
    ]


@require_safe
def player(request: HttpRequest, slug: str) -> HttpResponse:
    """A player: who he is, his seasons in numbers, his matches; live while he plays."""
    found = _player(slug)
    spot = RosterSpot.objects.filter(player=found, until_on=None).select_related("team").first()
    labels = {position.id: position.label for position in load_pack(found.sport).positions}
    seasons = player_seasons(found)
    context = {
        "player": found,
        "spot": spot,
        "position": labels.get((spot.position if spot else "") or found.position, ""),
        "seasons": seasons,
        "live": live_match(seasons),
    }
    return render(request, "stats/player_detail.html", context)


@require_safe
def player_regions(request: HttpRequest, slug: str) -> JsonResponse:
    """The parts of a player's page that an open one asks for while he plays."""
    context = {"seasons": player_seasons(_player(slug))}
    return regions_answer(request, {"seasons": "stats/partials/player_seasons.html"}, context)


def _player(slug: str) -> Player:
    found = get_object_or_404(Player.objects.select_related("merged_into"), slug=slug)
    return found.merged_into or found
