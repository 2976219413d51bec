"""Squads: size, quotas, budget and clubs; selling prices, free transfers and chips.

The last test plays seasons of random moves and watches that nobody gets more than the rules allow.
"""

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fantasy.rules.chips import (
    Played,
    cancel_problems,
    chip_offers,
    chip_plays,
    chip_problems,
    chips_in_force,
)
from fantasy.rules.loading import load_game
from fantasy.rules.squads import Pick, quotas, squad_problems
from fantasy.rules.transfers import (
    first_free_transfers,
    free_transfers_left,
    free_transfers_next,
    is_unlimited,
    money_problems,
    selling_price,
    transfer_cost,
    transfer_problems,
)

RULES = load_game("fpl-2026-27")
SHAPE = ["GKP"] * 2 + ["DEF"] * 5 + ["MID"] * 5 + ["FWD"] * 3


def squad(**changes: dict) -> list[Pick]:
    """A legal squad of three players of each of five clubs, with changes by place (p0 ...)."""
    picks = []
    for at, position in enumerate(SHAPE):
        facts = {"player": at, "position": position, "club": at % 5, "price": 60}
        picks.append(Pick(**facts | changes.get(f"p{at}", {})))
    return picks


def codes(problems) -> list[str]:
    return [problem.code for problem in problems]


def test_a_legal_squad_has_no_problems():
    assert squad_problems(RULES, squad()) == ()


@pytest.mark.parametrize(
    ("picks", "expected"),
    [
        (squad()[:14], ["squad_size", "position_quota"]),
        (squad(p0={"player": 1}), ["duplicate_player"]),
        (squad(p14={"position": "MID"}), ["position_quota", "position_quota"]),
        (squad(p14={"position": "XX"}), ["position_quota", "unknown_position"]),
        (squad(p1={"club": 0}), ["club_cap"]),
        (squad(p14={"price": 161}), ["over_budget"]),
    ],
)
def test_each_fault_of_a_squad_has_its_code(picks, expected):
    assert codes(squad_problems(RULES, picks)) == expected


def test_a_squad_may_cost_the_whole_budget():
    assert squad_problems(RULES, squad(p14={"price": 160})) == ()
    assert codes(squad_problems(RULES, squad(), money_tenths=899)) == ["over_budget"]


def test_a_chip_adds_a_place_that_the_club_cap_counts():
    rules = load_game("fpl-2024-25")
    chip = rules.chip("manager")
    manager = Pick(player=99, position="AM", club=9, price=15)
    fourth = Pick(player=99, position="AM", club=0, price=15)

    assert squad_problems(rules, [*squad(), manager], chip=chip) == ()
    assert codes(squad_problems(rules, [*squad(), fourth], chip=chip)) == ["club_cap"]
    assert codes(squad_problems(rules, squad(), chip=chip)) == ["squad_size", "position_quota"]
    assert codes(squad_problems(rules, [*squad(), manager])) == ["squad_size", "position_quota"]


@pytest.mark.parametrize(
    ("bought", "now", "fetches"), [(75, 78, 76), (50, 54, 52), (50, 53, 51), (50, 47, 47)]
)
def test_half_of_a_rise_is_kept(bought, now, fetches):
    assert selling_price(RULES, bought=bought, now=now) == fetches


@pytest.mark.parametrize(
    ("game", "free", "made", "cost", "following"),
    [
        ("fpl-2026-27", 1, 0, 0, 2),
        ("fpl-2026-27", 5, 0, 0, 5),
        ("fpl-2026-27", 1, 1, 0, 1),
        ("fpl-2026-27", 1, 3, 8, 1),
        ("fpl-2026-27", 4, 2, 0, 3),
        ("fpl-2023-24", 2, 0, 0, 2),
    ],
)
def test_free_transfers_are_kept_up_to_the_bank(game, free, made, cost, following):
    rules = load_game(game)

    assert transfer_cost(rules, made=made, free=free) == cost
    assert free_transfers_next(rules, free=free, made=made, round_number=5) == following


