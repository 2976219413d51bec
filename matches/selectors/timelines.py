"""Reads of what a match page tells: the timeline and what stands above it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from config.sight import told_now
from leagues.models import Player
from leagues.packs.loader import load_pack
from leagues.packs.schema import SportPack
from matches.enums import Certainty
from matches.models import Match, PlayEvent, VendorWord
from matches.rules.tellings import Revision, Sides, Telling, revision_of
from matches.rules.timeline import (
    LineScore,
    Retold,
    Review,
    Scorers,
    TimelineItem,
    counts_single_goals,
    line_score,
    present_review,
    retold,
    scorers,
    shown_types,
    timeline,
)


def match_timeline(match: Match, *, with_all_dividers: bool = False) -> tuple[TimelineItem, ...]:
    """Return the match's timeline, newest first, with every correction; one query.

    Without all dividers it is as pages list it. It ends where the fold of `match` did, so that it
    never tells more than the score beside it.
    """
    pack = load_pack(match.season.league.sport)
    tellings = _tellings(match, pack)
    return timeline(pack, tellings, _sides(match), with_all_dividers=with_all_dividers)


def retold_timeline(match: Match, *, after_seq: int, newest: int) -> Retold:
    """Return the timeline and what changed of it after an event; one query.

    Without `after_seq` what the `newest` so many tellings changed.
    """
    pack = load_pack(match.season.league.sport)
    tellings = _tellings(match, pack)
    if not after_seq and len(tellings) > newest:
        after_seq = tellings[-newest - 1].seq
    return retold(pack, tellings, _sides(match), after_seq=after_seq)


def _tellings(match: Match, pack: SportPack) -> list[Telling]:
    rows = (
        PlayEvent.objects.filter(match=match, seq__lte=match.folded_seq, type__in=shown_types(pack))
        .order_by("seq")
        .values_list(*_TELLING_COLUMNS)
    )
    by_team = {match.home_id: "home", match.away_id: "away"}
    return [_telling(row, by_team) for row in rows]


def _sides(match: Match) -> Sides:
    return Sides(home=match.home.display_name, away=match.away.display_name)


def source_says(match: Match, lineage: UUID) -> Revision | None:
    """Return what the source says of a fact that a curator pinned, None where it said nothing."""
    word = VendorWord.objects.filter(
        match=match, lineage_id=lineage, said_at__lte=told_now()
    ).first()
    if word is None:
        return None
    fact = word.fact
    people = {
        player.pk: player.display_name
        for player in Player.objects.filter(
            pk__in=[fact["player"] or 0, fact["related_player"] or 0]
        )
    }
    told = Telling(
        lineage=lineage,
        rev=fact["rev"] or 1,
        op="retract" if word.is_retracted else "amend",
        seq=0,
        told_at=word.said_at,
        side={match.home_id: "home", match.away_id: "away"}.get(fact["team"], ""),
        player=people.get(fact["player"], ""),
        related=people.get(fact["related_player"], ""),
        source=word.source,
        **{key: fact[key] for key in ("type", "period", "clock_ms", "order", "clock_label")},
        **{key: fact[key] for key in ("payload", "reason")},
    )
    return revision_of(load_pack(match.season.league.sport), told, _sides(match))


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchHead:
    """What stands above the tabs of a match page."""

    scorers: Scorers | None
    line_score: LineScore | None
    review: Review | None


def match_head(match: Match, items: Sequence[TimelineItem]) -> MatchHead:
    """Return scorers, score by period and a review as far as there are some; no query."""
    pack = load_pack(match.season.league.sport)
    return MatchHead(
        scorers=scorers(pack, items) if counts_single_goals(pack) else None,
        line_score=line_score(pack, match.period_scores),
        review=present_review(pack, items) if match.is_live else None,
    )


_TELLING_COLUMNS = (
    "lineage_id",
    "rev",
    "op",
    "seq",
    "type",
    "period",
    "clock_ms",
    "clock_label",
    "order",
    "ingested_at",
    "team_id",
    "payload",
    "reason",
    "certainty",
    "source",
    "pin",
    "player__name",
    "player__short_name",
    "player__slug",
    "related_player__name",
    "related_player__short_name",
    "related_player__slug",
)


def _telling(row: tuple[Any, ...], by_team: dict[int, str]) -> Telling:
    lineage, rev, op, seq, type_, period, clock_ms, clock_label, order, told_at, *rest = row
    team, payload, reason, certainty, source, pin, *people = rest
    name, short, slug, other, other_short, other_slug = people
    return Telling(
        lineage=lineage,
        rev=rev,
        op=op,
        seq=seq,
        type=type_,
        period=period,
        clock_ms=clock_ms,
        clock_label=clock_label,
        order=order,
        told_at=told_at,
        side=by_team.get(team, ""),
        player=short or name or "",
        player_slug=slug or "",
        related=other_short or other or "",
        related_slug=other_slug or "",
        payload=payload,
        reason=reason,
        is_provisional=certainty == Certainty.PROVISIONAL,
        source=source,
        pin=pin,
    )
