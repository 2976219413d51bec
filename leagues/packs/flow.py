"""How a score went to and fro: leads, ties and runs."""

from collections.abc import Iterable
from dataclasses import dataclass

COUNTS = ("lead_changes", "ties", "biggest_lead", "biggest_run")

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What the row of scores shows; pairs are (home, away).

    A lead changes when the other side takes it, whether or not a tie lay between. A run is what
    one side scores while the other does not.
    """

    lead_changes: int = 0
    ties: int = 0
    biggest_lead: Pair = (0, 0)
    biggest_run: Pair = (0, 0)


def flow_of(scores: Iterable[Pair]) -> Flow:
    """Return the flow of the scores, given after each time that somebody scored."""
    leader = changes = ties = 0
    leads, runs, run = [0, 0], [0, 0], [0, 0]
    before = (0, 0)
    for score in scores:
        margin = score[0] - score[1]
        ahead = (margin > 0) - (margin < 0)
        ties += not ahead
        changes += ahead == -leader != 0
        leader = ahead or leader
        leads = [max(leads[0], margin), max(leads[1], -margin)]
        run = _run(run, before, score)
        runs = [max(runs[0], run[0]), max(runs[1], run[1])]
        before = score
    return Flow(
        lead_changes=changes,
        ties=ties,
        biggest_lead=(leads[0], leads[1]),
        biggest_run=(runs[0], runs[1]),
    )


def _run(run: list[int], before: Pair, score: Pair) -> list[int]:
    home, away = score[0] - before[0], score[1] - before[1]
    if not home and not away:
        return run
    return [0 if away else run[0] + home, 0 if home else run[1] + away]
