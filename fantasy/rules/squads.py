"""What a squad must be: its size, a quota for each position, the budget, so many of one club."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from fantasy.rules.game import Chip, GameRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why something is not allowed: a stable code, a sentence for people, the field at fault."""

    code: str
    message: str
    field: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """A player in a squad; `price` in tenths is what he costs whoever holds this squad."""

    player: int
    position: str
    club: int
    price: int


def squad_problems(
    rules: GameRules,
    picks: Sequence[Pick],
    *,
    money_tenths: int | None = None,
    chip: Chip | None = None,
) -> tuple[Refusal, ...]:
    """Return all that keeps `picks` from being a squad, empty when they are one.

    `money_tenths` is what all of them together may cost: the budget for a new squad, and for a
    changed one the selling prices of those sold, the bank and the price of those kept. `chip` is
    one that is in force and adds a position. Every change asks for the full rules, so a squad that
    a real transfer pushed over the club cap must be put right by the next one (FAN-1d).
    """
    money = rules.squad.budget_tenths if money_tenths is None else money_tenths
    return (
        *_count_problems(rules, picks, chip),
        *_quota_problems(rules, picks, chip),
        *club_problems(rules, picks),
        *_money_problems(picks, money),
    )


def squad_size(rules: GameRules, chip: Chip | None = None) -> int:
    """Return how many players a squad has while that chip is in force."""
    return rules.squad.size + bool(chip and chip.adds)


def quotas(rules: GameRules, chip: Chip | None = None) -> Mapping[str, tuple[int, int]]:
    """Return least and most of each position in a squad."""
    more = chip.adds if chip else ""
    return {
        p.id: (p.squad_min + (p.id == more), p.squad_max + (p.id == more)) for p in rules.positions
    }


def club_problems(rules: GameRules, picks: Sequence[Pick]) -> tuple[Refusal, ...]:
    """Return the clubs that have too many players, one in a chip's place included."""
    clubs = Counter(pick.club for pick in picks)
    cap = rules.squad.club_cap
    return tuple(
        Refusal(
            code="club_cap",
            message=f"At most {cap} players of one club; you have {count}.",
            field=f"club:{club}",
        )
        for club, count in sorted(clubs.items())
        if count > cap
    )


def _count_problems(
    rules: GameRules, picks: Sequence[Pick], chip: Chip | None
) -> Iterator[Refusal]:
    size = squad_size(rules, chip)
    if len(picks) != size:
        yield Refusal(
            code="squad_size",
            message=f"A squad has {size} players; you chose {len(picks)}.",
            field="players",
        )
    for player, count in Counter(pick.player for pick in picks).items():
        if count > 1:
            yield Refusal(
                code="duplicate_player",
                message="A player can be in a squad once only.",
                field=f"player:{player}",
            )


def _quota_problems(
    rules: GameRules, picks: Sequence[Pick], chip: Chip | None
) -> Iterator[Refusal]:
    counts = Counter(pick.position for pick in picks)
    allowed = quotas(rules, chip)
    for position in rules.positions:
        least, most = allowed[position.id]
        if not least <= counts[position.id] <= most:
            wanted = f"{least}" if least == most else f"{least} to {most}"
            yield Refusal(
                code="position_quota",
                message=f"{position.plural}: {wanted} needed; you have {counts[position.id]}.",
                field=f"position:{position.id}",
            )
    for unknown in counts.keys() - allowed.keys():
        yield Refusal(
            code="unknown_position",
            message=f"This game has no position {unknown}.",
            field=f"position:{unknown}",
        )


def _money_problems(picks: Sequence[Pick], money_tenths: int) -> Iterator[Refusal]:
    short = sum(pick.price for pick in picks) - money_tenths
    if short > 0:
        yield Refusal(
            code="over_budget",
            message=f"You are {tenths(short)} over your budget.",
            field="budget",
        )


def captain_surcharge(rules: GameRules, price_tenths: int) -> int:
    """Return what a captain of that price costs besides it, in tenths, a part of one as a whole."""
    captain = rules.captain
    if captain is None or not captain.dearer or not rules.squad.budget_tenths:
        return 0
    return ceil(price_tenths * (captain.times - 1))


def captain_problems(
    rules: GameRules, *, price_tenths: int, bank_tenths: int
) -> tuple[Refusal, ...]:
    """Return why a player of that price cannot lead: the bank has to cover what he costs more."""
    short = captain_surcharge(rules, price_tenths) - bank_tenths
    if short <= 0 or bank_tenths < 0 or not captain_surcharge(rules, price_tenths):
        return ()
    message = f"A captain costs more than his price; you are {tenths(short)} short."
    return (Refusal(code="captain_budget", message=message, field="captain"),)


def tenths(amount: int) -> str:
    """Return an amount of tenths as people read it."""
    return f"{'-' if amount < 0 else ''}{abs(amount) // 10}.{abs(amount) % 10}"
