"""Who plays: legal line-ups, automatic substitutions and the captain's hand-over."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from fantasy.rules.game import Chip, GameRules
from fantasy.rules.squads import Refusal, squad_size


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A place in the line-up: 1 to the line-up's size play, then the bench in its order."""

    player: int
    position: str
    slot: int
    is_captain: bool = False
    is_vice: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LineupResult:
    """Who counts in the end. `multipliers` has all whose points count, and how often.

    `substitutions` are (out, in), in the order they were made. `captain` is who got the captain's
    multiplier, None when neither captain nor vice took part.
    """

    counting: tuple[int, ...]
    substitutions: tuple[tuple[int, int], ...]
    captain: int | None
    multipliers: Mapping[int, Fraction]


def lineup_problems(
    rules: GameRules, slots: Sequence[Slot], *, chip: Chip | None = None
) -> tuple[Refusal, ...]:
    """Return all that keeps `slots` from being a line-up, empty when they are one.

    The squad itself is judged elsewhere. `chip` is one in force that adds a position.
    """
    wanted = list(range(1, squad_size(rules, chip) + 1))
    if sorted(slot.slot for slot in slots) != wanted:
        message = f"Fill each of the places 1 to {wanted[-1]} once."
        return (Refusal(code="slots", message=message, field="slots"),)
    if len({slot.player for slot in slots}) != len(slots):
        message = "A player can be in a line-up once only."
        return (Refusal(code="duplicate_player", message=message, field="slots"),)
    return (
        *_shape_problems(rules, slots),
        *_bench_problems(rules, slots, chip),
        *_captain_problems(rules, slots),
    )


def is_legal_shape(rules: GameRules, positions: Counter[str]) -> bool:
    """A line-up may have so many of each position."""
    return positions.total() == rules.lineup.size and all(
        p.play_min <= positions[p.id] <= p.play_max for p in rules.positions
    )


def starters(rules: GameRules, slots: Sequence[Slot]) -> list[Slot]:
    """Return those who play, in slot order."""
    ordered = sorted(slots, key=lambda slot: slot.slot)
    return [slot for slot in ordered if slot.slot <= rules.lineup.size]


def bench(rules: GameRules, slots: Sequence[Slot]) -> list[Slot]:
    """Return the reserves in their order, without a chip's extra place."""
    ordered = sorted(slots, key=lambda slot: slot.slot)
    return [slot for slot in ordered if rules.lineup.size < slot.slot <= rules.squad.size]


def _shape_problems(rules: GameRules, slots: Sequence[Slot]) -> Iterator[Refusal]:
    counts = Counter(slot.position for slot in starters(rules, slots))
    for position in rules.positions:
        count = counts[position.id]
        if not position.play_min <= count <= position.play_max:
            least, most = position.play_min, position.play_max
            wanted = f"{least}" if least == most else f"{least} to {most}"
            yield Refusal(
                code="formation",
                message=f"{position.plural} in the line-up: {wanted}; you have {count}.",
                field=f"position:{position.id}",
            )


def _bench_problems(
    rules: GameRules, slots: Sequence[Slot], chip: Chip | None
) -> Iterator[Refusal]:
    held = {slot.slot: slot for slot in slots}
    for position in rules.positions:
        reserve = held.get(position.bench_slot)
        if position.bench_slot and (reserve is None or reserve.position != position.id):
            yield Refusal(
                code="bench_order",
                message=f"Place {position.bench_slot} is for the reserve {position.label.lower()}.",
                field=f"slot:{position.bench_slot}",
            )
    extra = held.get(rules.squad.size + 1)
    if chip and chip.adds and extra and extra.position != chip.adds:
        yield Refusal(
            code="chip_slot",
            message=f"Place {extra.slot} is for the {rules.position(chip.adds).label.lower()}.",
            field=f"slot:{extra.slot}",
        )


def _captain_problems(rules: GameRules, slots: Sequence[Slot]) -> Iterator[Refusal]:
    playing = starters(rules, slots)
    captains = [slot for slot in slots if slot.is_captain]
    vices = [slot for slot in slots if slot.is_vice]
    if rules.captain is None:
        if captains or vices:
            yield Refusal(code="captain", message="This game has no captain.", field="captain")
        return
    if len(captains) != 1 or captains[0] not in playing:
        yield Refusal(
            code="captain", message="Choose one captain among those who play.", field="captain"
        )
    if len(vices) != rules.captain.vice or any(vice not in playing for vice in vices):
        yield Refusal(
            code="vice", message="Choose one vice-captain among those who play.", field="vice"
        )
    if captains and vices and captains[0] is vices[0]:
        yield Refusal(
            code="vice", message="Captain and vice-captain are two players.", field="vice"
        )


def automatic_substitutions(
    rules: GameRules,
    slots: Sequence[Slot],
    *,
    appeared: Collection[int],
    chip: Chip | None = None,
) -> LineupResult:
    """Return who counts, once the round is over and `appeared` are all who took part in it.

    Absent starters in slot order; for each the first unused reserve who appeared and leaves a legal
    shape. So a goalkeeper is only ever replaced by the goalkeeper. With a chip by which the
    bench plays nobody is substituted.
    """
    playing = starters(rules, slots)
    reserves = bench(rules, slots)
    extra = [slot for slot in slots if slot.slot > rules.squad.size]
    made: list[tuple[int, int]] = []
    if chip and chip.bench_plays:
        playing, reserves = playing + reserves, []
    elif rules.lineup.automatic_substitutions:
        playing, made = _substituted(rules, playing, reserves, appeared)
    captain = _acting_captain(rules, slots, appeared)
    counting = [*playing, *sorted(extra, key=lambda slot: slot.slot)]
    usual = rules.captain.times if rules.captain else Fraction(1)
    by_chip = chip.captain_multiplier if chip else 0
    multiplier = Fraction(by_chip) if by_chip else usual
    return LineupResult(
        counting=tuple(slot.player for slot in counting),
        substitutions=tuple(made),
        captain=captain,
        multipliers={
            s.player: multiplier if s.player == captain else Fraction(1) for s in counting
        },
    )


def _substituted(
    rules: GameRules, playing: list[Slot], reserves: list[Slot], appeared: Collection[int]
) -> tuple[list[Slot], list[tuple[int, int]]]:
    final = list(playing)
    shape = Counter(slot.position for slot in playing)
    waiting = [slot for slot in reserves if slot.player in appeared]
    made = []
    for at, absent in enumerate(playing):
        if absent.player in appeared:
            continue
        for reserve in waiting:
            after = shape.copy()
            after[absent.position] -= 1
            after[reserve.position] += 1
            if is_legal_shape(rules, after):
                shape, final[at] = after, reserve
                waiting.remove(reserve)
                made.append((absent.player, reserve.player))
                break
    return final, made


def _acting_captain(
    rules: GameRules, slots: Sequence[Slot], appeared: Collection[int]
) -> int | None:
    if rules.captain is None:
        return None
    named = [slot for slot in slots if slot.is_captain]
    named += [slot for slot in slots if slot.is_vice] if rules.captain.vice else []
    return next((slot.player for slot in named if slot.player in appeared), None)
