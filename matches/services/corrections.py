"""What curators do to a log: amend, take back and add facts, pin them, decide results.

Each act is one transaction under the match's row lock, appends, names its reason and its actor,
announces `match.ingested`, and raises `CorrectionError` for what cannot stand.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db import transaction

from config.clock import now
from leagues.models import Player, RosterSpot
from leagues.packs.loader import load_pack
from leagues.packs.schema import OVERRIDE
from matches.enums import EventOp, Pin
from matches.ingest.plan import ADMIN, Fact, HeldFact, Plan, Revision
from matches.models import Match, PlayEvent, TeamSheetSpot
from matches.rules.corrections import (
    CorrectionError,
    Said,
    check_numbers,
    check_reason,
    check_said,
)
from matches.selectors.logs import held_lineage, vendors_word
from matches.services.log import append_plans
from matches.topics import MatchIngested
from streams.outbox import announce

_SAID = tuple(Said.__dataclass_fields__)


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who acts, why, and for how long no later word of a vendor counts ("" for not at all)."""

    reason: str
    actor: int | None = None
    pin: str = Pin.FOREVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Award:
    """A result by decision. Without points the rules say what the score is worth.

    `both_lose`: nobody wins, whatever the score.
    """

    home: int
    away: int
    points: tuple[int, int] | None = None
    both_lose: bool = False


@transaction.atomic
def amend_event(
    match_id: int, lineage: UUID, said: Said, *, by: By, seen_rev: int | None = None
) -> None:
    """Let a curator's telling of a fact stand for the one that is held; revives a retracted one.

    `seen_rev` is the revision he looked at: a newer one refuses the change.
    """
    match, held = _locked(match_id, lineage, by, seen_rev)
    check_said(said, load_pack(match.season.league.sport), _squads(match, held))
    fact = _fact_of(said, held.fact, by.reason)
    if not held.is_retracted and _said(fact) == _said(held.fact):
        raise CorrectionError("change", "nothing differs from what the log says", code="empty")
    op = EventOp.ADD if held.is_retracted else EventOp.AMEND
    _append(match, _revision(op, fact, held, by))


@transaction.atomic
def retract_event(match_id: int, lineage: UUID, *, by: By, seen_rev: int | None = None) -> None:
    """Take a fact back by a curator's word; one that is taken back already stays as it is."""
    match, held = _locked(match_id, lineage, by, seen_rev)
    if not held.is_retracted:
        fact = replace(held.fact, reason=by.reason.strip())
        _append(match, _revision(EventOp.RETRACT, fact, held, by))


@transaction.atomic
def add_event(match_id: int, said: Said, *, by: By) -> UUID:
    """Add a fact that no vendor told and return its lineage."""
    _check(by)
    match = _lock(match_id)
    check_said(said, load_pack(match.season.league.sport), _squads(match, None))
    _append(match, _revision(EventOp.ADD, _fact_of(said, None, by.reason), None, by))
    newest = PlayEvent.objects.get(match=match, seq=match.head_seq)
    return newest.lineage_id


@transaction.atomic
def release_event(match_id: int, lineage: UUID, *, by: By) -> None:
    """Take the pin off a fact: the vendor's newest word counts at once, and each later one.

    A fact that no vendor ever told stays until one says otherwise.
    """
    match, held = _locked(match_id, lineage, by, None)
    # Another source may tell the match by now than when the pin was set.
    held = held_lineage(match_id, lineage, teller=match.event_source) or held
    if not held.pin:
        raise CorrectionError("pin", "there is none on this fact", code="not_pinned")
    if held.fact.type == OVERRIDE:
        raise CorrectionError("pin", "no vendor takes a decision: withdraw it", code="decision")
    word = vendors_word(held, match.pk)
    source, fact = (held.stands_for, word) if word else (ADMIN, held.fact)
    is_gone = word.is_retracted if word else held.is_retracted
    op = EventOp.ADD if held.is_retracted else EventOp.AMEND
    fact = replace(fact, reason=by.reason.strip(), is_retracted=False)
    revision = Revision(op=EventOp.RETRACT if is_gone else op, fact=fact, held=held, actor=by.actor)
    _append(match, revision, source=source or match.event_source)


