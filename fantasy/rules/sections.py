"""The sections of a game's file, each read and checked on its own, except the ways to points."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fantasy.rules.game import (
    Amnesty,
    CaptainRules,
    Chip,
    ChipWindow,
    GamePosition,
    GameRules,
    LeagueRules,
    LineupRules,
    OfficialNames,
    PriceRules,
    RoundRules,
    SquadRules,
    TransferRules,
)
from leagues.packs.forms import Bound
from leagues.packs.reading import Table, suggestion
from leagues.packs.schema import SportPack

# What a match gives everyone who belongs to a side of it, besides the columns of the sport.
MATCH_COLUMNS = (
    "match.win",
    "match.draw",
    "match.loss",
    "match.goals_for",
    "match.goals_against",
    "match.clean_sheet",
    "match.underdog_win",
    "match.underdog_draw",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The names a game's file may use: columns of its sport and positions of its own."""

    sport: SportPack
    positions: tuple[str, ...]

    def column(self, table: Table, key: str, name: str) -> str:
        """Return the name of a player's column; raises PackError for any other."""
        known = [column.id for column in self.sport.columns if column.for_player]
        known += MATCH_COLUMNS
        if name not in known:
            raise table.error(
                key, f"{self.sport.id} has no player column '{name}'; {suggestion(name, known)}"
            )
        return name

    def position(self, table: Table, key: str, name: str) -> str:
        """Return the id of a position of the game."""
        if name not in self.positions:
            raise table.error(key, f"unknown position '{name}'; {suggestion(name, self.positions)}")
        return name

    def bounds(self, table: Table, key: str) -> tuple[Bound, ...]:
        """Return the conditions of a table such as { minutes = { min = 60 } }; { minutes = 60 }."""
        inner = table.table(key)
        bounds = tuple(self._bound(inner, column) for column in list(inner.keys()))
        inner.close()
        return bounds

    def _bound(self, table: Table, column: str) -> Bound:
        self.column(table, column, column)
        if not isinstance(table.raw(column), dict):
            return Bound(column=column, min=table.number(column))
        limits = table.table(column)
        bound = Bound(
            column=column, min=limits.optional_number("min"), max=limits.optional_number("max")
        )
        limits.close()
        if bound.min is None and bound.max is None:
            raise table.error(column, "say min, max or both")
        return bound


def read_positions(top: Table, sport: SportPack) -> tuple[GamePosition, ...]:
    """Return [[positions]], in the order of the line-up."""
    positions = tuple(_position(table, sport) for table in top.tables("positions"))
    if not positions:
        raise top.error("positions", "a game needs [[positions]]")
    return positions


def _position(table: Table, sport: SportPack) -> GamePosition:
    known = [position.id for position in sport.positions]
    players = table.texts("players", ())
    for name in players:
        if name not in known:
            raise table.error("players", f"'{name}' is no position of {sport.id}")
    squad = span(table, "squad", (0, 0))
    play = span(table, "play", (0, 0))
    prices = span(table, "prices", (0, 0))
    position = GamePosition(
        id=table.text("id"),
        label=table.text("label"),
        short=table.text("short", table.text("id")),
        plural=table.text("plural", table.text("label") + "s"),
        sport_positions=frozenset(players),
        squad_min=squad[0],
        squad_max=squad[1],
        play_min=play[0],
        play_max=play[1],
        bench_slot=table.whole("bench_slot", 0, minimum=0),
        price_min=prices[0],
        price_max=prices[1],
    )
    table.close()
    return position


