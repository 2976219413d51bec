"""Scoring: folded matches become points, once, and what changes is announced."""

from types import SimpleNamespace

import pytest

from config.clock import now
from config.sight import Wish, seeing
from fantasy.enums import BonusBasis, RoundState, ScoreState
from fantasy.models import PlayerScore, Round, RoundMatch
from fantasy.services import scoring
from fantasy.services.scoring import matches_behind, score_matches
from matches.enums import MatchStatus
from matches.models import Match
from stats.models import StatLine
from stats.services.fold import fold_match
from streams.models import OutboxEvent
from tests.factories.fantasy import make_game, make_game_player, make_round
from tests.factories.matchday import Matchday, make_matchday
from tests.fantasy.played import game_on, play_season, score_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def day() -> Matchday:
    return make_matchday(now())


def place(day: Matchday, name: str, **fields) -> RoundMatch:
    """Let a match of the day count in a round of a game of its players."""
    match = day.matches[name]
    game = make_game(match.season, rules="fpl-2024-25")
    state = fields.pop("state", RoundState.LOCKED)
    round_ = make_round(game, 1, state=state)
    for (team, _shirt), player in day.players.items():
        if team in (match.home_id, match.away_id):
            side = match.home if team == match.home_id else match.away
            make_game_player(game, side, player.position, player=player)
    return RoundMatch.objects.create(game=game, round=round_, match=match)


def points_of(day: Matchday, name: str, side: str, shirt: str) -> PlayerScore:
    player = day.players[getattr(day.matches[name], side).pk, shirt]
    return PlayerScore.objects.get(game_player__player=player)


def announced() -> list[dict]:
    rows = OutboxEvent.objects.filter(topic="fantasy.score.update").order_by("pk")
    return [row.payload for row in rows]


def test_scoring_gives_points_by_the_rules_of_the_pack(day):
    place(day, "finished")

    assert score_matches([day.matches["finished"].pk]) == [day.matches["finished"].pk]

    scorer = points_of(day, "finished", "home", "10")
    lines = {line["rule"]: (line["count"], line["points"]) for line in scorer.lines}
    goals = StatLine.objects.get(player=scorer.game_player.player_id).values["goals"]
    assert goals == 2
    assert scorer.game_player.position == "MID"
    assert {rule: points for rule, (_, points) in lines.items() if rule == "goals"} == {"goals": 10}
    assert scorer.points == sum(points for _, points in lines.values())
    assert (scorer.state, scorer.appeared) == (ScoreState.PROVISIONAL, True)


def test_scoring_again_changes_and_announces_nothing(day):
    place(day, "finished")
    match = day.matches["finished"]
    score_matches([match.pk])
    before = list(PlayerScore.objects.order_by("pk").values())

    assert score_matches([match.pk]) == []

    assert list(PlayerScore.objects.order_by("pk").values()) == before
    assert len(announced()) == 1


def test_only_players_whose_points_changed_are_announced(day):
    place(day, "live")
    match = day.matches["live"]
    score_matches([match.pk])
    line = StatLine.objects.get(match=match, player=day.players[match.away_id, "9"])
    StatLine.objects.filter(pk=line.pk).update(values={**line.values, "yellow_cards": 1})

    score_matches([match.pk])

    changed = points_of(day, "live", "away", "9")
    assert announced()[-1]["numbers"] == [changed.game_player.number]
    assert announced()[-1]["points"] == [changed.points]


def test_bonus_is_projected_from_the_twentieth_minute_on(day):
    place(day, "live")
    match = day.matches["live"]
    Match.objects.filter(pk=match.pk).update(period="1H", clock_ms=19 * 60_000)
    score_matches([match.pk])
    assert not PlayerScore.objects.filter(bonus__gt=0).exists()

    Match.objects.filter(pk=match.pk).update(period="1H", clock_ms=20 * 60_000)
    score_matches([match.pk])

    best = PlayerScore.objects.order_by("-bonus").first()
    assert (best.bonus, best.bonus_basis) == (3, BonusBasis.COMPONENTS)
    assert best.state == ScoreState.LIVE


def test_bonus_follows_the_feeds_own_ranking_where_it_is_given(day):
    place(day, "finished")
    match = day.matches["finished"]
    for shirt, bps in (("9", 31), ("7", 31), ("6", 12)):
        line = StatLine.objects.get(match=match, player=day.players[match.away_id, shirt])
        StatLine.objects.filter(pk=line.pk).update(values={**line.values, "bps": bps})

    score_matches([match.pk])

    given = PlayerScore.objects.filter(bonus__gt=0).order_by("-bonus", "pk")
    assert [row.bonus for row in given] == [3, 3, 1]
    assert {row.bonus_basis for row in given} == {BonusBasis.FEED}


def test_round_follows_its_matches(day):
    placed = place(day, "live")
    score_matches([placed.match_id])
    assert Round.objects.get().state == RoundState.LIVE

    Match.objects.filter(pk=placed.match_id).update(status=MatchStatus.FINISHED)
    score_matches([placed.match_id])

    assert Round.objects.get().state == RoundState.PROVISIONAL


