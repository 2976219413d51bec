"""Chips: when one may be played, what is left of them, what is in force in a round."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fantasy.rules.game import Chip, ChipWindow, GameRules
from fantasy.rules.squads import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A chip that was played and not cancelled, by the round in which it began."""

    chip: str
    round: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipOffer:
    """One play of a chip: `number` counts its windows from 1. `used_in` is 0 while it is unused."""

    chip: Chip
    number: int
    window: ChipWindow
    used_in: int = 0

    def is_open(self, round_number: int) -> bool:
        """It can be played in that round, as far as its window goes."""
        return not self.used_in and round_number in self.window

    def state(self, round_number: int) -> str:
        """Return how it stands in that round: in_force, used, open, early or expired."""
        if self.used_in:
            lasts_until = self.used_in + self.chip.rounds
            return "in_force" if self.used_in <= round_number < lasts_until else "used"
        if round_number in self.window:
            return "open"
        return "early" if round_number < self.window.start else "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipPlays:
    """A chip with all its plays; `current` is the one to know of in the round."""

    chip: Chip
    current: ChipOffer
    offers: tuple[ChipOffer, ...]


# What a manager has to know first.
_FIRST = ("in_force", "open", "early", "used", "expired")


def chip_plays(
    rules: GameRules, played: Sequence[Played], *, round_number: int
) -> tuple[ChipPlays, ...]:
    """Return each chip with its plays and the one that matters in that round."""
    found = []
    for chip in rules.chips:
        offers = tuple(_offers(chip, played))
        # Of several that are over, the last one.
        ranked = [(_FIRST.index(o.state(round_number)), o.number) for o in offers]
        _, number = min(ranked, key=lambda pair: (pair[0], pair[1] * (-1 if pair[0] > 2 else 1)))
        found.append(ChipPlays(chip=chip, current=offers[number - 1], offers=offers))
    return tuple(found)


def chip_offers(rules: GameRules, played: Sequence[Played]) -> tuple[ChipOffer, ...]:
    """Return every play the game has, with the round it was used in.

    Where windows overlap, a play uses up the one that closes first.
    """
    return tuple(offer for chip in rules.chips for offer in _offers(chip, played))


def _offers(chip: Chip, played: Iterable[Played]) -> list[ChipOffer]:
    rounds = sorted(play.round for play in played if play.chip == chip.id)
    by_end = sorted(enumerate(chip.windows, start=1), key=lambda item: item[1].stop)
    offers = []
    for number, window in by_end:
        used = next((number for number in rounds if number in window), 0)
        if used:
            rounds.remove(used)
        offers.append(ChipOffer(chip=chip, number=number, window=window, used_in=used))
    return sorted(offers, key=lambda offer: offer.number)


def open_offer(
    rules: GameRules, chip_id: str, *, round_number: int, played: Sequence[Played]
) -> ChipOffer | None:
    """Return the play that a chip would use up in that round, None when there is none."""
    offers = [o for o in chip_offers(rules, played) if o.chip.id == chip_id]
    usable = [offer for offer in offers if offer.is_open(round_number)]
    return min(usable, key=lambda offer: offer.window.stop, default=None)


def chip_problems(
    rules: GameRules,
    chip_id: str,
    *,
    round_number: int,
    joined_round: int,
    played: Sequence[Played],
) -> tuple[Refusal, ...]:
    """Return why a chip cannot be played in that round, empty when it can.

    `played` are the entry's plays so far, that round's included.
    """
    if all(chip.id != chip_id for chip in rules.chips):
        return (_refusal("unknown_chip", "This game has no such chip."),)
    chip = rules.chip(chip_id)
    in_force = chips_in_force(rules, round_number=round_number, played=played)
    problems = []
    if in_force:
        problems.append(
            _refusal("chip_in_force", f"{in_force[0].label} is in force: one chip a round.")
        )
    if open_offer(rules, chip_id, round_number=round_number, played=played) is None:
        problems.append(_unavailable(chip, round_number))
    if chip.free_transfers and round_number <= joined_round:
        problems.append(
            _refusal("chip_first_round", "Transfers are free before your first deadline anyway.")
        )
    before = [play.round for play in played if play.chip == chip_id and play.round < round_number]
    if chip.gap and before and round_number - max(before) <= chip.gap:
        problems.append(_refusal("chip_gap", f"{chip.label} cannot be played twice in a row."))
    return tuple(problems)


def _unavailable(chip: Chip, round_number: int) -> Refusal:
    if any(round_number in window for window in chip.windows):
        return _refusal("chip_used", f"{chip.label} has been used.")
    spans = ", ".join(f"{window.start} to {window.stop}" for window in chip.windows)
    return _refusal("chip_window", f"{chip.label} can be played in rounds {spans}.")


def cancel_problems(rules: GameRules, chip_id: str) -> tuple[Refusal, ...]:
    """Return why a confirmed play stands, empty when it can be taken back until the deadline."""
    chip = rules.chip(chip_id)
    if chip.cancellable:
        return ()
    return (_refusal("chip_final", f"{chip.label} cannot be cancelled once confirmed."),)


def free_chips(rules: GameRules) -> list[str]:
    """Return the chips under which all transfers of the round count as none."""
    return [chip.id for chip in rules.chips if chip.free_transfers]


def chips_in_force(
    rules: GameRules, *, round_number: int, played: Iterable[Played]
) -> tuple[Chip, ...]:
    """Return the chips that have an effect in that round: at most one, unless rules say more."""
    return tuple(
        rules.chip(play.chip)
        for play in played
        if play.round <= round_number < play.round + rules.chip(play.chip).rounds
    )


def last_round(rules: GameRules, play: Played) -> int:
    """Return the last round that is played in which a chip is in force."""
    rounds = range(play.round, play.round + rules.chip(play.chip).rounds)
    return max(n for n in rounds if n == play.round or n not in rules.rounds.void)


def ending_in(rules: GameRules, round_number: int) -> tuple[Played, ...]:
    """Return the plays there can be of chips that add a player and leave with that round."""
    return tuple(
        play
        for chip in rules.chips
        if chip.adds
        for play in _starts(chip, round_number)
        if last_round(rules, play) == round_number
    )


def in_force_in(rules: GameRules, round_number: int) -> tuple[Played, ...]:
    """Return the plays there can be that have an effect in that round."""
    return tuple(play for chip in rules.chips for play in _starts(chip, round_number))


def _starts(chip: Chip, round_number: int) -> Iterable[Played]:
    first = max(1, round_number - chip.rounds + 1)
    return (Played(chip=chip.id, round=number) for number in range(first, round_number + 1))


def _refusal(code: str, message: str) -> Refusal:
    return Refusal(code=code, message=message, field="chip")
