"""Fantasy games for tests: a season with clubs and squads, rounds, players to pick, entries."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from config.clock import now
from fantasy.enums import GameState, RoundState
from fantasy.models import Entry, Game, GamePlayer, Holding, Round, RoundMatch
from leagues.models import Season, Team
from matches.models import Match
from tests.factories.leagues import make_league, make_player, make_players, make_season, make_team

_numbers = count(1)
# A number that stands nowhere else on a page: four digits are found in many an identifier.
TELLING = 791_979_197
# Players of each position at each club: enough for every squad.
CLUB = {"GKP": 2, "DEF": 5, "MID": 5, "FWD": 3}
# A legal squad in slot order: (position, number of its kind).
SQUAD = ["GKP"] + ["DEF"] * 4 + ["MID"] * 4 + ["FWD"] * 2 + ["GKP"] + ["DEF", "MID", "FWD"]


def make_game(season: Season | None = None, **fields: Any) -> Game:
    """A published game without rounds or players; `rules` is the pack's id."""
    number = next(_numbers)
    season = season or make_season(make_league(sport="football"))
    defaults = {
        "name": f"Game {number}",
        "slug": f"game-{number}",
        "rules": "fpl-2024-25",
        "rules_version": "1",
        "state": GameState.PUBLISHED,
        "published_at": now(),
    }
    return Game.objects.create(season=season, **{**defaults, **fields})


def make_round(game: Game, number: int = 0, **fields: Any) -> Round:
    """A round whose deadline is a week after the one before, the first in a day from now."""
    number = number or game.rounds.count() + 1
    starts_at = fields.pop("starts_at", None) or now() + timedelta(days=1 + 7 * (number - 1))
    defaults = {
        "name": f"Round {number}",
        "starts_at": starts_at,
        "deadline_at": starts_at - timedelta(minutes=90),
    }
    if fields.get("state", RoundState.UPCOMING) not in {RoundState.UPCOMING, RoundState.VOID}:
        defaults["locked_at"] = defaults["deadline_at"]
    return Round.objects.create(game=game, number=number, **{**defaults, **fields})


def make_round_match(
    round_: Round, home: Team, away: Team, *, kickoff_at: datetime | None = None, **fields: Any
) -> Match:
    """A match of the game's season that counts in the round."""
    match = Match.objects.create(
        season=round_.game.season,
        home=home,
        away=away,
        matchday=round_.number,
        kickoff_at=kickoff_at or round_.starts_at,
        **fields,
    )
    RoundMatch.objects.create(game=round_.game, round=round_, match=match)
    return match


def make_club(
    game: Game, name: str = "", *, price: int = 50, club: Mapping[str, int] = CLUB
) -> Team:
    """A team of the season whose players can all be picked at `price` tenths."""
    team = make_team(name, season=game.season)
    positions = [position for position, how_many in club.items() for _ in range(how_many)]
    players = make_players(positions, team=team, sport=game.season.league.sport)
    GamePlayer.objects.bulk_create(
        GamePlayer(
            game=game,
            player=player,
            team=team,
            position=player.position,
            number=number,
            price=price,
            start_price=price,
        )
        for number, player in enumerate(players, start=game.players.count())
    )
    return team


def make_game_player(game: Game, team: Team, position: str, **fields: Any) -> GamePlayer:
    """A player of `team` who can be picked."""
    player = fields.pop("player", None) or make_player(
        team=team, sport=game.season.league.sport, position=position
    )
    price = fields.pop("price", 50)
    defaults = {"number": game.players.count(), "price": price, "start_price": price}
    return GamePlayer.objects.create(
        game=game, player=player, team=team, position=position, **{**defaults, **fields}
    )


def pick_squad(game: Game, *, skip: int = 0) -> list[GamePlayer]:
    """A legal squad of the classic game in slot order, at most three of a club.

    `skip` clubs are left out, so that other squads can be had.
    """
    left: dict[str, list[GamePlayer]] = {}
    for player in game.players.select_related("player", "team").order_by("number"):
        left.setdefault(player.position, []).append(player)
    teams = list(dict.fromkeys(p.team_id for ps in left.values() for p in ps))[skip:]
    taken = dict.fromkeys(teams, 0)
    squad = []
    for position in SQUAD:
        picked = next(p for p in left[position] if taken.get(p.team_id, 3) < 3)
        left[position].remove(picked)
        taken[picked.team_id] += 1
        squad.append(picked)
    return squad


def make_entry(game: Game, squad: Sequence[GamePlayer] | None = None, **fields: Any) -> Entry:
    """An entry holding `squad` in slot order; the first outfielder is captain, the next vice."""
    number = fields.pop("number", game.entries.count())
    joined = fields.pop("joined_round", None) or game.rounds.order_by("number").first()
    squad = pick_squad(game) if squad is None else squad
    defaults = {
        "name": f"Entry {number}",
        "bank": 1000 - sum(player.price for player in squad),
        "free_transfers": 1,
    }
    entry = Entry.objects.create(
        game=game, number=number, joined_round=joined, **{**defaults, **fields}
    )
    Holding.objects.bulk_create(
        Holding(
            entry=entry,
            game_player=player,
            bought_price=player.price,
            slot=slot,
            is_captain=slot == 2,
            is_vice=slot == 3,
        )
        for slot, player in enumerate(squad, start=1)
    )
    return entry
