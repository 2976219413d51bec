"""Leagues and cups: listed, made, joined, left; their tables, live while a round is played."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fantasy.enums import GameState, LeagueKind
from fantasy.models import Cup, Entry, FantasyLeague, Phase, Round
from fantasy.selectors.adjustments import league_adjustments
from fantasy.selectors.leagues import (
    MOST_IN_A_PHASE,
    StageSize,
    cup_rounds,
    cup_ties,
    fixtures_of,
    league_page,
    leagues_of,
    phase_table,
    public_leagues,
    stage_sizes,
)
from fantasy.selectors.overall import (
    OVERALL_SIZE,
    Ranked,
    overall_page,
    page_of_entry,
    page_of_rank,
    ranked,
)
from fantasy.selectors.standing import entry_standing
from fantasy.selectors.told import ranks_told
from fantasy.services import cups, limits
from fantasy.services import leagues as services
from fantasy.services.refusals import Refused
from fantasy.views.doors import (
    Outcome,
    Place,
    TooOften,
    as_reader,
    at_game,
    context_of,
    live_points,
    outcome_of,
    place_of,
    shown,
    spend,
    whole,
)

_PUBLIC_SHOWN = 20
_PHASE_SHOWN = 200
_ADJUSTMENTS_SHOWN = 10


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def leagues(request: HttpRequest, slug: str) -> HttpResponse:
    """The leagues of your team, public ones, and forms to make or join one."""
    place = place_of(request, slug)
    if request.method == "POST":
        return _act(request, place)
    return _list(request, place, Outcome())


def _act(request: HttpRequest, place: Place) -> HttpResponse:
    entry, act = place.entry, request.POST.get("act", "")
    if entry is None:
        raise Http404
    try:
        if act == "create":
            spend(limits.LEAGUES, entry)
            league = services.create_league(
                entry.pk,
                services.NewLeague(
                    name=request.POST.get("name", ""),
                    kind=request.POST.get("kind", ""),
                    is_public=request.POST.get("is_public") == "on",
                ),
            )
        elif act == "public":
            wanted = get_object_or_404(FantasyLeague, public_id=request.POST.get("league", ""))
            league = services.join_public_league(entry.pk, wanted.pk).league
        else:
            spend(limits.CODES, entry)
            league = services.join_league(entry.pk, request.POST.get("code", "")[:12]).league
    except (Refused, TooOften) as error:
        with as_reader(request):
            return _list(request, place, outcome_of(error))
    return redirect("fantasy:league", league.public_id)


def _list(request: HttpRequest, place: Place, outcome: Outcome) -> HttpResponse:
    entry = place.entry
    mine = list(leagues_of(entry)) if entry else []
    held = {member.league_id for member in mine}
    open_ = public_leagues(place.game.pk).exclude(pk__in=held).order_by("name")
    context = context_of(place, "leagues")
    context |= live_points(context["live_round"] if entry else None) | {
        "mine": mine,
        "standing": entry_standing(entry) if entry else None,
        "public": open_[:_PUBLIC_SHOWN],
        "tells_ranks": ranks_told(place.game),
        "kinds": LeagueKind.choices,
        "cups": Cup.objects.filter(game=place.game, league=None).select_related("start_round"),
        "refusals": outcome.refusals,
        "typed": request.POST,
    }
    regions = {"own": "fantasy/partials/own_ranks.html"}
    response = shown(
        request, "fantasy/leagues.html", context, regions=regions, status=outcome.status
    )
    return outcome.signed(response)


@require_safe
def league(request: HttpRequest, public_id: str) -> HttpResponse:
    """A league's table, and in a head-to-head league its matches."""
    found = league_of(request, public_id)
    place = at_game(request, found.game)
    phases = Phase.objects.filter(game=found.game).select_related("first_round", "last_round")
    is_classic = found.kind == LeagueKind.CLASSIC
    phase = phases.filter(name=request.GET.get("phase", "")[:60]).first() if is_classic else None
    context = context_of(place, "leagues")
    context |= live_points(context["live_round"]) | {
        "league": found,
        "is_classic": is_classic,
        "phases": phases if is_classic and found.members.count() <= MOST_IN_A_PHASE else (),
        "phase": phase,
        "table": league_page(found, page=max(1, whole(request.GET.get("page", "1")))),
        "phase_rows": phase_table(found, phase)[:_PHASE_SHOWN] if phase else (),
        "is_member": _is_member(request, found),
        "is_owner": request.user.is_authenticated and found.owner_id == request.user.pk,
        "cups": found.cups.select_related("start_round").order_by("pk"),
        "adjustments": league_adjustments(found)[:_ADJUSTMENTS_SHOWN],
        "may_join": _may_join(place.entry, found),
        **_fixtures(request, found),
    }
    if "leave" in request.GET and context["is_member"] and place.entry is not None:
        context["has_live_points"] = False
        context["is_alone"] = not found.members.exclude(entry=place.entry).exists()
        return render(request, "fantasy/league_leave.html", context)
    regions = {"table": "fantasy/partials/league_table.html"}
    return shown(request, "fantasy/league.html", context, regions=regions)


