"""A first line-up for a squad, and one again after a transfer, in the order given if it can be."""

from collections import Counter
from collections.abc import Sequence

from fantasy.rules.game import Chip, GameRules
from fantasy.rules.lineups import Slot, lineup_problems
from fantasy.rules.squads import Pick


def arranged(
    rules: GameRules, slots: Sequence[Slot], *, chip: Chip | None = None
) -> tuple[Slot, ...]:
    """Return the slots as they are when they are legal, else the nearest legal ones.

    Who stood first plays first, as far as the shape allows. An armband stays with its bearer while
    he plays, else it goes to the first who may have it. Whom `chip` adds stands behind the others.
    """
    ordered = sorted(slots, key=lambda slot: slot.slot)
    if not lineup_problems(rules, ordered, chip=chip):
        return tuple(ordered)
    added = chip.adds if chip else ""
    extra = [slot for slot in ordered if slot.position == added][-1:] if added else []
    ordered = [slot for slot in ordered if slot not in extra]
    playing = _playing(rules, ordered)
    reserves = _reserves(rules, [slot for slot in ordered if slot not in playing])
    return _with_armbands(rules, playing, [*reserves, *extra])


def first_lineup(rules: GameRules, picks: Sequence[Pick]) -> tuple[Slot, ...]:
    """Return a line-up of a new squad, by positions and the dearest first."""
    places = {position.id: place for place, position in enumerate(rules.positions)}
    ordered = sorted(picks, key=lambda p: (places.get(p.position, 99), -p.price, p.player))
    slots = [
        Slot(player=pick.player, position=pick.position, slot=slot)
        for slot, pick in enumerate(ordered, start=1)
    ]
    return arranged(rules, slots)


def _playing(rules: GameRules, ordered: Sequence[Slot]) -> list[Slot]:
    chosen: list[Slot] = []
    counts: Counter[str] = Counter()
    least = {position.id: position.play_min for position in rules.positions}
    most = {position.id: position.play_max for position in rules.positions}
    for limits in (least, most):
        for slot in ordered:
            room = len(chosen) < rules.lineup.size
            if room and slot not in chosen and counts[slot.position] < limits.get(slot.position, 0):
                chosen.append(slot)
                counts[slot.position] += 1
    return sorted(chosen, key=lambda slot: slot.slot)


def _reserves(rules: GameRules, ordered: Sequence[Slot]) -> list[Slot]:
    """The bench in order, with the positions that have a place of their own in it."""
    first = rules.lineup.size + 1
    own = {p.bench_slot: p.id for p in rules.positions if p.bench_slot}
    fixed = {
        place: next((slot for slot in ordered if slot.position == position), None)
        for place, position in own.items()
    }
    free = [slot for slot in ordered if slot not in fixed.values()]
    bench = []
    for place in range(first, first + len(ordered)):
        reserve = fixed.get(place) or (free.pop(0) if free else None)
        if reserve is not None:
            bench.append(reserve)
    return bench


def _with_armbands(
    rules: GameRules, playing: Sequence[Slot], reserves: Sequence[Slot]
) -> tuple[Slot, ...]:
    captain = vice = None
    if rules.captain is not None:
        # A goalkeeper leads only where nobody else can.
        able = [*playing[1:], *playing[:1]]
        captain = next((s.player for s in playing if s.is_captain), None)
        vice = next((s.player for s in playing if s.is_vice), None) if rules.captain.vice else None
        captain = captain or next((s.player for s in able if s.player != vice), None)
        if rules.captain.vice:
            vice = vice or next((s.player for s in able if s.player != captain), None)
    return tuple(
        Slot(
            player=slot.player,
            position=slot.position,
            slot=place,
            is_captain=slot.player == captain,
            is_vice=slot.player == vice,
        )
        for place, slot in enumerate([*playing, *reserves], start=1)
    )
