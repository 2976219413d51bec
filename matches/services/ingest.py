"""Applying a vendor's document: places what it names, then appends what its log changes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from config.clock import now
from leagues.enums import ExternalKind
from leagues.models import Season
from leagues.packs.loader import load_pack
from leagues.packs.schema import SportPack
from leagues.services import (
    external_map,
    external_maps,
    link_external,
    resolve_players,
    resolve_teams,
    season_for,
    venue_for,
)
from matches.enums import MatchStatus, SheetRole
from matches.ingest.documents import FeedDocument, FeedError, FeedEvent, FeedMatch, FeedSheet
from matches.ingest.plan import Fact, HeldFact, Plan, Revision, make_plan
from matches.models import Match, TeamSheet, TeamSheetSpot
from matches.selectors import held_by_vendor_ids, held_facts
from matches.services.log import append_plans
from matches.topics import MatchIngested
from streams.outbox import announce

# Two vendors rarely agree on the minute of a kick-off, and clubs never meet twice in a day and a half.
SAME_MATCH_WITHIN = timedelta(hours=36)
_MATCHES_PER_TRANSACTION = 50
_FIXTURE_FIELDS = (
    "kickoff_at",
    "round_name",
    "matchday",
    "venue",
    "vendor_score",
    "vendor_status",
    "status_reason",
    "sheet_version",
)


@dataclass(slots=True, kw_only=True)
class IngestReport:
    """What applying documents changed. `refs`: the vendor's own ids of the matches, by our keys."""

    added: int = 0
    amended: int = 0
    retracted: int = 0
    unplaced: list[dict[str, Any]] = field(default_factory=list)
    match_ids: list[int] = field(default_factory=list)
    refs: dict[int, str] = field(default_factory=dict)
    fixtures_changed: int = 0

    def include(self, other: "IngestReport") -> None:
        """Add another report's figures to this one."""
        self.added += other.added
        self.amended += other.amended
        self.retracted += other.retracted
        self.unplaced += other.unplaced
        self.match_ids += [key for key in other.match_ids if key not in self.match_ids]
        self.refs |= other.refs
        self.fixtures_changed += other.fixtures_changed

    @property
    def has_news(self) -> bool:
        """Whether anything was written."""
        return bool(self.added or self.amended or self.retracted or self.fixtures_changed)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keys:
    """Our keys of everything one document names."""

    source: str
    teams: Mapping[str, int]
    players: Mapping[str, int]
    matches: Mapping[str, int]


def apply_document(
    document: FeedDocument,
    *,
    season: Season | None = None,
    is_authoritative: bool = False,
    at: datetime | None = None,
) -> IngestReport:
    """Bring fixtures, team sheets and logs in line with the document; a second time adds nothing.

    One transaction for up to 50 matches, each match row locked in key order; announces
    `match.ingested` for each match that changed. `is_authoritative`: what a snapshot leaves out is
    retracted at once. Raises FeedError when the document names no league and no season is given.
    """
    at = at or now()
    season = season or _season_of(document)
    if season.league.sport != document.sport:
        raise FeedError(
            f"the document is of {document.sport}, the league {season.league} of "
            f"{season.league.sport}: choose a league of that sport",
            code="wrong_sport",
        )
    keys = _place(document, season, at)
    report = IngestReport()
    for start in range(0, len(document.matches), _MATCHES_PER_TRANSACTION):
        part = document.matches[start : start + _MATCHES_PER_TRANSACTION]
        report.include(_apply_matches(part, season, keys, is_authoritative, at))
    return report


def _season_of(document: FeedDocument) -> Season:
    if not document.league:
        raise FeedError(
            "the document names no league: choose one with --league", code="league_missing"
        )
    return season_for(sport=document.sport, league=document.league, season=document.season or "all")


