"""Why so many points: players and entries round by round, down to the facts, and the proofs."""

from dataclasses import asdict
from fractions import Fraction
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from fantasy.api.doors import PAGED, PublicDoor
from fantasy.api.point_serializers import (
    FantasyAdjustmentSerializer,
    FantasyEntryRoundSerializer,
    FantasyHistorySerializer,
    FantasyPlayerDetailSerializer,
    FantasyPlayerRoundLedgerSerializer,
    FantasyProofSerializer,
)
from fantasy.api.serializers import (
    FantasyEntryDetailSerializer,
    FantasyEntrySerializer,
    FantasyPlayerSerializer,
    FantasyTransferSerializer,
)
from fantasy.api.tables import parts_document
from fantasy.enums import GameState, RoundState
from fantasy.models import (
    Entry,
    Game,
    GamePlayer,
    Lineup,
    LineupResult,
    PlayerScore,
    PriceChange,
    Round,
    ScoreAdjustment,
    Transfer,
)
from fantasy.selectors.ledger import (
    EntryLedger,
    MatchLedger,
    PlayerLedger,
    Row,
    SlotLedger,
    entry_ledger,
    player_ledger,
)
from fantasy.selectors.live_ranks import live_round_of
from fantasy.selectors.market import market_figures
from fantasy.selectors.outlook import game_outlook
from fantasy.selectors.standing import entry_standing, results_of
from fantasy.selectors.told import points_told, round_told, score_told, tells_points
from fantasy.services.receipts import proof_of

_OPEN = (RoundState.UPCOMING, RoundState.VOID)


def public_entry(public_id: str) -> Entry:
    """Return an entry of a game that fans may see. Raises Http404."""
    rows = Entry.objects.select_related("game__season__league", "owner", "joined_round")
    return get_object_or_404(rows.exclude(game__state=GameState.DRAFT), public_id=public_id)


def _row(row: Row) -> dict[str, Any]:
    return {
        "rule": row.rule,
        "label": row.label,
        "count": row.count,
        "points": row.points,
        "facts": [
            {
                "event_id": fact.told.event_id,
                "revision": fact.told.rev,
                "source": fact.told.source,
                "payload_sha256": fact.told.payload_sha256 or None,
                "sentence": fact.told.sentence,
                "clock": fact.told.clock,
                "amount": fact.amount,
                "points": fact.points,
                "is_stated": fact.is_stated,
                "is_corrected": fact.told.is_corrected,
                "link": fact.told.link,
            }
            for fact in row.facts
        ],
    }


def _match(ledger: MatchLedger) -> dict[str, Any]:
    return {
        "match": ledger.match.public_id,
        "state": ledger.state,
        "points": ledger.points,
        "minutes": ledger.minutes,
        "revision": ledger.revision,
        "bonus_basis": ledger.bonus_basis,
        "bonus_value": ledger.bonus_value,
        "bonus_rank": ledger.bonus_rank,
        "coverage": ledger.coverage,
        "rows": [_row(row) for row in ledger.rows],
    }


def _player(player: GamePlayer, round_: Round, ledger: PlayerLedger | None) -> dict[str, Any]:
    """Return a player's round; without a ledger nothing of it may be told."""
    return {
        "player": player.player.public_id,
        "name": player.player.display_name,
        "position": player.position,
        "round": round_.number,
        "points": ledger.points if ledger else None,
        "appeared": ledger.appeared if ledger else None,
        "matches": [_match(match) for match in ledger.matches] if ledger else [],
    }


def _slot(slot: SlotLedger, round_: Round, *, is_told: bool) -> dict[str, Any]:
    return {
        "slot": slot.slot,
        "player": _player(slot.ledger.player, round_, slot.ledger if is_told else None),
        "is_captain": slot.is_captain,
        "is_vice": slot.is_vice,
        "multiplier": _plain(slot.multiplier) if is_told else None,
        "why": slot.why if is_told else "unknown",
        "points": slot.points if is_told else None,
    }


def _plain(times: Fraction) -> int | float:
    return int(times) if times.denominator == 1 else float(times)


def entry_document(ledger: EntryLedger, *, is_told: bool) -> dict[str, Any]:
    """Return an entry's round as JSON; who was picked is no secret after the deadline."""
    result = ledger.result if is_told else None
    given: list[ScoreAdjustment] = list(ledger.adjustments) if is_told else []
    return {
        "entry": ledger.entry.public_id,
        "round": ledger.round.number,
        "state": ledger.round.state,
        "chip": ledger.chip or None,
        "points": ledger.points if is_told else None,
        "hit": ledger.hit,
        "net": ledger.net if is_told else None,
        "captain_points": ledger.captain_points if is_told else None,
        "is_final": ledger.is_final and is_told,
        "rank": result.rank if result else None,
        "total": result.total if result else None,
        "parts": parts_document(ledger.parts) if is_told else None,
        "adjustments": FantasyAdjustmentSerializer(given, many=True).data,
        "slots": [_slot(slot, ledger.round, is_told=is_told) for slot in ledger.slots],
    }


class EntryDetail(PublicDoor):
    """An entry as everybody may see it; its squad is its owner's until the deadline."""

    serializer_class = FantasyEntryDetailSerializer

    @extend_schema(operation_id="fantasy_entries_retrieve")
    def get(self, request: Request, public_id: str) -> Response:
        self.check_parameters()
        entry = public_entry(public_id)
        standing = asdict(entry_standing(entry))
        told = {**FantasyEntrySerializer(entry).data, "standing": standing}
        return self.live_answer(live_round_of(entry.game_id), told)


