"""Keeping a game true to its season: its players, its rounds, and which match counts where."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean
from zoneinfo import ZoneInfo

from django.db.models import Max, Q

from fantasy.enums import Availability, RoundState
from fantasy.models import Game, GamePlayer, Round, RoundMatch
from fantasy.rules.game import GameRules
from fantasy.rules.points import match_columns, score_line, total
from fantasy.rules.rounds import (
    Fixture,
    RoundPlan,
    after_deadline,
    deadline_of,
    moved_deadline,
    plan_rounds,
    round_at,
    within_reach,
)
from fantasy.rules.start_prices import Form, start_prices
from leagues.models import RosterSpot, Season
from leagues.packs.loader import idle_positions
from matches.enums import MatchStatus
from matches.models import OVER_STATUSES, Match
from stats.models import StatLine

# A match that is not played for now counts nowhere until it has a new kick-off.
_OFF = (MatchStatus.POSTPONED, MatchStatus.CANCELLED)
_BEFORE = (*_OFF, MatchStatus.SCHEDULED, MatchStatus.DELAYED, MatchStatus.LINEUPS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What changed when a game followed its season."""

    players_added: int = 0
    players_changed: int = 0
    rounds_added: int = 0
    rounds_moved: int = 0
    matches_moved: int = 0


def follow_season(
    game: Game, rules: GameRules, *, at: datetime, prices: Mapping[int, int] | None = None
) -> Synced:
    """Add what is new of the season and move what moved, within the caller's transaction.

    `prices` are start prices of new players in tenths; the game's row is locked.
    """
    added, changed = _sync_players(game, rules, at=at, prices=prices or {})
    rounds_added, rounds_moved, matches_moved = _sync_rounds(game, rules, at=at)
    return Synced(
        players_added=added,
        players_changed=changed,
        rounds_added=rounds_added,
        rounds_moved=rounds_moved,
        matches_moved=matches_moved,
    )


def _sync_players(
    game: Game, rules: GameRules, *, at: datetime, prices: Mapping[int, int]
) -> tuple[int, int]:
    _follow_merges(game)
    spots = _spots(game.season, at)
    held = {row.player_id: row for row in game.players.all()}
    fresh = _new_players(
        game, rules, [s for s in spots.values() if s.player_id not in held], prices
    )
    GamePlayer.objects.bulk_create(fresh, batch_size=1000)
    changed = [row for row in held.values() if _follow(row, spots.get(row.player_id), at)]
    GamePlayer.objects.bulk_update(
        changed, ["team", "status", "chance_percent", "news", "news_at"], batch_size=500
    )
    return len(fresh), len(changed)


def _follow_merges(game: Game) -> None:
    """Let a row whose player turned out to be another one stand for him; squads keep it."""
    merged = game.players.filter(player__merged_into__isnull=False).select_related("player")
    for row in merged.order_by("number"):
        keep = row.player.merged_into_id
        if keep is not None and not game.players.filter(player=keep).exists():
            row.player_id = keep
            row.save(update_fields=["player"])


def _spots(season: Season, at: datetime) -> dict[int, RosterSpot]:
    """The newest open place of each player at a club of the season."""
    day = at.date()
    rows = RosterSpot.objects.filter(
        Q(until_on__isnull=True) | Q(until_on__gte=day), team__seasons=season
    )
    rows = rows.select_related("player").order_by("from_on", "pk")
    return {row.player_id: row for row in rows if row.player.merged_into_id is None}


def _follow(row: GamePlayer, spot: RosterSpot | None, at: datetime) -> bool:
    """Let the row follow its player to another club, or out of the competition."""
    if spot is None:
        if row.status == Availability.GONE:
            return False
        row.status, row.chance_percent = Availability.GONE, 0
        row.news, row.news_at = "Has left the competition.", at
        return True
    if row.status == Availability.GONE:
        row.status, row.chance_percent, row.news, row.team_id = (
            Availability.AVAILABLE,
            None,
            "",
            spot.team_id,
        )
        return True
    if row.team_id == spot.team_id:
        return False
    row.team_id = spot.team_id
    return True


