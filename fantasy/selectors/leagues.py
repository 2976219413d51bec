"""Tables of leagues as a reader may see them: as settled, and live while a round is played."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from django.db.models import Count, F, Q, QuerySet

from fantasy.enums import LeagueKind, RoundState
from fantasy.models import (
    Cup,
    CupTie,
    Entry,
    FantasyLeague,
    HeadToHead,
    LeagueMember,
    LineupResult,
    Phase,
    Round,
)
from fantasy.rules.loading import load_game
from fantasy.rules.parts import Parts
from fantasy.rules.tables import Meeting, Standing, classic_table, head_to_head_rows
from fantasy.selectors.live_ranks import carried_into, live_round_of, live_totals, rank_members
from fantasy.selectors.moves import counted_transfers
from fantasy.selectors.parts import entry_parts
from fantasy.selectors.told import live_told, ranks_told, round_told
from fantasy.selectors.totals import settled_totals

# Larger leagues are ranked when a round is settled; live totals are told of each page.
LIVE_RANKED = 2_000
PAGE_SIZE = 50
# What is told of an entry wherever it is named.
_ENTRY = ("entry__owner", "entry__game", "entry__joined_round")
_SIDES = tuple(
    f"{side}__{part}" for side in ("home", "away") for part in ("owner", "game", "joined_round")
)
MOST_IN_A_PHASE = 20_000
# A cup of a whole game begins with half as many ties as there are entries.
TIES_A_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class LeagueRow:
    """A member's place; what a reader may not know yet, or is not counted live, is None.

    `total` is what the league counts: points since it began, in a head-to-head league those of
    its matches. `round_points` are those of the round that `LeaguePage.round` tells, after hits.
    """

    entry: Entry
    rank: int | None
    last_rank: int | None
    total: int | None
    round_points: int | None = None
    played: int | None = None
    won: int | None = None
    drawn: int | None = None
    lost: int | None = None
    points_for: int | None = None
    parts: Parts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaguePage:
    """A page of a league's table. `round` is the one being played, else the last settled one.

    Before the league begins there is none.
    """

    league: FantasyLeague
    rows: Sequence[LeagueRow]
    round: Round | None
    is_live: bool
    entries: int
    page: int
    pages: int


def leagues_of(entry: Entry) -> QuerySet[LeagueMember]:
    """The memberships of an entry with their leagues, the number of entries as `entries`."""
    rows = LeagueMember.objects.filter(entry=entry)
    rows = rows.select_related("league__start_round", "league__owner", "league__game")
    return rows.annotate(entries=Count("league__members")).order_by("league__name", "league__pk")


def public_leagues(game_id: int) -> QuerySet[FantasyLeague]:
    """The public leagues of a game that still take entries."""
    rows = FantasyLeague.objects.filter(game=game_id, is_public=True, is_closed=False)
    rows = rows.select_related("start_round", "owner", "game").annotate(entries=Count("members"))
    return rows.filter(Q(max_entries__isnull=True) | Q(entries__lt=F("max_entries")))


def league_page(league: FantasyLeague, *, page: int = 1, size: int = PAGE_SIZE) -> LeaguePage:
    """Return a page of a league's table, live where it may be. Game and round are fetched along."""
    live = live_round_of(league.game_id)
    is_live = live is not None and live_told(live) and live.number >= league.start_round.number
    entries = league.members.count()
    round_ = live if is_live else _last_settled(league)
    if not ranks_told(league.game):
        rows: Sequence[LeagueRow] = _untold(league, page, size)
        round_, is_live = None, False
    elif league.kind == LeagueKind.HEAD_TO_HEAD:
        rows = _head_to_head(league, live if is_live else None, round_, page, size)
    elif live is not None and is_live and entries <= LIVE_RANKED:
        rows = _live_ranked(league, live, page, size)
    else:
        rows = _settled(league, live if is_live else None, round_, page, size)
    return LeaguePage(
        league=league,
        rows=_with_parts(live, rows) if live is not None and is_live else rows,
        round=round_,
        is_live=is_live,
        entries=entries,
        page=page,
        pages=max(1, -(-entries // size)),
    )


def _with_parts(live: Round, rows: Sequence[LeagueRow]) -> list[LeagueRow]:
    """Tell what each member's points of the round under way consist of."""
    parts = entry_parts(live, [row.entry.pk for row in rows])
    return [replace(row, parts=parts.get(row.entry.pk)) for row in rows]


def _last_settled(league: FantasyLeague) -> Round | None:
    """The last settled round that the league counts, None before there is one."""
    rounds = Round.objects.filter(game=league.game_id, state=RoundState.SETTLED)
    counted = rounds.filter(number__gte=league.start_round.number).select_related("game")
    return counted.order_by("-number").first()


def _part(rows: Sequence[LeagueRow], page: int, size: int) -> Sequence[LeagueRow]:
    return rows[(page - 1) * size : page * size]


def _members(league: FantasyLeague, page: int, size: int) -> list[LeagueMember]:
    rows = league.members.select_related(*_ENTRY).order_by("rank", "entry__number")
    return list(rows[(page - 1) * size : page * size])


def _untold(league: FantasyLeague, page: int, size: int) -> list[LeagueRow]:
    """Return members by name: an order by points would tell them."""
    rows = league.members.select_related(*_ENTRY).order_by("entry__name", "entry__number")
    return [
        LeagueRow(entry=member.entry, rank=None, last_rank=None, total=None)
        for member in rows[(page - 1) * size : page * size]
    ]


def _settled(
    league: FantasyLeague, live: Round | None, round_: Round | None, page: int, size: int
) -> list[LeagueRow]:
    members = _members(league, page, size)
    entries = [member.entry for member in members]
    counted = _live_counted(league, live, entries) if live else {}
    brought = _live_points(live, entries) if live else _round_points(round_, entries)
    return [
        LeagueRow(
            entry=member.entry,
            rank=member.rank,
            last_rank=member.last_rank,
            total=member.points + counted.get(member.entry_id, 0),
            round_points=brought.get(member.entry_id),
        )
        for member in members
    ]


def _live_ranked(league: FantasyLeague, live: Round, page: int, size: int) -> Sequence[LeagueRow]:
    members = {m.entry_id: m for m in league.members.select_related(*_ENTRY)}
    entries = [member.entry for member in members.values()]
    settled = settled_totals(Entry.objects.filter(pk__in=members), game_id=league.game_id)
    brought = _live_points(live, entries, settled)
    carried = carried_into(league.start_round, [entry.number for entry in entries])
    ranked = rank_members(
        live.pk,
        entries,
        settled=settled,
        # What an entry had before the league began: its total less what the league counted, and
        # what it has in rounds that are not settled and came before the league.
        before={pk: settled[pk] - m.points + carried[m.entry.number] for pk, m in members.items()},
        ties=_transfers(league, members, through=live.number),
    )
    rows = [
        LeagueRow(
            entry=members[row.entry_id].entry,
            rank=row.rank,
            last_rank=members[row.entry_id].rank,
            total=row.points,
            round_points=brought.get(row.entry_id),
        )
        for row in ranked
    ]
    return _part(rows, page, size)


def _transfers(
    league: FantasyLeague, entry_ids: Collection[int], *, through: int
) -> Mapping[int, int]:
    rules = load_game(league.game.rules)
    if "-transfers" not in rules.leagues.classic_ties:
        return {}
    made = counted_transfers(rules).filter(entry__in=entry_ids, round__number__lte=through)
    return dict(made.order_by().values_list("entry").annotate(count=Count("pk")))


def _live_points(
    round_: Round, entries: Sequence[Entry], settled: Mapping[int, int] | None = None
) -> Mapping[int, int]:
    """Return what entries brought in a round under way, hits taken off, by entry."""
    totals = live_totals(round_.pk, [entry.number for entry in entries])
    if settled is None:
        own = Entry.objects.filter(pk__in=[entry.pk for entry in entries])
        settled = settled_totals(own, game_id=round_.game_id)
    return {
        entry.pk: found.total - settled[entry.pk] - found.carried
        for entry in entries
        if (found := totals.get(entry.number)) is not None
    }


def _live_counted(
    league: FantasyLeague, live: Round, entries: Sequence[Entry]
) -> Mapping[int, int]:
    """Return what entries have that the league counts once it is settled, by entry."""
    numbers = [entry.number for entry in entries]
    totals = live_totals(live.pk, numbers)
    carried = carried_into(league.start_round, numbers)
    own = Entry.objects.filter(pk__in=[entry.pk for entry in entries])
    settled = settled_totals(own, game_id=live.game_id)
    return {
        entry.pk: found.total - settled[entry.pk] - carried[entry.number]
        for entry in entries
        if (found := totals.get(entry.number)) is not None
    }


def _round_points(round_: Round | None, entries: Sequence[Entry]) -> Mapping[int, int]:
    if round_ is None:
        return {}
    rows = LineupResult.objects.filter(round=round_, entry__in=[entry.pk for entry in entries])
    return {row.entry_id: row.points - row.hit + row.adjusted for row in rows}


def _head_to_head(
    league: FantasyLeague, live: Round | None, round_: Round | None, page: int, size: int
) -> Sequence[LeagueRow]:
    members = _members(league, page, size)
    played = league.fixtures.filter(home_points__isnull=False)
    meetings = [
        Meeting(home=home, away=away, home_points=own, away_points=other)
        for home, away, own, other in played.values_list(
            "home", "away", "home_points", "away_points"
        )
        if own is not None and other is not None
    ]
    rules = load_game(league.game.rules).leagues
    seasons = head_to_head_rows([m.entry_id for m in members], meetings, rules)
    entries = [member.entry for member in members]
    brought = _live_points(live, entries) if live else _round_points(round_, entries)
    return [
        LeagueRow(
            entry=member.entry,
            rank=member.rank,
            last_rank=member.last_rank,
            total=season.points,
            round_points=brought.get(member.entry_id),
            played=season.played,
            won=season.won,
            drawn=season.drawn,
            lost=season.lost,
            points_for=season.total,
        )
        for member in members
        for season in (seasons[member.entry_id],)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class FixtureRow:
    """A head-to-head match; scores are None until it is played, or may be told."""

    fixture: HeadToHead
    home_points: int | None
    away_points: int | None
    is_live: bool


def fixtures_of(league: FantasyLeague, round_: Round) -> list[FixtureRow]:
    """Return a head-to-head league's matches of a round, live ones with what they stand at."""
    rows = league.fixtures.filter(round=round_).select_related(*_SIDES)
    fixtures = list(rows.order_by("pk"))
    is_played = round_.state in {RoundState.LOCKED, RoundState.LIVE, RoundState.PROVISIONAL}
    is_told = live_told(round_) if is_played else round_told(round_)
    if not (is_told and is_played):
        return [
            FixtureRow(
                fixture=row,
                home_points=row.home_points if is_told else None,
                away_points=row.away_points if is_told else None,
                is_live=False,
            )
            for row in fixtures
        ]
    sides = [side for row in fixtures for side in (row.home, row.away) if side is not None]
    points = _live_points(round_, sides)
    return [
        FixtureRow(
            fixture=row,
            home_points=points.get(row.home_id),
            away_points=None if row.away_id is None else points.get(row.away_id),
            is_live=True,
        )
        for row in fixtures
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class TieRow:
    """A cup tie; who went through, and how, is None and empty until it may be told."""

    tie: CupTie
    home_points: int | None
    away_points: int | None
    winner: Entry | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSize:
    """How many ties a stage of a cup has, and how many of them are byes."""

    ties: int
    byes: int


def stage_sizes(cup: Cup) -> Mapping[int, StageSize]:
    """Return the sizes of a cup's stages by the round's id."""
    rows = cup.ties.order_by().values_list("round")
    counted = rows.annotate(ties=Count("pk"), byes=Count("pk", filter=Q(away=None)))
    return {round_id: StageSize(ties=ties, byes=byes) for round_id, ties, byes in counted}


def cup_ties(cup: Cup, round_: Round, *, page: int = 1, of: Entry | None = None) -> list[TieRow]:
    """Return a page of a cup's ties of a round, or those of an entry.

    The round's game is fetched along.
    """
    rows = cup.ties.filter(round=round_).select_related(*_SIDES, "winner").order_by("number")
    if of is not None:
        rows = rows.filter(Q(home=of) | Q(away=of))
    rows = rows[(page - 1) * TIES_A_PAGE : page * TIES_A_PAGE]
    is_told = round_told(round_)
    return [
        TieRow(
            tie=row,
            home_points=row.home_points if is_told else None,
            away_points=row.away_points if is_told else None,
            winner=row.winner if is_told else None,
            reason=row.reason if is_told else "",
        )
        for row in rows
    ]


def cup_rounds(cup: Cup) -> list[Round]:
    """Return the rounds whose ties are drawn and may be told: a draw tells who went through."""
    rounds = Round.objects.filter(pk__in=cup.ties.values("round")).select_related("game")
    told: list[Round] = []
    for round_ in rounds.order_by("number"):
        if told and not round_told(told[-1]):
            break
        told.append(round_)
    return told


def phase_table(league: FantasyLeague, phase: Phase) -> Sequence[LeagueRow]:
    """Return a classic league's table over the settled rounds of a phase, all of it."""
    if not ranks_told(league.game):
        return _untold(league, 1, MOST_IN_A_PHASE)
    first = max(phase.first_round.number, league.start_round.number)
    members = {m.entry_id: m for m in league.members.select_related(*_ENTRY)}
    results = LineupResult.objects.filter(
        entry__in=members,
        round__number__gte=first,
        round__number__lte=phase.last_round.number,
        round__game=league.game_id,
    )
    points: dict[int, int] = dict.fromkeys(members, 0)
    for entry_id, brought, hit, adjusted in results.values_list(
        "entry", "points", "hit", "adjusted"
    ):
        points[entry_id] += brought - hit + adjusted
    made = _transfers(league, members, through=phase.last_round.number)
    table = classic_table(
        (
            Standing(entry=pk, points=total, stats={"transfers": made.get(pk, 0)})
            for pk, total in points.items()
        ),
        load_game(league.game.rules).leagues.classic_ties,
    )
    return [
        LeagueRow(
            entry=members[place.entry].entry,
            rank=place.rank,
            last_rank=None,
            total=points[place.entry],
        )
        for place in table
    ]
