"""A manager's own teams: joining, squad, line-up, transfers and chips."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from fantasy.api.doors import PAGED, BoundedList, OwnDoor, StrictSerializer, listed
from fantasy.api.serializers import (
    FantasyChipOfferSerializer,
    FantasyEntrySerializer,
    FantasyNewTeamAnswerSerializer,
    FantasyPlayerRefSerializer,
    FantasyPreviewSerializer,
    FantasyReceiptSerializer,
    FantasySavedSerializer,
    FantasyTeamSerializer,
    FantasyTransferSerializer,
)
from fantasy.enums import GameState
from fantasy.models import ChipPlay, Entry, Game, GamePlayer, Holding, Transfer
from fantasy.rules.chips import Played, chip_offers
from fantasy.rules.game import Chip
from fantasy.rules.outlook import FORMULA
from fantasy.rules.squads import captain_surcharge
from fantasy.selectors.live_ranks import live_round_of
from fantasy.selectors.outlook import game_outlook
from fantasy.selectors.standing import entry_standing
from fantasy.services import chips, entries, limits, lineups, transfers
from fantasy.services.comparing import compare
from fantasy.services.filling import filled_squad
from fantasy.services.games import rules_of
from fantasy.services.refusals import refuse
from fantasy.services.squads import (
    OpenSquad,
    Saved,
    cost_of,
    held_by,
    is_free,
    look_at,
    made_before,
    next_round,
    open_squad,
)
from fantasy.services.transfers import MOST_MOVES

PLAYER_ID: dict[str, Any] = {"max_length": 40, "help_text": "Id of a player: vz_player_01K..."}
JOINING: dict[str, Any] = {
    "max_length": 40,
    "required": False,
    "help_text": "Whom the chip adds, where it adds somebody: id of a player of its position.",
}
ROUND: dict[str, Any] = {
    "required": False,
    "min_value": 1,
    "help_text": "Number of the round you mean: refused once another one is next.",
}


class FantasyNewTeamSerializer(StrictSerializer):
    game = serializers.CharField(max_length=40, help_text="Id of a game.")
    name = serializers.CharField(max_length=60)
    country = serializers.CharField(max_length=2, required=False, default="", allow_blank=True)
    players = BoundedList(
        child=serializers.CharField(**PLAYER_ID), max_length=40, help_text="Ids of players."
    )
    is_ordered = serializers.BooleanField(
        default=False, help_text="The players are in slot order; else the line-up is made for you."
    )
    captain = serializers.CharField(required=False, **PLAYER_ID)
    vice = serializers.CharField(required=False, **PLAYER_ID)
    round = serializers.IntegerField(**ROUND)


class FantasyFillSerializer(StrictSerializer):
    players = BoundedList(
        child=serializers.CharField(**PLAYER_ID),
        max_length=40,
        default=list,
        help_text="Ids of players who are to be in it.",
    )


class FantasyTeamChangeSerializer(StrictSerializer):
    name = serializers.CharField(max_length=60)
    country = serializers.CharField(max_length=2, required=False, allow_blank=True)


class FantasyLineupSerializer(StrictSerializer):
    players = BoundedList(
        child=serializers.CharField(**PLAYER_ID),
        max_length=40,
        help_text="In slot order, all of them; whom a chip adds may be left out.",
    )
    captain = serializers.CharField(required=False, **PLAYER_ID)
    vice = serializers.CharField(required=False, **PLAYER_ID)
    round = serializers.IntegerField(**ROUND)
    after_receipt = serializers.IntegerField(
        required=False,
        min_value=0,
        help_text="Sequence of the newest receipt you know of, 0 for none: refused as `overtaken`"
        " where the team was saved since.",
    )


class FantasyMoveSerializer(StrictSerializer):
    def get_fields(self) -> dict[str, Any]:
        # Keywords of the language cannot name attributes.
        return {"out": serializers.CharField(**PLAYER_ID), "in": serializers.CharField(**PLAYER_ID)}


class FantasyMovesSerializer(StrictSerializer):
    transfers: Any = serializers.ListSerializer(
        child=FantasyMoveSerializer(), max_length=MOST_MOVES
    )
    chip = serializers.CharField(max_length=30, required=False, default="", allow_blank=True)
    player = serializers.CharField(**JOINING)
    round = serializers.IntegerField(**ROUND)


class FantasyChipSerializer(StrictSerializer):
    chip = serializers.CharField(max_length=30)
    player = serializers.CharField(**JOINING)
    round = serializers.IntegerField(**ROUND)


class Own(OwnDoor):
    """Answers of a save, and the team they are about."""

    serializer_class: Any = FantasyTeamSerializer

    def saved(self, saved: Saved, code: int = status.HTTP_200_OK) -> Response:
        return Response(FantasySavedSerializer(saved).data, status=code)

    def chosen(self, game_id: int, wanted: Mapping[str, Any]) -> dict[str, int]:
        """Return `GamePlayer` ids of all players that a body names."""
        named = {f"players/{place}": who for place, who in enumerate(wanted["players"])}
        named |= {name: wanted[name] for name in ("captain", "vice") if wanted.get(name)}
        return self.players(game_id, named)

    def joining(self, game_id: int, wanted: Mapping[str, Any]) -> int | None:
        """Return the `GamePlayer` id of him whom a chip is to add, if one is named."""
        named = wanted.get("player")
        return self.players(game_id, {"player": named})[named] if named else None


def team_document(entry: Entry) -> dict[str, Any]:
    """Return an own entry as it stands for the next deadline."""
    rules, round_ = rules_of(entry.game), next_round(entry.game_id)
    held = held_by(entry)
    squad = [_held(holding, transfers.sale_price(rules, holding)) for holding in held]
    open_ = look_at(entry, round_, held) if round_ else None
    made = made_before(open_) if open_ else 0
    return {
        **FantasyEntrySerializer(entry).data,
        "round": round_.number if round_ else None,
        "deadline_at": round_.deadline_at if round_ else None,
        "bank": entry.bank,
        "value": entry.bank + sum(row["selling_price"] for row in squad),
        "captain_surcharge": captain_surcharge(
            rules, next((holding.game_player.price for holding in held if holding.is_captain), 0)
        ),
        "free_transfers": entry.free_transfers,
        "has_unlimited_transfers": open_ is not None and is_free(open_),
        "transfers_made": made,
        "hit": cost_of(open_, made) if open_ else 0,
        "chip": open_.chip.id if open_ and open_.chip else None,
        "squad": squad,
        "standing": asdict(entry_standing(entry)),
    }


def _held(holding: Holding, selling_price: int) -> dict[str, Any]:
    player = holding.game_player
    return {
        "slot": holding.slot,
        "player": {
            "id": player.player.public_id,
            "name": player.player.display_name,
            "team": player.team.name,
            "position": player.position,
        },
        "price": player.price,
        "bought_price": holding.bought_price,
        "selling_price": selling_price,
        "is_captain": holding.is_captain,
        "is_vice": holding.is_vice,
    }


class TeamList(Own):
    """Your teams."""

    @extend_schema(operation_id="fantasy_teams_list", responses=listed(FantasyEntrySerializer))
    def get(self, request: Request) -> Response:
        """Return your entries, one for each game that you joined."""
        self.check_parameters()
        rows = Entry.objects.filter(owner=request.user.pk).select_related(
            "game", "joined_round", "owner"
        )
        return Response({"results": FantasyEntrySerializer(rows.order_by("pk"), many=True).data})

    @extend_schema(
        operation_id="fantasy_teams_create",
        request=FantasyNewTeamSerializer,
        responses={201: FantasyNewTeamAnswerSerializer},
    )
    def post(self, request: Request) -> Response:
        """Join a game with a squad."""
        wanted = self.wanted(FantasyNewTeamSerializer)
        game = Game.objects.filter(public_id=wanted["game"], state=GameState.PUBLISHED).first()
        if game is None:
            raise refuse("unknown_game", "There is no open game of that id.", "game")
        ids = self.chosen(game.pk, wanted)
        new = entries.NewEntry(
            name=wanted["name"],
            country=wanted["country"],
            players=[ids[who] for who in wanted["players"]],
            is_ordered=wanted["is_ordered"],
            captain=ids.get(wanted.get("captain", "")),
            vice=ids.get(wanted.get("vice", "")),
        )
        entry, saved = entries.create_entry(
            game.pk, new, owner_id=request.user.pk, for_round=wanted.get("round")
        )
        entry = Entry.objects.select_related("game", "joined_round", "owner").get(pk=entry.pk)
        receipt = FantasyReceiptSerializer(saved.receipt).data
        with self.as_reader():
            document = {**team_document(entry), "receipt": receipt}
            round_ = live_round_of(game.pk)
            response = self.live_answer(round_, document, code=status.HTTP_201_CREATED)
        response["Location"] = reverse("api-fantasy-team", args=[entry.public_id])
        return response


class Filling(Own):
    """A squad that is filled up for you; nothing is saved."""

    @extend_schema(
        operation_id="fantasy_games_fill",
        request=FantasyFillSerializer,
        responses=listed(FantasyPlayerRefSerializer),
    )
    def post(self, request: Request, public_id: str) -> Response:
        """Return a legal squad of the game with the players you name, to join with."""
        wanted = self.wanted(FantasyFillSerializer)
        games = Game.objects.filter(state=GameState.PUBLISHED)
        game = get_object_or_404(games.select_related("season__league"), public_id=public_id)
        named = {f"players/{place}": who for place, who in enumerate(wanted["players"])}
        ids = self.players(game.pk, named)
        rows = GamePlayer.objects.filter(pk__in=ids.values()).select_related("player", "team")
        found = {row.pk: row for row in rows}
        held = [found[pk] for pk in ids.values()]
        with self.as_reader():
            squad = filled_squad(game, rules_of(game), held)
        return Response({"results": FantasyPlayerRefSerializer(squad, many=True).data})


class TeamDetail(Own):
    """One of your teams, as it stands for the next deadline."""

    @extend_schema(operation_id="fantasy_teams_retrieve")
    def get(self, request: Request, public_id: str) -> Response:
        self.check_parameters()
        return self._told()

    @extend_schema(operation_id="fantasy_teams_rename", request=FantasyTeamChangeSerializer)
    def patch(self, request: Request, public_id: str) -> Response:
        """Give the team another name, or a country."""
        wanted, entry = self.wanted(FantasyTeamChangeSerializer), self.entry()
        entries.rename_entry(entry.pk, name=wanted["name"], country=wanted.get("country"))
        with self.as_reader():
            return self._told()

    def _told(self) -> Response:
        entry = self.entry()
        return self.live_answer(live_round_of(entry.game_id), team_document(entry))


class TeamLineup(Own):
    @extend_schema(
        operation_id="fantasy_teams_save_lineup",
        request=FantasyLineupSerializer,
        responses={200: FantasySavedSerializer},
    )
    def put(self, request: Request, public_id: str) -> Response:
        """Save who plays, the order of the bench, captain and vice-captain."""
        wanted, entry = self.wanted(FantasyLineupSerializer), self.saving(limits.LINEUP)
        ids = self.chosen(entry.game_id, wanted)
        choice = lineups.LineupChoice(
            players=[ids[who] for who in wanted["players"]],
            captain=ids.get(wanted.get("captain", "")),
            vice=ids.get(wanted.get("vice", "")),
        )
        saved = lineups.save_lineup(
            entry.pk,
            choice,
            for_round=wanted.get("round"),
            after_receipt=wanted.get("after_receipt"),
        )
        return self.saved(saved)


class Transferring(Own):
    def moves(self, entry: Entry, wanted: Sequence[Mapping[str, str]]) -> list[transfers.Move]:
        """Return moves by `GamePlayer` ids."""
        named = {
            f"transfers/{place}/{side}": move[side]
            for place, move in enumerate(wanted)
            for side in ("out", "in")
        }
        ids = self.players(entry.game_id, named)
        return [transfers.Move(sold=ids[move["out"]], bought=ids[move["in"]]) for move in wanted]


class TransferList(Transferring, ListAPIView[Transfer]):
    """Your confirmed transfers, the newest first."""

    pagination_class = PAGED
    serializer_class = FantasyTransferSerializer
    queryset = Transfer.objects.none()
    filterset_class = None

    def get_queryset(self) -> QuerySet[Transfer]:
        return transfers_of(self.entry())

    @extend_schema(operation_id="fantasy_teams_transfers_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="fantasy_teams_transfers_confirm",
        request=FantasyMovesSerializer,
        responses={200: FantasySavedSerializer},
    )
    def post(self, request: Request, public_id: str) -> Response:
        """Make transfers, all or none, playing a chip with them if one is named. Final."""
        wanted, entry = self.wanted(FantasyMovesSerializer), self.saving(limits.TRANSFERS)
        moves = self.moves(entry, wanted["transfers"])
        saved = transfers.confirm_transfers(
            entry.pk,
            moves,
            chip=wanted["chip"],
            player=self.joining(entry.game_id, wanted),
            for_round=wanted.get("round"),
        )
        return self.saved(saved)


def transfers_of(entry: Entry) -> QuerySet[Transfer]:
    """The confirmed transfers of an entry with their players."""
    people = [f"player_{side}__{part}" for side in ("in", "out") for part in ("player", "team")]
    rows = Transfer.objects.filter(entry=entry).select_related("round", *people)
    return rows.order_by("-made_at")


class TransferPreview(Transferring):
    @extend_schema(
        operation_id="fantasy_teams_transfers_preview",
        request=FantasyMovesSerializer,
        responses={200: FantasyPreviewSerializer},
    )
    def post(self, request: Request, public_id: str) -> Response:
        """Say what transfers would do and what forbids them; nothing is changed."""
        wanted, entry = self.wanted(FantasyMovesSerializer), self.entry()
        moves = self.moves(entry, wanted["transfers"])
        player = self.joining(entry.game_id, wanted)
        with transaction.atomic():
            squad = open_squad(entry.pk, for_round=wanted.get("round"))
            chip_before = squad.chip
            joining = transfers.play_with(squad, wanted["chip"], player)
            deal = transfers.deal_of(squad, moves, joining=joining)
            transaction.set_rollback(True)
        with self.as_reader():
            found = _comparison(squad, moves, deal, chip_before)
        return Response(FantasyPreviewSerializer({**deal_document(deal), "comparison": found}).data)


def _comparison(
    squad: OpenSquad, moves: Sequence[transfers.Move], deal: transfers.Deal, chip: Chip | None
) -> dict[str, Any] | None:
    outlook = game_outlook(squad.game)
    if outlook is None or not outlook.rounds or not moves:
        return None
    rows = GamePlayer.objects.filter(game=squad.game, pk__in=[move.bought for move in moves])
    bought = {row.pk: row for row in rows.select_related("player", "team")}
    found = compare(squad, moves, bought, deal=deal, outlook=outlook, chip_before=chip)
    return {
        "moving": found.moving,
        "staying": found.staying,
        "gain": found.gain,
        "unknown": found.unknown,
        "formula": FORMULA,
    }


def deal_document(deal: transfers.Deal) -> dict[str, Any]:
    """Return what transfers would do, as JSON."""
    problems = [
        {"code": p.code, "detail": p.message, "pointer": f"/{p.field}"} for p in deal.problems
    ]
    return {**asdict(deal), "is_allowed": not problems, "problems": problems}


class TeamChips(Own):
    @extend_schema(
        operation_id="fantasy_teams_chips_list", responses=listed(FantasyChipOfferSerializer)
    )
    def get(self, request: Request, public_id: str) -> Response:
        """Return every chip of the game, its window, and the round it was used in."""
        self.check_parameters()
        entry = self.entry()
        plays = ChipPlay.objects.filter(entry=entry, cancelled_at=None).select_related("round")
        played = [Played(chip=play.chip, round=play.round.number) for play in plays]
        offers = chip_offers(rules_of(entry.game), played)
        return Response({"results": FantasyChipOfferSerializer(offers, many=True).data})

    @extend_schema(
        operation_id="fantasy_teams_chips_play",
        request=FantasyChipSerializer,
        responses={200: FantasySavedSerializer},
    )
    def post(self, request: Request, public_id: str) -> Response:
        """Play a chip in the next round, with the player whom it adds where it adds one."""
        wanted, entry = self.wanted(FantasyChipSerializer), self.saving(limits.LINEUP)
        saved = chips.play_chip(
            entry.pk,
            wanted["chip"],
            player=self.joining(entry.game_id, wanted),
            for_round=wanted.get("round"),
        )
        return self.saved(saved)

    @extend_schema(
        operation_id="fantasy_teams_chips_cancel", responses={200: FantasySavedSerializer}
    )
    def delete(self, request: Request, public_id: str) -> Response:
        """Take back the chip of the next round, where the game allows it."""
        entry = self.saving(limits.LINEUP)
        return self.saved(chips.cancel_chip(entry.pk))
