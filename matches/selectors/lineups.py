"""Reads of team sheets, marked with what the match did to their players."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from leagues.models import Team
from leagues.packs.loader import load_pack
from leagues.packs.schema import SportPack
from matches.enums import SheetRole
from matches.models import Match, TeamSheet
from matches.rules.lineup import Mark, Place, in_order, pitch_rows
from matches.rules.timeline import TimelineItem, counts_single_goals, moment_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A player who is missing, and why."""

    name: str
    slug: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineUp:
    """One side's team sheet; `rows` is empty where the players stand in no lines on the `ground`.

    `told_at` is None where it says nothing: a sheet that came after the start was told long before.
    """

    team: Team
    side: str
    formation: str
    coach: str
    is_confirmed: bool
    told_at: datetime | None
    ground: str
    rows: tuple[tuple[Place, ...], ...]
    starters: tuple[Place, ...]
    bench: tuple[Place, ...]
    missing: tuple[Missing, ...]


def line_ups(match: Match, items: Sequence[TimelineItem]) -> list[LineUp]:
    """Return the team sheets of a match, home first, marked with what the timeline says."""
    pack = load_pack(match.season.league.sport)
    marks = _marks_by_player(pack, items)
    sheets = (
        TeamSheet.objects.filter(match=match)
        .select_related("team")
        .prefetch_related("spots__player", "absences__player")
    )
    found = [_line_up(pack, match, sheet, marks) for sheet in sheets]
    return sorted(found, key=lambda line_up: line_up.side != "home")


def _line_up(
    pack: SportPack, match: Match, sheet: TeamSheet, marks: dict[str, tuple[Mark, ...]]
) -> LineUp:
    labels = {position.id: position.label for position in pack.positions}
    places = [
        Place(
            name=spot.player.display_name,
            slug=spot.player.slug,
            shirt=spot.shirt,
            position=spot.position or spot.player.position,
            order=spot.order,
            is_starter=spot.role == SheetRole.STARTER,
            is_captain=spot.is_captain,
            marks=marks.get(spot.player.slug, ()),
        )
        for spot in sheet.spots.all()
    ]
    starters = in_order(pack, [place for place in places if place.is_starter])
    rows = pitch_rows(pack, starters, sheet.formation)
    named = {
        place.slug: replace(place, position=labels.get(place.position, "")) for place in places
    }
    return LineUp(
        team=sheet.team,
        side="home" if sheet.team_id == match.home_id else "away",
        formation=sheet.formation,
        coach=sheet.coach,
        is_confirmed=sheet.is_confirmed,
        told_at=sheet.updated_at if sheet.updated_at <= match.kickoff_at else None,
        ground=pack.shot_map.ground if pack.shot_map else "",
        rows=tuple(tuple(named[place.slug] for place in row) for row in rows),
        starters=tuple(named[place.slug] for place in starters),
        bench=tuple(
            named[place.slug]
            for place in in_order(pack, [place for place in places if not place.is_starter])
        ),
        missing=tuple(
            Missing(
                name=absence.player.display_name,
                slug=absence.player.slug,
                reason=absence.reason,
            )
            for absence in sheet.absences.all()
        ),
    )


def _marks_by_player(pack: SportPack, items: Sequence[TimelineItem]) -> dict[str, tuple[Mark, ...]]:
    marks: dict[str, list[Mark]] = {}
    names_scorers = counts_single_goals(pack)
    for item in reversed(items):
        if item.is_cancelled or not item.is_key or item.is_divider:
            continue
        if item.score and not names_scorers:
            continue
        presence = pack.events[item.type].presence
        turns = {"in": "sub-in", "out": "sub-out"}
        own = turns.get(presence.player, item.icon) if presence else item.icon
        clock = item.clock if pack.clock.cumulative else moment_words(pack, item)
        mark = Mark(icon=own, label=item.label, clock=clock)
        marks.setdefault(item.player_slug, []).append(mark)
        if presence and presence.related in turns:
            came = Mark(icon=turns[presence.related], label=item.label, clock=clock)
            marks.setdefault(item.related_slug, []).append(came)
    return {slug: tuple(found) for slug, found in marks.items() if slug}
