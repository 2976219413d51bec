"""Filling a squad at the press of a button: legal and quick, not clever."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

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
