"""The basket of transfers: what is chosen but not confirmed. It binds nobody and can be undone."""

from collections.abc import Mapping, Sequence
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from fantasy.api.doors import StrictSerializer
from fantasy.api.serializers import (
    FantasyDealSerializer,
    FantasyPlayerRefSerializer,
    FantasySavedSerializer,
)
from fantasy.api.teams import (
    JOINING,
    PLAYER_ID,
    ROUND,
    FantasyMoveSerializer,
    Transferring,
    deal_document,
)
from fantasy.models import Entry, GamePlayer
from fantasy.services import limits, transfers
from fantasy.services.refusals import refuse
from fantasy.services.squads import OpenSquad, look_at, next_round
from fantasy.services.transfers import MOST_MOVES


class FantasyBasketWishSerializer(StrictSerializer):
    transfers: Any = serializers.ListSerializer(
        child=FantasyMoveSerializer(), max_length=MOST_MOVES
    )
    round = serializers.IntegerField(**ROUND)


class FantasyBasketMoveWishSerializer(StrictSerializer):
    round = serializers.IntegerField(**ROUND)

    def get_fields(self) -> dict[str, Any]:
        # Keywords of the language cannot name attributes.
        move = {"out": serializers.CharField(**PLAYER_ID), "in": serializers.CharField(**PLAYER_ID)}
        return {**move, **super().get_fields()}


class FantasyBasketConfirmSerializer(StrictSerializer):
    chip = serializers.CharField(max_length=30, required=False, default="", allow_blank=True)
    player = serializers.CharField(**JOINING)
    round = serializers.IntegerField(**ROUND)


class FantasyBasketRowSerializer(serializers.Serializer[Any]):
    """A transfer in the basket at today's prices."""

    sold_for = serializers.IntegerField()
    bought_for = serializers.IntegerField()

    def get_fields(self) -> dict[str, Any]:
        sides = {"out": FantasyPlayerRefSerializer(), "in": FantasyPlayerRefSerializer()}
        return {**sides, **super().get_fields()}


class FantasyBasketSerializer(serializers.Serializer[Any]):
    """What is chosen for the next round and what it would do; without a round nothing can be."""

    round = serializers.IntegerField(allow_null=True)
    transfers = FantasyBasketRowSerializer(many=True)
    deal = FantasyDealSerializer(allow_null=True, help_text="null: the basket is empty.")


class BasketDoor(Transferring):
    serializer_class: Any = FantasyBasketSerializer

    def basket(self, entry: Entry) -> Response:
        """Return the basket as it stands."""
        round_ = next_round(entry.game_id)
        if round_ is None:
            return Response({"round": None, "transfers": [], "deal": None})
        squad = look_at(entry, round_)
        moves = transfers.basket_of(squad)
        deal = transfers.deal_of(squad, moves) if moves else None
        return Response(
            {
                "round": round_.number,
                "transfers": _rows(squad, moves),
                "deal": FantasyDealSerializer(deal_document(deal)).data if deal else None,
            }
        )

    def kept(self, entry: Entry) -> list[transfers.Move]:
        """Return the moves that are in the basket now."""
        round_ = next_round(entry.game_id)
        return list(transfers.basket_of(look_at(entry, round_))) if round_ else []


def _rows(squad: OpenSquad, moves: Sequence[transfers.Move]) -> list[dict[str, Any]]:
    wanted = [move.bought for move in moves]
    rows = GamePlayer.objects.filter(game=squad.game, pk__in=wanted)
    bought = {row.pk: row for row in rows.select_related("player", "team")}
    held = {holding.game_player_id: holding for holding in squad.holdings}
    return [
        {
            "out": FantasyPlayerRefSerializer(held[move.sold].game_player).data,
            "in": FantasyPlayerRefSerializer(bought[move.bought]).data,
            "sold_for": transfers.sale_price(squad.rules, held[move.sold]),
            "bought_for": bought[move.bought].price,
        }
        for move in moves
    ]


class Basket(BasketDoor):
    @extend_schema(operation_id="fantasy_teams_basket")
    def get(self, request: Request, public_id: str) -> Response:
        """Return the transfers that are chosen but not confirmed, and what they would do."""
        self.check_parameters()
        return self.basket(self.entry())

    @extend_schema(operation_id="fantasy_teams_basket_replace", request=FantasyBasketWishSerializer)
    def put(self, request: Request, public_id: str) -> Response:
        """Put these transfers into the basket, and nothing else."""
        wanted, entry = self.wanted(FantasyBasketWishSerializer), self.entry()
        moves = self.moves(entry, wanted["transfers"])
        transfers.set_draft(entry.pk, moves, for_round=wanted.get("round"))
        return self.basket(entry)

    @extend_schema(operation_id="fantasy_teams_basket_add", request=FantasyBasketMoveWishSerializer)
    def post(self, request: Request, public_id: str) -> Response:
        """Add a transfer; who sells a player anew replaces the one before."""
        wanted, entry = self.wanted(FantasyBasketMoveWishSerializer), self.entry()
        ids = self.players(entry.game_id, {"out": wanted["out"], "in": wanted["in"]})
        sold, bought = ids[wanted["out"]], ids[wanted["in"]]
        transfers.change_draft(entry.pk, sold=sold, bought=bought, for_round=wanted.get("round"))
        return self.basket(entry)

    @extend_schema(
        operation_id="fantasy_teams_basket_clear", responses={200: FantasyBasketSerializer}
    )
    def delete(self, request: Request, public_id: str) -> Response:
        """Undo all that is not confirmed."""
        entry = self.entry()
        transfers.clear_draft(entry.pk)
        return self.basket(entry)


class BasketMove(BasketDoor):
    @extend_schema(
        operation_id="fantasy_teams_basket_undo", responses={200: FantasyBasketSerializer}
    )
    def delete(self, request: Request, public_id: str, player_id: str) -> Response:
        """Undo the transfer that sells this player."""
        entry = self.entry()
        sold = self.players(entry.game_id, {"player": player_id})[player_id]
        if not transfers.change_draft(entry.pk, sold=sold, bought=None):
            raise refuse("not_in_basket", "No transfer of the basket sells this player.", "player")
        return self.basket(entry)


class BasketConfirm(BasketDoor):
    serializer_class = FantasySavedSerializer

    @extend_schema(
        operation_id="fantasy_teams_basket_confirm", request=FantasyBasketConfirmSerializer
    )
    def post(self, request: Request, public_id: str) -> Response:
        """Make the transfers of the basket, all or none, playing a chip if one is named. Final."""
        wanted: Mapping[str, Any] = self.wanted(FantasyBasketConfirmSerializer)
        entry = self.entry()
        self.spend(limits.TRANSFERS, entry)
        saved = transfers.confirm_transfers(
            entry.pk,
            self.kept(entry),
            chip=wanted["chip"],
            player=self.joining(entry.game_id, wanted),
            for_round=wanted.get("round"),
        )
        return self.saved(saved)
