"""Cups: started by a league's owner or an admin, drawn at a deadline, played at settlement."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Final

from django.db import transaction
from django.db.models import Q, QuerySet

from fantasy.enums import CupState, RoundState
from fantasy.models import Cup, CupTie, Entry, FantasyLeague, Game, LeagueMember, Lineup, Round
from fantasy.rules.cups import Showing, decide, draw, rounds_needed
from fantasy.rules.loading import load_game
from fantasy.selectors.counted import counted_sums, tie_columns
from fantasy.selectors.totals import with_totals
from fantasy.services.pairings import round_scores
from fantasy.services.refusals import checked_name, refuse

_PER_STATEMENT: Final = 2000


@transaction.atomic
def start_league_cup(
    league_id: int, *, by_user_id: int, name: str = "", start_round: int | None = None
) -> Cup:
    """Let the owner give a league a cup from a round to come. Raises Refused."""
    leagues = FantasyLeague.objects.select_for_update(no_key=True, of=("self",))
    league = leagues.select_related("game").get(pk=league_id)
    if league.owner_id != by_user_id:
        raise refuse("not_owner", "Only the league's owner may start its cup.")
    if league.cups.exclude(state=CupState.FINISHED).exists():
        raise refuse("cup_running", "The league has a cup that is not over yet.")
    named = checked_name(name, "the cup") if name else f"{league.name} Cup"
    return _start(league.game, league, named, start_round)


@transaction.atomic
def start_game_cup(game_id: int, *, name: str, start_round: int | None = None) -> Cup:
    """Start a cup of all entries of a game; an admin's. Raises Refused."""
    game = Game.objects.select_for_update(no_key=True).get(pk=game_id)
    return _start(game, None, name, start_round)


def _start(game: Game, league: FantasyLeague | None, name: str, start_round: int | None) -> Cup:
    return Cup.objects.create(
        game=game,
        league=league,
        name=name[:60],
        start_round=first_round_of_cup(game, league, start_round),
        seed=secrets.token_hex(16),
    )


def first_round_of_cup(game: Game, league: FantasyLeague | None, start_round: int | None) -> Round:
    """Return the round that a cup would begin with. Raises Refused where it would not fit."""
    ahead = Round.objects.filter(game=game, state=RoundState.UPCOMING).order_by("number")
    first = ahead.first() if start_round is None else ahead.filter(number=start_round).first()
    if first is None:
        raise refuse(
            "round_not_open", "A cup begins with a round whose deadline is to come.", "start_round"
        )
    entrants = league.members.count() if league else game.entries.count()
    stages = _rounds_from(game, first.number).count()
    if entrants < 2:
        raise refuse("too_few", "A cup needs two entries at least.")
    if rounds_needed(entrants) > stages:
        raise refuse(
            "too_late",
            f"{entrants} entries need {rounds_needed(entrants)} rounds, {stages} are left.",
            "start_round",
        )
    return first


def _rounds_from(game: Game, number: int) -> QuerySet[Round]:
    rounds = Round.objects.filter(game=game, number__gte=number)
    return rounds.exclude(state=RoundState.VOID).order_by("number")


@transaction.atomic
def draw_cups(round_id: int) -> int:
    """Draw the first stage of the cups that begin with a locked round; return how many.

    Entrants are the entries with a line-up, the best placed when the rounds left are too few
    for all. A cup that was drawn stays so.
    """
    round_ = Round.objects.select_related("game").get(pk=round_id)
    waiting = Cup.objects.select_for_update(of=("self",)).filter(
        game=round_.game_id, start_round__number__lte=round_.number, state=CupState.UPCOMING
    )
    cups = list(waiting.order_by("pk"))
    for cup in cups:
        _begin(cup, round_)
    return len(cups)


def _begin(cup: Cup, round_: Round) -> None:
    most = 2 ** min(_rounds_from(round_.game, round_.number).count(), 40)
    entrants = _entrants(cup, round_)[:most]
    cup.state = CupState.RUNNING if len(entrants) > 1 else CupState.FINISHED
    cup.save(update_fields=["state"])
    _draw_stage(cup, round_, entrants, stage=1)


