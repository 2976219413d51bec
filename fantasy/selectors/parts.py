"""What live points consist of, for as many entries as a page shows."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from django.db.models import Sum

from fantasy.enums import ScoreState
from fantasy.models import Lineup, PlayerScore, Round
from fantasy.rules.lineups import Slot
from fantasy.rules.loading import load_game
from fantasy.rules.parts import Brought, Parts, parts_of
from fantasy.rules.settling import NOBODY, RoundForm, settle, slots_of, unpacked
from fantasy.selectors.points import counting_scores, round_form
from fantasy.selectors.told import is_settled, told_adjustments

_FINAL = frozenset({ScoreState.SETTLED, ScoreState.CORRECTED})


def brought_by(scores: Iterable[PlayerScore], round_: Round) -> Brought:
    """Return what a player's matches of a round brought, by how final it is."""
    settled = live = bonus = 0
    for score in scores:
        if score.state in _FINAL or is_settled(round_):
            settled += score.points
        else:
            live += score.points - score.bonus
            bonus += score.bonus
    return Brought(settled=settled, live=live, bonus=bonus)


def entry_parts(round_: Round, entries: Collection[int]) -> Mapping[int, Parts]:
    """Return what the entries' points of a round consist of, by entry; who has none is left out.

    Six queries at most, however many are asked for. The game must be fetched along.
    """
    rules = load_game(round_.game.rules)
    chips = {chip.id: chip for chip in rules.chips}
    lineups = list(Lineup.objects.filter(round=round_, entry__in=entries))
    numbers = {n for row in lineups for n in unpacked(bytes(row.packed))} - {NOBODY}
    form = round_form(round_, numbers)
    brought = _brought(round_, numbers)
    given = told_adjustments().filter(round=round_, entry__in=entries).order_by()
    adjusted = dict(given.values_list("entry").annotate(sum=Sum("points")))
    found = {}
    for row in lineups:
        slots = _slots(row, form)
        settled = settle(rules, slots, form, chip=chips.get(row.chip))
        found[row.entry_id] = parts_of(
            rules, slots, settled, brought, hit=row.hit, adjusted=adjusted.get(row.entry_id, 0)
        )
    return found


def _slots(row: Lineup, form: RoundForm) -> tuple[Slot, ...]:
    return slots_of(
        bytes(row.packed),
        captain_slot=row.captain_slot,
        vice_slot=row.vice_slot,
        positions=form.positions,
    )


def _brought(round_: Round, numbers: Collection[int]) -> Mapping[int, Brought]:
    scores: dict[int, list[PlayerScore]] = defaultdict(list)
    rows = counting_scores(round_).filter(game_player__number__in=numbers)
    for score in rows.select_related("game_player").only(
        *("game_player__number", "round", "match", "points", "bonus", "state")
    ):
        scores[score.game_player.number].append(score)
    return {number: brought_by(held, round_) for number, held in scores.items()}
