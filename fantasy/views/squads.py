"""Joining a game and the own team: first squad, line-up, armbands, bench, chips, receipts."""

from collections.abc import Callable
from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fantasy.models import Entry, GamePlayer, Receipt
from fantasy.rules.chips import chip_plays, last_round
from fantasy.rules.countries import countries
from fantasy.rules.squads import captain_surcharge, quotas
from fantasy.selectors.market_list import room_of, why_not
from fantasy.selectors.opponents import opponents
from fantasy.selectors.round_view import Place as Spot
from fantasy.selectors.round_view import added_place, rows_of
from fantasy.selectors.rounds import locked_rounds
from fantasy.services import chips, entries, limits, lineups, receipts
from fantasy.services.chips import problems_of
from fantasy.services.filling import filled_squad
from fantasy.services.refusals import Refused, refuse
from fantasy.services.squads import OpenSquad, cost_of, is_free, look_at, made_before, next_round
from fantasy.services.transfers import sale_price
from fantasy.views.doors import (
    Outcome,
    Place,
    TooOften,
    as_reader,
    context_of,
    live_points,
    outcome_of,
    place_of,
    round_number,
    shown,
    spend,
    whole,
)
from fantasy.views.market import MARKET_REGIONS, market_page

_PLAYS = "plays"
# Who chose the list once, say with a screen reader, gets it from then on.
VIEW_COOKIE: Final = "lineup_view"
_VIEWS: Final = ("pitch", "list")
_YEAR_S: Final = 31_536_000
_FORM_METHODS = ["GET", "HEAD", "POST"]


# The first squad -----------------------------------------------------------------------------


@never_cache
@login_required
@require_http_methods(_FORM_METHODS)
def join(request: HttpRequest, slug: str) -> HttpResponse:
    """Choose a first squad: player by player, or all that is missing at once; then join."""
    place = place_of(request, slug)
    if place.entry is not None:
        return redirect("fantasy:team", slug)
    if request.method != "POST":
        return _join_page(request, place, Outcome())
    held = _kept(request, place)
    act = request.POST.get("act", "")
    if act == "join":
        return _join(request, place, held)
    try:
        _keep(request, place, _changed(request, place, held))
    except Refused as error:
        with as_reader(request):
            return _join_page(request, place, outcome_of(error))
    return redirect(f"{reverse('fantasy:join', args=[slug])}?{request.GET.urlencode()}")


def _join(request: HttpRequest, place: Place, held: list[GamePlayer]) -> HttpResponse:
    new = entries.NewEntry(
        name=request.POST.get("name", ""),
        country=request.POST.get("country", "").strip(),
        players=[row.pk for row in held],
    )
    try:
        entries.create_entry(
            place.game.pk, new, owner_id=request.user.pk, for_round=round_number(request)
        )
    except Refused as error:
        with as_reader(request):
            return _join_page(request, place, outcome_of(error))
    request.session.pop(_key(place), None)
    return redirect("fantasy:team", place.game.slug)


def _join_page(request: HttpRequest, place: Place, outcome: Outcome) -> HttpResponse:
    held, rules = _kept(request, place), place.rules
    spent = sum(row.price for row in held)
    left = rules.squad.budget_tenths - spent
    counts = {p.id: [row for row in held if row.position == p.id] for p in rules.positions}
    most = {name: bounds[1] for name, bounds in quotas(rules).items()}
    room = room_of(
        rules,
        held,
        money_tenths=left,
        places={name: most[name] - len(rows) for name, rows in counts.items()},
    )
    context = context_of(place, "team")
    context |= live_points(context["live_round"])
    context |= market_page(request, place.game, rules, room=room)
    context |= {
        "mode": "join",
        "slots": [
            (p, counts[p.id], range(most[p.id] - len(counts[p.id])))
            for p in rules.positions
            if p.squad_max
        ],
        "held_count": len(held),
        "spent": spent,
        "left": left,
        "is_whole": len(held) == rules.squad.size,
        "refusals": outcome.refusals,
        "typed": request.POST.get("name", ""),
        "country": request.POST.get("country", "").upper(),
        "countries": countries().items(),
    }
    response = shown(
        request, "fantasy/join.html", context, regions=MARKET_REGIONS, status=outcome.status
    )
    return outcome.signed(response)


def _changed(request: HttpRequest, place: Place, held: list[GamePlayer]) -> list[GamePlayer]:
    """Return the squad after an act. Raises Refused when it cannot be filled."""
    act, player = request.POST.get("act", ""), whole(request.POST.get("player", ""))
    if act == "clear":
        return []
    if act == "drop":
        return [row for row in held if row.pk != player]
    if act == "fill":
        # Whom it takes tells of points.
        with as_reader(request):
            return filled_squad(place.game, place.rules, held)
    found = GamePlayer.objects.filter(game=place.game, pk=player).first()
    most = quotas(place.rules).get(found.position, (0, 0))[1] if found else 0
    same = [row for row in held if found and row.position == found.position]
    if found is None or found in held or len(same) >= most:
        return held
    return [*held, found]


def _key(place: Place) -> str:
    return f"fantasy-squad-{place.game.pk}"


