"""Filling a squad at the press of a button: legal and quick, not clever."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fantasy.rules.game import GameRules
from fantasy.rules.squads import Pick, captain_surcharge


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A player who may be picked; the higher `worth`, the rather."""

    pick: Pick
    worth: int


def fill_squad(
    rules: GameRules, held: Sequence[Pick], candidates: Iterable[Candidate]
) -> tuple[Pick, ...] | None:
    """Return the players to add to `held`, the best that leave money for the rest.

    None when no squad comes of it: the cheapest who are left are too dear, or too few.
    """
    order = sorted(candidates, key=lambda c: (-c.worth, -c.pick.price, c.pick.player))
    cheap = sorted(order, key=lambda c: (c.pick.price, c.pick.player))
    prices = [pick.price for pick in (*held, *(candidate.pick for candidate in order))]
    # What makes a captain dearer has to be left, of the dearest if it can be.
    for leads in (max(prices, default=0), min(prices, default=0)):
        for chosen in (order, cheap):
            picks = [candidate.pick for candidate in chosen]
            added = _fill(rules, held, picks, left=captain_surcharge(rules, leads))
            if added is not None:
                return added
    return None


def _fill(
    rules: GameRules, held: Sequence[Pick], order: Sequence[Pick], *, left: int
) -> tuple[Pick, ...] | None:
    taken = {pick.player for pick in held}
    clubs = Counter(pick.club for pick in held)
    missing = _missing(rules, held)
    money = rules.squad.budget_tenths - left - sum(pick.price for pick in held)
    cheap = _cheapest(order, taken)
    added: list[Pick] = []
    for pick in order:
        if not missing[pick.position] or pick.player in taken:
            continue
        if clubs[pick.club] >= rules.squad.club_cap:
            continue
        after = missing.copy()
        after[pick.position] -= 1
        rest = _least(after, cheap, pick.player)
        if rules.squad.budget_tenths and pick.price + rest > money:
            continue
        added.append(pick)
        missing, money = after, money - pick.price
        taken.add(pick.player)
        clubs[pick.club] += 1
        cheap[pick.position] = [row for row in cheap[pick.position] if row.player != pick.player]
    return None if missing.total() else tuple(added)


def _missing(rules: GameRules, held: Sequence[Pick]) -> Counter[str]:
    """How many of each position to add: the least of each, then up to the size of a squad."""
    counts = Counter(pick.position for pick in held)
    missing = Counter({p.id: max(0, p.squad_min - counts[p.id]) for p in rules.positions})
    spare = rules.squad.size - len(held) - missing.total()
    for position in rules.positions:
        room = position.squad_max - max(counts[position.id], position.squad_min)
        more = max(0, min(spare, room))
        missing[position.id] += more
        spare -= more
    return missing


def _cheapest(order: Sequence[Pick], taken: Iterable[int]) -> dict[str, list[Pick]]:
    gone = set(taken)
    cheap: dict[str, list[Pick]] = {}
    for pick in sorted(order, key=lambda row: row.price):
        if pick.player not in gone:
            cheap.setdefault(pick.position, []).append(pick)
    return cheap


def _least(missing: Mapping[str, int], cheap: Mapping[str, list[Pick]], without: int) -> int:
    """What the cheapest of all that is missing cost."""
    return sum(
        row.price
        for position, count in missing.items()
        for row in [r for r in cheap.get(position, [])[: count + 1] if r.player != without][:count]
    )
