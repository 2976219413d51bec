"""A whole matchday for page tests: a league whose matches are in every state there is."""

import uuid
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from leagues.models import League, Player, RosterSpot, Season, SeasonTeam, Team, Venue
from matches.enums import EventOp, MatchStatus, SheetRole
from matches.models import Match, PlayEvent, TeamSheet, TeamSheetSpot
from stats.services.fold import fold_matches
from stats.services.tables import refresh_tables

CLUBS = (
    ("Ashford Rovers", "Ashford", "ASH", "#d21f2b", "#ffffff"),
    ("Brighthelm & Hove Albion", "Brighthelm", "BHA", "#0057b8", "#ffffff"),
    ("Castlewick United", "Castlewick", "CAS", "#111111", "#f6f6f6"),
    ("Dunmore Athletic", "Dunmore", "DUN", "#f2c800", "#1b1b1b"),
    ("Eastgate Wanderers", "Eastgate", "EAS", "#6c1d45", "#99d6ea"),
    ("Fairholm Town", "Fairholm", "FAI", "#ffffff", "#12284c"),
    ("Greyport City", "Greyport", "GRE", "#6cabdd", "#1c2c5b"),
    ("Wolverhampton-upon-Severn Harriers", "Wolverhampton", "WOL", "#fdb913", "#231f20"),
)
SQUAD = (
    ("1", "GKP", "Tomas Novak"),
    ("2", "DEF", "Emil Lindqvist"),
    ("4", "DEF", "Kofi Mensah"),
    ("5", "DEF", "Jean-Baptiste Delacroix-Fontaine"),
    ("3", "DEF", "Omar Haddad"),
    ("6", "MID", "Luca Marchetti"),
    ("8", "MID", "Noah Weber"),
    ("10", "MID", "Rafael Silva"),
    ("7", "FWD", "Chidi Okafor"),
    ("9", "FWD", "Viktor Petrov"),
    ("11", "FWD", "Enzo Moreau"),
    ("12", "GKP", "Hugo Castell"),
    ("14", "MID", "Adil Yilmaz"),
    ("18", "FWD", "Milan Kovac"),
)
_STARTERS = 11
_HALF_MS = 45 * 60_000


@dataclass(slots=True)
class Matchday:
    """What was built; `players` by team and shirt, `matches` by what is special about them."""

    league: League
    season: Season
    teams: list[Team]
    players: dict[tuple[int, str], Player] = field(default_factory=dict)
    matches: dict[str, Match] = field(default_factory=dict)


def make_matchday(at: datetime) -> Matchday:
    """Build a league with a played round, and today's matches before, during and after play."""
    league = League.objects.create(
        slug="premier-division", name="Premier Division", sport="football", country="England"
    )
    season = Season.objects.create(league=league, name="2026-27", is_current=True)
    day = Matchday(league=league, season=season, teams=[_team(club) for club in CLUBS])
    SeasonTeam.objects.bulk_create(SeasonTeam(season=season, team=team) for team in day.teams)
    _sign(day)
    _earlier_rounds(day, at)
    _today(day, at)
    refresh_tables(season.pk)
    return day


def _team(club: tuple[str, str, str, str, str]) -> Team:
    name, short, code, color, color_alt = club
    return Team.objects.create(
        slug=code.lower(),
        name=name,
        short_name=short,
        code=code,
        sport="football",
        color=color,
        color_alt=color_alt,
        venue=Venue.objects.create(name=f"{short} Park", city=short),
    )


def _sign(day: Matchday) -> None:
    places = [(team, *told) for team in day.teams for told in SQUAD]
    players = Player.objects.bulk_create(
        Player(
            slug=f"{team.slug}-{shirt}",
            name=name,
            short_name=name.rsplit(maxsplit=1)[-1],
            sport="football",
            position=position,
            country="Portugal",
        )
        for team, shirt, position, name in places
    )
    RosterSpot.objects.bulk_create(
        RosterSpot(
            team=team, player=player, from_on="2026-07-01", shirt=shirt, position=player.position
        )
        for (team, shirt, _, _), player in zip(places, players, strict=True)
    )
    for (team, shirt, _, _), player in zip(places, players, strict=True):
        day.players[team.pk, shirt] = player


