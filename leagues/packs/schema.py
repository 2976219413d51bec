"""The words of a sport pack: what one `sport.toml` says, as frozen values.

A pack is data. Nothing here knows a sport; docs/how-to/add-a-sport.md explains every key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from leagues.packs.forms import Derivation
from leagues.packs.wording import clock_face, filled, minute_label

SIDES: Final = ("home", "away")

# Event types every pack has. A pack may restate one to give it a label, an icon or a sentence.
PERIOD_START: Final = "period_start"
PERIOD_END: Final = "period_end"
MATCH_END: Final = "match_end"
STATUS: Final = "status"
CLOCK: Final = "clock"
SCORE_SET: Final = "score.set"
STAT_SET: Final = "stat.set"
OVERRIDE: Final = "admin.override"


class PackError(Exception):
    """A pack that cannot be used; the text names file, key and what to do about it."""

    code = "bad_pack"

    def __init__(self, file: str, key: str, message: str) -> None:
        super().__init__(f"{file}: {key}: {message}" if key else f"{file}: {message}")
        self.file = file
        self.key = key


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRule:
    """How a match clock is shown; inside, clocks always count up from the period's start.

    `usual_min` is how long a match usually takes, breaks included: for calendars.
    """

    direction: str = "up"
    cumulative: bool = False
    usual_min: int = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A stretch of play. `length_ms` 0 is untimed; `sudden_death` may end before its length."""

    id: str
    label: str
    short: str
    kind: str = "regular"
    length_ms: int = 0
    offset_ms: int = 0
    sudden_death: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A role in the sport; who has one that does not play is no player of any match (a coach)."""

    id: str
    label: str
    order: int = 0
    plays: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadValue:
    """A count's value that stands in the event's payload, times `sign`."""

    key: str
    sign: int = 1
    default: int = 0


Value = int | PayloadValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One key of a counting block's `when`.

    `values` are the accepted ones; else the number must lie in `min`..`max`; `present` asks only
    whether the payload has the key. `negated` turns the answer round.
    """

    key: str
    values: tuple[Any, ...] = ()
    min: float | None = None
    max: float | None = None
    present: bool = False
    negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What an event counts, for whom, when its conditions hold."""

    when: tuple[Condition, ...] = ()
    player: tuple[tuple[str, Value], ...] = ()
    related: tuple[tuple[str, Value], ...] = ()
    team: tuple[tuple[str, Value], ...] = ()
    opposing: tuple[tuple[str, Value], ...] = ()
    score: tuple[tuple[str, Value], ...] = ()
    bucket: str = "score"
    related_side: str = "acting"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPresence:
    """What an event does to being on: "in", "out" or "sent_off", for player and related player."""

    player: str = ""
    related: str = ""
    related_side: str = "acting"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventType:
    """A word of the sport: how it reads in a timeline and what it counts.

    `acts` is false where the event does not show that its player is on (a bench foul).
    """

    id: str
    label: str
    icon: str = ""
    key: bool = False
    hidden: bool = False
    group: str = "other"
    sentence: str = ""
    sentence_related: str = ""
    payload: Mapping[str, str] = field(default_factory=dict)
    counts: tuple[Count, ...] = ()
    presence: EventPresence | None = None
    marks: tuple[str, ...] = ()
    acts: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A number of the boxscore. `team`: "sum" of the players and team counts, "own", "none"."""

    id: str
    label: str
    short: str
    group: str = ""
    scope: frozenset[str] = frozenset(("player", "team"))
    team: str = "sum"
    form: str = "count"
    rule: Derivation | None = None
    format: str = "int"
    show: bool = True
    better: str = "high"

    @property
    def for_player(self) -> bool:
        """Players have it."""
        return "player" in self.scope

    @property
    def for_team(self) -> bool:
        """Teams have it."""
        return "team" in self.scope and self.team != "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceRule:
    """How the engine knows who is on.

    `starts` "team_sheet": the sheet's starters are on at the start. "events": only events put a
    player on. `infer`: whoever acts in a period before coming in was on since its start; `size`
    is then how many of a side are on, so that silent players carry over only while there is room.
    """

    starts: str = "team_sheet"
    infer: bool = False
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRule:
    """What a unit of score is called.

    `column` names a team column that must equal the score (checked in vectors). `shootout_adds`
    is what winning a shootout adds to the final score. `by_period` are the team columns that
    stand below the score by period.
    """

    label: str = "Score"
    column: str = ""
    shootout_adds: int = 0
    by_period: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRule:
    """How a look at the replay is called while it lasts: on the chip and as a sentence.

    A fact that the feed calls provisional is under review, until a later event of `decided_by`,
    if there is none of its own.
    """

    label: str
    words: str
    decided_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRule:
    """A kind of message to those who follow a match.

    `form` says what makes one: the match's "start", "lineups" or "end", one of `events`, a
    "lead_change", the end of a period, or "close": the first moment of a last period's `last_ms`
    at which the scores are `within` so much. `presets` are the choices that it is part of.
    """

    id: str
    label: str
    form: str
    presets: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    last_ms: int = 0
    within: int = 0

    @property
    def tells_score(self) -> bool:
        """Whoever hides scores may not read it as it is."""
        return self.form not in ("start", "lineups")


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowanceWindow:
    """So many of a thing that a side may take in these periods together."""

    periods: tuple[str, ...]
    allowed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What each side may take a fixed number of, such as time-outs: a team column counts them."""

    column: str
    label: str
    windows: tuple[AllowanceWindow, ...]

    def window_of(self, period: str) -> AllowanceWindow | None:
        """Return what is allowed in that period, None where the rules leave it open."""
        return next((window for window in self.windows if period in window.periods), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsRule:
    """Table points of a result. The special ways of winning default to win and loss."""

    win: int = 3
    draw: int = 1
    loss: int = 0
    overtime_win: int = 3
    overtime_loss: int = 0
    shootout_win: int = 3
    shootout_loss: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiebreak:
    """A comparator of the table; `basis` says whether awarded or played scores count in it."""

    name: str
    basis: str = "awarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A stretch of the table with a meaning, ranks included."""

    first: int
    last: int
    label: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRules:
    """How results become a table."""

    points: PointsRule = PointsRule()
    columns: tuple[str, ...] = ()
    tiebreak: tuple[Tiebreak, ...] = ()
    draws: bool = True
    form_length: int = 5
    zones: tuple[Zone, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """A conformance example: these events must fold to these numbers."""

    name: str
    file: str
    key: str
    home: tuple[str, ...] = ()
    away: tuple[str, ...] = ()
    home_bench: tuple[str, ...] = ()
    away_bench: tuple[str, ...] = ()
    events: tuple[Mapping[str, Any], ...] = ()
    at_ms: int | None = None
    expect: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedEvent:
    """How often an event happens in a simulated match and to whom.

    `per_team` is the expected number per team and match; `positions` weighs who acts; `related`
    is the chance of a related player, `related_positions` weighs who he is (anyone without it).
    `payload` maps keys to what to draw from: texts or flags
    (one of them), two numbers (a uniform range). `once`: nobody acts in it twice in a match;
    `after`: only who acted in that event before.
    """

    type: str
    per_team: float
    positions: Mapping[str, float] = field(default_factory=dict)
    related: float = 0.0
    related_side: str = "acting"
    related_positions: Mapping[str, float] = field(default_factory=dict)
    payload: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    periods: tuple[str, ...] = ()
    from_ms: int = 0
    once: bool = False
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """Rates from which a simulated vendor plays matches of the sport.

    `lineup` and `bench` count players by position; `stoppage_ms` is the range that a regular
    period runs over its length; `overtime` is the chance that a draw is played on.
    """

    lineup: Mapping[str, int] = field(default_factory=dict)
    bench: Mapping[str, int] = field(default_factory=dict)
    stoppage_ms: tuple[int, int] = (0, 0)
    break_s: int = 900
    overtime: float = 0.0
    events: tuple[SimulatedEvent, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StrengthRule:
    """How the scores of matches are distributed and learnt, see docs/models.md.

    `half_life_days`: a result this old counts half. `prior_matches`: how many average matches a
    team is taken to have played besides. `draw_share` of scores level after regular time stay
    draws. `added_ms` is what a period runs over its length. Each player sent off multiplies his
    side's rate by `sent_off_own` and the other side's by `sent_off_other`. `typical_*` stand in
    for a league that has no results yet.
    """

    distribution: str
    half_life_days: float
    prior_matches: float
    draw_share: float
    typical_home: float
    typical_away: float
    typical_margin_sd: float = 0.0
    added_ms: int = 0
    sent_off_own: float = 1.0
    sent_off_other: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressure:
    """What one event adds to the momentum of the acting side, or of the `opposing` one.

    Needs all of `when`, and the event's place within `x` and `y` where those are given. The
    payload's `plus` is added to `weight`.
    """

    events: frozenset[str]
    weight: float
    plus: str = ""
    when: tuple[Condition, ...] = ()
    x: tuple[float, float] | None = None
    y: tuple[float, float] | None = None
    side: str = "acting"


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentumRule:
    """How pressure is read off a log: it fades with `fade_s`; `full` is drawn as 100."""

    fade_s: float
    full: float
    pressures: tuple[Pressure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotKind:
    """Events that are shots with one outcome, where all of `when` holds."""

    events: frozenset[str]
    outcome: str
    label: str
    when: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotMapRule:
    """Which events are shots and on what ground they are drawn; the first kind that fits counts.

    `expected` is the payload's number that says how likely the shot was to score.
    """

    ground: str
    length_m: float
    width_m: float
    kinds: tuple[ShotKind, ...]
    expected: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SportPack:
    """A whole sport. Compared by identity: `load_pack` gives the same object every time."""

    id: str
    name: str
    version: str
    file: str
    clock: ClockRule
    periods: tuple[Period, ...]
    positions: tuple[Position, ...]
    score: ScoreRule
    review: ReviewRule | None
    allowance: Allowance | None
    groups: Mapping[str, str]
    events: Mapping[str, EventType]
    columns: tuple[Column, ...]
    column_groups: Mapping[str, str]
    presence: PresenceRule | None
    table: TableRules
    simulation: Simulation | None
    strength: StrengthRule | None
    momentum: MomentumRule | None
    shot_map: ShotMapRule | None
    vectors: tuple[Vector, ...]
    notices: tuple[NoticeRule, ...] = ()

    @property
    def zones(self) -> tuple[Zone, ...]:
        """The table's default zones."""
        return self.table.zones

    @property
    def idle_positions(self) -> frozenset[str]:
        """Positions of people who belong to a team and never play."""
        return frozenset(position.id for position in self.positions if not position.plays)

    def column(self, column_id: str) -> Column | None:
        """Return the column of that id."""
        return next((c for c in self.columns if c.id == column_id), None)

    def period(self, period_id: str) -> Period | None:
        """Return the period of that id."""
        return next((p for p in self.periods if p.id == period_id), None)

    def sentence(  # noqa: PLR0913 - the words of a sentence, all optional
        self,
        event_type: str,
        *,
        player: str = "",
        related: str = "",
        team: str = "",
        opponent: str = "",
        clock: str = "",
        score: str = "",
        period: str = "",
        payload: Mapping[str, Any] | None = None,
    ) -> str:
        """Return the timeline sentence of an event; words it lacks are left out."""
        kind = self.events.get(event_type)
        if kind is None:
            return event_type.replace("_", " ").capitalize()
        template = (kind.sentence_related if related else "") or kind.sentence or kind.label
        words: dict[str, Any] = {**(payload or {})}
        words |= {"player": player, "related": related, "team": team, "opponent": opponent}
        words |= {"clock": clock, "score": score, "period": period}
        return filled(template, words)

    def clock_label(self, period_id: str, clock_ms: int) -> str:
        """Return the clock as fans read it: "45+2", "Q3 4:12"; empty for untimed periods."""
        period = self.period(period_id)
        if period is None:
            return ""
        if not period.length_ms:
            return period.short
        if self.clock.cumulative:
            return minute_label(period.offset_ms, period.length_ms, clock_ms)
        down = self.clock.direction == "down"
        shown_ms = period.length_ms - clock_ms if down else clock_ms
        return f"{period.short} {clock_face(shown_ms)}".strip()
