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


class FlowCount:
    """Counts a flow score by score."""

    __slots__ = ("_before", "_changes", "_leader", "_leads", "_run", "_runs", "_ties")

    def __init__(self) -> None:
        self._leader = self._changes = self._ties = 0
        self._leads, self._runs, self._run = [0, 0], [0, 0], [0, 0]
        self._before: Pair = (0, 0)

    def add(self, score: Pair) -> None:
        """Count the score after somebody scored."""
        margin = score[0] - score[1]
        ahead = (margin > 0) - (margin < 0)
        self._ties += not ahead
        self._changes += ahead == -self._leader != 0
        self._leader = ahead or self._leader
        self._leads = [max(self._leads[0], margin), max(self._leads[1], -margin)]
        self._run = _run(self._run, self._before, score)
        self._runs = [max(self._runs[0], self._run[0]), max(self._runs[1], self._run[1])]
        self._before = score

    def flow(self) -> Flow:
        """Return what was counted so far."""
        return Flow(
            lead_changes=self._changes,
            ties=self._ties,
            biggest_lead=(self._leads[0], self._leads[1]),
            biggest_run=(self._runs[0], self._runs[1]),
        )


def flow_of(scores: Iterable[Pair]) -> Flow:
    """Return the flow of the scores, given after each time that somebody scored."""
    count = FlowCount()
    for score in scores:
        count.add(score)
    return count.flow()


def _run(run: list[int], before: Pair, score: Pair) -> list[int]:
    home, away = score[0] - before[0], score[1] - before[1]
    if not home and not away:
        return run
    return [0 if away else run[0] + home, 0 if home else run[1] + away]