def _new_players(
    game: Game, rules: GameRules, spots: Sequence[RosterSpot], prices: Mapping[int, int]
) -> list[GamePlayer]:
    idle = idle_positions(rules.sport)
    placed = [
        (spot, position.id)
        for spot in spots
        if (position := rules.position_of(spot.position or spot.player.position))
        # Who coaches a club now is no player of it, whatever he once was.
        or (spot.position not in idle and (position := rules.position_of(spot.player.position)))
    ]
    if not placed:
        return []
    forms = _forms(game, rules, placed)
    starts = {**start_prices(rules, forms), **prices}
    last = game.players.aggregate(last=Max("number"))["last"]
    first = 0 if last is None else last + 1
    return [
        GamePlayer(
            game=game,
            player_id=spot.player_id,
            team_id=spot.team_id,
            number=number,
            position=position,
            price=starts[spot.player_id],
            start_price=starts[spot.player_id],
        )
        for number, (spot, position) in enumerate(placed, start=first)
    ]


def _forms(game: Game, rules: GameRules, placed: Iterable[tuple[RosterSpot, str]]) -> list[Form]:
    """What each player brought a match in the league so far, by the rules of the game."""
    positions = {spot.player_id: position for spot, position in placed}
    brought: dict[int, list[int]] = {}
    lines = StatLine.objects.filter(
        match__season__league=game.season.league_id, player__in=positions
    ).values_list("player_id", "values")
    for player, values in lines.iterator(chunk_size=2000):
        points = total(score_line(rules, position=positions[player], columns=values))
        brought.setdefault(player, []).append(points)
    brought |= _brought_by_results(game, rules, placed)
    return [
        Form(
            player=player,
            position=position,
            mean=fmean(brought[player]) if player in brought else None,
        )
        for player, position in positions.items()
    ]


def _brought_by_results(
    game: Game, rules: GameRules, placed: Iterable[tuple[RosterSpot, str]]
) -> dict[int, list[int]]:
    """What those whom a chip adds would have brought: they have no lines, their clubs results."""
    added = {spot: position for spot, position in placed if position in rules.added_positions}
    if not added:
        return {}
    results: dict[int, list[tuple[int, int]]] = defaultdict(list)
    rows = Match.objects.filter(season__league=game.season.league_id, status__in=OVER_STATUSES)
    for home, away, *score in rows.values_list("home", "away", "home_score", "away_score"):
        if score[0] is not None and score[1] is not None:
            results[home].append((score[0], score[1]))
            results[away].append((score[1], score[0]))
    return {
        spot.player_id: [
            total(
                score_line(
                    rules,
                    position=position,
                    columns=match_columns(goals_for=own, goals_against=other),
                )
            )
            for own, other in results[spot.team_id]
        ]
        for spot, position in added.items()
        if results[spot.team_id]
    }


def _sync_rounds(game: Game, rules: GameRules, *, at: datetime) -> tuple[int, int, int]:
    """Make missing rounds, move deadlines, put matches where their kick-off falls.

    What is locked keeps its matches, except those that were called off. A match that would begin
    before its round locks counts nowhere.
    """
    rounds = {row.number: row for row in game.rounds.select_for_update(no_key=True)}
    placed = dict(RoundMatch.objects.filter(game=game).values_list("match_id", "round__number"))
    frozen = {n for n, row in rounds.items() if row.state != RoundState.UPCOMING}
    fixtures = _fixtures(game, placed, rounds)
    if not fixtures:
        return 0, 0, 0
    cut = plan_rounds(fixtures, rules.rounds, zone=ZoneInfo(game.time_zone))
    plans = _around_frozen(cut, fixtures, placed, frozen) if placed else cut
    # By its own matches: what falls to it of a locked round may be over.
    wanting = {plan.number for plan in plans} - rounds.keys()
    added = _make_rounds(game, rules, [plan for plan in cut if plan.number in wanting], at=at)
    rounds |= {row.number: row for row in added}
    kickoffs = {fixture.match: fixture.kickoff_at for fixture in fixtures}
    wanted: dict[int, int] = {}
    moved = []
    for plan in plans:
        if (row := rounds.get(plan.number)) is None:
            continue
        matches = plan.matches
        if plan.number not in frozen:
            matches, starts_at, deadline_at = _reckoned(row, plan, kickoffs, rules, at=at)
            if _move(row, starts_at=starts_at, deadline_at=deadline_at):
                moved.append(row)
        wanted |= dict.fromkeys(matches, plan.number)
    Round.objects.bulk_update(moved, ["starts_at", "deadline_at"])
    return len(added), len(moved), _place(game, rounds, placed, wanted)