def test_match_that_has_not_begun_has_no_points(day):
    placed = place(day, "scheduled")

    assert score_matches([placed.match_id]) == []

    assert not PlayerScore.objects.exists()
    assert Round.objects.get().state == RoundState.LOCKED


def test_sweep_finds_what_was_never_scored_and_nothing_twice(day):
    placed = place(day, "finished")
    assert matches_behind() == [placed.match_id]

    score_matches(matches_behind())

    assert matches_behind() == []


def test_points_of_a_match_that_counts_no_more_are_dropped(day):
    placed = place(day, "finished")
    score_matches([placed.match_id])
    RoundMatch.objects.all().delete()

    assert scoring.drop_strays() > 0

    assert not PlayerScore.objects.exists()
    assert set(announced()[-1]["points"]) == {0}


def test_player_who_left_the_match_by_a_correction_loses_his_points(day):
    placed = place(day, "finished")
    match = Match.objects.get(pk=placed.match_id)
    score_matches([match.pk])
    gone = PlayerScore.objects.first()
    StatLine.objects.filter(match=match, player=gone.game_player.player_id).delete()

    score_matches([match.pk])

    assert not PlayerScore.objects.filter(game_player=gone.game_player).exists()
    assert gone.game_player.number in announced()[-1]["numbers"]


def test_each_game_scores_the_match_by_its_own_rules():
    told = play_season("basketball", rounds=1)
    games = [game_on(told[0].season, name) for name in ("espn", "draftkings")]

    for game in games:
        score_all(game)

    scores = [PlayerScore.objects.filter(round__game=game) for game in games]
    assert scores[0].count() == scores[1].count() > 0
    assert {row.points for row in scores[0]} != {row.points for row in scores[1]}


def test_scoring_costs_as_many_queries_for_many_players_as_for_few(
    day, django_assert_max_num_queries
):
    placed = place(day, "finished")
    fold_match(placed.match_id)

    with django_assert_max_num_queries(22):
        score_matches([placed.match_id])


def test_a_late_reader_sees_the_points_of_that_moment(day):
    placed = place(day, "live")
    score_matches([placed.match_id])
    scorer = points_of(day, "live", "home", "10")
    goals = scorer.columns["goals"]
    assert goals == 2

    # Told a minute ago: a reader of three minutes' delay knows of no play yet.
    with seeing(Wish(delay_s=180)):
        late = PlayerScore.objects.get(pk=scorer.pk)
    with seeing(Wish(hides_scores=True)):
        hidden = PlayerScore.objects.get(pk=scorer.pk)

    assert (late.points, late.columns) == (0, {})
    assert (hidden.points, hidden.lines) == (0, [])
    assert PlayerScore.objects.get(pk=scorer.pk).points == scorer.points


def test_the_result_of_his_side_counts_once_the_match_is_over(day):
    finished, live = day.matches["finished"], day.matches["live"]

    over = scoring.folded_match(finished.pk).lines.values()
    going_on = scoring.folded_match(live.pk).lines.values()

    goals = sorted({line["match.goals_for"] for line in over})
    assert goals == sorted({finished.home_score, finished.away_score})
    assert not any("match.win" in line for line in going_on)


@pytest.mark.parametrize("name", ["live", "finished"])
def test_assistant_manager_scores_by_how_his_clubs_match_stands(day, name, monkeypatch):
    kept = place(day, name)
    match = Match.objects.get(pk=day.matches[name].pk)
    managers = [make_game_player(kept.game, side, "AM") for side in (match.home, match.away)]
    ranks = {match.home_id: 9, match.away_id: 2}
    table = [SimpleNamespace(team_id=team, rank=rank) for team, rank in ranks.items()]
    monkeypatch.setattr(scoring, "rows_before", lambda _season, _moment: table)

    score_matches([match.pk])

    found = []
    for own, other, is_below, row in (
        (match.home_score, match.away_score, True, managers[0]),
        (match.away_score, match.home_score, False, managers[1]),
    ):
        points = own + 2 * (not other)
        points += (6 + 10 * is_below) * (own > other) + (3 + 5 * is_below) * (own == other)
        score = PlayerScore.objects.get(game_player=row)
        assert (score.points, score.appeared, score.bonus) == (points, True, 0)
        assert score.points == sum(line["points"] for line in score.lines)
        found.append(score.state)
    assert set(found) == {ScoreState.LIVE if name == "live" else ScoreState.PROVISIONAL}


def test_manager_without_a_table_before_him_is_no_underdog(day):
    kept = place(day, "finished")
    match = day.matches["finished"]
    row = make_game_player(kept.game, match.home, "AM")

    score_matches([match.pk])

    score = PlayerScore.objects.get(game_player=row)
    assert not {"manager_underdog_win", "manager_underdog_draw"} & {
        line["rule"] for line in score.lines
    }
