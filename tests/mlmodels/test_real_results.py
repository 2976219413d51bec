"""Two real seasons of a league: the model is better than what one knows without it."""

import gzip
import json
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from leagues.models import Season, Team
from leagues.packs.loader import load_pack
from matches.enums import MatchStatus
from matches.ingest.adapters.openfootball import ADAPTER
from matches.ingest.documents import FeedMatch
from matches.models import Match
from mlmodels.estimators.backtest import Backtest, backtest
from mlmodels.estimators.strength import fit
from mlmodels.rules.metrics import calibration, scores
from mlmodels.rules.results import PlayedMatch
from tests.factories.leagues import make_league, make_season, make_team

RULE = load_pack("football").strength
SEASONS = ("2022-23", "2023-24")


def told(shared_data: Path, file: str) -> list[FeedMatch]:
    found: list[FeedMatch] = []
    for season in SEASONS:
        path = shared_data / "openfootball" / season / f"{file}.json.gz"
        body = gzip.decompress(path.read_bytes())
        found += ADAPTER.parse({f"{season}/{file}.json": body}).matches
    return sorted((m for m in found if m.score), key=lambda m: (m.kickoff_at, m.ref))


def played(matches: list[FeedMatch]) -> list[PlayedMatch]:
    teams: dict[str, int] = {}
    return [
        PlayedMatch(
            match=number,
            home=teams.setdefault(match.home, len(teams)),
            away=teams.setdefault(match.away, len(teams)),
            home_score=match.score[0],
            away_score=match.score[1],
            winner=winner(*match.score),
            day=match.kickoff_at.date(),
        )
        for number, match in enumerate(matches)
    ]


def winner(home: int, away: int) -> str:
    return "home" if home > away else "away" if away > home else ""


@pytest.fixture(scope="module")
def matches(shared_data: Path) -> list[FeedMatch]:
    return told(shared_data, "en.1")


@pytest.fixture(scope="module")
def judged(matches: list[FeedMatch]) -> Backtest:
    return backtest(played(matches), RULE)


def test_model_beats_both_baselines_on_every_score(judged: Backtest):
    model, base, earlier = (
        scores(part) for part in (judged.model, judged.base_rates, judged.earlier)
    )

    assert model.n == base.n == earlier.n == 380
    for baseline in (base, earlier):
        assert model.log_loss < baseline.log_loss - 0.05
        assert model.brier < baseline.brier - 0.03
        assert model.rps < baseline.rps - 0.01


def test_stated_probabilities_come_true_about_as_often(judged: Backtest):
    bins = [part for part in calibration(judged.model) if part.n >= 50]

    assert len(bins) >= 5
    # Three standard errors of a share.
    assert all(
        abs(part.stated - part.observed)
        <= 3 * (part.stated * (1 - part.stated) / part.n) ** 0.5 + 0.01
        for part in bins
    )


def test_later_results_change_no_judgement(matches: list[FeedMatch]):
    results = played(matches)
    day = results[400].day
    future = [r for r in results if r.day >= day]
    turned = [
        PlayedMatch(
            match=r.match,
            home=r.away,
            away=r.home,
            home_score=9,
            away_score=0,
            winner="home",
            day=r.day,
        )
        for r in future
    ]
    past = [r for r in results if r.day < day]

    assert fit(past + turned, RULE, at=day) == fit(results, RULE, at=day) == fit(past, RULE, at=day)


def test_order_of_the_rows_does_not_matter(matches: list[FeedMatch]):
    results = played(matches)[:200]

    assert fit(results[::-1], RULE, at=date(2024, 1, 1)) == fit(results, RULE, at=date(2024, 1, 1))


def store(matches: list[FeedMatch]) -> Season:
    season = make_season(make_league("Top flight", sport="football", time_zone="Europe/London"))
    teams: dict[str, Team] = {}
    for ref in sorted({match.home for match in matches} | {match.away for match in matches}):
        teams[ref] = make_team(ref.partition(":")[2], season=season)
    Match.objects.bulk_create(
        Match(
            season=season,
            home=teams[match.home],
            away=teams[match.away],
            kickoff_at=match.kickoff_at,
            status=MatchStatus.FINISHED,
            home_score=match.score[0],
            away_score=match.score[1],
        )
        for match in matches
    )
    return season


@pytest.mark.django_db
def test_command_trains_judges_and_activates(matches: list[FeedMatch]):
    season = store(matches)
    text = run("train", season.league.slug, "--until", "2022-12-01")
    report = json.loads(run("train", season.league.slug, "--until", "2024-06-01", "--json"))

    assert text.startswith("strength 1.1 of top-flight: ")
    for words in ("log loss", "base rates so far", "earlier season's rates", "calibration"):
        assert words in text
    assert (report["version"], report["is_active"]) == ("1.2", True)
    assert report["trained_on_count"] == 760
    assert report["metrics"]["model"]["log_loss"] < report["metrics"]["base_rates"]["log_loss"]
    assert sum(part["n"] for part in report["metrics"]["calibration"]) == 3 * 380


def run(*words: Any) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()
