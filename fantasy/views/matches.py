"""The Fantasy tab of a match's page: whose points were made in it, and yours among them."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from fantasy.selectors.match_points import games_of_match, match_points
from fantasy.views.doors import own_entry, shown
from leagues.selectors import follows_of
from matches.models import Match
from matches.selectors.timelines import match_head, match_timeline


@require_safe
def match(request: HttpRequest, public_id: str) -> HttpResponse:
    """Points of the players of a match in each game it counts in."""
    found = get_object_or_404(Match.objects.with_sides(), public_id=public_id)
    places = games_of_match(found)
    context = {
        "match": found,
        "tab": "fantasy",
        "regions_url": f"{request.path}?regions=1",
        "head": match_head(found, match_timeline(found)),
        "follows": follows_of(request.user, request.COOKIES),
        "tables": [match_points(place, own_entry(request, place.round.game)) for place in places],
    }
    regions = {"fantasy": "fantasy/partials/match_points.html"}
    return shown(request, "fantasy/match.html", context, regions=regions)
