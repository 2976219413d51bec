"""Leagues, teams and players for tests: only what a test says matters."""

from collections.abc import Sequence
from itertools import count
from typing import Any

from django.utils.text import slugify
from model_bakery import baker

from leagues.models import League, Player, RosterSpot, Season, SeasonTeam, Team

_numbers = count(1)


def make_league(name: str = "", **fields: Any) -> League:
    name = name or f"League {next(_numbers)}"
    return baker.make(League, **{"name": name, "slug": slugify(name), "sport": "generic", **fields})


def make_season(league: League | None = None, **fields: Any) -> Season:
    defaults = {"name": f"{1900 + next(_numbers)}", "is_current": True}
    return baker.make(Season, league=league or make_league(), **{**defaults, **fields})


def make_team(name: str = "", *, season: Season | None = None, **fields: Any) -> Team:
    name = name or f"Team {next(_numbers)}"
    sport = season.league.sport if season else "generic"
    team = baker.make(Team, **{"name": name, "slug": slugify(name), "sport": sport, **fields})
    if season:
        SeasonTeam.objects.create(season=season, team=team)
    return team


def make_players(positions: Sequence[str], *, team: Team, sport: str) -> list[Player]:
    """A player of the team for each position, all of them in two statements."""
    numbers = [next(_numbers) for _ in positions]
    players = Player.objects.bulk_create(
        Player(
            name=f"Player {number}",
            slug=f"player-{number}-{number}",
            sport=sport,
            position=position,
        )
        for number, position in zip(numbers, positions, strict=True)
    )
    RosterSpot.objects.bulk_create(
        RosterSpot(team=team, player=player, from_on="2026-01-01", shirt="7") for player in players
    )
    return players


def make_player(name: str = "", *, team: Team | None = None, **fields: Any) -> Player:
    number = next(_numbers)
    name = name or f"Player {number}"
    defaults = {"name": name, "slug": f"{slugify(name)}-{number}", "sport": "generic"}
    player = baker.make(Player, **{**defaults, **fields})
    if team:
        RosterSpot.objects.create(team=team, player=player, from_on="2026-01-01", shirt="7")
    return player
