"""The admin of points: why, corrections decided, points given by hand."""

import pytest
from django.urls import reverse

from fantasy.enums import CaseState
from fantasy.models import CorrectionCase, Game, PlayerScore, ScoreAdjustment
from tests.fantasy.played import derived, enter, game_on, play_season, score_all, settle_all
from tests.fantasy.services.test_corrections import retract_a_goal
from tests.fantasy.settled import total_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def settled() -> Game:
    told = play_season("football", rounds=1)
    game = game_on(told[0].season, "fpl-2026-27")
    enter(game, 6)
    score_all(game)
    settle_all(game)
    return game


def test_page_of_a_score_says_why(admin_client, settled):
    score = PlayerScore.objects.filter(columns__goals__gt=0).first()
    response = admin_client.get(reverse("admin:fantasy_playerscore_change", args=[score.pk]))

    page = response.content.decode()
    assert response.status_code == 200
    assert "Goal!" in page
    assert f"/matches/{score.match.public_id}/events/" in page


@pytest.mark.parametrize("model", ["playerscore", "correctioncase", "scoreadjustment"])
def test_lists_open(admin_client, settled, admin_user, model):
    retract_a_goal(settled, admin_user)

    assert admin_client.get(reverse(f"admin:fantasy_{model}_changelist")).status_code == 200


def test_curator_applies_a_case(admin_client, admin_user, settled):
    retract_a_goal(settled, admin_user)
    case = CorrectionCase.objects.get()
    address = reverse("admin:fantasy_correctioncase_change", args=[case.pk])

    assert admin_client.get(address).status_code == 200
    assert admin_client.post(address, {"decision": "apply"}).status_code == 302

    case.refresh_from_db()
    assert (case.state, case.closed_by) == (CaseState.APPLIED, admin_user)
    assert "decision" not in admin_client.get(address).content.decode()


def test_curator_leaves_points_only_with_a_reason(admin_client, admin_user, settled):
    before = derived(settled)
    retract_a_goal(settled, admin_user)
    case = CorrectionCase.objects.get()
    address = reverse("admin:fantasy_correctioncase_change", args=[case.pk])

    assert "Say why" in admin_client.post(address, {"decision": "dismiss"}).content.decode()
    admin_client.post(address, {"decision": "dismiss", "why": "Told too late."})

    case.refresh_from_db()
    assert (case.state, case.reason) == (CaseState.DISMISSED, "Told too late.")
    assert derived(settled) == before


def test_points_are_given_and_taken_back_with_reasons(admin_client, admin_user, settled):
    before = derived(settled)
    entry, round_ = settled.entries.first(), settled.rounds.first()
    sent = {"entry": entry.pk, "round": round_.pk, "points": "4", "reason": "Shown wrongly."}
    add = reverse("admin:fantasy_scoreadjustment_add")
    assert admin_client.post(add, sent).status_code == 302
    row = ScoreAdjustment.objects.get()
    total = dict(before["totals"])[entry.number]
    assert (row.by, total_of(entry)) == (admin_user, total + 4)

    change = reverse("admin:fantasy_scoreadjustment_change", args=[row.pk])
    assert admin_client.get(change).status_code == 200
    admin_client.post(change, {"why": "It was right after all."})

    assert derived(settled) == before
    undone = ScoreAdjustment.objects.get(points=-4)
    assert undone.reason == "It was right after all."


def test_points_of_a_void_round_are_refused_at_their_field(admin_client, settled):
    settled.rounds.update(state="void")
    entry, round_ = settled.entries.first(), settled.rounds.first()
    sent = {"entry": entry.pk, "round": round_.pk, "points": "4", "reason": "Shown wrongly."}

    page = admin_client.post(reverse("admin:fantasy_scoreadjustment_add"), sent)

    assert "A void round has no points." in page.content.decode()
    assert not ScoreAdjustment.objects.exists()
