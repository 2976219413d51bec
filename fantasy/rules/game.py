"""The words of a fantasy game: what one `fantasy-<name>.toml` of a sport's pack says.

A game is data, as a sport is. Prices and money are whole tenths; points are whole units of
`1 / points_scale`, so that decimal games stay exact. docs/how-to/add-a-game.md explains the keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from leagues.packs.forms import Bound


@dataclass(frozen=True, slots=True, kw_only=True)
class GamePosition:
    """A position of the game, not of the sport: `sport_positions` are those that play it.

    `bench_slot`: its reserve always sits there, 0 for anywhere. A position of a chip only (an
    assistant manager) has no place in squad and eleven; the chip gives it one. `price_min` and
    `price_max` bound its start prices in tenths, 0 for those of all players.
    """

    id: str
    label: str
    short: str
    plural: str = ""
    sport_positions: frozenset[str] = frozenset()
    squad_min: int = 0
    squad_max: int = 0
    play_min: int = 0
    play_max: int = 0
    bench_slot: int = 0
    price_min: int = 0
    price_max: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SquadRules:
    """Players of a squad, what it may cost (0: no budget) and how many may be of one club."""

    size: int
    budget_tenths: int
    club_cap: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LineupRules:
    """Who plays. `appeared`: any of these makes a player one who took part in the round."""

    size: int
    appeared: tuple[Bound, ...]
    automatic_substitutions: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptainRules:
    """What the captain's points are multiplied by; with `vice`, whoever takes over from him.

    He counts `multiplier` times where others count `unit` times: 3 and 2 are one and a half. All
    points of the game are whole multiples of `unit`. A `dearer` one costs as many times his price.
    """

    multiplier: int = 2
    unit: int = 1
    vice: bool = True
    dearer: bool = False

    @property
    def times(self) -> Fraction:
        """How often he counts."""
        return Fraction(self.multiplier, self.unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amnesty:
    """Before the deadline of `round`: transfers without limit, or at least `raise_to` free ones."""

    round: int
    raise_to: int = 0

    @property
    def unlimited(self) -> bool:
        """All transfers of that round are free."""
        return not self.raise_to


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRules:
    """Free transfers and the price of more; `cap` 0 is none, `unlimited` makes every one free.

    `after_chip` "kept" leaves the free transfers as they were after a round with a chip that makes
    transfers free, "reset" puts them back to `per_round`. `selling` is "half_profit", "current"
    or "bought".
    """

    per_round: int = 1
    bank: int = 5
    cost: int = 4
    cap: int = 20
    unlimited: bool = False
    after_chip: str = "kept"
    selling: str = "half_profit"
    amnesties: tuple[Amnesty, ...] = ()

    def amnesty(self, round_number: int) -> Amnesty | None:
        """Return what is special about the transfers of that round."""
        return next((a for a in self.amnesties if a.round == round_number), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipWindow:
    """Rounds in which one play of a chip may begin, ends included."""

    start: int
    stop: int

    def __contains__(self, round_number: object) -> bool:
        return isinstance(round_number, int) and self.start <= round_number <= self.stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A special move; each window is one play of it.

    `kind` "transfer" or "team". Effects: `free_transfers` makes all transfers of the round free;
    `returns` gives the squad back afterwards; `bench_plays`; `captain_multiplier` in place of the
    usual one, 0 for that; `adds` a position with one more slot for `rounds` rounds. `gap` rounds
    must lie between two plays. Not `cancellable`: a confirmed play stands.
    """

    id: str
    label: str
    summary: str
    kind: str
    windows: tuple[ChipWindow, ...]
    free_transfers: bool = False
    returns: bool = False
    bench_plays: bool = False
    captain_multiplier: int = 0
    adds: str = ""
    rounds: int = 1
    gap: int = 0
    cancellable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From `at` on, the rule gives `points` (in place of a lower step's)."""

    at: float
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PointRule:
    """One way to points: a column's value by position, per `per` of it, or by steps.

    `each` is by position; a position that is not in it gets nothing by this rule. With `steps`
    the highest one reached counts, for the positions in `each`. All of `when` must hold.
    """

    id: str
    label: str
    column: str
    each: Mapping[str, int]
    per: int = 1
    steps: tuple[Step, ...] = ()
    when: tuple[Bound, ...] = ()

    def for_position(self, position: str) -> bool:
        """The rule may give or take points of that position."""
        return position in self.each


@dataclass(frozen=True, slots=True, kw_only=True)
class BonusRules:
    """Awards for the best of a match by `column`, or by the sum of `components` without it.

    `awards[0]` goes to rank 1; players who tie share the better rank and the ranks after them
    are skipped. `unmeasured`: inputs the original knows and no feed of ours gives, by name.
    """

    column: str
    awards: tuple[int, ...]
    components: tuple[PointRule, ...] = ()
    unmeasured: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundRules:
    """How the season is cut. `by` "matchday" or "week"; `void` rounds have no match.

    `settle_hour` of the day after the last match, in the game's time zone. `freeze_after` "settled"
    leaves points as settled whatever a vendor corrects later.
    """

    count: int
    by: str = "matchday"
    deadline_minutes: int = 90
    void: frozenset[int] = frozenset()
    settle_hour: int = 9
    freeze_after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeagueRules:
    """Points of head-to-head leagues and what parts the level; "+x" is more of x, "-x" fewer.

    `head_to_head_max` and `public_max` are entries of a private head-to-head and of a public
    league, `private_max` the private leagues that one entry may be in.
    """

    win: int = 3
    draw: int = 1
    loss: int = 0
    classic_ties: tuple[str, ...] = ("-transfers",)
    head_to_head_ties: tuple[str, ...] = ("+points",)
    cup_ties: tuple[str, ...] = ()
    head_to_head_max: int = 16
    public_max: int = 20
    private_max: int = 30
    knockout_rounds_max: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRules:
    """Prices in tenths: `policy` "fixed", or "weekly" by the open formula.

    Weekly, a price moves by `step` for each whole `threshold_pct` of all squads that bought him
    more than sold him (or the reverse), `most_steps` at most, and never out of floor and ceiling.
    """

    policy: str = "fixed"
    floor: int = 35
    ceiling: int = 160
    step: int = 1
    threshold_pct: float = 5.0
    most_steps: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialNames:
    """How the original's data files call our positions and columns.

    A column is the sum of its names; of several sums the first whose names are all there counts.
    """

    positions: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    chips: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class GameVector:
    """A worked example: `given` inputs of one `kind` must give `expect`."""

    name: str
    kind: str
    file: str
    key: str
    given: Mapping[str, Any]
    expect: Any


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GameRules:
    """A whole game. Compared by identity: `load_game` gives the same object every time."""

    id: str
    sport: str
    name: str
    season: str
    version: str
    file: str
    points_scale: int
    positions: tuple[GamePosition, ...]
    squad: SquadRules
    lineup: LineupRules
    captain: CaptainRules | None
    transfers: TransferRules
    chips: tuple[Chip, ...]
    points: tuple[PointRule, ...]
    bonus: BonusRules | None
    rounds: RoundRules
    leagues: LeagueRules
    prices: PriceRules
    official: OfficialNames
    vectors: tuple[GameVector, ...]

    def position(self, position_id: str) -> GamePosition:
        """Return the position of that id; KeyError when the game has none."""
        return {position.id: position for position in self.positions}[position_id]

    def position_of(self, sport_position: str) -> GamePosition | None:
        """Return the game's position of a player of the sport, None where he has no place."""
        return next((p for p in self.positions if sport_position in p.sport_positions), None)

    @property
    def added_positions(self) -> frozenset[str]:
        """Positions that a squad has by a chip only."""
        return frozenset(
            chip.adds for chip in self.chips if chip.adds and not self.position(chip.adds).squad_max
        )

    def chip(self, chip_id: str) -> Chip:
        """Return the chip of that id; KeyError when the game has none."""
        return {chip.id: chip for chip in self.chips}[chip_id]

    @property
    def columns(self) -> frozenset[str]:
        """All columns a player's points and bonus are made of."""
        rules = [*self.points, *(self.bonus.components if self.bonus else ())]
        names = {rule.column for rule in rules}
        names |= {bound.column for rule in rules for bound in rule.when}
        names |= {bound.column for bound in self.lineup.appeared}
        return frozenset(names | ({self.bonus.column} if self.bonus else set()))