def _place(document: FeedDocument, season: Season, at: datetime) -> _Keys:
    teams: dict[str, int] = {}
    players: dict[str, int] = {}
    if document.teams or document.players:
        with transaction.atomic():
            teams = resolve_teams(document.source, season, document.teams)
            if any(player.team not in teams for player in document.players):
                refs = {player.team for player in document.players if player.team}
                teams |= external_map(document.source, ExternalKind.TEAM, refs - set(teams))
            players = resolve_players(
                document.source,
                document.sport,
                document.players,
                team_keys=teams,
                on=_first_day(document, at),
            )
    found = external_maps(
        document.source,
        {
            ExternalKind.TEAM: {ref for m in document.matches for ref in (m.home, m.away)},
            ExternalKind.PLAYER: {ref for m in document.matches for ref in _player_refs(m)},
            ExternalKind.MATCH: {match.ref for match in document.matches},
        },
    )
    return _Keys(
        source=document.source,
        teams={**found[ExternalKind.TEAM], **teams},
        players={**found[ExternalKind.PLAYER], **players},
        matches=found[ExternalKind.MATCH],
    )


def _first_day(document: FeedDocument, at: datetime) -> date:
    return min((m.kickoff_at for m in document.matches if m.kickoff_at), default=at).date()


def _player_refs(match: FeedMatch) -> Iterable[str]:
    for event in match.events:
        if event.player is not None:
            yield event.player
        if event.related_player is not None:
            yield event.related_player
    for sheet in match.sheets:
        for spot in sheet.spots:
            yield spot.player


@transaction.atomic
def _apply_matches(
    told: Sequence[FeedMatch],
    season: Season,
    keys: _Keys,
    is_authoritative: bool,
    at: datetime,
) -> IngestReport:
    report = IngestReport()
    pairs = _match_rows(told, season, keys, report, at)
    locked = {
        match.pk: match
        for match in Match.objects.select_for_update()
        .filter(pk__in={pk for _, pk in pairs})
        .order_by("pk")
    }
    held = _held_for(pairs, locked, keys.source)
    plans: list[tuple[Match, Plan]] = []
    news = []
    for feed_match, pk in pairs:
        match = locked[pk]
        changed = _apply_fixture(match, feed_match, at)
        if _apply_sheets(match, feed_match.sheets, keys, at):
            match.sheet_version += 1
            changed = True
        plan = _plan(match, feed_match, keys, held, is_authoritative, at, report)
        match.data_at = at
        if changed:
            match.save(update_fields=_FIXTURE_FIELDS)
        report.match_ids.append(pk)
        report.refs[pk] = feed_match.ref
        report.fixtures_changed += changed
        if plan.revisions or plan.missing or plan.seen_again:
            plans.append((match, plan))
        if changed or plan.revisions:
            news.append(match)
    append_plans(plans, keys.source, at=at)
    _save_heads([locked[pk] for _, pk in pairs])
    announce(*(MatchIngested(match_id=match.pk, seq=match.head_seq) for match in news))
    return report


def _held_for(
    pairs: Sequence[tuple[FeedMatch, int]], locked: Mapping[int, Match], source: str
) -> Mapping[int, Sequence[HeldFact]]:
    """Look up in one query what the log holds of the facts that carry vendor ids.

    Matches told as snapshots, or with facts without ids, need their whole log and are left out.
    """
    by_ids = [(told, pk) for told, pk in pairs if told.events and _has_ids(told)]
    if not by_ids:
        return {}
    ids = [event.vendor_event_id or "" for told, _ in by_ids for event in told.events]
    found = held_by_vendor_ids([pk for _, pk in by_ids], source, ids)
    return {pk: found.get(pk, []) for _, pk in by_ids}


def _has_ids(told: FeedMatch) -> bool:
    return not told.is_snapshot and all(event.vendor_event_id is not None for event in told.events)


