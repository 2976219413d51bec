"""What the players who counted for an entry did: sums of the columns that part the level."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from django.db.models import F

from fantasy.models import Lineup, LineupResult, PlayerScore
from fantasy.rules.game import GameRules
from fantasy.rules.settling import substitutions_of, unpacked

# What a table knows without looking at players.
_OWN = frozenset({"points", "transfers"})


def tie_columns(ties: Iterable[str]) -> tuple[str, ...]:
    """Return the columns of players that the game's ties name."""
    return tuple(name for tie in ties if (name := tie[1:]) not in _OWN)


def counted_sums(
    rules: GameRules,
    *,
    round_ids: Collection[int],
    entry_ids: Collection[int],
    columns: Sequence[str],
) -> Mapping[int, Mapping[str, int]]:
    """Return the sums of `columns` by entry over those who counted in the rounds; four queries.

    Whoever came in by an automatic substitution counts in place of the one who went out. A
    captain counts once.
    """
    if not columns or not round_ids or not entry_ids:
        return {}
    wanted = {"round_id__in": round_ids, "entry_id__in": entry_ids}
    results = LineupResult.objects.filter(**wanted)
    relieved = {(row.entry_id, row.round_id): row.relieved for row in results}
    did = _columns_by_player(round_ids, columns)
    sums: dict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(columns, 0))
    for lineup in Lineup.objects.filter(**wanted):
        came_on = relieved.get((lineup.entry_id, lineup.round_id), b"")
        for number in _counting(rules, lineup, bytes(came_on)):
            for column, value in did.get((lineup.round_id, number), {}).items():
                sums[lineup.entry_id][column] += value
    return sums


def _counting(rules: GameRules, lineup: Lineup, relieved: bytes) -> Sequence[int]:
    numbers, starters = unpacked(bytes(lineup.packed)), rules.lineup.size
    if lineup.chip and rules.chip(lineup.chip).bench_plays:
        return numbers
    came_in = dict(substitutions_of(relieved, numbers, starters=starters))
    return [came_in.get(number, number) for number in numbers[:starters]]


def _columns_by_player(
    round_ids: Collection[int], columns: Sequence[str]
) -> Mapping[tuple[int, int], Mapping[str, int]]:
    rows = PlayerScore.objects.filter(round_id__in=round_ids).values_list(
        "round_id", F("game_player__number"), "columns"
    )
    did: dict[tuple[int, int], dict[str, int]] = defaultdict(lambda: dict.fromkeys(columns, 0))
    for round_id, number, values in rows:
        for column in columns:
            did[round_id, number][column] += int(values.get(column, 0))
    return did
