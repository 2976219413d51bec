"""Applying a vendor's document: places what it names, then appends what its log changes."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta

import orjson
from django.db import connection, transaction

from config.clock import now
from leagues.enums import ExternalKind
from leagues.models import ExternalId, Season
from leagues.services import (
    external_map,
    external_maps,
    link_external,
    resolve_players,
    resolve_teams,
    season_for,
)
from matches.ingest.documents import FeedDocument, FeedError, FeedMatch
from matches.ingest.plan import Plan
from matches.models import Match, MatchPast
from matches.services.fixtures import FIXTURE_FIELDS, apply_fixture, apply_sheets
from matches.services.log import append_plans
from matches.services.reports import IngestReport, Keys
from matches.services.telling import Telling, held_for, plan_match
from matches.topics import MatchIngested
from streams.outbox import announce

# Two vendors rarely agree on the minute of a kick-off.
SAME_MATCH_WITHIN = timedelta(hours=36)
# One vendor has two names for a match now and then; else two names are two meetings of the sides.
_RENAMED_WITHIN = timedelta(hours=1)
_MATCHES_PER_TRANSACTION = 50
_FIXTURES_LOCK = 0x76657A6D
# "No key": rows that only point to a match, as the folds write them, need not wait.
_LOCK_MATCHES = "SELECT * FROM matches_match WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"


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


def _place(document: FeedDocument, season: Season, at: datetime) -> Keys:
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
    return Keys(
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
        for absence in sheet.missing or ():
            yield absence.player


@transaction.atomic
def _apply_matches(
    told: Sequence[FeedMatch],
    season: Season,
    keys: Keys,
    is_authoritative: bool,
    at: datetime,
) -> IngestReport:
    report = IngestReport()
    pairs = _match_rows(told, season, keys, report, at)
    wanted = list({pk for _, pk in pairs})
    locked = {match.pk: match for match in Match.objects.raw(_LOCK_MATCHES, [wanted])}
    telling = Telling(
        keys=keys,
        held=held_for(pairs, keys.source),
        is_authoritative=is_authoritative,
        at=at,
        report=report,
    )
    plans: list[tuple[Match, Plan]] = []
    news = []
    for feed_match, pk in pairs:
        match = locked[pk]
        before = match.head_seq
        changed = apply_fixture(match, feed_match)
        # Line-ups in another vendor's players would not fit the facts of who tells the play.
        if not match.event_source_tells_play or match.event_source == keys.source:
            changed |= apply_sheets(match, feed_match.sheets, keys, at=at)
        plan = plan_match(match, feed_match, telling)
        match.data_at = at
        if changed:
            MatchPast.objects.keep([pk], at=at)
            match.save(update_fields=FIXTURE_FIELDS)
        report.match_ids.append(pk)
        report.unfolded += match.folded_seq < before
        report.refs[pk] = feed_match.ref
        report.fixtures_changed += changed
        if not plan.is_empty:
            plans.append((match, plan))
        if changed or plan.revisions:
            news.append(match)
    append_plans(plans, keys.source, at=at)
    _save_heads([locked[pk] for _, pk in pairs])
    announce(*(MatchIngested(match_id=match.pk, seq=match.head_seq) for match in news))
    return report


_SAVE_HEADS = (
    "UPDATE matches_match SET head_seq = told.head_seq, data_at = told.data_at, "
    "event_source = told.source, event_source_tells_play = told.tells_play "
    "FROM json_to_recordset(%s) AS told "
    "(id bigint, head_seq int, data_at timestamptz, source text, tells_play bool) "
    "WHERE matches_match.id = told.id"
)


def _save_heads(matches: Sequence[Match]) -> None:
    told = [
        {
            "id": match.pk,
            "head_seq": match.head_seq,
            "data_at": match.data_at,
            "source": match.event_source,
            "tells_play": match.event_source_tells_play,
        }
        for match in matches
    ]
    with connection.cursor() as cursor:
        cursor.execute(_SAVE_HEADS, [orjson.dumps(told).decode()])


def _match_rows(
    told: Sequence[FeedMatch], season: Season, keys: Keys, report: IngestReport, at: datetime
) -> list[tuple[FeedMatch, int]]:
    known = dict(keys.matches)
    if unknown := {match.ref for match in told} - known.keys():
        _lock_fixtures(season)
        # Whoever had the lock before may have named them.
        known |= external_map(keys.source, ExternalKind.MATCH, unknown)
    pairs: list[tuple[FeedMatch, int]] = []
    fresh: dict[str, int] = {}
    for feed_match in told:
        pk = known.get(feed_match.ref)
        if pk is None:
            pk = _find_or_make(feed_match, season, keys, set(fresh.values()), report, at)
            if pk is None:
                continue
            known[feed_match.ref] = fresh[feed_match.ref] = pk
        pairs.append((feed_match, pk))
    link_external(keys.source, ExternalKind.MATCH, fresh)
    return pairs


def _lock_fixtures(season: Season) -> None:
    """Let one transaction at a time make matches of a season, so that none is made twice."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_FIXTURES_LOCK, season.pk])


def _find_or_make(
    told: FeedMatch,
    season: Season,
    keys: Keys,
    fresh: Collection[int],
    report: IngestReport,
    at: datetime,
) -> int | None:
    """Return the match that is meant; `fresh` are those this vendor named just now."""
    home, away = keys.teams.get(told.home), keys.teams.get(told.away)
    if home is None or away is None or home == away:
        side = told.home if home is None else told.away
        report.unplaced.append({"kind": "team", "ref": side, "match": told.ref})
        return None
    kickoff_at = told.kickoff_at or at
    near = Match.objects.filter(
        season=season,
        home_id=home,
        away_id=away,
        kickoff_at__range=(kickoff_at - SAME_MATCH_WITHIN, kickoff_at + SAME_MATCH_WITHIN),
    )
    closest = sorted(near, key=lambda match: (abs(match.kickoff_at - kickoff_at), match.pk))
    named = _named_by(keys.source, closest) | set(fresh)
    found = next((m for m in closest if m.pk not in named or _is_renamed(m, told)), None)
    if found is None:
        found = Match.objects.create(
            season=season, home_id=home, away_id=away, kickoff_at=kickoff_at
        )
        report.fixtures_changed += 1
    return found.pk


def _named_by(source: str, matches: Iterable[Match]) -> set[int]:
    """Those that the vendor calls by another name already."""
    keys = [match.pk for match in matches]
    if not keys:
        return set()
    held = ExternalId.objects.filter(source=source, kind=ExternalKind.MATCH, object_id__in=keys)
    return set(held.values_list("object_id", flat=True))


def _is_renamed(match: Match, told: FeedMatch) -> bool:
    """Without a kick-off nothing speaks against it."""
    return told.kickoff_at is None or abs(match.kickoff_at - told.kickoff_at) <= _RENAMED_WITHIN
