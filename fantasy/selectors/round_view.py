"""An entry's round as a page shows it: the line-up in its rows, and what its points consist of."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from django.db.models import Sum

from fantasy.enums import ScoreState
from fantasy.models import Entry, GamePlayer, LineupResult, Round, ScoreAdjustment
from fantasy.rules.game import GamePosition, GameRules
from fantasy.rules.lineups import LineupResult as Counted
from fantasy.rules.lineups import Slot
from fantasy.rules.loading import load_game
from fantasy.rules.parts import Parts, parts_of
from fantasy.selectors.opponents import Opponent, opponents
from fantasy.selectors.parts import brought_by
from fantasy.selectors.points import EntryRound, PlayerRound, entry_round, player_rounds
from fantasy.selectors.told import is_settled, round_told, told_adjustments

_FINAL = frozenset({ScoreState.SETTLED, ScoreState.CORRECTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A player of a line-up. `points` are his own; None: there are none yet, or not for all.

    `why` is "plays", "substitute", "bench", "absent" or "chip", `other` who came or went for him.
    """

    slot: int
    player: GamePlayer
    opponents: Sequence[Opponent]
    points: int | None = None
    bonus: int = 0
    multiplier: Fraction = Fraction(1)
    why: str = "plays"
    other: GamePlayer | None = None
    is_captain: bool = False
    is_vice: bool = False
    leads: bool = False
    appeared: bool = False
    is_final: bool = False

    @property
    def counted(self) -> int | None:
        """What the place brings, the captain's multiplier included."""
        return None if self.points is None else int(self.points * self.multiplier)

    @property
    def shown(self) -> int | None:
        """What stands on the shirt: a reserve's own points, else what the place brings."""
        return self.counted if self.multiplier else self.points


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedPlace:
    """The place behind all others, that a chip adds, and what he is who has it."""

    position: GamePosition
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundView:
    """A locked line-up; without `parts` its points may not be told."""

    round: Round
    rows: Sequence[tuple[GamePosition, Sequence[Place]]]
    bench: Sequence[Place]
    added: AddedPlace | None
    chip: str
    parts: Parts | None
    is_final: bool
    result: LineupResult | None
    bench_points: int | None
    adjustments: Sequence[ScoreAdjustment] = field(default=())

    @property
    def names(self) -> Sequence[str]:
        """The names of all in it."""
        return [place.player.player.display_name for place in self.places]

    @property
    def places(self) -> Iterator[Place]:
        """All places, those on the pitch first."""
        for _, places in self.rows:
            yield from places
        yield from self.bench
        if self.added is not None:
            yield self.added.place


def round_view(entry: Entry, round_: Round, *, is_told: bool) -> RoundView | None:
    """Return an entry's locked line-up with its points as they stand, None where it has none."""
    held = entry_round(entry, round_)
    if held is None:
        return None
    rules = load_game(round_.game.rules)
    found = player_rounds(round_, [slot.player for slot in held.slots])
    against = opponents(round_)
    places = [_place(rules, held, slot, found, against, is_told) for slot in held.slots]
    size = rules.lineup.size
    return RoundView(
        round=round_,
        rows=rows_of(rules, [place for place in places if place.slot <= size]),
        bench=[place for place in places if size < place.slot <= rules.squad.size],
        added=added_place(rules, places),
        chip=held.lineup.chip,
        parts=_parts(rules, held, round_, found) if is_told else None,
        is_final=held.is_final,
        result=_result(entry, round_) if is_told else None,
        bench_points=held.settled.bench_points if is_told else None,
        adjustments=_adjustments(entry, round_) if is_told else (),
    )


def rows_of(
    rules: GameRules, places: Sequence[Place]
) -> list[tuple[GamePosition, Sequence[Place]]]:
    """Return the places by position, in the game's order."""
    return [
        (position, [place for place in places if place.player.position == position.id])
        for position in rules.positions
        if position.play_max
    ]


def added_place(rules: GameRules, places: Sequence[Place]) -> AddedPlace | None:
    """Return the place that a chip adds, None without one."""
    found = next((place for place in places if place.slot > rules.squad.size), None)
    if found is None:
        return None
    return AddedPlace(position=rules.position(found.player.position), place=found)


def _place(
    rules: GameRules,
    held: EntryRound,
    slot: Slot,
    found: Mapping[int, PlayerRound],
    against: Mapping[int, Sequence[Opponent]],
    is_told: bool,
) -> Place:
    one, result = found[slot.player], held.settled.result
    common = {
        "slot": slot.slot,
        "player": one.player,
        "opponents": against.get(one.player.team_id, ()),
        "is_captain": slot.is_captain,
        "is_vice": slot.is_vice,
    }
    if not is_told:
        return Place(**common)  # type: ignore[arg-type]  # values of their own kinds
    why, other = _why(rules, slot, result)
    return Place(
        **common,  # type: ignore[arg-type]
        points=one.points if one.scores else None,
        bonus=one.bonus,
        multiplier=result.multipliers.get(slot.player, Fraction(0)),
        why=why,
        other=found[other].player if other is not None else None,
        leads=slot.player == result.captain,
        appeared=one.appeared,
        is_final=bool(one.scores) and all(score.state in _FINAL for score in one.scores),
    )


def _why(rules: GameRules, slot: Slot, result: Counted) -> tuple[str, int | None]:
    came_for = {came: went for went, came in result.substitutions}
    went_for = dict(result.substitutions)
    other = came_for.get(slot.player, went_for.get(slot.player))
    counts = bool(result.multipliers.get(slot.player, 0))
    if slot.player in came_for:
        return "substitute", other
    if slot.slot <= rules.lineup.size:
        return "plays" if counts else "absent", other
    return "chip" if counts else "bench", other


def _parts(
    rules: GameRules, held: EntryRound, round_: Round, found: Mapping[int, PlayerRound]
) -> Parts:
    given = told_adjustments().filter(entry=held.lineup.entry_id, round=round_)
    return parts_of(
        rules,
        held.slots,
        held.settled,
        {number: brought_by(one.scores, round_) for number, one in found.items()},
        hit=held.lineup.hit,
        adjusted=given.aggregate(sum=Sum("points"))["sum"] or 0,
    )


def _result(entry: Entry, round_: Round) -> LineupResult | None:
    if not is_settled(round_) or not round_told(round_):
        return None
    return LineupResult.objects.filter(entry=entry, round=round_).first()


def _adjustments(entry: Entry, round_: Round) -> list[ScoreAdjustment]:
    rows = told_adjustments().filter(entry=entry, round=round_)
    return list(rows.select_related("by").order_by("made_at"))
