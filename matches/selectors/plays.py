"""Reads of a match's current log as facts in match order."""

from dataclasses import dataclass
from uuid import UUID

from leagues.packs.counting import compiled
from leagues.packs.entries import entry_of
from leagues.packs.facts import FoldEvent
from leagues.packs.loader import load_pack
from matches.enums import EventOp
from matches.models import Match, PlayEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """A current fact of the log; `fact.ref` is the `seq` of its newest revision."""

    fact: FoldEvent
    event_id: UUID
    clock_label: str
    x: float | None
    y: float | None


def current_plays(match: Match) -> tuple[Play, ...]:
    """Return the newest revision of each fact, retracted ones left out; one query.

    It ends where the fold of `match` did, so that it never tells more than the score beside it.
    """
    pack = compiled(load_pack(match.season.league.sport))
    rows = (
        PlayEvent.objects.filter(match=match, seq__lte=match.folded_seq)
        .order_by("lineage_id", "-rev")
        .distinct("lineage_id")
    )
    sides = {match.home_id: "home", match.away_id: "away"}
    placed = []
    for row in rows:
        rule = pack.rules.get(row.type)
        if row.op == EventOp.RETRACT or rule is None:
            continue
        play = _play(row, sides)
        placed.append((entry_of(play.fact, rule, pack)[:5], play))
    return tuple(play for _, play in sorted(placed, key=lambda pair: pair[0]))


def _play(row: PlayEvent, sides: dict[int, str]) -> Play:
    return Play(
        fact=FoldEvent(
            lineage=str(row.lineage_id),
            type=row.type,
            period=row.period,
            clock_ms=row.clock_ms,
            order=row.order,
            team=sides.get(row.team_id) if row.team_id else None,
            player=row.player_id,
            related=row.related_player_id,
            payload=row.payload,
            ref=row.seq,
        ),
        event_id=row.event_id,
        clock_label=row.clock_label,
        x=row.x,
        y=row.y,
    )