@pytest.mark.parametrize(("game", "following"), [("fpl-2026-27", 3), ("fpl-2023-24", 1)])
@pytest.mark.parametrize("chip", ["wildcard", "freehit"])
def test_free_transfers_after_a_chip(game, following, chip):
    rules = load_game(game)
    played = rules.chip(chip)

    unlimited = is_unlimited(rules, round_number=8, joined_round=1, chip=played)

    assert transfer_cost(rules, made=12, free=3, unlimited=unlimited) == 0
    assert transfer_problems(rules, made=40, unlimited=unlimited) == ()
    assert free_transfers_left(made=12, free=3, unlimited=unlimited) == 3
    assert free_transfers_next(rules, free=3, made=12, round_number=8, chip=played) == following


def test_amnesties():
    break_of_2022 = load_game("fpl-2022-23")
    cup_of_2025 = load_game("fpl-2025-26")

    assert is_unlimited(break_of_2022, round_number=17, joined_round=1)
    assert not is_unlimited(break_of_2022, round_number=18, joined_round=1)
    assert free_transfers_next(break_of_2022, free=2, made=9, round_number=17) == 1
    assert free_transfers_next(cup_of_2025, free=1, made=1, round_number=15) == 5
    assert first_free_transfers(cup_of_2025, joined_round=15) == 5
    assert free_transfers_next(RULES, free=1, made=1, round_number=15) == 1


def test_twenty_transfers_are_the_most():
    assert transfer_problems(RULES, made=20) == ()
    assert codes(transfer_problems(RULES, made=21)) == ["transfer_cap"]
    assert money_problems(bank=3, sold=50, bought=53) == ()
    assert codes(money_problems(bank=3, sold=50, bought=54)) == ["over_budget"]


@pytest.mark.parametrize(
    ("chip", "round_number", "played", "expected"),
    [
        ("wildcard", 2, [], []),
        ("wildcard", 1, [], ["chip_window", "chip_first_round"]),
        ("bboost", 1, [], []),
        ("wildcard", 19, [("wildcard", 3)], ["chip_used"]),
        ("wildcard", 20, [("wildcard", 3)], []),
        ("3xc", 5, [("wildcard", 5)], ["chip_in_force"]),
        ("freehit", 20, [("freehit", 19)], ["chip_gap"]),
        ("freehit", 21, [("freehit", 19)], []),
        ("nonsense", 5, [], ["unknown_chip"]),
    ],
)
def test_when_a_chip_may_be_played(chip, round_number, played, expected):
    problems = chip_problems(
        RULES,
        chip,
        round_number=round_number,
        joined_round=1,
        played=[Played(chip=name, round=number) for name, number in played],
    )

    assert codes(problems) == expected


@pytest.mark.parametrize(
    ("number", "used", "expected"),
    [
        (1, (), ("open", 1)),
        (1, (1,), ("in_force", 1)),
        (2, (1,), ("early", 2)),
        (20, (1,), ("open", 2)),
        (25, (1, 24), ("used", 2)),
        (38, (), ("open", 2)),
    ],
)
def test_each_chip_tells_the_play_that_matters(number, used, expected):
    played = [Played(chip="3xc", round=round_) for round_ in used]

    plays = chip_plays(RULES, played, round_number=number)

    (own,) = [one for one in plays if one.chip.id == "3xc"]
    assert (own.current.state(number), own.current.number) == expected
    assert len(own.offers) == 2


def test_chip_of_several_rounds_stays_in_force():
    rules = load_game("fpl-2024-25")
    played = [Played(chip="manager", round=30)]

    states = [
        next(
            p for p in chip_plays(rules, played, round_number=n) if p.chip.id == "manager"
        ).current.state(n)
        for n in (30, 31, 32, 33)
    ]

    assert states == ["in_force", "in_force", "in_force", "used"]


def test_an_unused_chip_of_the_first_half_expires():
    offers = [o for o in chip_offers(RULES, ()) if o.chip.id == "3xc"]

    assert [o.is_open(19) for o in offers] == [True, False]
    assert [o.is_open(20) for o in offers] == [False, True]