def _save_heads(matches: Sequence[Match]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE matches_match SET head_seq = told.head_seq, data_at = told.data_at, "
            "event_source = told.source, event_source_tells_play = told.tells_play "
            "FROM unnest(%s::bigint[], %s::int[], %s::timestamptz[], %s::text[], %s::bool[]) "
            "AS told (id, head_seq, data_at, source, tells_play) "
            "WHERE matches_match.id = told.id",
            [
                [match.pk for match in matches],
                [match.head_seq for match in matches],
                [match.data_at for match in matches],
                [match.event_source for match in matches],
                [match.event_source_tells_play for match in matches],
            ],
        )


def _match_rows(
    told: Sequence[FeedMatch], season: Season, keys: _Keys, report: IngestReport, at: datetime
) -> list[tuple[FeedMatch, int]]:
    known = dict(keys.matches)
    pairs, fresh = [], {}
    for feed_match in told:
        pk = known.get(feed_match.ref)
        if pk is None:
            pk = _find_or_make(feed_match, season, keys, report, at)
            if pk is None:
                continue
            known[feed_match.ref] = fresh[feed_match.ref] = pk
        pairs.append((feed_match, pk))
    link_external(keys.source, ExternalKind.MATCH, fresh)
    return pairs


def _find_or_make(
    told: FeedMatch, season: Season, keys: _Keys, report: IngestReport, at: datetime
) -> int | None:
    home, away = keys.teams.get(told.home), keys.teams.get(told.away)
    if home is None or away is None or home == away:
        side = told.home if home is None else told.away
        report.unplaced.append({"kind": "team", "ref": side, "match": told.ref})
        return None
    kickoff_at = told.kickoff_at or at
    found = Match.objects.filter(
        season=season,
        home_id=home,
        away_id=away,
        kickoff_at__range=(kickoff_at - SAME_MATCH_WITHIN, kickoff_at + SAME_MATCH_WITHIN),
    ).first()
    if found is None:
        found = Match.objects.create(
            season=season, home_id=home, away_id=away, kickoff_at=kickoff_at
        )
        report.fixtures_changed += 1
    return found.pk


def _apply_fixture(match: Match, told: FeedMatch, at: datetime) -> bool:
    before = _fixture(match)
    if told.kickoff_at is not None:
        match.kickoff_at = told.kickoff_at
    match.round_name = told.round_name[:60] or match.round_name
    match.matchday = told.matchday if told.matchday is not None else match.matchday
    if told.venue and match.venue_id is None:
        match.venue = venue_for(told.venue, city=told.city)
    if told.score is not None:
        match.vendor_score = {"home": told.score[0], "away": told.score[1]}
    if told.status in MatchStatus.values:
        match.vendor_status = told.status
        match.status_reason = told.status_reason[:200]
    return _fixture(match) != before


def _fixture(match: Match) -> tuple[object, ...]:
    return (
        match.kickoff_at,
        match.round_name,
        match.matchday,
        match.venue_id,
        match.vendor_score,
        match.vendor_status,
        match.status_reason,
    )


def _apply_sheets(match: Match, sheets: Sequence[FeedSheet], keys: _Keys, at: datetime) -> bool:
    changed = False
    for told in sheets:
        team = keys.teams.get(told.team)
        if team not in (match.home_id, match.away_id):
            continue
        sheet, _ = TeamSheet.objects.get_or_create(match=match, team_id=team)
        held = {
            spot.player_id: (spot.role, spot.position, spot.shirt, spot.order, spot.is_captain)
            for spot in sheet.spots.all()
        }
        wanted = {
            keys.players[spot.player]: (
                SheetRole.STARTER if spot.is_starter else SheetRole.BENCH,
                spot.position[:12],
                spot.shirt[:4],
                spot.order,
                spot.is_captain,
            )
            for spot in told.spots
            if spot.player in keys.players
        }
        header = (told.formation[:12], told.coach[:120], told.is_confirmed)
        if held == wanted and header == (sheet.formation, sheet.coach, sheet.is_confirmed):
            continue
        changed = True
        sheet.formation, sheet.coach, sheet.is_confirmed = header
        sheet.updated_at = at
        sheet.save()
        sheet.spots.all().delete()
        TeamSheetSpot.objects.bulk_create(
            TeamSheetSpot(
                sheet=sheet,
                player_id=player,
                role=role,
                position=position,
                shirt=shirt,
                order=order,
                is_captain=is_captain,
            )
            for player, (role, position, shirt, order, is_captain) in wanted.items()
        )
    return changed


