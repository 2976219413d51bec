"""Derived numbers are looked at and folded again; table decisions are added, never edited."""

import pytest
from django.test import Client
from django.urls import reverse

from stats.models import BoxScore, StatLine, TableAdjustment, TableRow
from tests.admin_lists import assert_no_query_for_a_row
from tests.factories.leagues import make_player, make_season, make_team
from tests.factories.matches import make_event, make_live_match

pytestmark = pytest.mark.django_db


@pytest.fixture
def curator(client: Client, admin_user) -> Client:
    client.force_login(admin_user)
    return client


@pytest.mark.parametrize("model", ["boxscore", "statline", "tablerow", "tableadjustment"])
def test_list_needs_as_many_queries_for_five_rows_as_for_one(curator: Client, model: str):
    def add() -> None:
        match = make_live_match()
        BoxScore.objects.create(match=match, document=b"{}")
        StatLine.objects.create(match=match, team=match.home, player=make_player())
        TableRow.objects.create(season=match.season, team=match.home, rank=1)
        TableAdjustment.objects.create(
            season=match.season, team=match.home, points=-3, reason="ineligible player"
        )

    assert_no_query_for_a_row(curator, reverse(f"admin:stats_{model}_changelist"), add)


def test_boxscore_is_folded_again_from_the_log(curator: Client):
    match = make_live_match(home_score=9)
    make_event(match, type="score.home", team=match.home, payload={"points": 1})
    box = BoxScore.objects.create(match=match, document=b"{}", folded_seq=0)
    form = {"action": "refold", "_selected_action": [box.pk]}

    curator.post(reverse("admin:stats_boxscore_changelist"), form)

    box.refresh_from_db()
    assert box.folded_seq == 1
    assert bytes(box.document) != b"{}"


def test_adjustment_names_who_decided_and_stays(curator: Client, admin_user):
    season = make_season()
    team = make_team(season=season)
    form = {
        "season": season.pk,
        "team": team.pk,
        "points": -10,
        "goals": 0,
        "reason": "Profit and sustainability",
        "decided_at_0": "2026-11-22",
        "decided_at_1": "12:00:00",
    }

    added = curator.post(reverse("admin:stats_tableadjustment_add"), form)
    adjustment = TableAdjustment.objects.get()
    changed = curator.post(
        reverse("admin:stats_tableadjustment_change", args=[adjustment.pk]), {**form, "points": 0}
    )

    assert added.status_code == 302
    assert (adjustment.points, adjustment.by) == (-10, admin_user)
    assert changed.status_code == 403
