"""API, admin and command: what they show, to whom, and what they refuse."""

from datetime import date

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from accounts.enums import Role
from accounts.models import User
from accounts.services import grant_role, sync_roles
from mlmodels.enums import ModelState
from mlmodels.models import MatchForecast, ModelVersion
from tests.factories.leagues import make_league, make_season
from tests.factories.matches import make_match

pytestmark = pytest.mark.django_db


def make_version(league, **fields) -> ModelVersion:
    numbers = {"log_loss": 1.0}
    defaults = {
        "name": "strength",
        "sport": league.sport,
        "version": league.model_versions.count() + 1,
        "method": "1",
        "pack_version": "1.0.0",
        "trained_on_count": 380,
        "trained_through_on": date(2026, 11, 20),
        "data_sha256": "a" * 64,
        "artefact_sha256": "b" * 64,
        "metrics": {"model": numbers, "base_rates": numbers},
    }
    return ModelVersion.objects.create(league=league, **{**defaults, **fields})


def make_forecast(sport: str = "football", **fields) -> MatchForecast:
    match = make_match(make_season(make_league(sport=sport)))
    version = make_version(match.season.league, state=ModelState.ACTIVE)
    defaults = {
        "home_expected": 1.6,
        "away_expected": 1.1,
        "home_prob": 0.5,
        "draw_prob": 0.3,
        "away_prob": 0.2,
        "inputs_sha256": "c" * 64,
    }
    return MatchForecast.objects.create(
        match=match, model_version=version, **{**defaults, **fields}
    )


def test_forecast_names_its_model(client: Client):
    forecast = make_forecast()

    answer = client.get(f"/api/v1/matches/{forecast.match.public_id}/forecast")

    assert answer.status_code == 200
    assert answer["ETag"]
    body = answer.json()
    assert body.pop("made_at")
    assert body["model"].pop("trained_at")
    assert body == {
        "match_id": forecast.match.public_id,
        "model": {
            "name": "strength",
            "version": "1.1",
            "trained_on_count": 380,
            "trained_through_on": "2026-11-20",
            "artefact_sha256": "b" * 64,
        },
        "expected": {"home": 1.6, "away": 1.1, "margin_sd": None},
        "probabilities": {"home": 0.5, "draw": 0.3, "away": 0.2},
        "inputs_sha256": "c" * 64,
    }


def test_draw_is_unknown_to_a_sport_without_draws(client: Client):
    forecast = make_forecast("basketball", home_prob=0.8, draw_prob=0, margin_sd=13)

    body = client.get(f"/api/v1/matches/{forecast.match.public_id}/forecast").json()

    assert body["probabilities"] == {"home": 0.8, "draw": None, "away": 0.2}
    assert body["expected"]["margin_sd"] == 13


def test_a_match_without_forecast_and_a_hidden_one_are_problems(client: Client):
    bare = make_match()
    hidden = make_forecast().match
    hidden.season.league.is_test = True
    hidden.season.league.save()

    for match, detail in ((bare, "no forecast"), (hidden, "")):
        answer = client.get(f"/api/v1/matches/{match.public_id}/forecast")
        assert answer.status_code == 404
        assert answer["Content-Type"].startswith("application/problem+json")
        assert answer.json()["code"] == "not_found"
        assert detail in answer.json()["detail"]


def test_unknown_parameter_is_refused_and_fields_can_be_chosen(client: Client):
    path = f"/api/v1/matches/{make_forecast().match.public_id}/forecast"

    assert client.get(path, {"modell": "x"}).status_code == 422
    assert set(client.get(path, {"fields": "probabilities"}).json()) == {"probabilities"}


def test_forecast_costs_two_queries(client: Client, django_assert_num_queries):
    path = f"/api/v1/matches/{make_forecast().match.public_id}/forecast"

    with django_assert_num_queries(2):
        client.get(path)


@pytest.fixture
def boss(client: Client) -> Client:
    return signed_in(client, Role.ADMIN)


def signed_in(client: Client, role: Role) -> Client:
    sync_roles()
    user = User.objects.create_user(f"{role.value}@example.org", "x")
    grant_role(user, role)
    client.force_login(user)
    return client


def act(client: Client, action: str, *versions: ModelVersion):
    keys = [version.pk for version in versions]
    return client.post(
        reverse("admin:mlmodels_modelversion_changelist"),
        {"action": action, "_selected_action": keys},
        follow=True,
    )


def test_admin_activates_and_retires(boss: Client):
    league = make_league(sport="football")
    old, new = make_version(league, state=ModelState.ACTIVE), make_version(league)

    act(boss, "use", new)
    assert states() == {old.pk: ModelState.RETIRED, new.pk: ModelState.ACTIVE}

    act(boss, "take_out", new)
    assert states() == {old.pk: ModelState.RETIRED, new.pk: ModelState.RETIRED}


def states() -> dict[int, str]:
    return dict(ModelVersion.objects.values_list("pk", "state"))


def test_admin_refuses_two_active_versions_of_one_league(boss: Client):
    league = make_league(sport="football")
    old, new = make_version(league), make_version(league)

    answer = act(boss, "use", old, new)

    assert "choose one of each" in answer.content.decode()
    assert set(states().values()) == {ModelState.CANDIDATE}


def test_numbers_are_read_only(boss: Client):
    forecast = make_forecast()
    version = forecast.model_version

    page = boss.get(reverse("admin:mlmodels_modelversion_change", args=[version.pk]))
    written = boss.post(
        reverse("admin:mlmodels_modelversion_change", args=[version.pk]), {"trained_on_count": 1}
    )

    assert page.status_code == 200
    assert written.status_code == 403
    for model in ("modelversion", "matchforecast"):
        assert boss.get(reverse(f"admin:mlmodels_{model}_changelist")).status_code == 200
        assert boss.get(reverse(f"admin:mlmodels_{model}_add")).status_code == 403


def test_analyst_looks_and_cannot_decide(client: Client):
    version = make_version(make_league(sport="football"))
    signed_in(client, Role.ANALYST)

    page = client.get(reverse("admin:mlmodels_modelversion_changelist"))
    act(client, "use", version)

    assert page.status_code == 200
    assert "Activate" not in page.content.decode()
    assert states() == {version.pk: ModelState.CANDIDATE}


def test_command_names_the_leagues_and_what_is_missing():
    make_league("Sunday league", sport="football")

    with pytest.raises(CommandError, match="known are: sunday-league"):
        call_command("train", "saturday-league")
    with pytest.raises(CommandError, match="too_few_results"):
        call_command("train", "sunday-league")