@transaction.atomic
def decide_match(
    match_id: int, *, by: By, status: str = "", score: tuple[int, int] | None = None
) -> None:
    """Let a curator's status or score of a match stand, whatever log and vendors say."""
    _check(by)
    if not status and score is None:
        raise CorrectionError("decision", "give a status, a score or both", code="required")
    payload: dict[str, Any] = {}
    if status:
        payload["status"] = status
    if score is not None:
        payload["score"] = {"home": score[0], "away": score[1]}
    _decide(match_id, payload, by)


@transaction.atomic
def award_match(match_id: int, award: Award, *, by: By) -> None:
    """Award a result: the table counts it, the played score stays beside it."""
    _check(by)
    for side, goals in (("home", award.home), ("away", award.away)):
        if not 0 <= goals <= 999:
            raise CorrectionError(side, f"expected 0 to 999, got {goals}")
    payload: dict[str, Any] = {
        "status": "awarded",
        "awarded": {"home": award.home, "away": award.away},
    }
    if award.points is not None:
        payload["points"] = {"home": award.points[0], "away": award.points[1]}
    if award.both_lose:
        payload["both_lose"] = True
    _decide(match_id, payload, by)


@transaction.atomic
def withdraw_award(match_id: int, *, by: By) -> None:
    """Take every standing award back: the match counts as it was played."""
    _check(by)
    match = _lock(match_id)
    standing = [h for h in standing_decisions(match.pk) if "awarded" in h.fact.payload]
    if not standing:
        raise CorrectionError("award", "this match is not awarded", code="not_awarded")
    for held in standing:
        fact = replace(held.fact, reason=by.reason.strip())
        _append(match, _revision(EventOp.RETRACT, fact, held, by))


@transaction.atomic
def override_stats(
    match_id: int,
    *,
    values: Mapping[str, int | float | None],
    by: By,
    team_id: int | None = None,
    player_id: int | None = None,
) -> None:
    """Let a curator's numbers stand for a player's or team's columns, whatever vendors say.

    None says that nobody knows. Without a pin, and without one until the match is final once it is
    final, they stand until a source tells these numbers anew.
    """
    _check(by)
    match = _lock(match_id)
    check_whose(match, team_id=team_id, player_id=player_id)
    pack = load_pack(match.season.league.sport)
    check_numbers(values, pack, of_player=player_id is not None)
    fact = Fact(
        type=OVERRIDE,
        team=team_id,
        player=player_id,
        payload={"values": dict(values)},
        reason=by.reason.strip(),
    )
    _append(match, _revision(EventOp.ADD, fact, None, by))


def check_whose(match: Match, *, team_id: int | None, player_id: int | None) -> None:
    """Raise CorrectionError unless these are a side of the match, or a player known by name."""
    if team_id not in (match.home_id, match.away_id):
        raise CorrectionError("whose", "is no side of this match")
    if player_id is not None and not Player.objects.filter(pk=player_id).exists():
        raise CorrectionError("whose", "there is no such player")


def standing_decisions(match_id: int) -> list[HeldFact]:
    """Return the decisions about a match that were not taken back, oldest first."""
    lineages = (
        PlayEvent.objects.filter(match=match_id, source=ADMIN, type=OVERRIDE, rev=1)
        .order_by("seq")
        .values_list("lineage_id", flat=True)
    )
    held = (held_lineage(match_id, lineage) for lineage in lineages)
    return [h for h in held if h is not None and not h.is_retracted]


