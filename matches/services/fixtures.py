"""What a vendor says around the play: kick-off, round, venue, stated score, team sheets."""

from collections.abc import Sequence
from datetime import datetime

from leagues.services import venue_for
from matches.enums import MatchStatus, SheetRole
from matches.ingest.documents import FeedMatch, FeedSheet
from matches.models import Match, TeamSheet, TeamSheetAbsence, TeamSheetSpot
from matches.services.reports import Keys

# Columns of a match that `apply_fixture` and `apply_sheets` set.
FIXTURE_FIELDS = (
    "kickoff_at",
    "round_name",
    "matchday",
    "venue",
    "vendor_score",
    "vendor_status",
    "status_reason",
    "sheet_version",
)

_STATUSES = frozenset(MatchStatus.values)


def apply_fixture(match: Match, told: FeedMatch) -> bool:
    """Set what the vendor says of the fixture; return whether anything differs. Saves nothing."""
    before = _fixture(match)
    if told.kickoff_at is not None:
        match.kickoff_at = told.kickoff_at
    match.round_name = told.round_name[:60] or match.round_name
    match.matchday = told.matchday if told.matchday is not None else match.matchday
    if told.venue and match.venue_id is None:
        match.venue = venue_for(told.venue, city=told.city)
    if told.score is not None:
        match.vendor_score = {"home": told.score[0], "away": told.score[1]}
    if told.status in _STATUSES:
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


def apply_sheets(match: Match, sheets: Sequence[FeedSheet], keys: Keys, *, at: datetime) -> bool:
    """Write the team sheets that changed and return whether any did; raises `sheet_version`."""
    changed = False
    for told in sheets:
        team = keys.teams.get(told.team)
        if team not in (match.home_id, match.away_id):
            continue
        sheet, _ = TeamSheet.objects.get_or_create(match=match, team_id=team)
        header = (told.formation[:12], told.coach[:120], told.is_confirmed)
        is_new = header != (sheet.formation, sheet.coach, sheet.is_confirmed)
        is_new |= _apply_spots(sheet, told, keys)
        is_new |= _apply_absences(sheet, told, keys)
        if not is_new:
            continue
        changed = True
        sheet.formation, sheet.coach, sheet.is_confirmed = header
        sheet.updated_at = at
        sheet.save()
    match.sheet_version += changed
    return changed


def _apply_spots(sheet: TeamSheet, told: FeedSheet, keys: Keys) -> bool:
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
    if held == wanted:
        return False
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
    return True


def _apply_absences(sheet: TeamSheet, told: FeedSheet, keys: Keys) -> bool:
    """Write who is missing; a vendor who says nothing of it leaves what a curator wrote."""
    if told.missing is None:
        return False
    # Whoever is on the sheet is not missing, whatever an older list says.
    listed = {keys.players.get(spot.player) for spot in told.spots}
    absences = [(keys.players.get(absence.player), absence.reason[:80]) for absence in told.missing]
    wanted = {player: reason for player, reason in absences if player and player not in listed}
    held = {absence.player_id: absence.reason for absence in sheet.absences.all()}
    if list(held.items()) == list(wanted.items()):
        return False
    sheet.absences.all().delete()
    TeamSheetAbsence.objects.bulk_create(
        TeamSheetAbsence(sheet=sheet, player_id=player, reason=reason, order=order)
        for order, (player, reason) in enumerate(wanted.items())
    )
    return True
