"""Games: made on a league's season from a pack, looked at, published, kept true to the season."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.db import transaction

from config.clock import now
from fantasy.enums import Availability, GameState, RoundState
from fantasy.models import Game, GamePlayer, RoundMatch
from fantasy.rules.game import GameRules
from fantasy.rules.loading import load_game
from fantasy.services.following import Synced, follow_season
from fantasy.services.refusals import refuse
from leagues.models import Season


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGame:
    """What an admin says of a game to be."""

    season: Season
    rules: str
    name: str
    slug: str
    time_zone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a game has before it is published; `problems` must be mended first."""

    rounds: int
    matches: int
    players: Mapping[str, int]
    clubs: int
    problems: tuple[str, ...]


@lru_cache(maxsize=64)
def _rules(rules: str, _version: str) -> GameRules:
    return load_game(rules)


def rules_of(game: Game) -> GameRules:
    """Return the rules of a game, kept in the process: loading looks at files."""
    return _rules(game.rules, game.rules_version)


@transaction.atomic
def create_game(
    new: NewGame, *, prices: Mapping[int, int] | None = None, at: datetime | None = None
) -> Game:
    """Make a draft game with the season's players and the rounds that lock after `at`, else now.

    `prices` are tenths by player id; a player without one starts with that of the open formula.
    Raises Refused, and PackError when the pack has a fault.
    """
    rules = load_game(new.rules)
    if rules.sport != new.season.league.sport:
        raise refuse(
            "wrong_sport",
            f"{rules.name} is played on {rules.sport}, the league is {new.season.league.sport}.",
            "rules",
        )
    if Game.objects.filter(slug=new.slug).exists():
        raise refuse("slug_taken", f"There is a game {new.slug} already.", "slug")
    game = Game.objects.create(
        season=new.season,
        name=new.name,
        slug=new.slug,
        rules=rules.id,
        rules_version=rules.version,
        time_zone=new.time_zone or new.season.league.time_zone,
    )
    follow_season(game, rules, at=at or now(), prices=prices)
    return game


def preview(game: Game) -> Preview:
    """Say what the game has and what it lacks."""
    rules = rules_of(game)
    players = dict.fromkeys((p.id for p in rules.positions), 0)
    clubs = set()
    rows = game.players.exclude(status=Availability.GONE).values_list("position", "team_id")
    for position, team in rows:
        players[position] = players.get(position, 0) + 1
        clubs.add(team)
    rounds = game.rounds.exclude(state=RoundState.VOID).count()
    problems = [
        f"{players[p.id]} {p.label} can be picked, a squad needs {p.squad_min}."
        for p in rules.positions
        if players[p.id] < p.squad_min
    ]
    if rules.squad.club_cap and len(clubs) * rules.squad.club_cap < rules.squad.size:
        problems.append(f"{len(clubs)} clubs are too few for {rules.squad.size} players.")
    if not game.rounds.filter(state=RoundState.UPCOMING).exists():
        problems.append("No round is to come: the season has no match that counts.")
    return Preview(
        rounds=rounds,
        matches=RoundMatch.objects.filter(game=game).count(),
        players=players,
        clubs=len(clubs),
        problems=tuple(problems),
    )


@transaction.atomic
def publish_game(game_id: int) -> Game:
    """Open the game to fans. Publishing again changes nothing. Raises Refused with problems."""
    game = _locked(game_id)
    if game.state != GameState.DRAFT:
        return game
    if problems := preview(game).problems:
        raise refuse("not_ready", " ".join(problems))
    game.state, game.published_at = GameState.PUBLISHED, now()
    game.save(update_fields=["state", "published_at"])
    return game


@transaction.atomic
def finish_game(game_id: int) -> Game:
    """Close a game whose rounds are all settled. Raises Refused while one is not."""
    game = _locked(game_id)
    left = game.rounds.exclude(state__in=(RoundState.SETTLED, RoundState.VOID)).count()
    if game.state == GameState.DRAFT or left:
        raise refuse("rounds_left", f"{left} rounds are not settled yet.")
    game.state = GameState.FINISHED
    game.save(update_fields=["state"])
    return game


@transaction.atomic
def set_prices(game_id: int, prices: Mapping[int, int]) -> int:
    """Set start prices of a draft by `GamePlayer` id, in tenths; return how many changed."""
    game = _locked(game_id)
    if game.state != GameState.DRAFT:
        raise refuse("published", "Start prices stand once a game is published.", "prices")
    rows = list(game.players.filter(pk__in=prices))
    for row in rows:
        row.price = row.start_price = prices[row.pk]
    return GamePlayer.objects.bulk_update(rows, ["price", "start_price"], batch_size=500)


@transaction.atomic
def sync_game(game_id: int) -> Synced:
    """Follow the season: new players and clubs, new and moved matches. Twice changes nothing."""
    game = _locked(game_id)
    return follow_season(game, rules_of(game), at=now())


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What is known of a player's chance to be fielded."""

    status: Availability
    chance_percent: int | None = None
    text: str = ""


@transaction.atomic
def tell_news(game_player_id: int, news: News) -> None:
    """Say whether a player can be fielded; his price and squads stay as they are."""
    row = GamePlayer.objects.select_for_update(no_key=True).get(pk=game_player_id)
    row.status, row.chance_percent = news.status, news.chance_percent
    row.news, row.news_at = news.text, now()
    row.save(update_fields=["status", "chance_percent", "news", "news_at"])


def _locked(game_id: int) -> Game:
    games = Game.objects.select_related("season__league")
    return games.select_for_update(no_key=True, of=("self",)).get(pk=game_id)