def span(table: Table, key: str, default: Any = None) -> tuple[int, int]:
    """Return a range written as [2, 5], or as 5 for exactly five."""
    value = table.raw(key, default) if default is not None else table.raw(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return value, value
    numbers = list(value) if isinstance(value, list | tuple) else []
    if len(numbers) != 2 or not all(type(n) is int for n in numbers) or numbers[0] > numbers[1]:
        raise table.error(key, f"must be a whole number or a range such as [2, 5], not {value!r}")
    return numbers[0], numbers[1]


def read_squad(top: Table) -> SquadRules:
    """Return [squad]."""
    table = top.table("squad")
    squad = SquadRules(
        size=table.whole("size", minimum=1),
        budget_tenths=table.whole("budget_tenths", minimum=0),
        club_cap=table.whole("club_cap", minimum=1),
    )
    table.close()
    return squad


def read_lineup(top: Table, words: Words) -> LineupRules:
    """Return [lineup]."""
    table = top.table("lineup")
    lineup = LineupRules(
        size=table.whole("size", minimum=1),
        appeared=words.bounds(table, "appeared"),
        automatic_substitutions=table.flag("automatic_substitutions", True),
    )
    table.close()
    if not lineup.appeared:
        raise table.error("appeared", "say what makes a player one who took part")
    return lineup


def read_captain(top: Table) -> CaptainRules | None:
    """Return [captain]; a game without it has none."""
    if "captain" not in top:
        return None
    table = top.table("captain")
    captain = CaptainRules(
        multiplier=table.whole("multiplier", 2, minimum=1),
        unit=table.whole("unit", 1, minimum=1),
        vice=table.flag("vice", True),
        dearer=table.flag("dearer", False),
    )
    table.close()
    return captain


def read_transfers(top: Table) -> TransferRules:
    """Return [transfers]."""
    table = top.table("transfers")
    rules = TransferRules(
        per_round=table.whole("per_round", 1, minimum=0),
        bank=table.whole("bank", 1, minimum=0),
        cost=table.whole("cost", 0, minimum=0),
        cap=table.whole("cap", 0, minimum=0),
        unlimited=table.flag("unlimited", False),
        after_chip=table.text("after_chip", "kept", choices=("kept", "reset")),
        selling=table.text("selling", "half_profit", choices=("half_profit", "current", "bought")),
        amnesties=tuple(_amnesty(inner) for inner in table.tables("amnesties")),
    )
    table.close()
    return rules


def _amnesty(table: Table) -> Amnesty:
    amnesty = Amnesty(
        round=table.whole("round", minimum=1), raise_to=table.whole("raise_to", 0, minimum=0)
    )
    if amnesty.unlimited != table.flag("unlimited", False):
        raise table.error("", "say raise_to = N or unlimited = true")
    table.close()
    return amnesty


def read_chips(top: Table, words: Words, rounds: RoundRules) -> tuple[Chip, ...]:
    """Return [[chips]]."""
    return tuple(_chip(table, words, rounds) for table in top.tables("chips"))


def _chip(table: Table, words: Words, rounds: RoundRules) -> Chip:
    adds = table.text("adds", "")
    chip = Chip(
        id=table.text("id"),
        label=table.text("label"),
        summary=table.text("summary", ""),
        kind=table.text("kind", choices=("transfer", "team")),
        windows=tuple(_windows(table, rounds)),
        free_transfers=table.flag("free_transfers", False),
        returns=table.flag("returns", False),
        bench_plays=table.flag("bench_plays", False),
        captain_multiplier=table.whole("captain_multiplier", 0, minimum=0),
        adds=words.position(table, "adds", adds) if adds else "",
        rounds=table.whole("rounds", 1, minimum=1),
        gap=table.whole("gap", 0, minimum=0),
        cancellable=table.flag("cancellable", True),
    )
    table.close()
    return chip


def _windows(table: Table, rounds: RoundRules) -> Iterable[ChipWindow]:
    stated = table.raw("windows")
    pairs = stated if isinstance(stated, list) else []
    for pair in pairs:
        whole = isinstance(pair, list) and len(pair) == 2 and all(type(n) is int for n in pair)
        if not whole or not 1 <= pair[0] <= pair[1] <= rounds.count:
            raise table.error("windows", f"{pair!r} is no range of the {rounds.count} rounds")
        yield ChipWindow(start=pair[0], stop=pair[1])
    if not pairs:
        raise table.error("windows", "must be a list of ranges of rounds such as [[2, 19]]")


def read_rounds(top: Table) -> RoundRules:
    """Return [rounds]."""
    table = top.table("rounds")
    void = table.raw("void", [])
    if not isinstance(void, list) or not all(type(number) is int for number in void):
        raise table.error("void", "must be a list of round numbers")
    rounds = RoundRules(
        count=table.whole("count", minimum=1),
        by=table.text("by", "matchday", choices=("matchday", "week")),
        deadline_minutes=table.whole("deadline_minutes", 90, minimum=0),
        void=frozenset(void),
        settle_hour=table.whole("settle_hour", 9, minimum=0),
        freeze_after=table.text("freeze_after", "", choices=("", "settled")),
    )
    table.close()
    return rounds


def read_leagues(top: Table) -> LeagueRules:
    """Return [leagues]."""
    table = top.table("leagues")
    usual = LeagueRules()
    rules = LeagueRules(
        win=table.whole("win", usual.win),
        draw=table.whole("draw", usual.draw),
        loss=table.whole("loss", usual.loss),
        classic_ties=table.texts("classic_ties", usual.classic_ties),
        head_to_head_ties=table.texts("head_to_head_ties", usual.head_to_head_ties),
        cup_ties=table.texts("cup_ties", usual.cup_ties),
        head_to_head_max=table.whole("head_to_head_max", usual.head_to_head_max, minimum=2),
        public_max=table.whole("public_max", usual.public_max, minimum=2),
        private_max=table.whole("private_max", usual.private_max, minimum=0),
        knockout_rounds_max=table.whole(
            "knockout_rounds_max", usual.knockout_rounds_max, minimum=0
        ),
    )
    table.close()
    return rules


def read_prices(top: Table) -> PriceRules:
    """Return [prices]."""
    table = top.table("prices")
    usual = PriceRules()
    rules = PriceRules(
        policy=table.text("policy", usual.policy, choices=("fixed", "weekly")),
        floor=table.whole("floor", usual.floor, minimum=1),
        ceiling=table.whole("ceiling", usual.ceiling, minimum=1),
        step=table.whole("step", usual.step, minimum=1),
        threshold_pct=table.number("threshold_pct", usual.threshold_pct),
        most_steps=table.whole("most_steps", usual.most_steps, minimum=1),
    )
    table.close()
    return rules


def read_official(top: Table, words: Words) -> OfficialNames:
    """Return [official]: what data files of the original call our words."""
    table = top.table("official")
    columns = table.table("columns")
    names = OfficialNames(
        positions=_named(table.table("positions"), words),
        columns={name: _sums(columns, name, words) for name in list(columns.keys())},
        chips={key: inner.text(key) for inner in [table.table("chips")] for key in inner.keys()},  # noqa: SIM118 - not a dict
    )
    table.close()
    return names


def _named(table: Table, words: Words) -> dict[str, str]:
    return {key: words.position(table, key, table.text(key)) for key in list(table.keys())}


def _sums(table: Table, name: str, words: Words) -> tuple[tuple[str, ...], ...]:
    """Read "a" as a, ["a", "b"] as a + b and [["a", "b"], ["c"]] as a + b, or c without them."""
    words.column(table, name, name)
    value = table.raw(name)
    if isinstance(value, str):
        return ((value,),)
    if not isinstance(value, list) or not value:
        raise table.error(name, "must be a name, a list of names to add, or a list of such lists")
    sums = value if isinstance(value[0], list) else [value]
    return tuple(tuple(str(part) for part in parts) for parts in sums)


def check_unit(top: Table, rules: GameRules) -> None:
    """Refuse points that a captain who counts one and a half times would make fractions of."""
    unit = rules.captain.unit if rules.captain else 1
    for rule in rules.points:
        given = [*rule.each.values(), *(step.points for step in rule.steps)]
        if any(points % unit for points in given):
            raise top.error("points", f"{rule.id}: give whole multiples of {unit} (captain.unit)")
    if unit > 1 and rules.bonus and any(award % unit for award in rules.bonus.awards):
        raise top.error("bonus", f"give whole multiples of {unit} (captain.unit)")


def check_sizes(top: Table, rules: GameRules) -> None:
    """Refuse a game whose squad or line-up cannot be filled by its positions."""
    for key, size, least, most in (
        (
            "squad.size",
            rules.squad.size,
            sum(p.squad_min for p in rules.positions),
            sum(p.squad_max for p in rules.positions),
        ),
        (
            "lineup.size",
            rules.lineup.size,
            sum(p.play_min for p in rules.positions),
            sum(p.play_max for p in rules.positions),
        ),
    ):
        if not least <= size <= most:
            raise top.error(key, f"{size} cannot be reached: positions allow {least} to {most}")
    if rules.lineup.size > rules.squad.size:
        raise top.error("lineup.size", "more players than the squad has")
