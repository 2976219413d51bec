"""Corrections of settled rounds: the outcome is that of settling the corrected log at first."""

from dataclasses import replace

import pytest

from config.clock import now
from fantasy.enums import CaseState, RoundState, ScoreState
from fantasy.models import CorrectionCase, Game, LineupResult, PlayerScore, RoundMatch
from fantasy.rules.loading import load_game
from fantasy.services import cases, scoring
from fantasy.services.cases import dismiss_case
from fantasy.services.corrections import apply_case, cases_to_apply
from fantasy.services.refusals import Refused
from fantasy.services.scoring import matches_behind, score_matches
from matches.enums import Pin
from matches.models import Match, PlayEvent
from matches.services import corrections as log_corrections
from matches.services.corrections import By
from stats.services import kept
from stats.services.fold import fold_match
from tests.fantasy.played import derived, enter, game_on, play_season, score_all, settle_all
from tests.stats.correcting import Corrector

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forget_folds():
    kept._kept.clear()
    yield
    kept._kept.clear()


def make(sport: str, rules: str, *, rounds: int, entries: int) -> tuple[Game, list]:
    told = play_season(sport, rounds=rounds)
    game = game_on(told[0].season, rules)
    enter(game, entries)
    score_all(game)
    settle_all(game)
    return game, told


def settle_freshly(game: Game) -> None:
    """Settle as if the logs had always said what they say now."""
    LineupResult.objects.filter(round__game=game).delete()
    PlayerScore.objects.filter(round__game=game).delete()
    CorrectionCase.objects.filter(round__game=game).delete()
    RoundMatch.objects.filter(game=game).update(scored_seq=None)
    game.rounds.update(state=RoundState.LOCKED, settled_at=None, corrections=0)
    score_all(game)
    settle_all(game)


def correct(told: list, times: int, *, seed: str, actor: int) -> None:
    """Correct settled matches at random; after each the workers do what they do."""
    by = Corrector(told, seed=seed, actor=actor)
    for _ in range(times):
        by.touched.clear()
        by.correct(1)
        score_matches(by.touched)
        for case in cases_to_apply():
            apply_case(case, at=now())


def retract_a_goal(game: Game, admin) -> tuple[Match, PlayEvent]:
    goal = (
        PlayEvent.objects.filter(
            type="goal", match__fantasy_rounds__game=game, player__fantasy_players__game=game
        )
        .order_by("pk")
        .first()
    )
    by = By(reason="It was offside.", actor=admin.pk, pin=Pin.FOREVER)
    log_corrections.retract_event(goal.match_id, goal.lineage_id, by=by)
    fold_match(goal.match_id)
    score_matches([goal.match_id])
    return goal.match, goal


def test_after_random_corrections_everything_equals_a_fresh_settlement(admin_user):
    game, told = make("football", "fpl-2026-27", rounds=2, entries=30)
    correct(told, 40, seed="few", actor=admin_user.pk)

    followed = derived(game)
    settle_freshly(game)

    assert derived(game) == followed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sport", "rules"), [("football", "fpl-2026-27"), ("basketball", "draftkings")]
)
def test_after_250_random_corrections_everything_equals_a_fresh_settlement(
    sport, rules, admin_user
):
    game, told = make(sport, rules, rounds=4, entries=60)
    correct(told, 250, seed=sport, actor=admin_user.pk)

    followed = derived(game)
    assert CorrectionCase.objects.filter(state=CaseState.APPLIED).count() >= 15
    settle_freshly(game)

    assert derived(game) == followed


def test_correction_opens_a_case_and_changes_nothing_until_it_is_applied(admin_user):
    game, _ = make("football", "fpl-2026-27", rounds=1, entries=20)
    before = derived(game)

    match, goal = retract_a_goal(game, admin_user)

    case = CorrectionCase.objects.get()
    assert (case.match, case.state) == (match, CaseState.OPEN)
    scorer = PlayerScore.objects.get(match=match, game_player__player=goal.player).game_player
    moves = {move["number"]: (move["before"], move["after"]) for move in case.diff["players"]}
    assert moves[scorer.number][0] > moves[scorer.number][1]
    assert derived(game) == before


