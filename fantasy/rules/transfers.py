"""Transfers: what a player is sold for, how many are free, what more of them cost."""

from fantasy.rules.game import Chip, GameRules
from fantasy.rules.squads import Refusal


def selling_price(rules: GameRules, *, bought: int, now: int) -> int:
    """Return what a player fetches now, in tenths: less half of a rise, or all of a fall."""
    if rules.transfers.selling == "current":
        return now
    if rules.transfers.selling == "bought":
        return bought
    return now if now <= bought else bought + (now - bought) // 2


def is_unlimited(
    rules: GameRules, *, round_number: int, joined_round: int, chip: Chip | None = None
) -> bool:
    """All transfers before that round's deadline are free: a new squad, an amnesty or a chip."""
    amnesty = rules.transfers.amnesty(round_number)
    return (
        rules.transfers.unlimited
        or round_number <= joined_round
        or bool(amnesty and amnesty.unlimited)
        or bool(chip and chip.free_transfers)
    )


def transfer_cost(rules: GameRules, *, made: int, free: int, unlimited: bool = False) -> int:
    """Return the points that `made` transfers cost with `free` free ones, 0 or more."""
    return 0 if unlimited else rules.transfers.cost * rules.points_scale * max(0, made - free)


def free_transfers_left(*, made: int, free: int, unlimited: bool = False) -> int:
    """Return how many free transfers are left; an unlimited round uses none."""
    return free if unlimited else max(0, free - made)


def first_free_transfers(rules: GameRules, *, joined_round: int) -> int:
    """Return the free transfers of an entry's second round."""
    return _raised(rules, rules.transfers.per_round, joined_round + 1)


def free_transfers_next(
    rules: GameRules,
    *,
    free: int,
    made: int,
    round_number: int,
    chip: Chip | None = None,
) -> int:
    """Return the free transfers of the next round, once `round_number` is locked.

    Ask for rounds after the entry's first; for that one see `first_free_transfers`.
    """
    own = rules.transfers
    amnesty = own.amnesty(round_number)
    if chip and chip.free_transfers:
        following = free if own.after_chip == "kept" else own.per_round
    elif amnesty and amnesty.unlimited:
        following = own.per_round
    else:
        following = min(own.bank, max(0, free - made) + own.per_round)
    return _raised(rules, following, round_number + 1)


def _raised(rules: GameRules, free: int, round_number: int) -> int:
    amnesty = rules.transfers.amnesty(round_number)
    return max(free, amnesty.raise_to) if amnesty else free


def transfer_problems(
    rules: GameRules, *, made: int, unlimited: bool = False
) -> tuple[Refusal, ...]:
    """Return why a round may not have `made` transfers: the hard cap, which chips lift."""
    cap = rules.transfers.cap
    if unlimited or not cap or made <= cap:
        return ()
    return (
        Refusal(
            code="transfer_cap",
            message=f"At most {cap} transfers a round; this would be {made}.",
            field="transfers",
        ),
    )


def money_problems(*, bank: int, sold: int, bought: int) -> tuple[Refusal, ...]:
    """Return why a deal cannot be paid: all of tenths."""
    if bank + sold >= bought:
        return ()
    short = bought - bank - sold
    message = f"You are {short // 10}.{short % 10} short for this."
    return (Refusal(code="over_budget", message=message, field="budget"),)
