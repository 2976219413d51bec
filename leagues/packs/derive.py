"""From counters to the numbers of a boxscore: stated totals, derived columns, team sums."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from leagues.packs.columns import TEAM_FORMS
from leagues.packs.counting import MICRO, compiled
from leagues.packs.entries import Key
from leagues.packs.facts import Line, Number, Sheet, SideBox
from leagues.packs.flow import Flow
from leagues.packs.forms import (
    Appeared,
    Bound,
    CategoryCount,
    Derivation,
    Flag,
    Longest,
    PresenceMinutes,
    Ratio,
    ScoreFlow,
    ScoreOf,
    Started,
    WeightedSum,
    WhilePresent,
)
from leagues.packs.presence import Presence, Stopwatch
from leagues.packs.schema import Column, SportPack
from leagues.packs.state import Steps

Set = Mapping[str, Number]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What derived columns may ask about the match."""

    steps: Steps
    score: tuple[int, int]
    flow: Flow
    presence: Presence
    stopwatch: Stopwatch
    starters: frozenset[tuple[str, Hashable]]
    longest: Mapping[tuple[Longest, str, Hashable | None], Number]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whose numbers are being derived; `player` None is the team."""

    side: str
    player: Hashable | None
    scene: Scene


Formula = Callable[[Line, Subject], Number]


class Counts:
    """Which counters are which counted columns."""

    def __init__(
        self, columns: tuple[Column, ...], index: Mapping[str, int], micro: frozenset[str]
    ) -> None:
        self.index = {column.id: index[column.id] for column in columns if column.rule is None}
        self.micro = frozenset(column_id for column_id in self.index if column_id in micro)

    def of(self, column_id: str, counters: Sequence[int]) -> int | float:
        """Return one column's number."""
        counted = counters[self.index[column_id]]
        return counted / MICRO if column_id in self.micro else counted

    def fill(self, line: Line, counters: Sequence[int]) -> None:
        """Put all counted columns into the line."""
        line.update(zip(self.index, [counters[i] for i in self.index.values()], strict=True))
        for column_id in self.micro:
            line[column_id] = counters[self.index[column_id]] / MICRO


class Sheets:
    """The columns of a pack as blank lines and formulas, for players and for teams."""

    def __init__(self, pack: SportPack) -> None:
        rules = compiled(pack)
        self.player_columns = tuple(column for column in pack.columns if column.for_player)
        self.team_columns = tuple(column for column in pack.columns if column.for_team)
        self.player_ids = frozenset(column.id for column in self.player_columns)
        self.team_ids = frozenset(column.id for column in self.team_columns)
        self.player_counts = Counts(self.player_columns, rules.index, rules.micro)
        self.team_counts = Counts(self.team_columns, rules.index, rules.micro)
        self.player_formulas = _formulas(self.player_columns)
        self.team_formulas = _formulas(c for c in self.team_columns if _by_team(c))
        self.summed = tuple(c.id for c in self.team_columns if _from_players(c))
        # Where a vendor states players' totals, the team's sums follow what was stated.
        self.adjusted = frozenset(
            c.id for c in self.team_columns if c.rule is None and c.team == "sum" and c.for_player
        )
        self.blank_player: Line = {column.id: 0 for column in self.player_columns}
        self.blank_team: Line = {column.id: 0 for column in self.team_columns}


@lru_cache(maxsize=64)
def sheets(pack: SportPack) -> Sheets:
    """Return the pack's lines and formulas; the same pack is prepared once."""
    return Sheets(pack)


def _by_team(column: Column) -> bool:
    return isinstance(column.rule, (*TEAM_FORMS, ScoreOf, ScoreFlow))


def _from_players(column: Column) -> bool:
    return column.rule is not None and not _by_team(column) and column.team == "sum"


def _formulas(columns: Iterable[Column]) -> tuple[tuple[str, Formula], ...]:
    return tuple((c.id, formula(c.rule)) for c in columns if c.rule is not None)


def side_box(
    pack: SportPack,
    scene: Scene,
    side: str,
    counters: tuple[Mapping[Hashable, Sequence[int]], Sequence[int]],
    stated: Mapping[Hashable | None, Set],
) -> SideBox:
    """Return one side's box; `stated` has vendors' totals by player, None for the team."""
    plan = sheets(pack)
    lines, totals = counters
    players = {
        player: _line(
            plan.blank_player,
            plan.player_counts,
            plan.player_formulas,
            line,
            Subject(side=side, player=player, scene=scene),
            stated.get(player, {}),
        )
        for player, line in lines.items()
    }
    team = _line(
        plan.blank_team,
        plan.team_counts,
        (),
        totals,
        Subject(side=side, player=None, scene=scene),
        {},
    )
    _follow_stated(plan, team, players, lines, stated)
    for column_id in plan.summed:
        team[column_id] = sum(line[column_id] or 0 for line in players.values())
    _finish(team, plan.team_formulas, Subject(side=side, player=None, scene=scene), stated)
    return SideBox(totals=team, players=players)


def _line(
    blank: Line,
    counts: Counts,
    formulas: tuple[tuple[str, Formula], ...],
    counters: Sequence[int],
    subject: Subject,
    stated: Set,
) -> Line:
    line = blank.copy()
    counts.fill(line, counters)
    for column_id, value in stated.items():
        if column_id in line:
            line[column_id] = value
    for column_id, compute in formulas:
        if column_id not in stated:
            line[column_id] = compute(line, subject)
    return line