def _earlier_rounds(day: Matchday, at: datetime) -> None:
    scores = ((3, 1), (0, 0), (1, 2), (4, 4), (2, 0), (1, 1), (0, 3), (2, 1))
    matches = []
    for number in range(1, 5):
        for place in range(4):
            home, away = day.teams[place], day.teams[4 + (place + number) % 4]
            if number % 2:
                home, away = away, home
            goals = scores[(number * 3 + place) % len(scores)]
            matches.append(
                Match(
                    season=day.season,
                    home=home,
                    away=away,
                    matchday=number,
                    kickoff_at=at - timedelta(days=7 * (5 - number), hours=place),
                    status=MatchStatus.FINISHED,
                    home_score=goals[0],
                    away_score=goals[1],
                    period="2H",
                )
            )
    Match.objects.bulk_create(matches)


def _today(day: Matchday, at: datetime) -> None:
    t = day.teams
    plan: tuple[tuple[str, Team, Team, int, Mapping[str, Any]], ...] = (
        ("live", t[0], t[4], -85, {}),
        ("break", t[1], t[5], -50, {}),
        ("finished", t[2], t[6], -150, {}),
        ("scheduled", t[3], t[7], 90, {}),
        ("postponed", t[4], t[1], 120, {"status": MatchStatus.POSTPONED}),
        ("suspended", t[6], t[0], -60, {"vendor_status": MatchStatus.SUSPENDED}),
    )
    for name, home, away, minutes, fields in plan:
        day.matches[name] = Match.objects.create(
            season=day.season,
            home=home,
            away=away,
            venue=home.venue,
            matchday=5,
            kickoff_at=at + timedelta(minutes=minutes),
            data_at=at - timedelta(seconds=4),
            **fields,
        )
    day.matches["postponed"].status_reason = "Frozen pitch"
    day.matches["postponed"].save()
    logs = [
        _play(day, day.matches[name], at, upto=name)
        for name in ("live", "break", "finished", "suspended")
    ]
    fold_logs(logs)
    suspended = day.matches["suspended"]
    Match.objects.filter(pk=suspended.pk).update(status_reason="Thunderstorm over the ground")


def _play(day: Matchday, match: Match, at: datetime, *, upto: str) -> "Log":
    for team in (match.home, match.away):
        _sheet(day, match, team)
    log = Log(day=day, match=match, at=at, told_at=at - timedelta(minutes=1), held=[])
    home, away = match.home, match.away
    log.tell("period_start", "1H", 0)
    near, far = (92.0, 47.0), (78.0, 30.0)
    wide = {"outcome": "off_target"}
    log.tell("shot", "1H", 6, team=home, player="9", payload=wide, place=far)
    xg = {"xg": 0.31}
    log.tell("goal", "1H", 12, team=home, player="10", related="7", payload=xg, place=near)
    log.tell("yellow_card", "1H", 20, team=away, player="6")
    log.tell("goal", "1H", 33, team=away, player="9", payload={"xg": 0.12}, place=far)
    log.tell("corner", "1H", 40, team=home)
    if upto == "suspended":
        return log
    log.tell("period_end", "1H", 46)
    if upto == "break":
        return log
    log.tell("period_start", "2H", 0)
    cancelled = log.tell("goal", "2H", 6, team=home, player="9", place=near)
    log.tell("substitution", "2H", 10, team=away, player="11", related="18")
    log.tell("own_goal", "2H", 14, team=away, player="5")
    log.tell("second_yellow", "2H", 19, team=away, player="6")
    log.retract(cancelled, reason="VAR: offside")
    spot = {"penalty": True}
    log.tell("goal", "2H", 22, team=home, player="10", related="11", payload=spot, place=(89, 50))
    if upto == "finished":
        log.tell("period_end", "2H", 50)
        log.tell("match_end", "2H", 50)
    return log


