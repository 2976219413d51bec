"""Receipts that prove what was saved, and teams handed in for scoring."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from fantasy import tasks
from fantasy.api.doors import PAGED, DataAgeField, OwnDoor, PublicDoor, StrictSerializer
from fantasy.api.serializers import FantasyReceiptSerializer
from fantasy.enums import RoundState
from fantasy.models import Entry, Receipt, Round
from fantasy.selectors.standing import ScoringState, round_points, scoring_state, submitted_round
from fantasy.services import receipts
from fantasy.services.refusals import refuse


class TeamReceipts(OwnDoor, ListAPIView[Receipt]):
    """Receipts of all that was saved, the newest first."""

    pagination_class = PAGED
    serializer_class = FantasyReceiptSerializer
    queryset = Receipt.objects.none()
    filterset_class = None

    def get_queryset(self) -> QuerySet[Receipt]:
        rows = Receipt.objects.filter(entry=self.entry()).select_related("round")
        return rows.order_by("-sequence")


class FantasyReceiptToVerifySerializer(StrictSerializer):
    document = serializers.DictField(help_text="As it was given.")
    signature = serializers.RegexField(r"\A[0-9a-f]{128}\Z", help_text="Hexadecimal.")


class FantasyVerdictSerializer(serializers.Serializer[Any]):
    signature_holds = serializers.BooleanField()
    is_known = serializers.BooleanField()
    is_newest = serializers.BooleanField(help_text="No later save for that round is known.")
    lineup_counts = serializers.BooleanField(
        allow_null=True, help_text="Its line-up is in the published root; null before the deadline."
    )
    root = serializers.CharField()  # type: ignore[assignment]  # the metaclass takes it
    message = serializers.CharField()


class ReceiptCheck(PublicDoor):
    serializer_class = FantasyVerdictSerializer

    @extend_schema(
        operation_id="fantasy_receipts_verify",
        request=FantasyReceiptToVerifySerializer,
        responses={200: FantasyVerdictSerializer},
    )
    def post(self, request: Request) -> Response:
        """Check a receipt against our keys, our records and the published root."""
        wanted = self.wanted(FantasyReceiptToVerifySerializer)
        try:
            verdict = receipts.verify_receipt(wanted["document"], wanted["signature"])
        except (KeyError, TypeError, ValueError) as error:
            raise refuse("not_a_receipt", "This is no receipt of ours.", "document") from error
        return Response(FantasyVerdictSerializer(verdict).data)


class FantasyKeysSerializer(serializers.Serializer[Any]):
    keys = serializers.ListField(
        child=serializers.CharField(), help_text="Ed25519, hexadecimal; the present one first."
    )


class ReceiptKeys(PublicDoor):
    serializer_class = FantasyKeysSerializer

    @extend_schema(operation_id="fantasy_receipts_keys")
    def get(self, request: Request) -> Response:
        """Return the public keys that receipts are signed with."""
        self.check_parameters()
        return Response({"keys": list(receipts.public_keys())})


class FantasyScoringSerializer(serializers.Serializer[Any]):
    """How far the scoring of a submitted team is."""

    round = serializers.IntegerField()
    state = serializers.ChoiceField(
        [state.value for state in ScoringState],
        help_text="waiting: the deadline is to come; queued: a worker has yet to score what"
        " happened; scored: up to the newest facts, provisional; settled: final.",
    )
    points = serializers.IntegerField(allow_null=True, help_text="After hits, as they stand.")
    status_url = serializers.CharField()
    data_age_ms = DataAgeField()


def _scoring(entry: Entry, round_: Round) -> dict[str, Any]:
    place = reverse("api-fantasy-scoring", args=[entry.public_id, round_.number])
    return {
        "round": round_.number,
        "state": scoring_state(round_),
        "points": round_points(entry, round_),
        "status_url": place,
    }


class Submit(OwnDoor):
    serializer_class = FantasyScoringSerializer

    @extend_schema(
        operation_id="fantasy_teams_submit",
        request=None,
        responses={202: FantasyScoringSerializer},
    )
    def post(self, request: Request, public_id: str) -> Response:
        """Submit the team for scoring: a worker scores its round, `status_url` says how far it is.

        It is the round under way, else the next one, whose line-up counts from its deadline on.
        """
        entry = self.entry()
        round_ = submitted_round(entry)
        if round_ is None:
            raise refuse("no_round", "This game has no round to score.")
        round_id = round_.pk
        transaction.on_commit(lambda: tasks.score_soon(round_id))
        with self.as_reader():
            told = _scoring(entry, round_)
            response = self.live_answer(round_, told, code=status.HTTP_202_ACCEPTED)
        response["Location"] = told["status_url"]
        return response


class Scoring(OwnDoor):
    serializer_class = FantasyScoringSerializer

    @extend_schema(operation_id="fantasy_teams_scoring")
    def get(self, request: Request, public_id: str, number: int) -> Response:
        """Say how far the scoring of the team's round is."""
        self.check_parameters()
        entry = self.entry()
        rounds = Round.objects.filter(game=entry.game_id, number=number).select_related("game")
        round_ = rounds.exclude(state=RoundState.VOID).first()
        if round_ is None:
            raise Http404
        return self.live_answer(round_, _scoring(entry, round_))
