"""Games, squads, line-ups, scores and leagues."""

from fantasy.models.entries import (
    ChipPlay,
    Entry,
    Holding,
    Receipt,
    Transfer,
    TransferDraft,
)
from fantasy.models.games import Game, GamePlayer, PriceChange, Round, RoundMatch
from fantasy.models.leagues import (
    Cup,
    CupTie,
    FantasyLeague,
    HeadToHead,
    LeagueMember,
    Phase,
)
from fantasy.models.scores import (
    CorrectionCase,
    Lineup,
    LineupResult,
    PlayerScore,
    RoundSnapshot,
    ScoreAdjustment,
    score_past_by,
)

__all__ = [
    "ChipPlay",
    "CorrectionCase",
    "Cup",
    "CupTie",
    "Entry",
    "FantasyLeague",
    "Game",
    "GamePlayer",
    "HeadToHead",
    "Holding",
    "LeagueMember",
    "Lineup",
    "LineupResult",
    "Phase",
    "PlayerScore",
    "PriceChange",
    "Receipt",
    "Round",
    "RoundMatch",
    "RoundSnapshot",
    "ScoreAdjustment",
    "Transfer",
    "TransferDraft",
    "score_past_by",
]
