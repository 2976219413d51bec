"""Training, the registry and forecasts, on a real database."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import joblib
import pytest
from django.db import IntegrityError, transaction
from django.db.models import F

from leagues.models import Season
from matches.enums import MatchStatus
from matches.models import Match
from mlmodels.enums import ModelState
from mlmodels.models import MatchForecast, ModelVersion
from mlmodels.rules.forecasting import ModelError
from mlmodels.selectors import forecast_for
from mlmodels.services.artefacts import load_artefact, store_artefact
from mlmodels.services.forecasts import predict_matches
from mlmodels.services.registry import activate, promote, retire
from mlmodels.services.training import has_news, train_strength
from mlmodels.tasks import forecast_matches, train_league
from tests.factories.leagues import make_league, make_season
from tests.factories.matches import make_match
from tests.factories.mlmodels import make_results

pytestmark = pytest.mark.django_db

FIRST = date(2025, 8, 1)
# Ten teams play ninety matches in thirty days.
UNTIL = FIRST + timedelta(days=30)
AT = datetime(2025, 8, 31, 9, tzinfo=UTC)


@pytest.fixture
def season() -> Season:
    season = make_season(make_league(sport="football"))
    best, *_, weakest = make_results(season, first=FIRST)
    make_match(season, home=best, away=weakest, kickoff_at=AT + timedelta(days=3))
    return season


def forecast_of(season: Season) -> MatchForecast:
    version = activate(train_strength(season.league, until=UNTIL).pk)
    assert predict_matches(season, at=AT) == 1
    return MatchForecast.objects.get(model_version=version)


def numbers(forecast: MatchForecast) -> tuple[float, ...]:
    return (
        forecast.home_expected,
        forecast.away_expected,
        forecast.home_prob,
        forecast.draw_prob,
        forecast.away_prob,
    )


def test_best_team_at_home_to_the_weakest_is_expected_to_win(season: Season):
    forecast = forecast_of(season)

    assert forecast.home_prob > 0.6 > forecast.away_prob
    assert forecast.home_prob + forecast.draw_prob + forecast.away_prob == pytest.approx(1)
    assert forecast.margin_sd is None
    version = forecast.model_version
    assert (version.trained_on_count, version.trained_through_on) == (90, date(2025, 8, 30))


def test_the_same_results_give_the_same_artefact(season: Season):
    first, second = (train_strength(season.league, until=UNTIL) for _ in range(2))

    assert (first.version, second.version) == (1, 2)
    assert first.artefact_sha256 == second.artefact_sha256
    assert first.data_sha256 == second.data_sha256
    assert first.metrics == second.metrics


def test_what_happens_on_the_day_or_later_changes_no_forecast(season: Season):
    before = numbers(forecast_of(season))
    home = Match.objects.filter(season=season).first().home
    away = Match.objects.filter(season=season).exclude(home=home).first().home
    for day in (0, 1, 2):
        make_match(
            season,
            home=home,
            away=away,
            kickoff_at=datetime(2025, 8, 31, tzinfo=UTC) + timedelta(days=day),
            status=MatchStatus.FINISHED,
            home_score=9,
            away_score=0,
        )

    assert numbers(forecast_of(season)) == before


def test_what_happened_the_day_before_changes_the_forecast(season: Season):
    before = numbers(forecast_of(season))
    last = Match.objects.results().filter(season=season).latest("kickoff_at")
    Match.objects.filter(pk=last.pk).update(home_score=9, away_score=0)

    assert numbers(forecast_of(season)) != before


def test_the_league_s_own_midnight_divides_the_days(season: Season):
    season.league.time_zone = "America/Los_Angeles"
    season.league.save()
    # Half past six in the evening of the 30th where the league is.
    make_match(
        season,
        kickoff_at=datetime(2025, 8, 31, 1, 30, tzinfo=UTC),
        status=MatchStatus.FINISHED,
        home_score=1,
        away_score=0,
    )

    version = train_strength(season.league, until=UNTIL)

    assert version.trained_on_count == 91


def test_a_version_forecasts_no_match_of_a_day_it_learnt_from(season: Season):
    version = activate(train_strength(season.league, until=UNTIL + timedelta(days=30)).pk)

    assert version.state == ModelState.ACTIVE
    assert predict_matches(season, at=AT) == 0


def test_a_changed_artefact_is_refused(season: Season, models_dir: Path):
    version = activate(train_strength(season.league, until=UNTIL).pk)
    path = models_dir / f"{version.artefact_sha256}.joblib"
    trap = models_dir / "opened"

    class Trap:
        def __reduce__(self):
            return (Path.touch, (trap,))

    joblib.dump(Trap(), path)

    with pytest.raises(ModelError) as refused:
        predict_matches(season, at=AT)

    assert refused.value.code == "artefact_changed"
    assert not trap.exists()
    assert MatchForecast.objects.count() == 0


def test_a_missing_artefact_says_what_to_do(season: Season, models_dir: Path):
    version = train_strength(season.league, until=UNTIL)
    (models_dir / f"{version.artefact_sha256}.joblib").unlink()

    with pytest.raises(ModelError, match="VEZE_MODELS_DIR") as refused:
        load_artefact(version)

    assert refused.value.code == "artefact_missing"


def test_an_artefact_of_another_method_is_not_used(season: Season):
    version = activate(train_strength(season.league, until=UNTIL).pk)
    version.artefact_sha256 = store_artefact({"method": "0"})
    version.save()

    with pytest.raises(ModelError, match="train again") as refused:
        predict_matches(season, at=AT)

    assert refused.value.code == "other_method"


def test_one_version_is_active_and_an_older_one_can_come_back(season: Season):
    old, new = (train_strength(season.league, until=UNTIL) for _ in range(2))
    activate(old.pk)
    activate(new.pk)

    activate(old.pk)

    states = dict(ModelVersion.objects.values_list("version", "state"))
    assert states == {1: ModelState.ACTIVE, 2: ModelState.RETIRED}
    with pytest.raises(IntegrityError, match="model_version_one_active"), transaction.atomic():
        ModelVersion.objects.update(state=ModelState.ACTIVE)


def test_a_retired_model_forecasts_nothing_but_what_it_said_stays(season: Season):
    forecast = forecast_of(season)

    retire(forecast.model_version_id)

    assert predict_matches(season, at=AT) == 0
    assert forecast_for(forecast.match) == forecast


def test_forecast_of_the_active_version_stands_above_a_newer_one(season: Season):
    old = forecast_of(season)
    new = forecast_of(season)
    assert forecast_for(new.match) == new

    activate(old.model_version_id)

    assert forecast_for(new.match) == old


def test_a_second_prediction_adds_and_changes_nothing(season: Season):
    before = forecast_of(season)

    assert predict_matches(season, at=AT + timedelta(hours=1)) == 0
    assert MatchForecast.objects.get() == before


def test_only_a_model_better_than_the_base_rates_is_promoted(season: Season):
    version = train_strength(season.league, until=UNTIL)
    version.metrics["base_rates"]["log_loss"] = version.metrics["model"]["log_loss"]

    assert promote(version) is False
    version.refresh_from_db()
    assert promote(version) is True


def test_a_league_with_few_results_or_without_strength_is_refused(season: Season):
    few = make_season(make_league(sport="football"))
    other = make_season(make_league(sport="generic"))

    found = []
    for league in (few.league, other.league):
        with pytest.raises(ModelError) as refused:
            train_strength(league, until=UNTIL)
        found.append(refused.value.code)

    assert found == ["too_few_results", "no_strength"]


def test_a_high_scoring_league_has_a_normal_margin_and_no_draw():
    season = make_season(make_league(sport="basketball"))
    best, *_, weakest = make_results(season, first=FIRST)
    Match.objects.filter(season=season, home_score__lte=F("away_score")).update(
        home_score=1, away_score=3
    )
    make_match(season, home=best, away=weakest, kickoff_at=AT + timedelta(days=1))

    forecast = forecast_of(season)

    assert forecast.draw_prob == 0
    assert forecast.margin_sd > 0
    assert forecast.home_prob > forecast.away_prob


def test_nightly_task_trains_only_on_news(season: Season, settings):
    settings.CLOCK = "tests.mlmodels.test_services.at_nine"

    train_league(league_id=season.league_id)
    train_league(league_id=season.league_id)

    version = ModelVersion.objects.get()
    assert version.state == ModelState.ACTIVE
    assert MatchForecast.objects.count() == 1
    assert not has_news(season.league, until=UNTIL)


def test_a_damaged_model_stops_no_other_league(season: Season, settings, models_dir: Path):
    settings.CLOCK = "tests.mlmodels.test_services.at_nine"
    broken = activate(train_strength(season.league, until=UNTIL).pk)
    other = make_season(make_league(sport="football"))
    make_results(other, first=FIRST)
    make_match(other, kickoff_at=AT + timedelta(days=1))
    activate(train_strength(other.league, until=UNTIL).pk)
    (models_dir / f"{broken.artefact_sha256}.joblib").write_bytes(b"")

    forecast_matches()

    assert MatchForecast.objects.get().match.season == other


def at_nine() -> datetime:
    return AT
