"""Where the shots of a LiveStats document were taken, which it lists apart from the plays."""

from collections import defaultdict, deque
from collections.abc import Mapping

from matches.ingest.adapters._basketball import Moment, int_of, period_number, word
from matches.ingest.reading import Node

Place = tuple[float | None, float | None]
_NOWHERE: Place = (None, None)


class Shots:
    """Places in the order of the plays, by team, player, period and points."""

    def __init__(self, teams: Mapping[str, Node]) -> None:
        self._places: dict[tuple[str, str, int, int], deque[Place]] = defaultdict(deque)
        for number, team in teams.items():
            shots = list(team.get("shot", []).items())
            turned = _turned_periods(shots)
            for shot in shots:
                period = period_number(shot, "per")
                key = (number, word(shot, "p"), period, int_of(shot, "pts"))
                self._places[key].append(_place(shot, turned=period in turned))

    def next_place(self, team: str, player: str, at: Moment, points: int) -> Place:
        """Return where this shot was taken; each place is given once."""
        places = self._places.get((team, player, at.number, points))
        return places.popleft() if places else _NOWHERE


def _turned_periods(shots: list[Node]) -> set[int]:
    """Periods in which the team played towards the left end of the drawing."""
    leaning: dict[int, int] = defaultdict(int)
    for shot in shots:
        leaning[period_number(shot, "per")] += 1 if int_of(shot, "x") < 50 else -1
    return {period for period, lean in leaning.items() if lean > 0}


def _place(shot: Node, *, turned: bool) -> Place:
    x, y = int_of(shot, "x"), int_of(shot, "y")
    if not (0 <= x <= 100 and 0 <= y <= 100):
        return _NOWHERE
    return (100.0 - x, 100.0 - y) if turned else (float(x), float(y))