def _entrants(cup: Cup, round_: Round) -> Sequence[int]:
    """Return the numbers of the entries that may enter, the best placed first."""
    fielded = Lineup.objects.filter(round=round_).values("entry")
    if cup.league_id is None:
        entries = Entry.objects.filter(game=cup.game_id, pk__in=fielded)
        ranked = with_totals(entries, game_id=cup.game_id).order_by("-total_points", "number")
        return list(ranked.values_list("number", flat=True))
    members = LeagueMember.objects.filter(league=cup.league_id, entry__in=fielded)
    return list(members.order_by("rank", "entry__number").values_list("entry__number", flat=True))


def _draw_stage(cup: Cup, round_: Round, numbers: Sequence[int], *, stage: int) -> None:
    by_number = dict(
        Entry.objects.filter(game=cup.game_id, number__in=numbers).values_list("number", "pk")
    )
    CupTie.objects.bulk_create(
        [
            CupTie(
                cup=cup,
                round=round_,
                number=tie.number,
                home_id=by_number[tie.home],
                away_id=None if tie.away is None else by_number[tie.away],
            )
            for tie in draw(numbers, seed=cup.seed, stage=stage)
        ],
        batch_size=_PER_STATEMENT,
    )


def tie_id(cup: Cup, round_number: int, number: int) -> str:
    """Return the name of a tie that its coin is tossed with."""
    return f"{cup.public_id}:{round_number}:{number}"


@transaction.atomic
def play_cups(round_: Round) -> int:
    """Decide the ties of a settled round and draw the next stage; return how many were decided.

    A tie that has a winner is never decided again, whatever is corrected later.
    """
    decided = 0
    running = Cup.objects.select_for_update(of=("self",)).filter(
        game=round_.game_id, state=CupState.RUNNING
    )
    for cup in running.order_by("pk"):
        ties = list(cup.ties.filter(round=round_, winner__isnull=True).order_by("number"))
        if ties:
            _decide(cup, round_, ties)
            _go_on(cup, round_)
            decided += len(ties)
    return decided


def _decide(cup: Cup, round_: Round, ties: Sequence[CupTie]) -> None:
    rules = load_game(round_.game.rules)
    sides = {side for tie in ties for side in (tie.home_id, tie.away_id) if side is not None}
    scores = round_scores(round_.pk, Q(entry__in=sides))
    level = {
        side
        for tie in ties
        if tie.away_id and scores.get(tie.home_id, 0) == scores.get(tie.away_id, 0)
        for side in (tie.home_id, tie.away_id)
    }
    columns = tie_columns(rules.leagues.cup_ties)
    stats = counted_sums(rules, round_ids={round_.pk}, entry_ids=level, columns=columns)
    for tie in ties:
        home, away = _showing(tie.home_id, scores, stats), None
        if tie.away_id is not None:
            away = _showing(tie.away_id, scores, stats)
        verdict = decide(
            home,
            away,
            seed=cup.seed,
            tie_id=tie_id(cup, round_.number, tie.number),
            ties=rules.leagues.cup_ties,
        )
        tie.home_points, tie.away_points = home.points, away.points if away else None
        tie.winner_id = tie.home_id if verdict.is_home else tie.away_id
        tie.reason = verdict.reason
    fields = ["home_points", "away_points", "winner", "reason"]
    CupTie.objects.bulk_update(ties, fields, batch_size=_PER_STATEMENT)


def _showing(
    entry_id: int, scores: Mapping[int, int], stats: Mapping[int, Mapping[str, int]]
) -> Showing:
    return Showing(points=scores.get(entry_id, 0), stats=stats.get(entry_id, {}))


def _go_on(cup: Cup, round_: Round) -> None:
    """Draw the winners' next stage, or end the cup with one of them."""
    won = cup.ties.filter(round=round_)
    numbers = list(won.values_list("winner__number", flat=True))
    following = _rounds_from(round_.game, round_.number + 1).first()
    if len(numbers) < 2 or following is None:
        cup.state = CupState.FINISHED
        cup.save(update_fields=["state"])
        return
    stage = cup.ties.values("round").distinct().count() + 1
    _draw_stage(cup, following, numbers, stage=stage)
