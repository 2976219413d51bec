"""What the fantasy app announces."""

from dataclasses import dataclass

from streams.topics import topic


@topic("fantasy.score.update", key="round_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class FantasyScoreUpdate:
    """Players of a match were scored anew; `numbers` are those whose points changed.

    `points[i]` is what player `numbers[i]` has in the whole round now, projected bonus included;
    `state` how final the match's points are. No numbers: only the state changed. No match: the
    whole round was settled, or settled again after a correction.
    """

    game_id: int
    round_id: int
    state: str
    match_id: int | None = None
    folded_seq: int = 0
    numbers: tuple[int, ...] = ()
    points: tuple[int, ...] = ()


@topic("lineup.locked", key="round_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class LineupLocked:
    """A round's deadline passed: its line-ups are frozen, `merkle_root` is over all of them."""

    game_id: int
    round_id: int
    number: int
    entries: int
    merkle_root: str
