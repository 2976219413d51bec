"""Pages of entries, open to everybody once a round is locked: points, history, transfers."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from fantasy.enums import GameState, RoundState
from fantasy.models import Entry, Lineup, Round, Transfer
from fantasy.selectors.round_view import round_view
from fantasy.selectors.rounds import round_figures, rounds_of_entry
from fantasy.selectors.standing import entry_standing, results_of
from fantasy.selectors.told import is_settled, points_told, round_told
from fantasy.services.games import rules_of
from fantasy.services.receipts import proof_of
from fantasy.views.doors import at_game, context_of, live_points, shown


def entry_of(public_id: str) -> Entry:
    """Return an entry of a game that fans may see. Raises Http404."""
    rows = Entry.objects.select_related("game__season__league", "owner", "joined_round")
    return get_object_or_404(rows.exclude(game__state=GameState.DRAFT), public_id=public_id)


@require_safe
def points(request: HttpRequest, public_id: str, number: int | None = None) -> HttpResponse:
    """An entry's points in a round, the one under way or the last; live while it is played."""
    found = entry_of(public_id)
    rounds = rounds_of_entry(found)
    frame = _frame(request, found)
    round_ = next((row for row in rounds if row.number == number), None)
    if number is None and rounds:
        round_ = next((row for row in rounds if row == frame["live_round"]), rounds[-1])
    if number is not None and round_ is None:
        raise Http404
    context = frame | {
        "rounds": rounds,
        "round": round_,
        "before": _beside(rounds, round_, -1),
        "after": _beside(rounds, round_, 1),
    }
    if round_ is not None:
        is_told = points_told(round_)
        is_live = not is_settled(round_)
        context |= live_points(frame["live_round"] if is_live else None) | {
            "is_told": is_told,
            "view": round_view(found, round_, is_told=is_told),
            "standing": entry_standing(found),
            "figures": round_figures(round_),
            "is_live": is_live,
        }
    regions = {"points": "fantasy/partials/points.html"} if round_ else None
    return shown(request, "fantasy/points.html", context, regions=regions)


def _frame(request: HttpRequest, found: Entry) -> dict[str, Any]:
    place = at_game(request, found.game)
    context = context_of(place, "points" if place.entry == found else "")
    return context | {"shown": found, "is_own": place.entry == found}


def _beside(rounds: list[Round], round_: Round | None, step: int) -> Round | None:
    if round_ is None:
        return None
    at = rounds.index(round_) + step
    return rounds[at] if 0 <= at < len(rounds) else None


@require_safe
def history(request: HttpRequest, public_id: str) -> HttpResponse:
    """An entry's season: rounds, transfers and chips of locked rounds, value."""
    found = entry_of(public_id)
    lineups = {row.round_id: row for row in Lineup.objects.filter(entry=found)}
    told = [row for row in results_of(found) if round_told(row.round)]
    people = [f"player_{side}__{part}" for side in ("in", "out") for part in ("player", "team")]
    rows = Transfer.objects.filter(entry=found).exclude(round__state=RoundState.UPCOMING)
    best = max((row.points for row in told), default=0)
    context = _frame(request, found) | {
        "results": [
            {
                "result": row,
                "lineup": lineups.get(row.round_id),
                "share": max(0, row.points) * 100 // best if best else 0,
            }
            for row in told
        ],
        "transfers": rows.select_related("round", *people).order_by("-made_at")[:100],
        "plays": _plays(found),
        "labels": {chip.id: chip.label for chip in at_game(request, found.game).rules.chips},
        "standing": entry_standing(found),
    }
    return render(request, "fantasy/history.html", context)


def _plays(entry: Entry) -> list[tuple[Round, str]]:
    """The chips of locked rounds; one that is in force for some counts where it began."""
    lineups = Lineup.objects.filter(entry=entry).exclude(chip="").select_related("round")
    plays: list[tuple[Round, str]] = []
    chips = {chip.id: chip for chip in rules_of(entry.game).chips}
    for row in lineups.order_by("round__number"):
        last = next((round_ for round_, chip in reversed(plays) if chip == row.chip), None)
        length = chips[row.chip].rounds if row.chip in chips else 1
        if last is None or row.round.number >= last.number + length:
            plays.append((row.round, row.chip))
    return plays


@require_safe
def proof(request: HttpRequest, public_id: str, number: int) -> HttpResponse:
    """That the line-up of a round is the one under the root published at its deadline."""
    found = entry_of(public_id)
    round_ = get_object_or_404(rounds_of_entry_query(found), number=number)
    return render(
        request,
        "fantasy/proof.html",
        _frame(request, found) | {"round": round_, "proof": proof_of(found.pk, round_)},
    )


def rounds_of_entry_query(entry: Entry) -> Any:
    """The locked rounds of an entry, to be asked for one."""
    rows = Round.objects.filter(lineups__entry=entry).exclude(state=RoundState.UPCOMING)
    return rows.select_related("game")


@require_safe
def own_points(request: HttpRequest, slug: str) -> HttpResponse:
    """Lead to the reader's own points in a game, else to the game."""
    entries = Entry.objects.filter(game__slug=slug, owner=request.user.pk)
    found = entries.first() if request.user.is_authenticated else None
    if found is None:
        return redirect("fantasy:game", slug)
    return redirect("fantasy:entry", found.public_id)
