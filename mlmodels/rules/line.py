"""How a match stood after each event that moves its win probability."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from leagues.packs.engine import MatchFold
from leagues.packs.facts import FoldEvent
from leagues.packs.schema import PERIOD_END, PERIOD_START, SportPack
from mlmodels.rules.chances import Chances
from mlmodels.rules.match_time import remaining_share
from mlmodels.rules.win_probability import Situation


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePoint:
    """The chances right after event `seq`."""

    seq: int
    event_id: UUID
    period: str
    clock_ms: int
    clock_label: str
    chances: Chances


def situations(pack: SportPack, facts: Sequence[FoldEvent]) -> list[tuple[FoldEvent, Situation]]:
    """Return the facts that make a point of the line, each with the situation after it.

    `facts` are the current log in match order. A point is made by whatever moves score or men, by
    a period's start and end, and by the last fact of each minute.
    """
    walk = _Walk(pack, facts)
    timed = [fact for fact in facts if pack.period(fact.period)]
    found = []
    for fact, after in zip(timed, [*timed[1:], None], strict=True):
        moved = walk.take(fact)
        if moved or after is None or _minute(after) != _minute(fact):
            found.append((fact, walk.situation(fact)))
    return found


def _minute(fact: FoldEvent) -> tuple[str, int]:
    return fact.period, fact.clock_ms // 60_000


class _Walk:
    """Score, men sent off and told lengths as they stand after the facts taken in."""

    def __init__(self, pack: SportPack, facts: Sequence[FoldEvent]) -> None:
        self._pack = pack
        fold = MatchFold(pack)
        fold.apply_all(facts)
        self._scores = fold.result().running_score
        self._score = (0, 0)
        self._off = {"home": 0, "away": 0}
        self._lengths_ms: dict[str, int] = {}
        has_shootout = any(period.kind == "shootout" for period in pack.periods)
        self._level_stays = pack.table.draws and not has_shootout

    def take(self, fact: FoldEvent) -> bool:
        """Take in a fact; return whether it is a turn of the match."""
        length_ms = fact.payload.get("length_ms")
        if fact.type == PERIOD_START and type(length_ms) is int and length_ms > 0:
            self._lengths_ms[fact.period] = length_ms
        marks = fact.type in (PERIOD_START, PERIOD_END)
        return self._takes_score(fact) or self._takes_man(fact) or marks

    def _takes_score(self, fact: FoldEvent) -> bool:
        score = self._scores.get(fact.lineage)
        if score is None or self._kind(fact) == "shootout":
            return False
        if fact.payload.get("bucket") == "shootout" or score == self._score:
            return False
        self._score = score
        return True

    def _takes_man(self, fact: FoldEvent) -> bool:
        presence = self._pack.events[fact.type].presence
        if presence is None or presence.player != "sent_off" or fact.team is None:
            return False
        self._off[fact.team] += 1
        return True

    def situation(self, fact: FoldEvent) -> Situation:
        """Return how the match stands at the fact."""
        return Situation(
            home_score=self._score[0],
            away_score=self._score[1],
            remaining=remaining_share(
                self._pack,
                period=fact.period,
                clock_ms=fact.clock_ms,
                has_ended=fact.type == PERIOD_END,
                lengths_ms=self._lengths_ms,
            ),
            home_off=self._off["home"],
            away_off=self._off["away"],
            is_overtime=self._kind(fact) != "regular",
            level_stays=self._level_stays,
        )

    def _kind(self, fact: FoldEvent) -> str:
        period = self._pack.period(fact.period)
        return period.kind if period else "regular"
