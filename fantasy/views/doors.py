"""What the pages of a game share: the game, the own entry, live parts, refusals, limits."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from config.clock import now
from config.sight import seeing, wish_of
from fantasy.live import game_topic
from fantasy.models import Entry, Game, Round
from fantasy.rules.game import GameRules
from fantasy.rules.squads import Refusal
from fantasy.selectors.live_ranks import live_round_of
from fantasy.selectors.rounds import ahead, drafts, shown_games
from fantasy.selectors.told import live_data_at
from fantasy.services import limits
from fantasy.services.games import rules_of
from fantasy.services.refusals import Refused
from fantasy.services.squads import next_round
from streams.live.regions import regions_answer


class TooOften(Exception):  # noqa: N818 - an answer, not a fault
    """An entry saves more often than it may."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(retry_after_s)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a page is: the game, its rules, and the reader's own entry if there is one."""

    game: Game
    rules: GameRules
    entry: Entry | None


def place_of(request: HttpRequest, slug: str) -> Place:
    """Return the game of an address, with the reader's entry. Raises Http404."""
    return at_game(request, get_object_or_404(shown_games(), slug=slug))


def preview_of(request: HttpRequest, slug: str) -> Place:
    """Return the place of a game, of a draft, too, for staff who may see it. Raises Http404."""
    if request.user.has_perm("fantasy.view_game"):
        draft = drafts().filter(slug=slug).first()
        if draft is not None:
            return at_game(request, draft)
    return place_of(request, slug)


def at_game(request: HttpRequest, game: Game) -> Place:
    """Return the place of a game's pages."""
    return Place(game=game, rules=rules_of(game), entry=own_entry(request, game))


def own_entry(request: HttpRequest, game: Game) -> Entry | None:
    """Return the reader's entry in a game; there is one at most."""
    if not request.user.is_authenticated:
        return None
    rows = Entry.objects.select_related("game__season__league", "joined_round", "owner")
    return rows.filter(game=game, owner=request.user.pk).first()


def context_of(place: Place, tab: str) -> dict[str, Any]:
    """Return what the frame of a game's page shows."""
    return {
        "game": place.game,
        "rules": place.rules,
        "scale": place.rules.points_scale,
        "entry": place.entry,
        "tab": tab,
        "labels_of": {p.id: p.label.lower() for p in place.rules.positions},
        "ahead": ahead(place.game),
        "live_round": live_round_of(place.game.pk),
        "topic": game_topic(place.game),
        "is_open": place.game.state == "published",
    }


def as_reader(request: HttpRequest) -> AbstractContextManager[None]:
    """Let what answers a form be as its reader wants to be told.

    What is written is about the present; a page that says why it was refused is the reader's.
    """
    return seeing(wish_of(request.user, request.COOKIES))


def live_points(round_: Round | None) -> dict[str, Any]:
    """Return what a page with points of the round under way says of their age."""
    return {"has_live_points": round_ is not None, "data_at": live_data_at(round_)}


def shown(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    regions: Mapping[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render a page, or those parts of it that an open page asks for again."""
    if "regions" not in request.GET or regions is None:
        return render(request, template, dict(context), status=status)
    query = request.GET.copy()
    del query["regions"]
    request.GET = query  # type: ignore[assignment]  # links in the parts are the page's
    return regions_answer(request, regions, context)


def spend(kind: str, entry: Entry) -> None:
    """Count a save of the entry. Raises TooOften."""
    round_ = next_round(entry.game_id)
    deadline_at = round_.deadline_at if round_ else None
    allowance = limits.spend(kind, entry.pk, deadline_at=deadline_at, at=now())
    if allowance.is_over:
        raise TooOften(allowance.retry_after_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Why a wish came to nothing, and with which status the page says so."""

    refusals: tuple[Refusal, ...] = ()
    status: int = 200
    retry_after_s: int = 0

    def signed(self, response: HttpResponse) -> HttpResponse:
        """Return the response with the time to wait, if there is one."""
        if self.retry_after_s:
            response["Retry-After"] = str(self.retry_after_s)
        return response


def outcome_of(error: Refused | TooOften) -> Outcome:
    """Return what a page says of a refusal."""
    if isinstance(error, Refused):
        return Outcome(refusals=error.refusals, status=422)
    minutes = -(-error.retry_after_s // 60)
    words = _("That was too often. Try again in %(n)s min.") % {"n": minutes}
    refusal = Refusal(code="too_often", message=words)
    return Outcome(refusals=(refusal,), status=429, retry_after_s=error.retry_after_s)


def round_number(request: HttpRequest) -> int | None:
    """Return the round that a form was meant for."""
    return whole(request.POST.get("round", "")) or None


def whole(text: str) -> int:
    """Return a whole number that somebody sent, 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
