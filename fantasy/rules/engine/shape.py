"""What the engine must know of a game: how many play, and which shapes are legal."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
Shorts = npt.NDArray[np.uint16]
Ints = npt.NDArray[np.int32]
Places = npt.NDArray[np.int64]

# In a packed line-up: nobody stands in this slot.
NOBODY = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """`fewest` and `most` tell per position how many starters a legal line-up has.

    Slots from `starters` up to `squad` are the bench, in the order in which it comes on; those
    from there up to `slots` belong to chips and count for whoever has somebody there. Whoever
    counts once has a weight of `unit`, and points are told in multiples of it.
    """

    starters: int
    squad: int
    slots: int
    fewest: tuple[int, ...]
    most: tuple[int, ...]
    substitutes: bool = True
    has_vice: bool = True
    unit: int = 1


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Form:
    """What is known of each player at a moment, by his number in the game.

    `stays`: as a starter he keeps his place, for he appeared or still may.
    `enters`: from the bench he comes on for somebody who does not appear.
    Once a round is over both say who appeared.
    """

    points: Ints
    stays: Bits
    enters: Bits

    @classmethod
    def before_the_start(cls, players: int) -> "Form":
        """Nobody has a point, and everybody may still appear."""
        return cls(
            points=np.zeros(players, np.int32),
            stays=np.ones(players, np.bool_),
            enters=np.zeros(players, np.bool_),
        )
