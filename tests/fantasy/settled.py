"""Settled rounds for tests of leagues: results written as settlement writes them."""

from struct import pack

from config.clock import now
from fantasy.enums import RoundState
from fantasy.models import Entry, Lineup, LineupResult
from fantasy.rules.loading import load_game
from fantasy.rules.settling import substitutions_of, unpacked
from fantasy.selectors.totals import with_totals


def lock(round_, entries, **fields):
    """Give each entry a line-up of the players 0 to 14 and lock the round."""
    Lineup.objects.bulk_create(
        Lineup(
            entry=entry,
            round=round_,
            leaf=b"leaf",
            **{"packed": pack(">15H", *range(15)), "captain_slot": 2, **fields},
        )
        for entry in entries
    )
    round_.state, round_.locked_at = RoundState.LOCKED, now()
    round_.save()


def total_of(entry):
    """What an entry has scored in settled rounds."""
    return with_totals(Entry.objects.all()).get(pk=entry.pk).total_points


def swaps_of(result):
    """Who went out and who came on for him, by number."""
    lineup = Lineup.objects.get(entry=result.entry_id, round=result.round_id)
    starters = load_game(lineup.round.game.rules).lineup.size
    return substitutions_of(result.relieved, unpacked(lineup.packed), starters=starters)


def settle(round_, points, *, hits=None):
    """Write the results of a round by entry: (points before hits); totals grow by themselves."""
    for entry, scored in points.items():
        before = entry.results.filter(round__number__lt=round_.number)
        last = before.order_by("-round__number").first()
        hit = (hits or {}).get(entry, 0)
        total = (last.total if last else 0) + scored - hit
        LineupResult.objects.update_or_create(
            entry=entry,
            round=round_,
            defaults={"points": scored, "hit": hit, "total": total, "rank": 1},
        )
    round_.state, round_.settled_at = RoundState.SETTLED, now()
    round_.locked_at = round_.locked_at or now()
    round_.save()
