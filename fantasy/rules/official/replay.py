"""Replaying a real manager's season by our rules: what he had, what it cost, what he scored."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fantasy.rules.game import Chip, GameRules
from fantasy.rules.lineups import LineupResult, Slot, automatic_substitutions
from fantasy.rules.official.managers import OfficialPick, OfficialTransfer, OfficialWeek
from fantasy.rules.official.report import Check
from fantasy.rules.official.season import Season
from fantasy.rules.transfers import (
    first_free_transfers,
    free_transfers_next,
    is_unlimited,
    selling_price,
    transfer_cost,
)

CHECKS = (
    "gameweeks",
    "automatic_substitutions",
    "captaincy",
    "hits",
    "squads",
    "selling_prices",
    "bank",
    "team_value",
)


@dataclass(slots=True, kw_only=True)
class Replay:
    """One manager. `held` is what each player of his squad was bought for, in tenths.

    `extra` is a player in the place that a chip adds; he is bought with it and sold as it ends.
    """

    season: Season
    manager: str
    checks: Mapping[str, Check]
    held: dict[int, int] = field(default_factory=dict)
    extra: dict[int, int] = field(default_factory=dict)
    bank: int | None = None
    free: int = 0
    first_gw: int = 0
    last_gw: int = 0

    @property
    def rules(self) -> GameRules:
        """The game's rules."""
        return self.season.rules

    def run(self, weeks: tuple[OfficialWeek, ...]) -> None:
        """Compare every gameweek; after a difference go on from the official state."""
        for at, week in enumerate(weeks):
            chip = self._chip(week)
            ends = at + 1 == len(weeks) or weeks[at + 1].chip != week.chip
            self.first_gw = self.first_gw or week.gw
            if week.picks and self.season.knows(week.gw):
                self._compare_lineup(week, chip)
            elif week.picks:
                for name in ("gameweeks", "automatic_substitutions", "captaincy"):
                    self.checks[name].note("gameweeks without rows were left out")
            if week.picks:
                self._compare_squad(week, chip, chip_ends=ends)
            self._compare_hits(week, chip)
            self.last_gw = week.gw

    def _chip(self, week: OfficialWeek) -> Chip | None:
        return next((chip for chip in self.rules.chips if chip.id == week.chip), None)

    def _tell(self, check: str, got: object, want: object, week: OfficialWeek) -> bool:
        return self.checks[check].tell(got, want, manager=self.manager, gw=week.gw)

    # What he scored -----------------------------------------------------------------------------

    def _compare_lineup(self, week: OfficialWeek, chip: Chip | None) -> None:
        slots = self._slots(week)
        here = {slot.player for slot in slots if self.season.took_part(slot.player, week.gw)}
        result = automatic_substitutions(self.rules, slots, appeared=here, chip=chip)
        made = result.substitutions
        if chip and chip.bench_plays and week.substitutions:
            # Published although all count: what would have been done without the chip.
            made = automatic_substitutions(self.rules, slots, appeared=here).substitutions
        self._tell(
            "automatic_substitutions",
            sorted(map(list, made)),
            sorted(map(list, week.substitutions)),
            week,
        )
        self._compare_captain(week, result)
        if week.points is not None:
            points = int(
                sum(
                    self.season.points(player, week.gw) * times
                    for player, times in result.multipliers.items()
                )
            )
            self._tell("gameweeks", points, week.points * self.rules.points_scale, week)

    def _compare_captain(self, week: OfficialWeek, result: LineupResult) -> None:
        # An absent captain who was not replaced keeps his multiplier: of nothing.
        named = next((pick.element for pick in week.picks if pick.is_captain), None)
        doubled = {pick.element: pick.multiplier for pick in week.picks if pick.multiplier > 1}
        times = {p: int(n) for p, n in result.multipliers.items() if n > 1}
        if not times and (named is None or not self.season.took_part(named, week.gw)):
            doubled = {p: n for p, n in doubled.items() if p != named}
        got = {str(player): n for player, n in times.items()}
        self._tell("captaincy", got, {str(player): n for player, n in doubled.items()}, week)

    def _slots(self, week: OfficialWeek) -> list[Slot]:
        """Return the line-up as it was saved: official picks with the substitutions undone.

        Published starters are sorted by position once substitutions are made. Of those taken off
        only the order in which it was done is known, so they stand before others of a position.
        """
        away = {came: out for out, came in week.substitutions}
        taken_off = [out for out, _ in week.substitutions]
        picks = {pick.element: pick for pick in week.picks}
        ordered = sorted(week.picks, key=lambda pick: pick.place)
        size = self.rules.lineup.size
        playing = [away.get(pick.element, pick.element) for pick in ordered[:size]]
        back = dict(week.substitutions)
        reserves = [back.get(pick.element, pick.element) for pick in ordered[size:]]
        order = [position.id for position in self.rules.positions]
        playing.sort(key=lambda player: self._order(player, order, taken_off))
        known = [player for player in [*playing, *reserves] if player in picks]
        return [self._slot(picks[player], at) for at, player in enumerate(known, start=1)]

    def _order(self, player: int, order: list[str], taken_off: list[int]) -> tuple[int, int]:
        position = self.season.positions.get(player, "")
        return (
            order.index(position) if position in order else len(order),
            taken_off.index(player) if player in taken_off else len(taken_off),
        )

    def _slot(self, pick: OfficialPick, place: int) -> Slot:
        return Slot(
            player=pick.element,
            position=self.season.positions.get(pick.element, ""),
            slot=place,
            is_captain=pick.is_captain,
            is_vice=pick.is_vice,
        )

    # What it cost -------------------------------------------------------------------------------

    def _compare_hits(self, week: OfficialWeek, chip: Chip | None) -> None:
        made = len(week.transfers) if week.transfers is not None else week.made
        if made is None:
            return
        unlimited = is_unlimited(
            self.rules, round_number=week.gw, joined_round=self.first_gw, chip=chip
        )
        if week.cost is not None:
            cost = transfer_cost(self.rules, made=made, free=self.free, unlimited=unlimited)
            self._tell("hits", cost, week.cost * self.rules.points_scale, week)
        if week.gw == self.first_gw:
            self.free = first_free_transfers(self.rules, joined_round=week.gw)
        else:
            self.free = free_transfers_next(
                self.rules, free=self.free, made=made, round_number=week.gw, chip=chip
            )

    # What he had --------------------------------------------------------------------------------

    def _compare_squad(self, week: OfficialWeek, chip: Chip | None, *, chip_ends: bool) -> None:
        if week.gw == self.first_gw:
            self._begin(week)
        elif week.transfers is None:
            self.checks["squads"].note(f"{self.manager}: no list of transfers")
            return
        before = (dict(self.held), self.bank)
        for transfer in week.transfers or ():
            self._move(transfer, week)
        self._take_extra(week, chip)
        squad = {pick.element for pick in week.picks}
        same = self._tell("squads", sorted({*self.held, *self.extra}), sorted(squad), week)
        if not same:
            self._adopt(squad)
        if chip and chip.returns:
            self.held, self.bank = before
        if self.extra and chip_ends:
            self._give_extra_back(week)
        self._compare_money(week)

    def _begin(self, week: OfficialWeek) -> None:
        """Buy the first squad at the prices of its deadline."""
        for pick in week.picks:
            self.held[pick.element] = self.season.price_range(pick.element, week.gw)[0]
        self.bank = self.rules.squad.budget_tenths - sum(self.held.values())
        if week.gw != 1 or not all(self.held.values()):
            # Prices may have moved between the purchase and the first deadline.
            self.bank = week.bank

    def _move(self, transfer: OfficialTransfer, week: OfficialWeek) -> None:
        bought = self.held.pop(transfer.out, None)
        if bought is None:
            bought = self.extra.pop(transfer.out, None)
            self.extra |= {transfer.came: transfer.came_tenths} if bought is not None else {}
        else:
            self.held[transfer.came] = transfer.came_tenths
            self._compare_sale(transfer, bought, week)
        if self.bank is not None:
            self.bank += transfer.out_tenths - transfer.came_tenths

    def _compare_sale(self, transfer: OfficialTransfer, bought: int, week: OfficialWeek) -> None:
        """The price of that day lies between those at the deadlines around it."""
        least, most = self.season.price_range(transfer.out, week.gw, since=self.last_gw)
        if not least or not bought:
            self.checks["selling_prices"].note("players without a known price were left out")
            return
        possible = {
            selling_price(self.rules, bought=bought, now=now) for now in range(least, most + 1)
        }
        self.checks["selling_prices"].bounded += len(possible) > 1
        self.checks["selling_prices"].count(
            transfer.out_tenths in possible,
            got=sorted(possible),
            want=transfer.out_tenths,
            manager=self.manager,
            gw=week.gw,
            element=transfer.out,
            bought=bought,
        )

    def _take_extra(self, week: OfficialWeek, chip: Chip | None) -> None:
        if not chip or not chip.adds or self.extra:
            return
        for pick in week.picks:
            if pick.place > self.rules.squad.size:
                price = self.season.price_range(pick.element, week.gw)[0]
                self.extra[pick.element] = price
                self.bank = None if self.bank is None else self.bank - price

    def _give_extra_back(self, week: OfficialWeek) -> None:
        """The published bank of a chip's last round has the place's price in it again."""
        for element, bought in self.extra.items():
            now = self.season.price_range(element, week.gw)[1]
            if self.bank is not None:
                self.bank += selling_price(self.rules, bought=bought, now=now)
        self.extra.clear()

    def _adopt(self, squad: set[int]) -> None:
        for gone in self.held.keys() - squad:
            del self.held[gone]
        for new in squad - self.held.keys() - self.extra.keys():
            self.held[new] = self.season.price_range(new, self.last_gw + 1)[0]

    def _compare_money(self, week: OfficialWeek) -> None:
        if week.bank is None or self.bank is None:
            return
        self._tell("bank", self.bank, week.bank, week)
        self.bank = week.bank
        if week.value is None:
            return
        ranges = [self.season.price_range(p, week.gw) for p in {*self.held, *self.extra}]
        if not all(low for low, _ in ranges):
            self.checks["team_value"].note("no rows with prices of all players")
            return
        least = self.bank + sum(low for low, _ in ranges)
        most = self.bank + sum(high for _, high in ranges)
        if least != most:
            self.checks["team_value"].bounded += 1
            self.checks["team_value"].note(
                "prices of players without a match are bounded by those before and after"
            )
        self.checks["team_value"].count(
            least <= week.value <= most,
            got=least if least == most else [least, most],
            want=week.value,
            manager=self.manager,
            gw=week.gw,
        )