def _reckoned(
    row: Round,
    plan: RoundPlan,
    kickoffs: Mapping[int, datetime],
    rules: GameRules,
    *,
    at: datetime,
) -> tuple[tuple[int, ...], datetime, datetime]:
    """Return what counts in a round to come, its first kick-off and its deadline."""
    reached = within_reach(plan.matches, kickoffs, rules.rounds, deadline_at=row.deadline_at, at=at)
    wanted = (deadline_of(kickoffs[match], rules.rounds) for match in reached)
    new = min(wanted, default=row.deadline_at)
    deadline_at = moved_deadline(row.deadline_at, new, at=at)
    matches = after_deadline(reached, kickoffs, deadline_at=deadline_at)
    starts_at = min((kickoffs[match] for match in matches), default=row.starts_at)
    # It stays where the match it was held for has begun meanwhile, and moves with the others.
    return matches, starts_at, row.deadline_at if starts_at == row.starts_at else deadline_at


def _fixtures(game: Game, placed: Mapping[int, int], rounds: Mapping[int, Round]) -> list[Fixture]:
    settled = {n for n, row in rounds.items() if row.state == RoundState.SETTLED}
    rows = Match.objects.filter(season=game.season_id).values_list(
        "pk", "matchday", "kickoff_at", "status"
    )
    return [
        Fixture(
            match=pk,
            matchday=matchday,
            kickoff_at=kickoff_at,
            is_begun=status not in _BEFORE,
        )
        for pk, matchday, kickoff_at, status in rows
        if status not in _OFF or placed.get(pk) in settled
    ]


def _around_frozen(
    plans: Sequence[RoundPlan],
    fixtures: Iterable[Fixture],
    placed: Mapping[int, int],
    frozen: set[int],
) -> tuple[RoundPlan, ...]:
    """Let no match join a locked round, nor one leave it that has begun or is played near."""
    by_match = {fixture.match: fixture for fixture in fixtures}
    open_starts = {plan.number: plan.starts_at for plan in plans if plan.number not in frozen}
    held: dict[int, list[Fixture]] = {}
    for plan in plans:
        for match in plan.matches:
            fixture, before = by_match[match], placed.get(match)
            if before in frozen and (fixture.is_begun or plan.number in frozen):
                number = before
            elif plan.number not in frozen:
                number = plan.number
            elif open_starts:
                number = round_at(fixture.kickoff_at, open_starts)
            else:
                continue
            held.setdefault(number, []).append(fixture)
    return tuple(
        RoundPlan(
            number=number,
            starts_at=min(fixture.kickoff_at for fixture in found),
            matches=tuple(fixture.match for fixture in found),
        )
        for number, found in sorted(held.items())
    )


def _make_rounds(
    game: Game, rules: GameRules, plans: Iterable[RoundPlan], *, at: datetime
) -> list[Round]:
    """Make rounds whose deadline is to come: nobody could pick for the others."""
    rows = []
    for plan in plans:
        deadline_at = deadline_of(plan.starts_at, rules.rounds)
        is_void = plan.number in rules.rounds.void
        if deadline_at > at:
            rows.append(
                Round(
                    game=game,
                    number=plan.number,
                    name=f"Round {plan.number}",
                    starts_at=plan.starts_at,
                    deadline_at=deadline_at,
                    state=RoundState.VOID if is_void else RoundState.UPCOMING,
                )
            )
    return Round.objects.bulk_create(rows)


def _move(row: Round, *, starts_at: datetime, deadline_at: datetime) -> bool:
    if (row.starts_at, row.deadline_at) == (starts_at, deadline_at):
        return False
    row.starts_at, row.deadline_at = starts_at, deadline_at
    return True


def _place(
    game: Game,
    rounds: Mapping[int, Round],
    placed: Mapping[int, int],
    wanted: Mapping[int, int],
) -> int:
    wrong = [match for match, number in placed.items() if wanted.get(match) != number]
    RoundMatch.objects.filter(game=game, match__in=wrong).delete()
    fresh = [
        RoundMatch(game=game, round=rounds[number], match_id=match)
        for match, number in wanted.items()
        if placed.get(match) != number
    ]
    RoundMatch.objects.bulk_create(fresh, batch_size=1000)
    return len({*wrong, *(row.match_id for row in fresh)}) if placed else 0
