"""API, admin and command: what they show, to whom, and what they refuse."""

from datetime import date, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from accounts.enums import Role
from accounts.models import User
from accounts.services import grant_role, sync_roles
from config.clock import now
from matches.models import Match, PlayEvent
from mlmodels.enums import ModelState
from mlmodels.models import MatchForecast, ModelVersion
from stats.services.fold import fold_match
from tests.factories.leagues import make_league, make_season
from tests.factories.matches import make_event, make_match

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
def live() -> Match:
    """A football match under way, with a goal in its 20th minute; folded."""
    match = make_match(make_season(make_league(sport="football")), data_at=now(), kickoff_at=now())
    make_event(match, type="period_start", period="1H", team=None)
    make_event(match, type="goal", period="1H", clock_ms=20 * 60_000, team=match.home)
    make_event(match, type="corner", period="1H", clock_ms=30 * 60_000, team=match.away)
    fold_match(match.pk)
    return match


def chances_of(client: Client, match: Match) -> dict:
    answer = client.get(f"/api/v1/matches/{match.public_id}/win-probability")
    assert answer.status_code == 200
    return answer.json()


def parts(told: dict) -> tuple:
    return told["p_home"], told["p_draw"], told["p_away"]


def test_win_probability_is_told_now_and_through_the_match(client: Client, live: Match):
    told = chances_of(client, live)

    events = list(PlayEvent.objects.order_by("seq").values_list("event_id", flat=True))
    assert [(point["seq"], point["event_id"]) for point in told["line"]] == [
        (seq, str(event_id)) for seq, event_id in enumerate(events, 1)
    ]
    assert told["line"][1]["clock_ms"] == 20 * 60_000
    assert told["line"][1]["p_home"] > told["line"][0]["p_home"] + 0.2
    assert parts(told) == parts(told["line"][-1])
    assert all(sum(parts(point)) == pytest.approx(1, abs=1e-9) for point in told["line"])
    assert (told["model_version"], told["strength_version"]) == ("1", None)
    assert (told["seq"], told["status"]) == (3, "live")
    assert told["data_age_ms"] is not None


def test_win_probability_follows_the_log_and_ends_in_certainty(client: Client, live: Match):
    before = client.get(f"/api/v1/matches/{live.public_id}/win-probability")
    make_event(live, type="match_end", team=None)
    fold_match(live.pk)

    after = client.get(
        f"/api/v1/matches/{live.public_id}/win-probability",
        headers={"If-None-Match": before["ETag"]},
    )

    assert after.status_code == 200
    assert parts(after.json()) == parts(after.json()["line"][-1]) == (1, 0, 0)
    assert after.json()["data_age_ms"] is None


def test_age_of_the_data_is_no_news_of_the_win_probability(client: Client, live: Match):
    before = client.get(f"/api/v1/matches/{live.public_id}/win-probability")
    Match.objects.filter(pk=live.pk).update(data_at=now() - timedelta(seconds=50))

    after = client.get(
        f"/api/v1/matches/{live.public_id}/win-probability",
        headers={"If-None-Match": before["ETag"]},
    )

    assert after.status_code == 304
    assert int(after["Data-Age-Ms"]) >= 50_000


def test_before_the_match_it_is_what_the_forecast_makes_of_it(client: Client):
    forecast = make_forecast()

    told = chances_of(client, forecast.match)

    assert told["strength_version"] == "1.1"
    assert parts(told) == pytest.approx((0.490, 0.249, 0.262), abs=0.001)
    assert told["line"] == []


@pytest.mark.parametrize("status", ["abandoned", "cancelled"])
def test_match_without_a_result_to_come_has_a_line_and_no_chances(
    client: Client, live: Match, status: str
):
    Match.objects.filter(pk=live.pk).update(vendor_status=status)
    fold_match(live.pk)

    told = chances_of(client, live)

    assert parts(told) == (None, None, None)
    assert len(told["line"]) == 3


def test_win_probability_of_a_sport_without_it_and_of_a_hidden_match_are_problems(client: Client):
    bare = make_match(make_season(make_league(sport="generic")))
    hidden = make_match(make_season(make_league(sport="football", is_test=True)))

    for match in (bare, hidden):
        answer = client.get(f"/api/v1/matches/{match.public_id}/win-probability")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_win_probability_costs_few_queries(client: Client, live: Match, django_assert_num_queries):
    path = f"/api/v1/matches/{live.public_id}/win-probability"

    with django_assert_num_queries(5):
        client.get(path)
    with django_assert_num_queries(1):
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
