"""Reads of a match's current log as facts in match order."""

from dataclasses import dataclass
from uuid import UUID

from leagues.packs.counting import compiled
from leagues.packs.engine import MatchFold
from leagues.packs.entries import entry_of
from leagues.packs.facts import FoldEvent
from leagues.packs.loader import load_pack
from leagues.packs.schema import OVERRIDE
from matches.enums import EventOp, MatchStatus
from matches.models import Match, PlayEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """A current fact of the log; `fact.ref` is the `seq` of its newest revision."""

    fact: FoldEvent
    event_id: UUID
    clock_label: str
    x: float | None
    y: float | None


def current_plays(match: Match, *, upto: int | None = None) -> tuple[Play, ...]:
    """Return the newest revision of each fact, retracted ones left out; one query.

    It ends where the fold of `match` did, so that it never tells more than the score beside it, or
    at a `seq`.
    """
    pack = compiled(load_pack(match.season.league.sport))
    rows = (
        PlayEvent.objects.filter(match=match, seq__lte=match.folded_seq if upto is None else upto)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """The score that the log adds up to and the one that the vendor states, home first."""

    log: tuple[int, int]
    stated: tuple[int, int]


def score_dispute(match_id: int) -> Dispute | None:
    """Return how log and vendor differ about the score, the newest fact included; two queries.

    None where they agree, the vendor states none, or a curator has decided it.
    """
    match = Match.objects.select_related("season__league").get(pk=match_id)
    if not match.vendor_score:
        return None
    facts = [play.fact for play in current_plays(match, upto=match.head_seq)]
    if any(fact.type == OVERRIDE and "score" in fact.payload for fact in facts):
        return None
    fold = MatchFold(load_pack(match.season.league.sport))
    fold.apply_all(facts)
    standing = fold.standing()
    stated = (match.vendor_score["home"], match.vendor_score["away"])
    if standing.status == MatchStatus.SCHEDULED or standing.score == stated:
        return None
    return Dispute(log=standing.score, stated=stated)


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
