"""The demo's fantasy games: simulated managers who have played since the season began.

They use the services that people use, at the moments when people would have: with a clock that
stands in the past, so deadlines, receipts, points and tables are those of a real game. One
transaction a game: nobody else locks rounds of a game that is still being told.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F

from accounts.models import User
from config import demo_clock
from fantasy.enums import GameState, LeagueKind, RoundState
from fantasy.models import Entry, Game, GamePlayer, Holding, Round, RoundMatch
from fantasy.rules.arranging import first_lineup
from fantasy.rules.autopick import Candidate, fill_squad
from fantasy.rules.game import GameRules
from fantasy.rules.lineups import Slot
from fantasy.rules.squads import Pick
from fantasy.services import deadlines, scoring, settlement
from fantasy.services.entries import NewEntry, create_entry
from fantasy.services.games import NewGame, create_game, publish_game, rules_of
from fantasy.services.leagues import NewLeague, create_league, join_league
from fantasy.services.lineups import LineupChoice, save_lineup
from fantasy.services.refusals import Refused
from fantasy.services.transfers import Move, confirm_transfers
from leagues.models import Season
from matches.models import OVER_STATUSES, Match

log = structlog.get_logger(__name__)

# Whoever acts before a deadline does it within this time.
_EARLY = timedelta(hours=1)
# A match of the past is over by then, whatever the vendor does.
_PLAYED = timedelta(hours=4)
_OPENED = timedelta(days=10)
_COUNTRIES = ("NO", "SE", "DE", "GB", "FR", "ES", "IT", "BR", "IN", "NG", "JP", "US", "")
_FIRST = (
    "Red",
    "Quiet",
    "Royal",
    "Northern",
    "Midnight",
    "Lucky",
    "Iron",
    "Golden",
    "Late",
    "Wild",
)
_SECOND = ("Foxes", "Harbour", "Owls", "Rovers", "Engine", "Comets", "Badgers", "Tide", "Wolves")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoGame:
    """What the demo's file says of a league's game."""

    rules: str
    name: str
    slug: str
    managers: int


def demo_game(told: Mapping[str, Any]) -> DemoGame | None:
    """Return the game of a league of the file, None where it has none."""
    game = told.get("fantasy")
    return DemoGame(**game) if game else None


def is_ready(season: Season, *, matches: int, at: datetime) -> bool:
    """All matches are told of, and those of the past are over and folded to their end.

    A round that is cut while matches are missing would lock too late for those that come.
    """
    if season.matches.count() < matches:
        return False
    past = Match.objects.filter(season=season, kickoff_at__lt=at - _PLAYED)
    folded = past.filter(status__in=OVER_STATUSES, head_seq__gt=0, folded_seq=F("head_seq"))
    count = past.count()
    return 0 < count <= folded.count() + count // 50


@transaction.atomic
def seed_game(season: Season, wanted: DemoGame, *, at: datetime) -> Game:
    """Make the game as if it had been open since before the season, and play it up to `at`."""
    chance = random.Random(wanted.slug)
    first = season.matches.order_by("kickoff_at").values_list("kickoff_at", flat=True)[0]
    demo_clock.stand_at(first - _OPENED)
    try:
        game = create_game(
            NewGame(season=season, rules=wanted.rules, name=wanted.name, slug=wanted.slug)
        )
        game = publish_game(game.pk)
        entries = _join(game, wanted.managers, chance)
        _found_leagues(entries)
        rounds = game.rounds.filter(state=RoundState.UPCOMING, deadline_at__lte=at)
        for round_ in rounds.select_related("game").order_by("number"):
            _play(round_, entries, chance, at=at)
    finally:
        demo_clock.run_again()
    log.info("demo_game_seeded", game=game.slug, entries=len(entries))
    return game


def act(game: Game, entries: Sequence[Entry], chance: random.Random) -> int:
    """Let these managers do something before the next deadline; return how many did."""
    players = list(game.players.order_by("number"))
    return sum(_act(game, entry, players, chance) for entry in entries)


def simulated(game: Game, count: int, chance: random.Random) -> list[Entry]:
    """Return some entries that belong to nobody."""
    rows = list(Entry.objects.filter(game=game, owner=None).order_by("number"))
    return chance.sample(rows, min(count, len(rows)))


def games_played() -> list[Game]:
    """Return the open games."""
    return list(Game.objects.filter(state=GameState.PUBLISHED).order_by("pk"))


def _play(round_: Round, entries: Sequence[Entry], chance: random.Random, *, at: datetime) -> None:
    demo_clock.stand_at(round_.deadline_at - _EARLY)
    act(round_.game, chance.sample(entries, len(entries) // 6), chance)
    demo_clock.stand_at(round_.deadline_at)
    deadlines.lock_round(round_.pk)
    demo_clock.stand_at(min(at, settlement.settles_at(round_) or at))
    matches = RoundMatch.objects.filter(round=round_).values_list("match", flat=True)
    scoring.score_matches(matches)
    scoring.follow_matches(round_.pk)
    settlement.settle_round(round_.pk, at=demo_clock.now())


def _join(game: Game, count: int, chance: random.Random) -> list[Entry]:
    rules = rules_of(game)
    players = list(game.players.order_by("number"))
    owners = list(User.objects.filter(email__endswith="@demo.example").order_by("pk"))
    entries = []
    for number in range(count):
        owner = owners[number] if number < len(owners) else None
        squad = _squad(rules, players, chance)
        if squad is None:
            break
        name = owner.display_name if owner else _name(number, chance)
        new = NewEntry(name=name, country=chance.choice(_COUNTRIES), is_ordered=True, **squad)
        entry, _ = create_entry(game.pk, new, owner_id=owner.pk if owner else None)
        entries.append(entry)
    return entries


def _name(number: int, chance: random.Random) -> str:
    return f"{chance.choice(_FIRST)} {chance.choice(_SECOND)} {number}"


def _squad(
    rules: GameRules, players: Sequence[GamePlayer], chance: random.Random
) -> dict[str, Any] | None:
    """A squad by taste: the dear are liked more, and each manager likes others."""
    candidates = [
        Candidate(
            pick=Pick(player=row.pk, position=row.position, club=row.team_id, price=row.price),
            worth=round((row.price + 30) * chance.random() ** 2),
        )
        for row in players
    ]
    picks = fill_squad(rules, (), candidates)
    if picks is None:
        return None
    slots = first_lineup(rules, picks)
    prices = {pick.player: pick.price for pick in picks}
    captain, vice = _leaders(rules, slots, prices, chance)
    return {"players": [slot.player for slot in slots], "captain": captain, "vice": vice}


def _leaders(
    rules: GameRules, slots: Sequence[Slot], prices: Mapping[int, int], chance: random.Random
) -> tuple[int | None, int | None]:
    if rules.captain is None:
        return None, None
    playing = [slot.player for slot in slots if slot.slot <= rules.lineup.size]
    best = sorted(playing, key=lambda player: -prices[player])[:4]
    captain, vice = chance.sample(best, 2)
    return captain, vice if rules.captain.vice else None


def _found_leagues(entries: Sequence[Entry]) -> None:
    """A league of friends, one head to head, and one that everybody may join."""
    if len(entries) < 2:
        return
    wanted = (
        (NewLeague(name="Friends and rivals"), 24),
        (NewLeague(name="Head to head", kind=LeagueKind.HEAD_TO_HEAD), 10),
        (NewLeague(name="Open to all", is_public=True), 20),
    )
    for new, size in wanted:
        league = create_league(entries[0].pk, new)
        for entry in entries[1:size]:
            join_league(entry.pk, league.code)


def _act(game: Game, entry: Entry, players: Sequence[GamePlayer], chance: random.Random) -> bool:
    held = list(Holding.objects.filter(entry=entry).order_by("slot").select_related("game_player"))
    try:
        if chance.random() < 0.6:
            confirm_transfers(entry.pk, [_move(held, players, chance)])
        else:
            save_lineup(entry.pk, _other_captain(rules_of(game), held, chance))
    except Refused:
        return False
    return True


def _move(held: Sequence[Holding], players: Sequence[GamePlayer], chance: random.Random) -> Move:
    sold = chance.choice(held).game_player
    mine = {holding.game_player_id for holding in held}
    like = [p for p in players if p.position == sold.position and p.pk not in mine]
    near = sorted(like, key=lambda p: abs(p.price - sold.price))[:8]
    return Move(sold=sold.pk, bought=chance.choice(near).pk)


def _other_captain(
    rules: GameRules, held: Sequence[Holding], chance: random.Random
) -> LineupChoice:
    slots = [
        Slot(player=h.game_player_id, position=h.game_player.position, slot=h.slot) for h in held
    ]
    prices = {h.game_player_id: h.game_player.price for h in held}
    captain, vice = _leaders(rules, slots, prices, chance)
    return LineupChoice(players=[s.player for s in slots], captain=captain, vice=vice)
