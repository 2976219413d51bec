"""The table of all entries of a game, and of those of a country: every rank, page by page.

Order and ranks come from standings in memory, what stands beside them from a page of rows.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fantasy.enums import RoundState
from fantasy.models import Entry, Game, LineupResult, Round
from fantasy.rules.engine.ranking import Standings
from fantasy.rules.parts import Parts
from fantasy.selectors.live_ranks import live_round_of, snapshot_of
from fantasy.selectors.parts import entry_parts
from fantasy.selectors.settled_ranks import settled_standings
from fantasy.selectors.told import live_told, ranks_told
from fantasy.selectors.totals import with_totals

OVERALL_SIZE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """The standings that a reader may see: of the round under way, else of the last settled one.

    `before` is the settled round that ranks moved since.
    """

    round: Round
    standings: Standings
    is_live: bool
    before: Round | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OverallRow:
    """A place. `rank` is in the table, `overall` among all; `parts` are told while it is live."""

    rank: int
    overall: int
    last_rank: int | None
    total: int
    round_points: int | None
    entry: Entry
    parts: Parts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OverallPage:
    """A page of the table; without a round there are no points yet, or none that may be told."""

    round: Round | None
    is_live: bool
    country: str
    countries: Sequence[str]
    entries: int
    page: int
    pages: int
    rows: Sequence[OverallRow]


def ranked(game: Game) -> Ranked | None:
    """Return the newest standings that the reader may see, None where there are none."""
    if not ranks_told(game):
        return None
    settled = Round.objects.filter(game=game, state=RoundState.SETTLED).select_related("game")
    last = list(settled.order_by("-number")[:2])
    live = live_round_of(game.pk)
    if live is not None and live_told(live):
        snapshot = snapshot_of(live.pk)
        if snapshot is not None:
            before = last[0] if last else None
            return Ranked(round=live, standings=snapshot.standings, is_live=True, before=before)
    if not last:
        return None
    before = last[1] if len(last) > 1 else None
    standings = settled_standings(last[0])
    return Ranked(round=last[0], standings=standings, is_live=False, before=before)


def overall_page(found: Ranked | None, *, page: int = 1, country: str = "") -> OverallPage:
    """Return a page of the table; queries do not grow with the number of entries."""
    if found is None:
        return OverallPage(
            round=None,
            is_live=False,
            country=country,
            countries=(),
            entries=0,
            page=1,
            pages=1,
            rows=(),
        )
    size = found.standings.size(country=country)
    pages = max(1, -(-size // OVERALL_SIZE))
    return OverallPage(
        round=found.round,
        is_live=found.is_live,
        country=country,
        countries=[name for name in found.standings.countries if name],
        entries=size,
        page=page,
        pages=pages,
        rows=_rows(found, (page - 1) * OVERALL_SIZE, country),
    )


def page_of_entry(found: Ranked | None, entry: Entry, *, country: str = "") -> int | None:
    """Return the page that an entry is on, None where it is on none."""
    place = found.standings.place(entry.number, country=country) if found else None
    return None if place is None else place // OVERALL_SIZE + 1


def page_of_rank(found: Ranked | None, rank: int, *, country: str = "") -> int:
    """Return the page that has a rank, the last one for ranks beyond."""
    size = found.standings.size(country=country) if found else 0
    return (min(max(rank, 1), max(size, 1)) - 1) // OVERALL_SIZE + 1


def entry_documents(game: Game, public_ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return where entries of a game stand, by their ids: live if the reader may be told.

    Queries do not grow with their number. Null is what is not played, or not told.
    """
    held = with_totals(Entry.objects.filter(game=game, public_id__in=public_ids), game_id=game.pk)
    entries = list(held)
    found = ranked(game)
    settled = found is not None and not found.is_live
    pks = [entry.pk for entry in entries]
    brought = _settled_points(found.round, pks) if found and settled else {}
    return {entry.public_id: _document(found, entry, brought) for entry in entries}


def _document(found: Ranked | None, entry: Any, brought: Mapping[int, int]) -> dict[str, Any]:
    standings = found.standings if found else None
    total = standings.total(entry.number) if standings else None
    told: dict[str, Any] = {"id": entry.public_id, "round": found.round.number if found else None}
    told["is_live"] = found.is_live if found else False
    if standings is None or total is None:
        return told | dict.fromkeys(("points", "total", "rank", "country_rank", "entries"))
    points = brought.get(entry.pk)
    if told["is_live"]:
        points = total - (entry.total_points or 0) - standings.carried_by(entry.number)
    return told | {
        "points": points,
        "total": total,
        "rank": standings.rank(entry.number),
        "country_rank": standings.rank_in_country(entry.number),
        "entries": standings.ladder.size,
    }


def _rows(found: Ranked, start: int, country: str) -> list[OverallRow]:
    standings = found.standings
    numbers = standings.window(start, OVERALL_SIZE, country=country)
    if not len(numbers):
        return []
    game_id = found.round.game_id
    shown = Entry.objects.filter(game=game_id, number__in=numbers.tolist())
    held = with_totals(shown, game_id=game_id)
    entries = {row.number: row for row in held.select_related("owner", "game", "joined_round")}
    pks = [entry.pk for entry in entries.values()]
    brought = {} if found.is_live else _settled_points(found.round, pks)
    parts = entry_parts(found.round, pks) if found.is_live else {}
    moved = {} if country else _ranks_in(found.before, pks)
    ranks = standings.ranks_of(numbers, country=country).tolist()
    overall = standings.ranks_of(numbers).tolist()
    return [
        OverallRow(
            rank=rank,
            overall=among_all,
            last_rank=moved.get(entry.pk),
            total=int(standings.totals[number]),
            round_points=(
                int(standings.totals[number]) - entry.total_points - standings.carried_by(number)
                if found.is_live
                else brought.get(entry.pk)
            ),
            entry=entry,
            parts=parts.get(entry.pk),
        )
        for number, rank, among_all in zip(numbers.tolist(), ranks, overall, strict=True)
        if (entry := entries.get(number)) is not None
    ]


def _settled_points(round_: Round, entries: Sequence[int]) -> Mapping[int, int]:
    rows = LineupResult.objects.filter(round=round_, entry__in=entries)
    return {row.entry_id: row.points - row.hit + row.adjusted for row in rows}


def _ranks_in(round_: Round | None, entries: Sequence[int]) -> Mapping[int, int]:
    if round_ is None:
        return {}
    rows = LineupResult.objects.filter(round=round_, entry__in=entries)
    return dict(rows.values_list("entry", "rank"))
