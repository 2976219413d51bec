"""Rounds under way with random legal line-ups and scores, in the database."""

import random
import struct
from collections import Counter
from collections.abc import Mapping, Sequence

from fantasy.enums import RoundState
from fantasy.models import Entry, Lineup, LineupResult, PlayerScore, Round
from fantasy.rules.game import GameRules
from fantasy.rules.lineups import is_legal_shape
from fantasy.rules.loading import load_game
from fantasy.rules.settling import NOBODY
from matches.enums import MatchStatus
from tests.factories.fantasy import make_club, make_game, make_round, make_round_match

CLUBS = 4


def make_live_round(
    rng: random.Random, *, entries: int = 30, plain: bool = False, past: bool = False, **fields
) -> Round:
    """A round of two matches under way, `entries` with random line-ups.

    Some have chips or hits, unless they are `plain`. With a `past` it is the second round, and
    the entries have totals after the first one.
    """
    game = make_game(**fields)
    clubs = [make_club(game) for _ in range(CLUBS)]
    before = make_round(game, state=RoundState.SETTLED) if past else None
    round_ = make_round(game, state=RoundState.LIVE)
    for home, away in zip(clubs[::2], clubs[1::2], strict=True):
        make_round_match(round_, home, away, status=MatchStatus.LIVE)
    numbers = numbers_by_position(round_)
    made, results, lineups = [], [], []
    for number in range(entries):
        entry = Entry(
            game=game,
            number=number,
            joined_round=before or round_,
            name=f"Entry {number}",
            bank=1000,
            free_transfers=1,
            country=rng.choice(["", "NO", "BR"]),
        )
        made.append(entry)
        if before:
            total = rng.randrange(200)
            results.append(LineupResult(entry=entry, round=before, points=0, total=total, rank=1))
        lineups.append(random_lineup(rng, round_, entry, numbers, plain=plain))
    Entry.objects.bulk_create(made)
    LineupResult.objects.bulk_create(results)
    Lineup.objects.bulk_create(lineups)
    return round_


def make_lineup(rng: random.Random, round_: Round, entry: Entry, *, plain: bool = False) -> Lineup:
    """One more line-up of the round."""
    lineup = random_lineup(rng, round_, entry, numbers_by_position(round_), plain=plain)
    lineup.save()
    return lineup


def random_lineup(
    rng: random.Random,
    round_: Round,
    entry: Entry,
    by_position: Mapping[str, Sequence[int]],
    *,
    plain: bool,
) -> Lineup:
    rules = load_game(round_.game.rules)
    chip = None if plain else rng.choice([None, None, None, *rules.chips])
    numbers = _random_squad(rng, rules, by_position, chip.adds if chip else "")
    captain, vice = rng.sample(range(1, rules.lineup.size + 1), 2)
    return Lineup(
        entry=entry,
        round=round_,
        packed=struct.pack(f">{len(numbers)}H", *numbers),
        captain_slot=captain,
        vice_slot=vice,
        chip=chip.id if chip else "",
        hit=0 if plain else rng.choice([0, 0, 0, 4]),
        leaf=b"leaf",
    )


def random_squad(rng: random.Random, round_: Round, extra: str = "") -> list[int]:
    """Numbers in slot order: a legal eleven, the reserves, and who a chip adds."""
    return _random_squad(rng, load_game(round_.game.rules), numbers_by_position(round_), extra)


def numbers_by_position(round_: Round) -> dict[str, list[int]]:
    """Whom line-ups may name."""
    found: dict[str, list[int]] = {}
    for number, position in round_.game.players.values_list("number", "position"):
        found.setdefault(position, []).append(number)
    return found


def _random_squad(
    rng: random.Random, rules: GameRules, by_position: Mapping[str, Sequence[int]], extra: str
) -> list[int]:
    squad = [
        (number, position)
        for position in rules.positions
        for number in rng.sample(by_position.get(position.id, []), position.squad_max)
    ]
    while True:
        rng.shuffle(squad)
        eleven = squad[: rules.lineup.size]
        if is_legal_shape(rules, _counted(eleven)):
            break
    rest = sorted(squad[rules.lineup.size :], key=lambda held: not held[1].bench_slot)
    numbers = [number for number, _ in (*eleven, *rest)]
    if extra:
        numbers.append(rng.choice(by_position.get(extra, [NOBODY])))
    return numbers


def _counted(held) -> Counter[str]:
    return Counter(position.id for _, position in held)


def play(rng: random.Random, round_: Round, *, share: float = 0.2) -> None:
    """Some players appear, or get other points than they had."""
    matches = {
        team: match
        for place in round_.round_matches.select_related("match")
        for match in [place.match]
        for team in (match.home_id, match.away_id)
    }
    for player in round_.game.players.order_by("number"):
        if rng.random() < share:
            PlayerScore.objects.update_or_create(
                round=round_,
                match=matches[player.team_id],
                game_player=player,
                defaults={"points": rng.randrange(-3, 15), "appeared": rng.random() < 0.9},
            )


def end(round_: Round, count: int | None = None) -> None:
    """Let the first matches end, or all."""
    for place in round_.round_matches.order_by("pk")[:count]:
        place.match.status = MatchStatus.FINISHED
        place.match.save()
