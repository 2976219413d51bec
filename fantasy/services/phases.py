"""Phases of a game: its months, kept true to the rounds' deadlines."""

from zoneinfo import ZoneInfo

from django.db import transaction

from fantasy.enums import RoundState
from fantasy.models import Game, Phase, Round
from fantasy.rules.phases import OVERALL, phases_of


@transaction.atomic
def sync_phases(game_id: int) -> None:
    """Make or move the phase of each month; phases that an admin named otherwise stay."""
    game = Game.objects.get(pk=game_id)
    zone = ZoneInfo(game.time_zone)
    rounds = {row.number: row for row in _rounds(game)}
    spans = phases_of(
        (number, row.deadline_at.astimezone(zone).date()) for number, row in rounds.items()
    )
    for span in spans:
        if span.name != OVERALL:
            Phase.objects.update_or_create(
                game=game,
                name=span.name,
                defaults={
                    "first_round": rounds[span.first_round],
                    "last_round": rounds[span.last_round],
                },
            )


def _rounds(game: Game) -> list[Round]:
    return list(Round.objects.filter(game=game).exclude(state=RoundState.VOID))
