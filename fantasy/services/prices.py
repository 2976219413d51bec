"""Prices after a round, where the game moves them: by the open formula, each change explained."""

from collections.abc import Mapping
from typing import Final

from django.db import transaction
from django.db.models import Count

from config.clock import now
from fantasy.enums import Availability
from fantasy.models import GamePlayer, PriceChange, Round
from fantasy.rules.loading import load_game
from fantasy.rules.prices import WEEKLY, Demand, PriceMove, price_move
from fantasy.selectors.moves import counted_transfers

_PER_STATEMENT: Final = 1000


@transaction.atomic
def move_prices(round_id: int) -> int:
    """Change the prices of a game once for a round, by its transfers; return how many changed.

    Transfers under a chip do not count. A second run for the same round changes nothing.
    """
    rounds = Round.objects.select_related("game").select_for_update(of=("self",), no_key=True)
    round_ = rounds.get(pk=round_id)
    rules = load_game(round_.game.rules).prices
    if rules.policy != WEEKLY or PriceChange.objects.filter(round=round_).exists():
        return 0
    bought, sold = _count(round_, "player_in"), _count(round_, "player_out")
    entries = round_.lineups.count()
    moved: list[tuple[GamePlayer, PriceMove]] = []
    players = GamePlayer.objects.filter(pk__in={*bought, *sold}).exclude(status=Availability.GONE)
    for player in players.select_for_update(no_key=True).order_by("pk"):
        demand = Demand(
            bought=bought.get(player.pk, 0), sold=sold.get(player.pk, 0), entries=entries
        )
        move = price_move(player.price, demand, rules)
        if move.change_tenths:
            player.price = move.after_tenths
            moved.append((player, move))
    GamePlayer.objects.bulk_update(
        [player for player, _ in moved], ["price"], batch_size=_PER_STATEMENT
    )
    PriceChange.objects.bulk_create(
        [_change(player, move, round_, bought, sold) for player, move in moved],
        batch_size=_PER_STATEMENT,
    )
    return len(moved)


def _count(round_: Round, side: str) -> Mapping[int, int]:
    rows = counted_transfers(load_game(round_.game.rules)).filter(round=round_).values_list(side)
    return dict(rows.annotate(times=Count("pk")).order_by())


def _change(
    player: GamePlayer,
    move: PriceMove,
    round_: Round,
    bought: Mapping[int, int],
    sold: Mapping[int, int],
) -> PriceChange:
    return PriceChange(
        game_player=player,
        round=round_,
        from_price=move.before_tenths,
        to_price=move.after_tenths,
        at=now(),
        reason="Transfers of the round.",
        inputs={
            "bought": bought.get(player.pk, 0),
            "sold": sold.get(player.pk, 0),
            "net": move.net,
            "entries": move.entries,
            "threshold_permille": move.threshold_permille,
            "steps": move.steps,
        },
    )
