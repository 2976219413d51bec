"""Transfers: the market, a basket that can be undone, and its confirmation."""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from fantasy.models import ChipPlay, Entry, GamePlayer, Holding
from fantasy.rules.chips import chip_offers
from fantasy.rules.squads import Refusal
from fantasy.selectors.market_list import Room, room_of
from fantasy.selectors.outlook import GameOutlook
from fantasy.services import limits
from fantasy.services.chips import problems_of
from fantasy.services.comparing import compare
from fantasy.services.refusals import Refused
from fantasy.services.squads import OpenSquad, is_free, look_at, made_before, next_round
from fantasy.services.transfers import (
    Deal,
    Move,
    basket_of,
    change_draft,
    clear_draft,
    confirm_transfers,
    deal_of,
    draft_of,
    sale_price,
)
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


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def transfers(request: HttpRequest, slug: str) -> HttpResponse:
    """Sell and buy: nothing happens before it is confirmed."""
    place = place_of(request, slug)
    if place.entry is None:
        return redirect("fantasy:join", slug)
    if request.method != "POST":
        return _page(request, place, place.entry, Outcome())
    act = request.POST.get("act", "")
    try:
        if act == "confirm":
            _confirm(request, place.entry)
            return redirect(f"{reverse('fantasy:team', args=[slug])}?saved=1")
        _change(request, place.entry, act)
    except (Refused, TooOften) as error:
        with as_reader(request):
            return _page(request, place, place.entry, outcome_of(error))
    query = request.GET.copy()
    query.pop("out", None)
    query.pop("confirm", None)
    return redirect(f"{reverse('fantasy:transfers', args=[slug])}?{query.urlencode()}")


def _confirm(request: HttpRequest, entry: Entry) -> None:
    round_ = next_round(entry.game_id)
    moves = draft_of(entry.pk, round_.pk) if round_ else ()
    spend(limits.TRANSFERS, entry)
    confirm_transfers(
        entry.pk,
        moves,
        chip=request.POST.get("chip", "")[:30],
        for_round=round_number(request),
    )


def _change(request: HttpRequest, entry: Entry, act: str) -> None:
    """Put a move into the basket or take one out. Raises Refused."""
    if act == "clear":
        clear_draft(entry.pk)
        return
    sold, bought = (whole(request.POST.get(name, "")) for name in ("out", "in"))
    change_draft(
        entry.pk,
        sold=sold,
        bought=bought if act == "add" else None,
        for_round=round_number(request),
    )


def _page(request: HttpRequest, place: Place, entry: Entry, outcome: Outcome) -> HttpResponse:
    round_ = next_round(entry.game_id)
    context = context_of(place, "transfers")
    context |= {"refusals": outcome.refusals, "round": round_}
    if round_ is not None:
        context |= _basket_context(request, place, look_at(entry, round_))
        context |= live_points(context["live_round"])
    if context.get("moves") and "confirm" in request.GET:
        page = render(request, "fantasy/transfer_confirm.html", context, status=outcome.status)
        return outcome.signed(page)
    response = shown(
        request,
        "fantasy/transfers.html",
        context,
        regions=MARKET_REGIONS if round_ else None,
        status=outcome.status,
    )
    return outcome.signed(response)


def _basket_context(request: HttpRequest, place: Place, squad: OpenSquad) -> dict[str, Any]:
    moves = basket_of(squad)
    going = {move.sold for move in moves}
    held = {holding.game_player_id: holding for holding in squad.holdings}
    out = held.get(whole(request.GET.get("out", "")))
    if out is not None and out.game_player_id in going:
        out = None
    chip = request.GET.get("chip", "")[:30]
    problems = _chip_problems(squad, chip)
    chip_before = squad.chip
    if chip and not problems:
        squad.plays.append(ChipPlay(entry=squad.entry, round=squad.round, chip=chip))
    deal = _deal(squad, moves)
    bought = _bought(squad, moves)
    room = _room(place, squad, going, bought, deal, out)
    context: dict[str, Any] = {
        "mode": "buy",
        "moves": [(held[m.sold], _sale(place, held[m.sold]), bought[m.bought]) for m in moves],
        "squad": [
            (position, [_row(place, h, going) for h in squad.holdings if _is_of(h, position.id)])
            for position in place.rules.positions
            if position.squad_max or (squad.chip and position.id == squad.chip.adds)
        ],
        "deal": deal,
        "problems": (*problems, *(deal.problems if deal else ())),
        "out": out,
        "out_sale": _sale(place, out) if out else None,
        "bank": squad.entry.bank,
        "free": squad.entry.free_transfers,
        "is_free": is_free(squad),
        "made": made_before(squad),
        "chip": chip if not problems else "",
        "chip_played": None if chip else squad.chip,
        "chips": _chips(squad, chip),
    }
    position = out.game_player.position if out else ""
    context |= market_page(
        request, place.game, place.rules, room=room, position=position, chip=squad.chip
    )
    outlook: GameOutlook | None = context["outlook"]
    if deal and outlook and outlook.rounds and "confirm" in request.GET:
        found = compare(squad, moves, bought, deal=deal, outlook=outlook, chip_before=chip_before)
        context |= {"comparison": found, "sides": (found.moving, found.staying)}
    return context


def _deal(squad: OpenSquad, moves: Sequence[Move]) -> Deal | None:
    try:
        return deal_of(squad, moves) if moves else None
    except Refused:
        return None


def _bought(squad: OpenSquad, moves: Sequence[Move]) -> dict[int, GamePlayer]:
    wanted = [move.bought for move in moves]
    rows = GamePlayer.objects.filter(game=squad.game, pk__in=wanted)
    return {row.pk: row for row in rows.select_related("player", "team")}


def _room(
    place: Place,
    squad: OpenSquad,
    going: set[int],
    bought: dict[int, GamePlayer],
    deal: Deal | None,
    out: Holding | None,
) -> Room:
    leaving = going | ({out.game_player_id} if out else set())
    kept = [h.game_player for h in squad.holdings if h.game_player_id not in leaving]
    bank = deal.bank if deal else squad.entry.bank
    # Before somebody is sold nobody knows what there is to spend.
    money = bank + _sale(place, out) if out else None
    room = room_of(place.rules, [*kept, *bought.values()], money_tenths=money)
    everyone = {h.game_player_id for h in squad.holdings} | bought.keys()
    return Room(held=everyone, clubs=room.clubs, money_tenths=room.money_tenths)


def _is_of(holding: Holding, position: str) -> bool:
    return holding.game_player.position == position


def _row(place: Place, holding: Holding, going: set[int]) -> dict[str, Any]:
    return {
        "holding": holding,
        "sale": _sale(place, holding),
        "is_going": holding.game_player_id in going,
    }


def _sale(place: Place, holding: Holding) -> int:
    return sale_price(place.rules, holding)


def _chip_problems(squad: OpenSquad, chip: str) -> tuple[Refusal, ...]:
    problems = problems_of(squad, chip) if chip else ()
    if chip and not problems and squad.rules.chip(chip).adds:
        message = _("Play it on the page of your team, where you choose whom it adds.")
        return (Refusal(code="player_needed", message=message, field="chip"),)
    return problems


def _chips(squad: OpenSquad, chosen: str) -> list[Any]:
    """The chips that make transfers free and can be played now."""
    offers = {o.chip.id: o.chip for o in chip_offers(squad.rules, squad.played)}
    return [
        chip
        for chip in offers.values()
        if chip.free_transfers and (chip.id == chosen or not _chip_problems(squad, chip.id))
    ]