def _kept(request: HttpRequest, place: Place) -> list[GamePlayer]:
    """Return the squad that the session holds, in the order it was chosen."""
    wanted = request.session.get(_key(place), [])
    rows = GamePlayer.objects.filter(game=place.game, pk__in=wanted)
    found = {row.pk: row for row in rows.select_related("player", "team")}
    return [found[pk] for pk in wanted if pk in found]


def _keep(request: HttpRequest, place: Place, held: list[GamePlayer]) -> None:
    request.session[_key(place)] = [row.pk for row in held]


# The own team ----------------------------------------------------------------------------------


@never_cache
@login_required
@require_http_methods(_FORM_METHODS)
def team(request: HttpRequest, slug: str) -> HttpResponse:
    """The own squad for the next deadline, as a pitch and as a form; saved, with a receipt."""
    place = place_of(request, slug)
    if place.entry is None:
        return redirect("fantasy:join", slug)
    if request.method != "POST":
        return _team_page(request, place, place.entry, Outcome())
    entry = place.entry

    def save() -> None:
        choice = _choice(request, place, entry)
        spend(limits.LINEUP, entry)
        lineups.save_lineup(entry.pk, choice, for_round=round_number(request))

    return _done(request, place, save)


@login_required
@require_POST
def play_chip(request: HttpRequest, slug: str) -> HttpResponse:
    """Play a chip in the next round, or take it back."""
    place = place_of(request, slug)
    entry = place.entry
    if entry is None:
        raise Http404

    def save() -> None:
        spend(limits.LINEUP, entry)
        if request.POST.get("act") == "cancel":
            chips.cancel_chip(entry.pk, for_round=round_number(request))
        else:
            chips.play_chip(
                entry.pk,
                request.POST.get("chip", "")[:30],
                player=whole(request.POST.get("player", "")) or None,
                for_round=round_number(request),
            )

    return _done(request, place, save)


def _done(request: HttpRequest, place: Place, save: Callable[[], None]) -> HttpResponse:
    """Save and show the team with its receipt, or why not."""
    try:
        save()
    except (Refused, TooOften) as error:
        entry = place.entry
        if entry is None:
            raise Http404 from error
        return _team_page(request, place, entry, outcome_of(error))
    return redirect(f"{reverse('fantasy:team', args=[place.game.slug])}?saved=1")


def _choice(request: HttpRequest, place: Place, entry: Entry) -> lineups.LineupChoice:
    """Return what the form says: each player plays or has a place on the bench. Raises Refused."""
    held = entry.holdings.select_related("game_player").order_by("slot")
    order = {position.id: at for at, position in enumerate(place.rules.positions)}
    playing, bench = [], {}
    for holding in held:
        row = holding.game_player
        wish = request.POST.get(f"place-{row.pk}", str(holding.slot))
        if wish == _PLAYS:
            playing.append((order.get(row.position, 99), holding.slot, row.pk))
            continue
        if wish in bench:
            message = f"Two players have place {wish} on the bench."
            raise refuse("bench_order", message, f"slot:{wish}")
        bench[wish] = row.pk
    return lineups.LineupChoice(
        players=[
            *(pk for *_, pk in sorted(playing)),
            *(bench[wish] for wish in sorted(bench, key=whole)),
        ],
        captain=whole(request.POST.get("captain", "")) or None,
        vice=whole(request.POST.get("vice", "")) or None,
    )


def _team_page(request: HttpRequest, place: Place, entry: Entry, outcome: Outcome) -> HttpResponse:
    round_ = next_round(entry.game_id)
    asked = request.GET.get("view", "")
    wished = asked if asked in _VIEWS else request.COOKIES.get(VIEW_COOKIE, "")
    context = context_of(place, "team") | {
        "refusals": outcome.refusals,
        "is_list": wished == "list",
        "receipt": Receipt.objects.filter(entry=entry, round=round_).first() if round_ else None,
        "is_saved": "saved" in request.GET,
    }
    if round_ is not None:
        context |= _squad_context(place, look_at(entry, round_))
    response = render(request, "fantasy/team.html", context, status=outcome.status)
    if asked in _VIEWS and asked != request.COOKIES.get(VIEW_COOKIE):
        response.set_cookie(VIEW_COOKIE, asked, max_age=_YEAR_S, samesite="Lax")
    return outcome.signed(response)


def _words() -> dict[str, str]:
    """The sentences of the page's script; {a} and {b} are names, {n} a number."""
    return {
        "both": _("Both play already."),
        "same": _("{a} change among themselves."),
        "least": _("{a}: {n} at least."),
        "most": _("{a}: {n} at most."),
        "swap": _("Swap with {a}"),
        "substitute": _("Substitute"),
        "captain": _("captain"),
        "vice": _("vice-captain"),
        "is_captain": _("He is already."),
        "is_vice": _("He is already."),
        "must_play": _("Only who plays can be."),
        "changed": _("Line-up changed."),
        "can_undo": _("Undo with Control Z."),
        "undone": _("Undone."),
        **_saving_words(),
        "on": _("{a} comes on for {b}."),
        "places": _("{a} and {b} change places."),
    }


