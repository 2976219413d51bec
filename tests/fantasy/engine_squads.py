"""Random legal line-ups of real games, as the rules see them and as the engine does."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from fantasy.rules.engine.games import codes_of_positions, effects_of, shape_of
from fantasy.rules.engine.lineups import Lineups
from fantasy.rules.engine.live import LiveRound
from fantasy.rules.engine.shape import Form
from fantasy.rules.game import Chip, GameRules
from fantasy.rules.lineups import Slot, automatic_substitutions, is_legal_shape

PER_POSITION = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Squad:
    slots: tuple[Slot, ...]
    chip: Chip | None
    before: int = 0
    hit: int = 0
    given: int = 0
    country: str = ""


def positions_of(rules: GameRules) -> list[str]:
    """Players' positions by number: as many of each."""
    return [position.id for position in rules.positions for _ in range(PER_POSITION)]


def legal_shapes(rules: GameRules, squad: Counter) -> list[Counter]:
    """All the starters a squad can field."""
    shapes: list[Counter] = [Counter()]
    for position in rules.positions:
        most = min(position.play_max, squad[position.id])
        shapes = [
            shape + Counter({position.id: count})
            for shape in shapes
            for count in range(position.play_min, most + 1)
        ]
    return [shape for shape in shapes if is_legal_shape(rules, shape)]


@st.composite
def squads(draw, rules: GameRules) -> Squad:
    by_position = {
        position.id: [n for n, held in enumerate(positions_of(rules)) if held == position.id]
        for position in rules.positions
    }
    wanted = Counter({p.id: p.squad_max for p in rules.positions})
    picked = {p: draw(st.permutations(by_position[p]))[:n] for p, n in wanted.items()}
    shape = draw(st.sampled_from(legal_shapes(rules, wanted)))
    playing = [(p, n) for p, numbers in picked.items() for n in numbers[: shape[p]]]
    resting = [(p, n) for p, numbers in picked.items() for n in numbers[shape[p] :]]
    bench = draw(st.permutations(resting))
    bench = sorted(bench, key=lambda held: not rules.position(held[0]).bench_slot)
    chip = draw(st.sampled_from([None, *rules.chips]))
    everybody = playing + bench
    if chip and chip.adds:
        everybody.append((chip.adds, draw(st.sampled_from(by_position[chip.adds]))))
    captain = draw(st.integers(0, len(playing) - 1)) if rules.captain else -1
    vice = -1
    if rules.captain and rules.captain.vice:
        others = [place for place in range(len(playing)) if place != captain]
        vice = draw(st.sampled_from(others))
    slots = tuple(
        Slot(
            player=number,
            position=position,
            slot=place + 1,
            is_captain=place == captain,
            is_vice=place == vice,
        )
        for place, (position, number) in enumerate(everybody)
    )
    return Squad(
        slots=slots,
        chip=chip,
        before=draw(st.integers(-20, 3000)),
        hit=draw(st.sampled_from([0, 0, 4, 8])),
        given=draw(st.sampled_from([0, 0, 0, 5, -5])),
        country=draw(st.sampled_from(["", "NO", "BR"])),
    )


@st.composite
def forms(draw, rules: GameRules) -> Form:
    """Who has what; nobody is on the pitch without a chance to stay there."""
    count = len(positions_of(rules))
    appeared = np.array(draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    pending = np.array(draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    points = draw(st.lists(st.integers(-7, 25), min_size=count, max_size=count))
    return Form(
        points=np.where(appeared, points, 0).astype(np.int32),
        stays=appeared | pending,
        enters=appeared,
    )


def lineups_of(rules: GameRules, held: list[Squad], numbers: list[int] | None = None) -> Lineups:
    """The squads as columns; `numbers` leaves gaps between entries."""
    numbers = numbers or list(range(len(held)))
    shape, effects = shape_of(rules), effects_of(rules)
    lineups = Lineups.empty(slots=shape.slots, entries=max(numbers, default=-1) + 1)
    lineups.countries = ("", "BR", "NO")
    for at, squad in zip(numbers, held, strict=True):
        for slot in squad.slots:
            lineups.players[slot.slot - 1, at] = slot.player
            if slot.is_captain:
                lineups.captain[at] = slot.slot - 1
            if slot.is_vice:
                lineups.vice[at] = slot.slot - 1
        effect = effects[rules.chips.index(squad.chip) + 1 if squad.chip else 0]
        lineups.multiplier[at] = effect.multiplier if rules.captain else 1
        lineups.boosted[at] = effect.boosts
        lineups.hit[at], lineups.given[at] = squad.hit, squad.given
        lineups.base[at] = squad.before - squad.hit + squad.given
        lineups.entry[at] = 1000 + at
        lineups.country[at] = lineups.countries.index(squad.country)
        lineups.present[at] = True
    return lineups


def live_round(rules: GameRules, held: list[Squad], numbers: list[int] | None = None) -> LiveRound:
    codes = codes_of_positions(rules)
    return LiveRound(
        shape=shape_of(rules),
        lineups=lineups_of(rules, held, numbers),
        positions=np.array([codes[p] for p in positions_of(rules)], np.uint8),
    )


def expected(rules: GameRules, squad: Squad, form: Form):
    """What the rules say counts, for starters that stay and reserves that may enter."""
    size = rules.lineup.size
    appeared = {
        slot.player
        for slot in squad.slots
        if (form.stays if slot.slot <= size else form.enters)[slot.player]
    }
    return automatic_substitutions(rules, squad.slots, appeared=appeared, chip=squad.chip)


def expected_total(rules: GameRules, squad: Squad, form: Form) -> int:
    result = expected(rules, squad, form)
    players = sum(int(form.points[p]) * times for p, times in result.multipliers.items())
    return squad.before - squad.hit + squad.given + players
