"""A season that was played, by the simulated vendor, and a game of random line-ups on it."""

import random
from collections.abc import Iterable
from datetime import timedelta

from django.apps import apps
from django.db import connection

from fantasy.enums import RoundState
from fantasy.models import Entry, Game, GamePlayer, Lineup, PlayerScore, Round, RoundMatch
from fantasy.rules.loading import load_game
from fantasy.rules.settling import settle, slots_of
from fantasy.selectors.points import round_form
from fantasy.selectors.totals import with_totals
from fantasy.services.scoring import score_matches
from fantasy.services.settlement import settle_round, settles_at
from leagues.models import Season
from matches.models import Match
from stats.models import StatLine
from tests.factories.fantasy import make_game, make_round
from tests.matches.vendor import KICKOFF
from tests.stats.correcting import Told, ingest
from tests.stats.test_corrections_proof import simulated

CHIPS = ("", "", "", "bboost", "3xc", "wildcard")


def play_season(sport: str, *, rounds: int) -> list[Told]:
    """Return the matches of a season of four teams, told and folded."""
    return ingest(simulated(sport, rounds=rounds), at=KICKOFF)


def game_on(season: Season, rules: str) -> Game:
    """Make a game on a season that was played: all who played, a locked round for each matchday."""
    game = make_game(season, rules=rules, rules_version=load_game(rules).version)
    _sign_players(game)
    matches: dict[int, list[Match]] = {}
    for match in Match.objects.filter(season=season).order_by("pk"):
        matches.setdefault(match.matchday or 1, []).append(match)
    for number, found in sorted(matches.items()):
        # The simulated vendor plays all at once; rounds need a time of their own.
        starts_at = KICKOFF + timedelta(days=7 * number)
        Match.objects.filter(pk__in=[m.pk for m in found]).update(kickoff_at=starts_at)
        round_ = make_round(game, number, starts_at=starts_at, state=RoundState.LOCKED)
        RoundMatch.objects.bulk_create(
            RoundMatch(game=game, round=round_, match=match) for match in found
        )
    return game


def _sign_players(game: Game) -> None:
    rules = load_game(game.rules)
    lines = StatLine.objects.filter(match__season=game.season).select_related("player")
    known = {line.player_id: line for line in lines.order_by("match", "player")}
    placed = (
        (line, position)
        for line in known.values()
        if (position := rules.position_of(line.player.position)) is not None
    )
    GamePlayer.objects.bulk_create(
        GamePlayer(
            game=game,
            player=line.player,
            team=line.team,
            number=number,
            position=position.id,
            price=50,
            start_price=50,
        )
        for number, (line, position) in enumerate(placed)
    )


def enter(game: Game, how_many: int, *, seed: str = "entries") -> list[Entry]:
    """Let so many entries play with random line-ups in each round."""
    dice = random.Random(seed)
    rounds = list(game.rounds.order_by("number"))
    entries = Entry.objects.bulk_create(
        Entry(game=game, name=f"Entry {number}", number=number, joined_round=rounds[0])
        for number in range(how_many)
    )
    players = list(game.players.all())
    Lineup.objects.bulk_create(
        random_lineup(game, entry, round_, players, dice) for entry in entries for round_ in rounds
    )
    return entries


def random_lineup(
    game: Game, entry: Entry, round_: Round, players: Iterable[GamePlayer], dice: random.Random
) -> Lineup:
    """A legal line-up of any players, whoever they play for and whatever they cost."""
    rules = load_game(game.rules)
    pool: dict[str, list[int]] = {}
    for player in players:
        pool.setdefault(player.position, []).append(player.number)
    left = {key: dice.sample(numbers, len(numbers)) for key, numbers in pool.items()}
    starters = _fill(
        rules.lineup.size, {p.id: (p.play_min, p.play_max) for p in rules.positions}, dice
    )
    squad = {p.id: (max(p.squad_min, starters[p.id]), p.squad_max) for p in rules.positions}
    whole = _fill(rules.squad.size, squad, dice)
    numbers = [left[key].pop() for key, count in starters.items() for _ in range(count)]
    bench = [key for key, count in whole.items() for _ in range(count - starters[key])]
    dice.shuffle(bench)
    # A reserve with a place of his own sits first.
    bench.sort(key=lambda key: not rules.position(key).bench_slot)
    numbers += [left[key].pop() for key in bench]
    captain, vice = dice.sample(range(1, rules.lineup.size + 1), 2)
    chip = dice.choice(CHIPS) if rules.chips else ""
    return Lineup(
        entry=entry,
        round=round_,
        packed=b"".join(number.to_bytes(2, "big") for number in numbers),
        captain_slot=captain if rules.captain else None,
        vice_slot=vice if rules.captain and rules.captain.vice else None,
        chip=chip,
        hit=dice.choice([0, 0, 0, 4, 8]),
        leaf=b"leaf",
    )


def _fill(size: int, bounds: dict[str, tuple[int, int]], dice: random.Random) -> dict[str, int]:
    """Return how many of each position, within their bounds, make up the size."""
    counts = {key: least for key, (least, _) in bounds.items()}
    while sum(counts.values()) < size:
        key = dice.choice([key for key, (_, most) in bounds.items() if counts[key] < most])
        counts[key] += 1
    return counts


def score_all(game: Game) -> None:
    """Score all matches of a game's rounds."""
    score_matches(RoundMatch.objects.filter(game=game).values_list("match", flat=True))
    # What a database does by itself in time: plans for empty tables take minutes.
    # Of our tables alone: the server's own are shared with the tests that run beside these.
    tables = ", ".join(model._meta.db_table for model in apps.get_models())
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {tables}")


def settle_all(game: Game) -> list[Round]:
    """Settle every round on its morning, in order."""
    settled = []
    for round_ in game.rounds.select_related("game").order_by("number"):
        due_at = settles_at(round_)
        assert due_at is not None
        assert settle_round(round_.pk, at=due_at)
        settled.append(round_)
    return settled


def derived(game: Game) -> dict[str, list]:
    """Return all that scoring and settling write, without times and keys."""
    scores = PlayerScore.objects.filter(round__game=game).order_by("match", "game_player")
    return {
        "scores": list(
            scores.values_list(
                *("match", "game_player", "lines", "points", "bonus", "bonus_basis", "columns"),
                *("minutes", "appeared"),
            )
        ),
        "results": list(
            game.rounds.order_by("number", "results__entry").values_list(
                *("number", "results__entry", "results__points", "results__hit"),
                *("results__adjusted", "results__total", "results__rank", "results__round_rank"),
                *("results__bench_points", "results__relieved", "results__captain_number"),
                "results__multiplier",
            )
        ),
        "totals": list(
            with_totals(game.entries.order_by("number")).values_list("number", "total_points")
        ),
    }


def plain_results(round_: Round) -> dict[int, tuple]:
    """Return what settlement must write for each entry, line-up by line-up by the pure rules."""
    rules = load_game(round_.game.rules)
    form = round_form(round_)
    chips = {chip.id: chip for chip in rules.chips}
    found = {}
    for lineup in Lineup.objects.filter(round=round_):
        slots = slots_of(
            lineup.packed,
            captain_slot=lineup.captain_slot,
            vice_slot=lineup.vice_slot,
            positions=form.positions,
        )
        settled = settle(rules, slots, form, chip=chips.get(lineup.chip))
        found[lineup.entry_id] = (
            settled.points,
            lineup.hit,
            settled.bench_points,
            settled.result.substitutions,
            settled.result.captain,
            settled.multiplier,
        )
    return found