def _plan(
    match: Match,
    told: FeedMatch,
    keys: _Keys,
    held: Mapping[int, Sequence[HeldFact]],
    is_authoritative: bool,
    at: datetime,
    report: IngestReport,
) -> Plan:
    if not told.events or not _may_tell(match, told, keys, at, report):
        return Plan(revisions=())
    facts = [_fact(event, told, keys, report) for event in told.events]
    known = held[match.pk] if match.pk in held else held_facts(match.pk, keys.source)
    plan = make_plan(
        facts, known, is_snapshot=told.is_snapshot, at=at, is_authoritative=is_authoritative
    )
    for revision in plan.revisions:
        if revision.op == "add":
            report.added += 1
        elif revision.op == "amend":
            report.amended += 1
        else:
            report.retracted += 1
    return plan


def _may_tell(
    match: Match, told: FeedMatch, keys: _Keys, at: datetime, report: IngestReport
) -> bool:
    """Return whether the source may tell this match's play: one source does, others add totals.

    A source that tells play takes over from one that only told results; its facts are retracted.
    """
    if match.event_source == keys.source:
        return True
    pack = load_pack(match.season.league.sport)
    kinds = {event.type for event in told.events}
    if kinds <= {"stat.set"}:
        return True
    tells_play = not all(_is_result(pack, kind) for kind in kinds)
    if match.event_source:
        if not tells_play or match.event_source_tells_play:
            report.unplaced.append(
                {
                    "kind": "events",
                    "ref": keys.source,
                    "match": told.ref,
                    "reason": f"this match is told by {match.event_source}",
                }
            )
            return False
        _retract_all(match, keys.source, at)
    match.event_source, match.event_source_tells_play = keys.source, tells_play
    return True


def _is_result(pack: SportPack, kind: str) -> bool:
    event = pack.events.get(kind)
    return kind in {"period_start", "period_end", "match_end", "status"} or (
        event is not None and "result" in event.marks
    )


def _retract_all(match: Match, by: str, at: datetime) -> None:
    source = match.event_source
    held = [h for h in held_facts(match.pk, source) if not h.is_retracted and h.source != "admin"]
    reason = f"superseded by {by}"
    plan = Plan(
        revisions=[
            Revision(op="retract", fact=replace(h.fact, reason=reason), held=h) for h in held
        ]
    )
    append_plans([(match, plan)], source, at=at)


def _fact(event: FeedEvent, told: FeedMatch, keys: _Keys, report: IngestReport) -> Fact:
    unplaced = {}
    for role, ref in (("player", event.player), ("related_player", event.related_player)):
        if ref is not None and ref not in keys.players:
            unplaced[role] = ref
            report.unplaced.append({"kind": "player", "ref": ref, "match": told.ref})
    fact = Fact(
        type=event.type,
        period=event.period,
        clock_ms=max(0, event.clock_ms),
        clock_label=event.clock_label,
        order=event.order,
        team=keys.teams.get(event.team) if event.team is not None else None,
        player=keys.players.get(event.player) if event.player is not None else None,
        related_player=(
            keys.players.get(event.related_player) if event.related_player is not None else None
        ),
        x=event.x,
        y=event.y,
        payload=event.payload,
        vendor_event_id=event.vendor_event_id,
        rev=event.rev,
        is_retracted=event.is_retracted,
        certainty=event.certainty,
        reason=event.reason,
        occurred_at=event.occurred_at,
        vendor_at=event.vendor_at,
    )
    return replace(fact, payload={**event.payload, "unplaced": unplaced}) if unplaced else fact
