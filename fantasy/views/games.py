"""Pages of games for everybody: what is open, a game, its rules, its players."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from fantasy.enums import RoundState
from fantasy.live import game_age_fragments, game_topic
from fantasy.models import Entry, Game, GamePlayer, PriceChange, Round
from fantasy.rules.outlook import FORMULA, PULL, ROUNDS, regular_minutes
from fantasy.rules.transfers import is_unlimited
from fantasy.selectors.leagues import leagues_of
from fantasy.selectors.ledger import player_ledger
from fantasy.selectors.live_ranks import live_round_of, top_entries
from fantasy.selectors.market import market_figures
from fantasy.selectors.opponents import opponents
from fantasy.selectors.outlook import game_outlook
from fantasy.selectors.players import player_rounds_told
from fantasy.selectors.round_view import round_view
from fantasy.selectors.rounds import (
    ahead,
    entry_counts,
    locked_rounds,
    round_figures,
    rounds_ahead,
    shown_games,
)
from fantasy.selectors.standing import entry_standing
from fantasy.selectors.told import live_data_at, live_told, points_told, ranks_told, tells_points
from fantasy.selectors.top import TopRow, settled_top
from fantasy.services.games import rules_of
from fantasy.views.doors import Place, context_of, live_points, place_of, preview_of, shown
from fantasy.views.market import MARKET_REGIONS, market_page

_TOP = 5


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """Which games there are, your teams, and how it works."""
    games = list(shown_games())
    mine: dict[int, Entry] = {}
    if request.user.is_authenticated:
        rows = Entry.objects.filter(owner=request.user.pk).select_related("game")
        mine = {entry.game_id: entry for entry in rows}
    if "parts" in request.GET:
        return _landing_parts([game for game in games if game.pk in mine])
    next_rounds, counts = rounds_ahead(games), entry_counts(games)
    cards = [
        _card(game, mine.get(game.pk), next_rounds.get(game.pk))
        | {"entries": counts.get(game.pk, 0)}
        for game in games
    ]
    own = [card for card in cards if card["entry"]]
    context = {
        "mine": own,
        "others": [card for card in cards if not card["entry"]],
        "topics": " ".join(game_topic(card["game"]) for card in own if card["live_round"]),
    }
    regions = {"mine": "fantasy/partials/own_games.html"}
    return shown(request, "fantasy/landing.html", context, regions=regions)


def _card(game: Game, entry: Entry | None, next_: Round | None) -> dict[str, Any]:
    live = live_round_of(game.pk) if entry else None
    return {
        "game": game,
        "ahead": next_,
        "entry": entry,
        "standing": entry_standing(entry) if entry else None,
        "live_round": live,
        "data_at": live_data_at(live),
        "scale": rules_of(game).points_scale,
        "is_free": _is_free(entry, game, next_),
    }


def _landing_parts(games: list[Game]) -> JsonResponse:
    """What the page hears whose socket fails."""
    k = {"ask": ""}
    for game in games:
        key = f"g:{game.public_id}"
        k[key] = game_age_fragments(game)[key]
    return JsonResponse({"k": k})


def _is_free(entry: Entry | None, game_: Game, next_: Round | None) -> bool:
    """Whether the entry's next transfers are free without limit, chips aside."""
    if entry is None or next_ is None:
        return False
    is_new = entry.joined_round_id == next_.pk
    return is_new or is_unlimited(rules_of(game_), round_number=next_.number, joined_round=0)


@require_safe
def game(request: HttpRequest, slug: str) -> HttpResponse:
    """A game: the next deadline, the round under way, your team, the best."""
    place = place_of(request, slug)
    regions = {"home": "fantasy/partials/home.html"}
    return shown(request, "fantasy/game.html", _home(place), regions=regions)


def _home(place: Place) -> dict[str, Any]:
    context = context_of(place, "home")
    live, entry = context["live_round"], place.entry
    locked = locked_rounds(place.game)
    last = next((row for row in reversed(locked) if row.settled_at), None)
    current = live or (locked[-1] if locked else None)
    is_told = points_told(current) if current else False
    return (
        context
        | live_points(live)
        | {
            "standing": entry_standing(entry) if entry else None,
            "current": current,
            "is_told": is_told,
            "view": round_view(entry, current, is_told=is_told) if entry and current else None,
            "figures": round_figures(last),
            "last": last,
            "leagues": list(leagues_of(entry)[:4]) if entry else [],
            "tells_ranks": ranks_told(place.game),
            "top": _top(place.game, live),
            "entries": place.game.entries.count(),
        }
    )