def tell_again(match_id: int, row: PlayEvent, held: HeldFact | None) -> None:
    """Say a curator's word again after the log was told anew, on `held` or as a new lineage.

    Needs the transaction and the match's lock of the caller.
    """
    match = _lock(match_id)
    by = By(reason=row.reason, actor=row.actor_id, pin=row.pin)
    fact = Fact(
        **{name: getattr(row, name) for name in ("type", "period", "clock_ms", "clock_label")},
        **{name: getattr(row, name) for name in ("order", "x", "y", "payload", "certainty")},
        team=row.team_id,
        player=row.player_id,
        related_player=row.related_player_id,
        reason=row.reason,
    )
    op = EventOp.ADD if held is None or held.is_retracted else EventOp.AMEND
    _append(match, _revision(EventOp.RETRACT if row.op == EventOp.RETRACT else op, fact, held, by))


def _decide(match_id: int, payload: Mapping[str, Any], by: By) -> None:
    fact = Fact(
        type=OVERRIDE,
        payload={**payload, "reason": by.reason.strip()},
        reason=by.reason.strip(),
    )
    _append(_lock(match_id), _revision(EventOp.ADD, fact, None, replace(by, pin=Pin.FOREVER)))


def _check(by: By) -> None:
    check_reason(by.reason)
    if by.pin and by.pin not in Pin.values:
        raise CorrectionError("pin", f"'{by.pin}' is none of {', '.join(Pin.values)}")


def _lock(match_id: int) -> Match:
    return Match.objects.select_for_update(no_key=True).get(pk=match_id)


def _locked(match_id: int, lineage: UUID, by: By, seen_rev: int | None) -> tuple[Match, HeldFact]:
    _check(by)
    match = _lock(match_id)
    held = held_lineage(match.pk, lineage)
    if held is None:
        raise CorrectionError("event", "this match has no such fact", code="not_found")
    if seen_rev is not None and held.rev != seen_rev:
        raise CorrectionError(
            "rev", f"{held.source} told revision {held.rev} meanwhile: look again", code="changed"
        )
    return match, held


def _squads(match: Match, held: HeldFact | None) -> dict[int, frozenset[int]]:
    """Return who may be named for each side: sheet, squad, and whom the fact names already."""
    named = {held.fact.player, held.fact.related_player} - {None} if held else set()
    squads: dict[int, set[int]] = {}
    for team in (match.home_id, match.away_id):
        sheet = TeamSheetSpot.objects.filter(sheet__match=match, sheet__team=team)
        roster = RosterSpot.objects.filter(team=team)
        squads[team] = {
            *sheet.values_list("player_id", flat=True),
            *roster.values_list("player_id", flat=True),
        }
    if held and held.fact.team in squads:
        squads[held.fact.team] |= {player for player in named if player is not None}
    known = set().union(*squads.values())
    # A merged player goes on under the one he stands for.
    kept = dict(
        Player.objects.filter(pk__in=known, merged_into__isnull=False).values_list(
            "pk", "merged_into_id"
        )
    )
    return {
        team: frozenset({*players, *(kept[p] for p in players if p in kept)})
        for team, players in squads.items()
    }


def _said(fact: Fact) -> tuple[Any, ...]:
    return tuple(getattr(fact, name) for name in _SAID)


def _fact_of(said: Said, held: Fact | None, reason: str) -> Fact:
    base = held or Fact(type=said.type)
    moved = (said.period, said.clock_ms) != (base.period, base.clock_ms)
    return replace(
        base,
        **{name: getattr(said, name) for name in _SAID},
        clock_label="" if moved else base.clock_label,
        reason=reason.strip(),
        certainty="confirmed",
        is_retracted=False,
    )


def _revision(op: str, fact: Fact, held: HeldFact | None, by: By) -> Revision:
    stands_for = ""
    if held is not None:
        stands_for = held.stands_for if held.source == ADMIN else held.source
    return Revision(op=op, fact=fact, held=held, pin=by.pin, stands_for=stands_for, actor=by.actor)


def _append(match: Match, revision: Revision, *, source: str = ADMIN) -> None:
    append_plans([(match, Plan(revisions=[revision]))], source, at=now())
    match.save(update_fields=["head_seq"])
    announce(MatchIngested(match_id=match.pk, seq=match.head_seq))