def _fixtures(request: HttpRequest, found: FantasyLeague) -> dict[str, Any]:
    if found.kind != LeagueKind.HEAD_TO_HEAD:
        return {}
    rounds = Round.objects.filter(pk__in=found.fixtures.values("round")).select_related("game")
    rounds = rounds.order_by("number")
    wanted = rounds.filter(number=whole(request.GET.get("round", ""))).first()
    round_ = wanted or rounds.filter(settled_at__isnull=True).first() or rounds.last()
    return {
        "fixture_round": round_,
        "fixture_rounds": rounds,
        "fixtures": fixtures_of(found, round_) if round_ else [],
    }


def league_of(request: HttpRequest, public_id: str) -> FantasyLeague:
    """Return a league the reader may see: a public one, or one he is in. Raises Http404."""
    rows = FantasyLeague.objects.exclude(game__state=GameState.DRAFT).annotate(
        entries=Count("members")
    )
    rows = rows.select_related("game__season__league", "start_round", "owner")
    found = get_object_or_404(rows, public_id=public_id)
    if not found.is_public and not _is_member(request, found):
        raise Http404
    return found


@require_safe
def table(request: HttpRequest, slug: str) -> HttpResponse:
    """All entries of a game by rank, or those of a country; live while a round is played."""
    place = place_of(request, slug)
    country = request.GET.get("country", "")[:2].upper()
    found = ranked(place.game)
    context = context_of(place, "leagues")
    context |= live_points(context["live_round"]) | {
        "page": overall_page(found, page=_page_asked(request, found, country), country=country),
        "own_page": page_of_entry(found, place.entry, country=country) if place.entry else None,
        "size": OVERALL_SIZE,
    }
    regions = {"table": "fantasy/partials/overall_table.html"}
    return shown(request, "fantasy/table.html", context, regions=regions)


def _page_asked(request: HttpRequest, found: Ranked | None, country: str) -> int:
    """Return the page of a rank if one is asked for, else the page named."""
    if rank := whole(request.GET.get("rank", "")):
        return page_of_rank(found, rank, country=country)
    return max(1, whole(request.GET.get("page", "1")))


def _may_join(entry: Entry | None, found: FantasyLeague) -> bool:
    """Whether the reader's team may join the league from its page: a public one with room."""
    if entry is None or found.members.filter(entry=entry).exists():
        return False
    return public_leagues(found.game_id).filter(pk=found.pk).exists()


def _is_member(request: HttpRequest, found: FantasyLeague) -> bool:
    if not request.user.is_authenticated:
        return False
    user_id = request.user.pk
    return found.owner_id == user_id or found.members.filter(entry__owner=user_id).exists()


@login_required
@require_POST
def change_league(request: HttpRequest, public_id: str) -> HttpResponse:
    """Leave a league, or as its owner rename it, change its code, start its cup."""
    found = league_of(request, public_id)
    place, act = at_game(request, found.game), request.POST.get("act", "")
    user_id = int(request.user.pk or 0)
    try:
        if act == "leave" and place.entry is not None:
            services.leave_league(found.pk, place.entry.pk)
            messages.success(request, _("You left %(name)s.") % {"name": found.name})
            return redirect("fantasy:leagues", found.game.slug)
        if act == "code":
            services.change_league(found.pk, by_user_id=user_id, new_code=True)
        elif act == "rename":
            name = request.POST.get("name", "")
            services.change_league(found.pk, by_user_id=user_id, name=name)
        elif act == "cup":
            cups.start_league_cup(found.pk, by_user_id=user_id)
    except Refused as error:
        messages.warning(request, str(error))
    return redirect("fantasy:league", found.public_id)


def _stage(cup_: Cup, round_: Round, size: StageSize, own: Entry | None) -> dict[str, Any]:
    """Return the first ties of a stage, the reader's own before all others."""
    rows = cup_ties(cup_, round_)
    if own is not None:
        sides = [(row, {row.tie.home_id, row.tie.away_id}) for row in rows]
        mine = [row for row, entries in sides if own.pk in entries]
        if not mine and size.ties > len(rows):
            mine = cup_ties(cup_, round_, of=own)
        rows = mine + [row for row, entries in sides if own.pk not in entries]
    byes = [row for row in rows if row.tie.away_id is None]
    return {
        "round": round_,
        "count": size.ties,
        "entrants": 2 * size.ties - size.byes,
        "ties": [row for row in rows if row.tie.away_id is not None],
        "byes": byes,
        "left_out": size.ties - len(rows),
    }


@require_safe
def cup(request: HttpRequest, public_id: str) -> HttpResponse:
    """A cup's ties, round by round, and how they were decided."""
    rows = Cup.objects.exclude(game__state=GameState.DRAFT)
    rows = rows.select_related("league", "start_round", "game__season__league")
    found = get_object_or_404(rows, public_id=public_id)
    league_ = found.league
    if league_ is not None and not league_.is_public and not _is_member(request, league_):
        raise Http404
    place, rounds = at_game(request, found.game), cup_rounds(found)
    # Counted last, as a stage may be drawn meanwhile.
    sizes = stage_sizes(found)
    context = context_of(place, "leagues") | {
        "cup": found,
        "stages": [
            _stage(found, round_, sizes[round_.pk], place.entry) for round_ in reversed(rounds)
        ],
    }
    return render(request, "fantasy/cup.html", context)