class EntryRoundDetail(PublicDoor):
    """An entry's round from its deadline on: line-up, points, and why."""

    serializer_class = FantasyEntryRoundSerializer

    @extend_schema(operation_id="fantasy_entries_round")
    def get(self, request: Request, public_id: str, number: int) -> Response:
        self.check_parameters()
        entry = public_entry(public_id)
        round_ = self.round_of(entry.game, number)
        ledger = None if round_.state in _OPEN else entry_ledger(entry, round_)
        if ledger is None:
            raise Http404
        return self.live_answer(round_, entry_document(ledger, is_told=points_told(round_)))


class EntryHistory(PublicDoor):
    """The settled rounds of an entry, the newest first."""

    serializer_class = FantasyHistorySerializer

    @extend_schema(operation_id="fantasy_entries_history")
    def get(self, request: Request, public_id: str) -> Response:
        self.check_parameters()
        entry = public_entry(public_id)
        lineups = {row.round_id: row for row in Lineup.objects.filter(entry=entry)}
        rows = [row for row in results_of(entry) if round_told(row.round)]
        return Response({"results": [_history(row, lineups.get(row.round_id)) for row in rows]})


def _history(row: LineupResult, lineup: Lineup | None) -> dict[str, Any]:
    return {
        "round": row.round.number,
        "points": row.points,
        "hit": row.hit,
        "adjusted": row.adjusted,
        "total": row.total,
        "rank": row.rank,
        "round_rank": row.round_rank,
        "bench_points": row.bench_points,
        "transfers_made": lineup.transfers_made if lineup else 0,
        "chip": (lineup.chip or None) if lineup else None,
        "bank": lineup.bank if lineup else 0,
        "value": lineup.value if lineup else 0,
    }


class EntryTransfers(PublicDoor, ListAPIView[Transfer]):
    """The transfers of an entry in rounds that are locked, the newest first."""

    pagination_class = PAGED
    serializer_class = FantasyTransferSerializer
    queryset = Transfer.objects.none()
    filterset_class = None

    def get_queryset(self) -> QuerySet[Transfer]:
        entry = public_entry(self.kwargs["public_id"])
        people = [f"player_{side}__{part}" for side in ("in", "out") for part in ("player", "team")]
        rows = Transfer.objects.filter(entry=entry).exclude(round__state=RoundState.UPCOMING)
        return rows.select_related("round", *people).order_by("-made_at")


class EntryProof(PublicDoor):
    """The way from an entry's frozen line-up up to the round's published root."""

    serializer_class = FantasyProofSerializer

    @extend_schema(operation_id="fantasy_entries_proof")
    def get(self, request: Request, public_id: str, number: int) -> Response:
        self.check_parameters()
        entry = public_entry(public_id)
        round_ = self.round_of(entry.game, number)
        proof = None if round_.state in _OPEN else proof_of(entry.pk, round_)
        if proof is None:
            raise Http404
        return Response(
            {
                "line": proof.line,
                "leaf": proof.leaf.hex(),
                "path": [
                    {"digest": step.digest.hex(), "is_left": step.is_left} for step in proof.path
                ],
                "root": proof.root,
            }
        )


def _game_player(game: Game, player_id: str) -> GamePlayer:
    rows = GamePlayer.objects.filter(game=game).select_related("player", "team", "game")
    return get_object_or_404(rows, player__public_id=player_id)


class PlayerDetail(PublicDoor):
    """A player in a game: figures, points round by round, prices."""

    serializer_class = FantasyPlayerDetailSerializer

    @extend_schema(operation_id="fantasy_players_retrieve")
    def get(self, request: Request, public_id: str, player_id: str) -> Response:
        self.check_parameters()
        game = self.open_game()
        player = _game_player(game, player_id)
        figures = market_figures(game, [player])
        context = {"figures": figures, "outlook": game_outlook(game)}
        data = FantasyPlayerSerializer(player, context=context).data
        changes = PriceChange.objects.filter(game_player=player).select_related("round")
        return self.live_answer(
            live_round_of(game.pk),
            {
                **data,
                "rounds": _rounds(player),
                "prices": [
                    {
                        "round": change.round.number if change.round else None,
                        "from_price": change.from_price,
                        "to_price": change.to_price,
                        "at": change.at,
                    }
                    for change in changes
                ],
            },
        )


def _rounds(player: GamePlayer) -> list[dict[str, int]]:
    if not tells_points(player.game):
        return []
    scores = PlayerScore.objects.filter(game_player=player).select_related("round__game")
    sums: dict[int, int] = {}
    # As rows of their model, which tells late readers no more than they may know.
    for row in scores.order_by("round__number"):
        if score_told(row.round, row.match_id):
            sums[row.round.number] = sums.get(row.round.number, 0) + row.points
    return [{"round": number, "points": points} for number, points in sums.items()]


class PlayerRoundDetail(PublicDoor):
    """Why a player has his points in a round, down to the facts of his matches."""

    serializer_class = FantasyPlayerRoundLedgerSerializer

    @extend_schema(operation_id="fantasy_players_round")
    def get(self, request: Request, public_id: str, player_id: str, number: int) -> Response:
        self.check_parameters()
        game = self.open_game()
        player, round_ = _game_player(game, player_id), self.round_of(game, number)
        ledger = player_ledger(player, round_) if points_told(round_) else None
        return self.live_answer(round_, _player(player, round_, ledger))