def _saving_words() -> dict[str, str]:
    """What the page's script says of saving; {n} changes, and one has words of its own."""
    return {
        "sending": _("Saving …"),
        "dirty": _("Not saved yet: {n} changes."),
        "dirty_1": _("Not saved yet: 1 change."),
        "offline": _("Not saved yet: you are offline. {n} changes wait."),
        "offline_1": _("Not saved yet: you are offline. 1 change waits."),
        "unreachable": _("Not saved yet: we cannot be reached. {n} changes wait."),
        "unreachable_1": _("Not saved yet: we cannot be reached. 1 change waits."),
        "busy": _("Not saved yet: too much going on. {n} changes wait and are sent again."),
        "busy_1": _("Not saved yet: too much going on. 1 change waits and is sent again."),
        "logged_out": _("Not saved: you are logged out. Log in and open this page again."),
        "refused": _("Not saved. {reason}"),
        "elsewhere": _("Changed in another tab, which saves it. Open this page again to see it."),
        "overtaken": _(
            "Not saved: the line-up was changed elsewhere since."
            " This is what you had chosen here; save it to have it so."
        ),
    }


def _squad_context(place: Place, squad: OpenSquad) -> dict[str, Any]:
    rules, size = place.rules, place.rules.lineup.size
    against = opponents(squad.round)
    spots = [
        Spot(
            slot=holding.slot,
            player=holding.game_player,
            opponents=against.get(holding.game_player.team_id, ()),
            is_captain=holding.is_captain,
            is_vice=holding.is_vice,
        )
        for holding in squad.holdings
    ]
    # Whom a chip adds stands behind the bench, and is no part of what can be moved.
    own = [spot for spot in spots if spot.slot <= rules.squad.size]
    made = made_before(squad)
    value = sum(sale_price(rules, holding) for holding in squad.holdings)
    return {
        "words": _words(),
        "last_round": next(iter(reversed(locked_rounds(place.game))), None),
        "rows": rows_of(rules, [spot for spot in spots if spot.slot <= size]),
        "bench": [spot for spot in own if spot.slot > size],
        "spots": own,
        "shirt_names": [spot.player.player.display_name for spot in spots],
        "added": added_place(rules, spots),
        "bench_slots": range(size + 1, len(own) + 1),
        "own_places": {p.bench_slot: p for p in rules.positions if p.bench_slot},
        "shape": {
            p.id: {"min": p.play_min, "max": p.play_max, "slot": p.bench_slot, "name": p.plural}
            for p in rules.positions
            if p.squad_max
        },
        "bank": squad.entry.bank,
        "surcharge": captain_surcharge(
            rules, next((h.game_player.price for h in squad.holdings if h.is_captain), 0)
        ),
        "value": value + squad.entry.bank,
        "free": squad.entry.free_transfers,
        "is_free": is_free(squad),
        "made": made,
        "hit": cost_of(squad, made),
        "chip": squad.chip,
        "chip_until": _chip_until(squad),
        "chips": _chips(squad),
        "candidates": _candidates(squad),
        "round": squad.round,
    }


def _chip_until(squad: OpenSquad) -> int | None:
    """The last round of a chip that is in force for more than one."""
    if squad.chip is None or squad.chip.rounds == 1:
        return None
    begun = next(play for play in reversed(squad.played) if play.chip == squad.chip.id)
    return last_round(squad.rules, begun)


def _candidates(squad: OpenSquad) -> list[dict[str, Any]]:
    """Whom a chip that can be played now would add, and why somebody cannot be had."""
    chip = next(
        (chip for chip in squad.rules.chips if chip.adds and not problems_of(squad, chip.id)), None
    )
    if chip is None:
        return []
    room = room_of(
        squad.rules,
        [holding.game_player for holding in squad.holdings],
        money_tenths=squad.entry.bank,
    )
    rows = chips.joinable(squad.game.pk, chip).select_related("player", "team")
    return [
        {"player": row, "why_not": why_not(squad.rules, room, row)}
        for row in rows.order_by("-price", "team__name", "number")
    ]


def _chips(squad: OpenSquad) -> list[dict[str, Any]]:
    """Each chip with its plays, how they stand, and why it cannot be played now."""
    number = squad.round.number
    return [
        {
            "plays": plays,
            "state": plays.current.state(number),
            "offers": [(offer, offer.state(number)) for offer in plays.offers],
            "problems": problems_of(squad, plays.chip.id),
        }
        for plays in chip_plays(squad.rules, squad.played, round_number=number)
    ]


@never_cache
@login_required
@require_safe
def receipt(request: HttpRequest, slug: str, sequence: int) -> HttpResponse:
    """A signed receipt of the own entry, and what it proves."""
    place = place_of(request, slug)
    rows = Receipt.objects.filter(entry=place.entry, entry__isnull=False)
    found = get_object_or_404(rows.select_related("round"), sequence=sequence)
    context = context_of(place, "team") | {
        "receipt": found,
        "verdict": receipts.verify_receipt(found.document, found.signature),
        "keys": receipts.public_keys(),
    }
    return render(request, "fantasy/receipt.html", context)