def test_applied_case_counts_anew_and_says_whom_it_touched(admin_user):
    game, _ = make("football", "fpl-2026-27", rounds=1, entries=20)
    match, goal = retract_a_goal(game, admin_user)
    was = dict(LineupResult.objects.values_list("entry", "points"))

    case = apply_case(CorrectionCase.objects.get().pk, at=now())

    now_is = dict(LineupResult.objects.values_list("entry", "points"))
    touched = sum(was[entry] != now_is[entry] for entry in was)
    assert (case.state, case.diff["entries"]) == (CaseState.APPLIED, touched)
    scorer = PlayerScore.objects.get(match=match, game_player__player=goal.player)
    assert scorer.state == ScoreState.CORRECTED
    assert game.rounds.get(pk=case.round_id).corrections == 1
    with pytest.raises(Refused):
        apply_case(case.pk, at=now())


def test_correction_taken_back_before_it_is_applied_closes_its_case(admin_user):
    game, _ = make("football", "fpl-2026-27", rounds=1, entries=5)
    before = derived(game)
    match, goal = retract_a_goal(game, admin_user)
    by = By(reason="It was none after all.", actor=admin_user.pk, pin="")
    log_corrections.release_event(match.pk, goal.lineage_id, by=by)
    fold_match(match.pk)

    score_matches([match.pk])

    assert CorrectionCase.objects.get().state == CaseState.DISMISSED
    assert derived(game) == before
    log_corrections.retract_event(match.pk, goal.lineage_id, by=by)
    fold_match(match.pk)
    score_matches([match.pk])
    assert len(cases_to_apply()) == 1


def test_dismissed_case_leaves_points_and_is_not_opened_again_by_a_sweep(admin_user):
    game, _ = make("football", "fpl-2026-27", rounds=1, entries=5)
    before = derived(game)
    match, _ = retract_a_goal(game, admin_user)
    case = CorrectionCase.objects.get()

    dismiss_case(case.pk, reason="Too late.", by_id=admin_user.pk, at=now())

    assert matches_behind() == []
    score_matches([match.pk])
    assert CorrectionCase.objects.get().state == CaseState.DISMISSED
    assert derived(game) == before


def test_game_that_freezes_points_notes_the_correction_and_keeps_them(admin_user, monkeypatch):
    game, _ = make("football", "fpl-2026-27", rounds=1, entries=5)
    before = derived(game)
    frozen = "fpl-frozen"
    _install_frozen(monkeypatch, frozen)
    Game.objects.filter(pk=game.pk).update(rules=frozen)

    retract_a_goal(game, admin_user)

    case = CorrectionCase.objects.get()
    assert (case.state, case.reason) == (CaseState.DISMISSED, cases.FROZEN)
    assert cases_to_apply() == []
    assert derived(game) == before


def _install_frozen(monkeypatch, game_id: str) -> None:
    """Make a game of the same rules whose points stand once they are settled."""
    plain = load_game("fpl-2026-27")
    frozen = replace(plain, id=game_id, rounds=replace(plain.rounds, freeze_after="settled"))

    def load(name, *arguments):
        return frozen if name == game_id else load_game(name, *arguments)

    monkeypatch.setattr(scoring, "load_game", load)


def test_detail_that_changes_no_points_opens_no_case(admin_user):
    game, _ = make("football", "fpl-2026-27", rounds=1, entries=5)
    before = derived(game)
    corner = PlayEvent.objects.filter(type="corner", player__isnull=False).first()
    by = By(reason="There was none.", actor=admin_user.pk, pin="")
    log_corrections.retract_event(corner.match_id, corner.lineage_id, by=by)
    fold_match(corner.match_id)

    score_matches([corner.match_id])

    assert not CorrectionCase.objects.exists()
    assert matches_behind() == []
    assert derived(game)["results"] == before["results"]
