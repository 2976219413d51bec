"""Transfers that count: those of rounds in which no chip made them free."""

from django.db.models import Exists, OuterRef, QuerySet

from fantasy.models import ChipPlay, Transfer
from fantasy.rules.chips import free_chips
from fantasy.rules.game import GameRules


def counted_transfers(rules: GameRules) -> QuerySet[Transfer]:
    """Return the transfers outside chips; those made before the chip of their round are inside."""
    plays = ChipPlay.objects.filter(
        entry=OuterRef("entry"),
        round=OuterRef("round"),
        chip__in=free_chips(rules),
        cancelled_at=None,
    )
    return Transfer.objects.filter(~Exists(plays), chip="")