def _follow_stated(
    plan: Sheets,
    team: Line,
    players: Mapping[Hashable, Line],
    lines: Mapping[Hashable, Sequence[int]],
    stated: Mapping[Hashable | None, Set],
) -> None:
    for player, values in stated.items():
        if player is None or player not in players:
            continue
        for column_id in values.keys() & plan.adjusted:
            before = plan.player_counts.of(column_id, lines[player])
            team[column_id] = (team[column_id] or 0) + (values[column_id] or 0) - before


def _finish(
    team: Line,
    formulas: tuple[tuple[str, Formula], ...],
    subject: Subject,
    stated: Mapping[Hashable | None, Set],
) -> None:
    own = stated.get(None, {})
    for column_id, value in own.items():
        if column_id in team:
            team[column_id] = value
    for column_id, compute in formulas:
        if column_id not in own:
            team[column_id] = compute(team, subject)


def formula(rule: Derivation) -> Formula:
    """Return the function that computes a derived column from a line."""
    return _MAKERS[type(rule)](rule)


def _minutes(rule: PresenceMinutes) -> Formula:
    def compute(_line: Line, subject: Subject) -> Number:
        scene = subject.scene
        intervals = scene.presence.intervals.get((subject.side, subject.player), [])
        return scene.stopwatch.measure(intervals, rule)

    return compute


_PARTS: dict[str, Callable[[int, int], int]] = {
    "acting_score": lambda own, _other: own,
    "opposing_score": lambda _own, other: other,
    "score_margin": lambda own, other: own - other,
}


def _while_present(rule: WhilePresent) -> Formula:
    def compute(_line: Line, subject: Subject) -> Number:
        scene = subject.scene
        who = (subject.side, subject.player)
        made = [0, 0]
        spans: list[tuple[Key, Key]] = [
            (interval.from_key, interval.to_key)
            for interval in scene.presence.intervals.get(who, [])
        ]
        if rule.after_out == "keeps" and who in scene.presence.sent_off and spans:
            spans.append((scene.presence.sent_off[who], (float("inf"),)))
        for start, end in spans:
            first, last = scene.steps.before(start), scene.steps.before(end)
            made[0] += last[0] - first[0]
            made[1] += last[1] - first[1]
        own, other = made if subject.side == "home" else made[::-1]
        return _PARTS[rule.counts](own, other)

    return compute


def _ratio(rule: Ratio) -> Formula:
    factor: int = 10**rule.decimals

    def compute(line: Line, _subject: Subject) -> Number:
        num, den = line[rule.num], line[rule.den]
        if not den or num is None:
            return None
        # Half up, as boxscores round: 5 of 16 are 31.3 %.
        return (2 * num * rule.scale * factor + den) // (2 * den) / factor

    return compute


def _sum(rule: WeightedSum) -> Formula:
    def compute(line: Line, _subject: Subject) -> Number:
        total = sum((line[name] or 0) * weight for name, weight in rule.of)
        return round(total, rule.decimals) if isinstance(total, float) else total

    return compute


def _within(value: Number, bound: Bound) -> bool:
    return (
        value is not None
        and (bound.min is None or value >= bound.min)
        and (bound.max is None or value <= bound.max)
    )


def _flag(rule: Flag) -> Formula:
    return lambda line, _subject: int(all(_within(line[b.column], b) for b in rule.all))


def _categories(rule: CategoryCount) -> Formula:
    return lambda line, _subject: sum((line[name] or 0) >= rule.min for name in rule.of)


def _score(rule: ScoreOf) -> Formula:
    def compute(_line: Line, subject: Subject) -> Number:
        home = (subject.side == "home") == (rule.side == "acting")
        return subject.scene.score[0 if home else 1]

    return compute


def _score_flow(rule: ScoreFlow) -> Formula:
    def compute(_line: Line, subject: Subject) -> Number:
        counted: int | tuple[int, int] = getattr(subject.scene.flow, rule.counts)
        if isinstance(counted, int):
            return counted
        return counted[0 if subject.side == "home" else 1]

    return compute


def _started(_rule: Started) -> Formula:
    return lambda _line, subject: int((subject.side, subject.player) in subject.scene.starters)


def _appeared(_rule: Appeared) -> Formula:
    return lambda _line, subject: int(
        (subject.side, subject.player) in subject.scene.presence.intervals
    )


def _longest(rule: Longest) -> Formula:
    return lambda _line, subject: subject.scene.longest.get((rule, subject.side, subject.player))


_MAKERS: dict[type, Callable[[Any], Formula]] = {
    PresenceMinutes: _minutes,
    WhilePresent: _while_present,
    Ratio: _ratio,
    WeightedSum: _sum,
    Flag: _flag,
    CategoryCount: _categories,
    ScoreOf: _score,
    ScoreFlow: _score_flow,
    Started: _started,
    Appeared: _appeared,
    Longest: _longest,
}


def starters_of(sheet: Sheet) -> frozenset[tuple[str, Hashable]]:
    """Return the starting players of both sides."""
    return frozenset([("home", p) for p in sheet.home] + [("away", p) for p in sheet.away])
