"""Where an entry stands: as settled, and live as far as the reader may know."""

from dataclasses import dataclass
from enum import StrEnum

from django.db.models import F, Q, QuerySet

from fantasy.enums import RoundState
from fantasy.models import Entry, LineupResult, Round, RoundMatch
from fantasy.selectors.live_ranks import live_round_of, rank_card
from fantasy.selectors.points import entry_round
from fantasy.selectors.settled_ranks import settled_standings
from fantasy.selectors.told import (
    is_settled,
    live_told,
    points_told,
    ranks_told,
    round_told,
    tells_points,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryStanding:
    """Totals and ranks of an entry; what is not played, or may not be told, is None.

    `withheld` says why something is: "scores_hidden", or "too_fresh" for a reader with a delay.
    """

    total_points: int | None = None
    rank: int | None = None
    live_total: int | None = None
    live_rank: int | None = None
    country_rank: int | None = None
    entries: int | None = None
    live_round: int | None = None
    withheld: str | None = None


def entry_standing(entry: Entry) -> EntryStanding:
    """Return where an entry stands; the game is fetched along."""
    if not ranks_told(entry.game):
        reason = "too_fresh" if tells_points(entry.game) else "scores_hidden"
        return EntryStanding(withheld=reason)
    last = results_of(entry).first()
    live = live_round_of(entry.game_id)
    is_told = live is not None and live_told(live)
    card = rank_card(live.pk, entry.number) if live and is_told else None
    return EntryStanding(
        total_points=last.total if last else 0,
        rank=last.rank if last else None,
        live_total=card.total if card else None,
        live_rank=card.rank if card else None,
        country_rank=card.country_rank if card else _settled_in_country(entry, last),
        entries=card.entries if card else None,
        live_round=live.number if live and card else None,
        withheld="too_fresh" if live and not is_told else None,
    )


def _settled_in_country(entry: Entry, last: LineupResult | None) -> int | None:
    if last is None or not entry.country:
        return None
    return settled_standings(last.round).rank_in_country(entry.number)


def results_of(entry: Entry) -> QuerySet[LineupResult]:
    """The settled rounds of an entry, the newest first, with their line-ups' figures."""
    rows = LineupResult.objects.filter(
        entry=entry, round__game=entry.game_id, round__state=RoundState.SETTLED
    )
    return rows.select_related("round__game").order_by("-round__number")


class ScoringState(StrEnum):
    """How far the scoring of a round is."""

    WAITING = "waiting"
    QUEUED = "queued"
    SCORED = "scored"
    SETTLED = "settled"


def submitted_round(entry: Entry) -> Round | None:
    """Return the round whose line-up is scored: the one under way, the next, or the last.

    A round that was locked before the entry joined is none of its own.
    """
    rounds = Round.objects.filter(game=entry.game_id).exclude(state=RoundState.VOID)
    rounds = rounds.select_related("game").order_by("number")
    ahead = rounds.filter(state=RoundState.UPCOMING).first()
    live = live_round_of(entry.game_id)
    if live is not None and live.number >= entry.joined_round.number:
        return live
    return ahead or rounds.last()


def scoring_state(round_: Round) -> ScoringState:
    """Return how far the scoring of a round is, up to the newest facts of its matches."""
    if round_.state == RoundState.UPCOMING:
        return ScoringState.WAITING
    if round_.state == RoundState.SETTLED:
        return ScoringState.SETTLED
    behind = RoundMatch.objects.filter(
        Q(scored_seq__isnull=True) | ~Q(scored_seq=F("match__folded_seq")),
        round=round_,
        match__folded_seq__gt=0,
    )
    return ScoringState.QUEUED if behind.exists() else ScoringState.SCORED


def round_points(entry: Entry, round_: Round) -> int | None:
    """Return what an entry has in a round, hits taken off; None where that may not be told."""
    if not points_told(round_) or round_.state in {RoundState.UPCOMING, RoundState.VOID}:
        return None
    if is_settled(round_) and round_told(round_):
        result = LineupResult.objects.filter(entry=entry, round=round_).first()
        return None if result is None else result.points - result.hit + result.adjusted
    held = entry_round(entry, round_)
    return None if held is None else held.net