def test_which_chips_can_be_taken_back():
    assert {c.id: codes(cancel_problems(RULES, c.id)) for c in RULES.chips} == {
        "wildcard": ["chip_final"],
        "freehit": ["chip_final"],
        "bboost": [],
        "3xc": [],
    }


def test_the_assistant_manager_stays_for_three_rounds():
    rules = load_game("fpl-2024-25")
    played = [Played(chip="manager", round=24)]

    stays = {n: len(chips_in_force(rules, round_number=n, played=played)) for n in range(23, 28)}

    assert stays == {23: 0, 24: 1, 25: 1, 26: 1, 27: 0}


class Season:
    """One entry that tries random transfers and chips of a market with moving prices."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.market = [
            Pick(player=n, position=SHAPE[n % 15], club=n % 20, price=40 + n * 7 % 60)
            for n in range(300)
        ]
        self.now = {pick.player: pick.price for pick in self.market}
        self.held: dict[int, int] = {}
        self.bank = RULES.squad.budget_tenths
        self.played: list[Played] = []
        self.free = 1

    def picks(self, held: dict[int, int]) -> list[Pick]:
        return [pick for pick in self.market if pick.player in held]

    def begin(self) -> None:
        for position, (count, _) in quotas(RULES).items():
            choice = sorted((p for p in self.market if p.position == position), key=cheap)
            for pick in choice:
                taken = Counter(p.position for p in self.picks(self.held))
                clubs = Counter(p.club for p in self.picks(self.held))
                if taken[position] < count and clubs[pick.club] < 3:
                    self.held[pick.player] = pick.price
                    self.bank -= pick.price

    def transfer(self) -> bool:
        out = self.random.choice(sorted(self.held))
        into = self.random.choice(self.market)
        sold = selling_price(RULES, bought=self.held[out], now=self.now[out])
        price = self.now[into.player]
        after = {p: paid for p, paid in self.held.items() if p != out} | {into.player: price}
        refused = money_problems(bank=self.bank, sold=sold, bought=price)
        refused += squad_problems(RULES, self.picks(after), money_tenths=10**6)
        if refused or into.player in self.held:
            return False
        self.bank += sold - price
        self.held = after
        return True

    def play(self, round_number: int) -> None:
        for player in self.now:
            self.now[player] = max(35, self.now[player] + self.random.choice((-1, 0, 0, 1)))
        chip_id = self.random.choice(["", "", "", *(chip.id for chip in RULES.chips)])
        chip = None
        if chip_id and not chip_problems(
            RULES, chip_id, round_number=round_number, joined_round=1, played=self.played
        ):
            chip = RULES.chip(chip_id)
            self.played.append(Played(chip=chip_id, round=round_number))
        before = dict(self.held), self.bank
        made = sum(self.transfer() for _ in range(self.random.randrange(12)))
        unlimited = is_unlimited(RULES, round_number=round_number, joined_round=1, chip=chip)
        assert transfer_cost(RULES, made=made, free=self.free, unlimited=unlimited) == (
            0 if unlimited else 4 * max(0, made - self.free)
        )
        self.free = free_transfers_next(
            RULES, free=self.free, made=made, round_number=round_number, chip=chip
        )
        if chip and chip.returns:
            self.held, self.bank = before


def cheap(pick: Pick) -> int:
    return pick.price


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**9))
def test_no_sequence_of_legal_moves_gets_more_than_the_rules_allow(seed):
    season = Season(seed)
    season.begin()

    for round_number in range(2, 39):
        season.play(round_number)

        picks = season.picks(season.held)
        assert squad_problems(RULES, picks, money_tenths=10**6) == ()
        assert max(Counter(p.club for p in picks).values()) <= 3
        assert season.bank >= 0
        assert 1 <= season.free <= 5
    used = Counter(play.chip for play in season.played)
    assert all(used[chip.id] <= 2 for chip in RULES.chips)
    assert len({play.round for play in season.played}) == len(season.played)
