"""The forms a boxscore column may be derived by; each is named after what the field calls it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceMinutes:
    """Time on: whole minutes, seconds or milliseconds.

    `rounding` "nominal" leaves stoppage time out: each end of an interval is capped at the
    period's length and brought to a whole minute by `boundary`; "length" rounds the whole time
    on down instead. `at_least` is what anyone who was on has.
    """

    rounding: str = "nominal"
    boundary: str = "floor"
    unit: str = "min"
    at_least: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WhilePresent:
    """A share of the score made while on; `after_out` "keeps" goes on after a sending-off."""

    counts: str
    after_out: str = "stops"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """scale * num / den, None without a den."""

    num: str
    den: str
    scale: float = 1
    decimals: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedSum:
    """Columns times weights."""

    of: tuple[tuple[str, float], ...]
    decimals: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A column within limits, ends included."""

    column: str
    min: float | None = None
    max: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """1 when all bounds hold, else 0."""

    all: tuple[Bound, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryCount:
    """How many of the columns reach `min`."""

    of: tuple[str, ...]
    min: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreOf:
    """The team's own ("acting") or the other team's ("opposing") score."""

    side: str = "acting"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreFlow:
    """How the score went for a team: lead changes, ties, its biggest lead or scoring run."""

    counts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """1 for a player of the starting line-up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appeared:
    """1 for a player who was on at any time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Longest:
    """The greatest payload value `key` among a player's events of the types `of`, None without."""

    of: tuple[str, ...]
    key: str


Derivation = (
    PresenceMinutes
    | WhilePresent
    | Ratio
    | WeightedSum
    | Flag
    | CategoryCount
    | ScoreOf
    | ScoreFlow
    | Started
    | Appeared
    | Longest
)
