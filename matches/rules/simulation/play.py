"""Playing a match by a pack's rates: the same seed plays the same match.

Events are Poisson in number and uniform in time, acted by whoever is on, weighed by position.
"""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from leagues.packs.engine import FoldEvent, fold
from leagues.packs.schema import (
    MATCH_END,
    PERIOD_END,
    PERIOD_START,
    EventPresence,
    Period,
    SimulatedEvent,
    SportPack,
)

HOME_ADVANTAGE = 1.12
# What a period without a length takes here.
_UNTIMED_MS = 3_600_000
_SHOT_GROUPS = ("goals", "shots")


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedPlayer:
    """A player of the simulated vendor."""

    ref: str
    name: str
    position: str
    shirt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedTeam:
    """A team of the simulated vendor; `strength` multiplies its rates, 1.0 is average.

    `absent` are players who are out for the season, each with the reason.
    """

    ref: str
    name: str
    code: str
    color: str
    color_alt: str
    strength: float
    players: Sequence[SimulatedPlayer]
    coach: str = ""
    absent: Sequence[tuple[SimulatedPlayer, str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedFact:
    """One event, `at_s` seconds of real time after the kick-off, breaks included."""

    at_s: float
    type: str
    period: str
    clock_ms: int
    team: str | None = None
    player: str | None = None
    related: str | None = None
    x: float | None = None
    y: float | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedMatch:
    """A match as it will be played; `lineups` has (starters, bench) by team ref."""

    lineups: Mapping[str, tuple[Sequence[SimulatedPlayer], Sequence[SimulatedPlayer]]]
    facts: Sequence[SimulatedFact]
    score: tuple[int, int]

    @property
    def length_s(self) -> float:
        """Seconds from kick-off to the end."""
        return self.facts[-1].at_s


class _Side:
    """A team during a match: who is on, who may still come in."""

    def __init__(self, team: SimulatedTeam, pack: SportPack, rng: random.Random) -> None:
        simulation = pack.simulation
        self.team = team
        pool = list(team.players)
        self.starters = _pick_squad(pool, simulation.lineup if simulation else {}, rng)
        self.bench = _pick_squad(pool, simulation.bench if simulation else {}, rng)
        self.on = list(self.starters)
        self.off = list(self.bench)
        # By event type, the refs of those who acted in it.
        self.acted: dict[str, set[str]] = {}
        # Where the log tells who is on, whoever went out may come back.
        self.may_return = pack.presence is not None and pack.presence.starts == "events"
        substitutions = sum(
            event.per_team
            for event in (simulation.events if simulation else ())
            if event.related and _swaps(pack, event.type)
        )
        self.may_return = self.may_return or substitutions > len(self.bench)


def play_match(
    pack: SportPack, home: SimulatedTeam, away: SimulatedTeam, *, seed: str
) -> SimulatedMatch:
    """Return the whole match. Raises ValueError for a pack without simulation rates."""
    if pack.simulation is None:
        raise ValueError(f"pack {pack.id} has no [simulation]: it cannot be played")
    rng = random.Random(seed)
    sides = (_Side(home, pack, rng), _Side(away, pack, rng))
    facts: list[SimulatedFact] = []
    at_s = 0.0
    for period in _periods_to_play(pack):
        if period.kind != "regular" and not _plays_on(pack, facts, sides, period, rng):
            break
        if facts:
            at_s += pack.simulation.break_s
        at_s = _play_period(pack, period, sides, facts, at_s, rng)
    facts.append(
        SimulatedFact(
            at_s=at_s + 1, type=MATCH_END, period=facts[-1].period, clock_ms=facts[-1].clock_ms
        )
    )
    return SimulatedMatch(
        lineups={side.team.ref: (side.starters, side.bench) for side in sides},
        facts=facts,
        score=_score(pack, facts, sides),
    )


def _periods_to_play(pack: SportPack) -> list[Period]:
    return [period for period in pack.periods if period.kind in {"regular", "overtime"}]


def _plays_on(
    pack: SportPack,
    facts: Sequence[SimulatedFact],
    sides: tuple[_Side, _Side],
    period: Period,
    rng: random.Random,
) -> bool:
    home, away = _score(pack, facts, sides)
    if home != away or pack.table.draws:
        return False
    return pack.simulation is not None and rng.random() < max(pack.simulation.overtime, 0.0)


def _score(
    pack: SportPack, facts: Sequence[SimulatedFact], sides: tuple[_Side, _Side]
) -> tuple[int, int]:
    return fold(pack, None, fold_events(facts, home=sides[0].team.ref)).score


def fold_events(facts: Sequence[SimulatedFact], *, home: str) -> list[FoldEvent]:
    """Return the facts as the engine takes them."""
    return [
        FoldEvent(
            lineage=place,
            type=fact.type,
            period=fact.period,
            clock_ms=fact.clock_ms,
            order=place,
            team=None if fact.team is None else ("home" if fact.team == home else "away"),
            player=fact.player,
            related=fact.related,
            payload=fact.payload,
        )
        for place, fact in enumerate(facts)
    ]


def _play_period(
    pack: SportPack,
    period: Period,
    sides: tuple[_Side, _Side],
    facts: list[SimulatedFact],
    at_s: float,
    rng: random.Random,
) -> float:
    simulation = pack.simulation
    if simulation is None:
        return at_s
    stoppage_ms = rng.randint(*simulation.stoppage_ms) if period.kind == "regular" else 0
    length_ms = _nominal_ms(period) + stoppage_ms
    facts.append(SimulatedFact(at_s=at_s, type=PERIOD_START, period=period.id, clock_ms=0))
    regular_ms = sum(_nominal_ms(p) for p in pack.periods if p.kind == "regular")
    share = _nominal_ms(period) / regular_ms
    planned = []
    for side, factor in zip(sides, (HOME_ADVANTAGE, 1 / HOME_ADVANTAGE), strict=True):
        for event in simulation.events:
            if event.periods and period.id not in event.periods:
                continue
            # The better side scores more often, but nobody scores twice as often all night long.
            edge = (side.team.strength * factor) ** (1 / (1 + event.per_team / 4))
            rate = event.per_team * share * (edge if event.positions else 1)
            for _ in range(_poisson(rate, rng)):
                clock_ms = rng.randint(min(event.from_ms, length_ms - 1), length_ms - 1)
                planned.append((clock_ms, rng.random(), side, event))
    for clock_ms, _, side, event in sorted(planned, key=lambda item: item[:2]):
        turn = _Turn(
            event=event,
            period=period.id,
            clock_ms=clock_ms,
            at_s=at_s + clock_ms / 1000,
            side=side,
            other=sides[1] if side is sides[0] else sides[0],
        )
        fact = _act(pack, turn, rng)
        if fact is not None:
            facts.append(fact)
    end_s = at_s + length_ms / 1000
    facts.append(SimulatedFact(at_s=end_s, type=PERIOD_END, period=period.id, clock_ms=length_ms))
    return end_s


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """A planned event whose actors are still to be drawn."""

    event: SimulatedEvent
    period: str
    clock_ms: int
    at_s: float
    side: _Side
    other: _Side


def _nominal_ms(period: Period) -> int:
    return period.length_ms or _UNTIMED_MS


def _act(pack: SportPack, turn: _Turn, rng: random.Random) -> SimulatedFact | None:
    event, side, other = turn.event, turn.side, turn.other
    word = pack.events[event.type]
    player = _draw(_candidates(event, side), event.positions, rng) if event.positions else None
    if event.positions and player is None:
        return None
    related = None
    if event.related and player is not None and rng.random() < event.related:
        related = _partner(pack, event, player, side, other, rng)
        if related is None and _swaps(pack, event.type):
            return None
    _move(word.presence, player, related, side)
    if player is not None:
        side.acted.setdefault(event.type, set()).add(player.ref)
    spot = _spot(word.group, rng) if player is not None else (None, None)
    return SimulatedFact(
        at_s=turn.at_s,
        type=event.type,
        period=turn.period,
        clock_ms=turn.clock_ms,
        team=side.team.ref,
        player=player.ref if player else None,
        related=related.ref if related else None,
        x=spot[0],
        y=spot[1],
        payload={key: _value(choices, rng) for key, choices in event.payload.items()},
    )


def _candidates(event: SimulatedEvent, side: _Side) -> list[SimulatedPlayer]:
    players = side.on
    if event.once:
        players = [p for p in players if p.ref not in side.acted.get(event.type, ())]
    if event.after:
        players = [p for p in players if p.ref in side.acted.get(event.after, ())]
    return players


def _swaps(pack: SportPack, event_type: str) -> bool:
    presence = pack.events[event_type].presence
    return presence is not None and presence.player == "out" and presence.related == "in"


def _partner(
    pack: SportPack,
    event: SimulatedEvent,
    player: SimulatedPlayer,
    side: _Side,
    other: _Side,
    rng: random.Random,
) -> SimulatedPlayer | None:
    if _swaps(pack, event.type):
        same = [p for p in side.off if p.position == player.position]
        return rng.choice(same or side.off) if side.off else None
    mates = other.on if event.related_side == "opposing" else side.on
    others = [mate for mate in mates if mate is not player]
    if event.related_positions:
        return _draw(others, event.related_positions, rng)
    return rng.choice(others) if others else None


def _move(
    presence: EventPresence | None,
    player: SimulatedPlayer | None,
    related: SimulatedPlayer | None,
    side: _Side,
) -> None:
    if presence is None or player is None:
        return
    if presence.player in {"out", "sent_off"}:
        side.on = [p for p in side.on if p is not player]
    if presence.related == "in" and related is not None:
        side.on.append(related)
        side.off = [p for p in side.off if p is not related]
    if presence.player == "out" and side.may_return:
        side.off.append(player)


def _pick_squad(
    pool: list[SimulatedPlayer], wanted: Mapping[str, int], rng: random.Random
) -> list[SimulatedPlayer]:
    squad = []
    for position, count in wanted.items():
        fitting = [player for player in pool if player.position == position]
        # The first of a position are the regulars; now and then one of them rests.
        chosen = fitting[:count] if rng.random() < 0.7 else fitting[-count:]
        squad += chosen
        for player in chosen:
            pool.remove(player)
    return squad


def _draw(
    players: Sequence[SimulatedPlayer], weights: Mapping[str, float], rng: random.Random
) -> SimulatedPlayer | None:
    weighed = [weights.get(player.position, 0.0) for player in players]
    return rng.choices(players, weighed)[0] if any(weighed) else None


def _spot(group: str, rng: random.Random) -> tuple[float, float]:
    if group in _SHOT_GROUPS:
        return round(rng.uniform(72, 97), 1), round(rng.uniform(22, 78), 1)
    return round(rng.uniform(5, 95), 1), round(rng.uniform(3, 97), 1)


def _value(choices: Sequence[Any], rng: random.Random) -> Any:
    if len(choices) == 2 and all(
        isinstance(c, int | float) and not isinstance(c, bool) for c in choices
    ):
        low, high = choices
        if isinstance(low, int) and isinstance(high, int):
            return rng.randint(low, high)
        return round(rng.uniform(low, high), 3)
    return rng.choice(list(choices))


def _poisson(rate: float, rng: random.Random) -> int:
    limit, product, count = math.exp(-rate), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count
