"""Filling a squad at the press of a button: legal, quick, and near the best there is."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fantasy.rules.game import GameRules
from fantasy.rules.squads import Pick, captain_surcharge

# How many rates of worth for price are tried.
_RATES: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A player who may be picked; the higher `worth`, the rather."""

    pick: Pick
    worth: int


def fill_squad(
    rules: GameRules, held: Sequence[Pick], candidates: Iterable[Candidate]
) -> tuple[Pick, ...] | None:
    """Return the players to add to `held`: of the legal squads that are tried, the worthiest.

    None when no squad comes of it: the cheapest who are left are too dear, or too few.
    """
    rows = list(candidates)
    worth = {row.pick.player: row.worth for row in rows}
    prices = [pick.price for pick in (*held, *(row.pick for row in rows))]
    # What makes a captain dearer has to be left, of the dearest if it can be.
    for leads in (max(prices, default=0), min(prices, default=0)):
        left = captain_surcharge(rules, leads)
        filled = [_fill(rules, held, order, left=left) for order in _orders(rows)]
        if legal := [added for added in filled if added is not None]:
            return max(legal, key=lambda added: sum(worth[pick.player] for pick in added))
    return None


def _orders(candidates: Sequence[Candidate]) -> Iterator[list[Pick]]:
    """Yield whom to look at first: by worth less an ever higher rate for the price, then by price.

    Worth alone takes a few stars and leaves money for none but the cheapest; the best rate is found
    by trying, as Lagrange's multiplier of the budget.
    """
    most = max((row.worth / row.pick.price for row in candidates if row.pick.price), default=0.0)
    for step in range(_RATES):
        rate = most * step / _RATES
        rows = sorted(
            candidates,
            key=lambda row: (rate * row.pick.price - row.worth, -row.pick.price, row.pick.player),
        )
        yield [row.pick for row in rows]
    yield [r.pick for r in sorted(candidates, key=lambda r: (r.pick.price, r.pick.player))]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Places:
    """What is still to fill: so many of each position, and `spare` more as far as there is room."""

    missing: Counter[str]
    room: Counter[str]
    spare: int

    @property
    def count(self) -> int:
        return self.missing.total() + self.spare

    def takes(self, position: str) -> bool:
        """A player of that position has a place."""
        return bool(self.missing[position] or (self.spare and self.room[position]))

    def without(self, position: str) -> "_Places":
        """Return what is left to fill once one of that position was added."""
        if self.missing[position]:
            return replace(self, missing=self.missing - Counter([position]))
        return replace(self, room=self.room - Counter([position]), spare=self.spare - 1)


def _fill(
    rules: GameRules, held: Sequence[Pick], order: Sequence[Pick], *, left: int
) -> tuple[Pick, ...] | None:
    taken = {pick.player for pick in held}
    clubs = Counter(pick.club for pick in held)
    places = _places(rules, held)
    money = rules.squad.budget_tenths - left - sum(pick.price for pick in held)
    cheap = _cheapest(order, taken)
    added: list[Pick] = []
    for pick in order:
        if not places.takes(pick.position) or pick.player in taken:
            continue
        if clubs[pick.club] >= rules.squad.club_cap:
            continue
        after = places.without(pick.position)
        rest = _least(after, cheap, pick.player)
        if rules.squad.budget_tenths and pick.price + rest > money:
            continue
        added.append(pick)
        places, money = after, money - pick.price
        taken.add(pick.player)
        clubs[pick.club] += 1
        cheap[pick.position] = [row for row in cheap[pick.position] if row.player != pick.player]
    return None if places.count else tuple(added)


def _places(rules: GameRules, held: Sequence[Pick]) -> _Places:
    """The least of each position, and up to the size of a squad whoever is best."""
    counts = Counter(pick.position for pick in held)
    missing = Counter({p.id: max(0, p.squad_min - counts[p.id]) for p in rules.positions})
    room = Counter(
        {p.id: max(0, p.squad_max - max(counts[p.id], p.squad_min)) for p in rules.positions}
    )
    spare = max(0, rules.squad.size - len(held) - missing.total())
    return _Places(missing=missing, room=room, spare=spare)


def _cheapest(order: Sequence[Pick], taken: Iterable[int]) -> dict[str, list[Pick]]:
    gone = set(taken)
    cheap: dict[str, list[Pick]] = {}
    for pick in sorted(order, key=lambda row: row.price):
        if pick.player not in gone:
            cheap.setdefault(pick.position, []).append(pick)
    return cheap


def _least(places: _Places, cheap: Mapping[str, list[Pick]], without: int) -> int:
    """What the cheapest of all that is to fill cost."""
    total, more = 0, []
    for position, rows in cheap.items():
        count, room = places.missing[position], places.room[position]
        prices = [row.price for row in rows[: count + room + 1] if row.player != without]
        total += sum(prices[:count])
        more += prices[count : count + room]
    return total + sum(sorted(more)[: places.spare])