def _sheet(day: Matchday, match: Match, team: Team) -> None:
    sheet = TeamSheet.objects.create(match=match, team=team, formation="4-3-3", coach="Ana Duarte")
    TeamSheetSpot.objects.bulk_create(
        TeamSheetSpot(
            sheet=sheet,
            player=day.players[team.pk, shirt],
            role=SheetRole.STARTER if order < _STARTERS else SheetRole.BENCH,
            position=position,
            shirt=shirt,
            order=order,
            is_captain=shirt == "10",
        )
        for order, (shirt, position, _name) in enumerate(SQUAD)
    )


@dataclass(slots=True)
class Log:
    """Writes a match's log as a feed would, one row per telling; with `held`, all when folded."""

    day: Matchday
    match: Match
    at: datetime
    seq: int = 0
    told_at: datetime | None = None
    held: list[PlayEvent] | None = None

    def tell(
        self,
        type_: str,
        period: str,
        minute: int,
        *,
        team: Team | None = None,
        player: str = "",
        related: str = "",
        payload: Mapping[str, Any] | None = None,
        place: tuple[float, float] | None = None,
    ) -> PlayEvent:
        """Add a fact; the last one told happened just now."""
        self.seq += 1
        people = self.day.players
        event = PlayEvent(
            match=self.match,
            seq=self.seq,
            lineage_id=uuid.uuid4(),
            type=type_,
            period=period,
            clock_ms=minute * 60_000,
            order=self.seq,
            team=team,
            player=people[team.pk, player] if team and player else None,
            related_player=people[team.pk, related] if team and related else None,
            payload=dict(payload or {}),
            x=place[0] if place else None,
            y=place[1] if place else None,
            occurred_at=self.at,
            ingested_at=self.told_at or self.at,
            source="test",
        )
        self._write(event)
        return event

    def retract(self, event: PlayEvent, *, reason: str) -> None:
        """Take a fact back."""
        self._revise(event, op=EventOp.RETRACT, reason=reason)

    def amend(
        self,
        event: PlayEvent,
        *,
        player: str = "",
        minute: int | None = None,
        certainty: str = "",
        reason: str = "",
    ) -> None:
        """Tell a fact otherwise: what is not given stays."""
        if player and event.team_id:
            event.player = self.day.players[event.team_id, player]
        if minute is not None:
            event.clock_ms = minute * 60_000
        event.certainty = certainty or event.certainty
        self._revise(event, op=EventOp.AMEND, reason=reason)

    def _revise(self, event: PlayEvent, *, op: EventOp, reason: str) -> None:
        self.seq += 1
        if self.held is not None:
            event = copy(event)  # the row as it was first told is still to be written
        event.pk = None
        event.event_id = uuid.uuid4()
        event.seq, event.rev, event.op, event.reason = self.seq, event.rev + 1, op, reason
        event.ingested_at = self.told_at or self.at
        self._write(event)

    def _write(self, event: PlayEvent) -> None:
        if self.held is None:
            event.save(force_insert=True)
        else:
            self.held.append(event)

    def fold(self) -> None:
        """Fold what was told, as the worker does."""
        fold_logs([self])


def fold_logs(logs: Sequence[Log]) -> None:
    """Write what the logs hold back and fold all their matches at once."""
    PlayEvent.objects.bulk_create([event for log in logs for event in log.held or ()])
    for log in logs:
        log.held = None
        log.match.head_seq = log.seq
    Match.objects.bulk_update([log.match for log in logs], ["head_seq"])
    fold_matches([log.match.pk for log in logs], from_scratch=True)
    for log in logs:
        log.match.refresh_from_db()
