"""A season's fixture list: who meets whom in which round, and where.

Pairings come from the circle method. Venues are chosen by an integer programme: nobody plays three
times in a row at home or away, home matches are level within one, and a later leg swaps the venues
of the leg before.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pulp

# Longest run of matches at the same kind of venue.
MOST_IN_A_ROW = 2
_SOLVER_TIMEOUT_S = 30

Pairing = tuple[str, str]


class ScheduleError(ValueError):
    """A fixture list that cannot be made; `code` is stable."""

    code = "no_schedule"


def pairings(teams: Sequence[str]) -> list[list[Pairing]]:
    """Return one leg's rounds of pairs by the circle method; an odd team rests each round."""
    circle: list[str | None] = [*teams, *([None] if len(teams) % 2 else [])]
    half, rounds = len(circle) // 2, []
    for _ in range(len(circle) - 1):
        met = zip(circle[:half], reversed(circle[half:]), strict=True)
        rounds.append([(one, other) for one, other in met if one and other])
        circle = [circle[0], circle[-1], *circle[1:-1]]
    return rounds


def fixture_list(teams: Sequence[str], *, legs: int = 2) -> list[list[Pairing]]:
    """Return the rounds of a season as (home, away) pairs; the same teams give the same list.

    Raises ScheduleError for fewer than three teams, a team named twice, no leg, or venues that no
    assignment satisfies.
    """
    if len(teams) < 3 or len(set(teams)) < len(teams) or legs < 1:
        raise ScheduleError("choose at least three different teams and one leg")
    rounds = pairings(teams)
    # Where the return leg cannot follow in the same order, it begins with a later round.
    for shift in range(len(rounds)):
        first = _with_venues(rounds, legs=legs, shift=shift)
        if first is not None:
            break
    else:
        raise ScheduleError("no venues keep everybody from three matches in a row at one place")
    second = [[(away, home) for home, away in games] for games in first]
    second = second[shift:] + second[:shift]
    return [games for leg in range(legs) for games in (second if leg % 2 else first)]


def _with_venues(
    rounds: list[list[Pairing]], *, legs: int, shift: int
) -> list[list[Pairing]] | None:
    """Return the rounds with each pair in the order (home, away), None where there is none."""
    import pulp  # noqa: PLC0415 - web processes offer schedules and seldom make one

    problem = pulp.LpProblem("venues", pulp.LpMinimize)
    swaps = [
        [
            problem.add_variable(f"swap_{number}_{place}", cat=pulp.LpBinary)
            for place in range(len(games))
        ]
        for number, games in enumerate(rounds)
    ]
    for by_round in _home_by_team(rounds, swaps).values():
        at_home = [played for played in by_round if played is not None]
        turned = by_round[shift:] + by_round[:shift]
        returned = [1 - played for played in turned if played is not None]
        # Three legs hold every junction that more legs have.
        season = [*at_home, *returned, *at_home][: len(at_home) * min(legs, 3)]
        for start in range(len(season) - MOST_IN_A_ROW):
            window = pulp.lpSum(season[start : start + MOST_IN_A_ROW + 1])
            problem += window >= 1
            problem += window <= MOST_IN_A_ROW
        problem += 2 * pulp.lpSum(at_home) >= len(at_home) - 1
        problem += 2 * pulp.lpSum(at_home) <= len(at_home) + 1
    status = problem.solve(pulp.PULP_CBC_CMD(msg=False, timeLimit=_SOLVER_TIMEOUT_S, threads=1))
    if pulp.LpStatus[status] != "Optimal":
        return None
    return [
        [
            (other, one) if swap.value() > 0.5 else (one, other)
            for (one, other), swap in zip(games, swapped, strict=True)
        ]
        for games, swapped in zip(rounds, swaps, strict=True)
    ]


def _home_by_team(
    rounds: list[list[Pairing]], swaps: list[list["pulp.LpVariable"]]
) -> dict[str, list["pulp.LpAffineExpression | None"]]:
    """Return for each team an expression per round: 1 at home, 0 away, None where it rests."""
    at_home: dict[str, list[pulp.LpAffineExpression | None]] = {
        team: [None] * len(rounds) for games in rounds for game in games for team in game
    }
    for number, (games, swapped) in enumerate(zip(rounds, swaps, strict=True)):
        for (one, other), swap in zip(games, swapped, strict=True):
            at_home[one][number] = 1 - swap
            at_home[other][number] = 0 + swap
    return at_home