def _top(game_: Game, live: Round | None) -> list[TopRow]:
    if not ranks_told(game_):
        return []
    if live is not None and live_told(live):
        rows = [(row.rank, row.total, row.entry) for row in top_entries(live, count=_TOP)]
        if rows:
            return [TopRow(rank=rank, total=total, entry=entry) for rank, total, entry in rows]
    return settled_top(game_, count=_TOP)


@require_safe
def parts(request: HttpRequest, slug: str) -> JsonResponse:
    """What a page hears whose socket fails: how old its data is, to ask for its parts again."""
    place = place_of(request, slug)
    return JsonResponse({"k": {"ask": "", **game_age_fragments(place.game)}})


@require_safe
def rules(request: HttpRequest, slug: str) -> HttpResponse:
    """All rules of a game, as its pack has them; of a draft for those who may look at it."""
    place = preview_of(request, slug)
    playing = [position for position in place.rules.positions if position.play_max]
    added = place.rules.added_positions
    scoring = [p for p in place.rules.positions if p.play_max or p.id in added]
    bonus = place.rules.bonus
    context = context_of(place, "rules") | {
        "positions": [p for p in place.rules.positions if p.squad_max],
        "scoring": scoring,
        "playing": playing,
        "point_rows": [_rule_row(rule, scoring) for rule in place.rules.points],
        "bonus_rows": [_rule_row(rule, playing) for rule in bonus.components] if bonus else [],
        "void": sorted(place.rules.rounds.void),
        "outlook": {
            "formula": FORMULA,
            "rounds": ROUNDS,
            "pull": PULL,
            "minutes": regular_minutes(place.rules),
        },
    }
    return render(request, "fantasy/rules.html", context)


def _rule_row(rule: Any, positions: list[Any]) -> dict[str, Any]:
    """A rule with what it gives each position, None where it gives nothing.

    Each cell comes with the columns it spans: one for all where it gives everybody the same.
    """
    steps = [(step.at, step.points) for step in rule.steps]
    cells = [(steps or rule.each[p.id]) if rule.for_position(p.id) else None for p in positions]
    is_same = len(cells) > 1 and all(cell == cells[0] for cell in cells)
    spans = [(cells[0], len(cells))] if is_same else [(cell, 1) for cell in cells]
    return {"rule": rule, "cells": spans, "steps": steps}


@require_safe
def players(request: HttpRequest, slug: str) -> HttpResponse:
    """All who can be picked: prices, points, ownership; to be filtered and sorted."""
    place = place_of(request, slug)
    context = context_of(place, "players")
    context |= live_points(context["live_round"])
    context |= market_page(request, place.game, place.rules)
    return shown(request, "fantasy/players.html", context, regions=MARKET_REGIONS)


@require_safe
def player(request: HttpRequest, slug: str, player_id: str) -> HttpResponse:
    """A player in the game: points by round, prices, ownership, and why."""
    place = place_of(request, slug)
    found = game_player(place.game, player_id)
    context = context_of(place, "players")
    context |= live_points(context["live_round"]) | {
        "player": found,
        "position": place.rules.position(found.position),
        "figures": market_figures(place.game, [found])[found.pk],
        "outlook": (outlook := game_outlook(place.game)),
        "own": outlook.of(found) if outlook else None,
        "rounds": player_rounds_told(found),
        "prices": PriceChange.objects.filter(game_player=found).select_related("round")[:20],
        "against": opponents(ahead(place.game)).get(found.team_id, ()),
        "tells_points": tells_points(place.game),
    }
    regions = {"player": "fantasy/partials/player.html"}
    return shown(request, "fantasy/player.html", context, regions=regions)


@require_safe
def why(request: HttpRequest, slug: str, player_id: str, number: int) -> HttpResponse:
    """Why a player has his points in a round: rule by rule, down to the moments."""
    place = place_of(request, slug)
    found = game_player(place.game, player_id)
    rows = Round.objects.filter(game=place.game).select_related("game")
    round_ = get_object_or_404(rows, number=number)
    if round_ not in locked_rounds(place.game):
        raise Http404
    is_told = points_told(round_)
    context = context_of(place, "players")
    under_way = context["live_round"] if round_.state != RoundState.SETTLED else None
    context |= live_points(under_way) | {
        "player": found,
        "position": place.rules.position(found.position),
        "round": round_,
        "is_told": is_told,
        "ledger": player_ledger(found, round_) if is_told else None,
    }
    regions = {"why": "fantasy/partials/ledger.html"}
    return shown(request, "fantasy/why.html", context, regions=regions)


def game_player(game_: Game, player_id: str) -> GamePlayer:
    """Return a player of a game by his public id. Raises Http404."""
    rows = GamePlayer.objects.filter(game=game_).select_related("player", "team", "game")
    return get_object_or_404(rows, player__public_id=player_id)
