"""What is learnt from, how it is judged, and the line of a real match with overtime."""

import gzip
import math
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from leagues.packs.facts import FoldEvent
from leagues.packs.loader import load_pack
from matches.ingest.adapters.nba import ADAPTER
from mlmodels.estimators.backtest import backtest
from mlmodels.estimators.strength import fit, from_content
from mlmodels.rules.chances import Chances, Expectation
from mlmodels.rules.line import situations
from mlmodels.rules.metrics import calibration, scores
from mlmodels.rules.results import digest, regular_score
from mlmodels.rules.win_probability import win_probability
from tests.factories.mlmodels import double_round

FOOTBALL, HOCKEY = load_pack("football"), load_pack("ice_hockey")
BASKETBALL = load_pack("basketball")
FIRST = date(2025, 8, 1)


@pytest.mark.parametrize(
    ("pack", "score", "shootout", "periods", "expected"),
    [
        (FOOTBALL, (2, 1), None, [("1H", 1, 0), ("2H", 1, 1)], (2, 1)),
        (FOOTBALL, (3, 2), None, [("1H", 1, 1), ("2H", 1, 1), ("E1", 1, 0)], (2, 2)),
        (FOOTBALL, (1, 1), (5, 4), [], (1, 1)),
        (HOCKEY, (3, 2), (1, 0), [("P1", 2, 2)], (2, 2)),
        (HOCKEY, (2, 3), None, [("P1", 2, 2), ("OT", 0, 1)], (2, 2)),
        (BASKETBALL, (110, 105), None, [("Q1", 99, 99), ("OT1", 11, 6)], (99, 99)),
    ],
)
def test_regular_score_is_without_overtime_and_shoot_out(pack, score, shootout, periods, expected):
    assert regular_score(pack, score, shootout=shootout, periods=periods) == expected


def test_scores_are_those_of_the_books():
    sure = Chances(home=0.7, draw=0.2, away=0.1)

    found = scores([(sure, "home"), (sure, "away")])

    assert found.n == 2
    assert found.log_loss == pytest.approx((-math.log(0.7) - math.log(0.1)) / 2)
    assert found.brier == pytest.approx((0.09 + 0.04 + 0.01 + 0.49 + 0.04 + 0.81) / 2)
    # Cumulated 0.7, 0.9 against 1, 1 and against 0, 0.
    assert found.rps == pytest.approx(((0.09 + 0.01) / 2 + (0.49 + 0.81) / 2) / 2)


def test_scores_of_two_outcomes_have_no_draw():
    found = scores([(Chances(home=0.8, draw=0.0, away=0.2), "away")])

    assert (found.brier, found.rps) == (pytest.approx(1.28), pytest.approx(0.64))


def test_an_impossible_outcome_costs_much_and_not_everything():
    found = scores([(Chances(home=1.0, draw=0.0, away=0.0), "away")])

    assert 20 < found.log_loss < 30


def test_bins_count_every_outcome_once():
    bins = calibration(
        [
            (Chances(home=0.62, draw=0.2, away=0.18), "home"),
            (Chances(home=0.68, draw=0.2, away=0.12), ""),
        ]
    )

    assert [(part.low, part.n, part.stated, part.observed) for part in bins] == [
        (0.1, 2, 0.15, 0.0),
        (0.2, 2, 0.2, 0.5),
        (0.6, 2, 0.65, 0.5),
    ]


def test_a_newcomer_is_average_and_a_score_is_never_below_zero():
    results = double_round(list(range(6)), first=FIRST)
    poisson = fit(results, FOOTBALL.strength, at=date(2026, 1, 1))
    normal = fit(results, BASKETBALL.strength, at=date(2026, 1, 1))

    assert poisson.attack.get(99, 0.0) == 0
    assert poisson.expect(0, 5).home > poisson.expect(99, 5).home > poisson.expect(5, 0).home
    assert all(
        min(normal.expect(home, away).home, normal.expect(home, away).away) >= 0
        for home in range(6)
        for away in range(6)
    )


def test_an_old_result_counts_less_than_a_new_one():
    good = double_round(list(range(6)), first=date(2022, 8, 1))
    bad = double_round(list(range(6))[::-1], first=FIRST)

    fitted = fit(good + bad, FOOTBALL.strength, at=date(2025, 10, 1))

    assert fitted.attack[5] > fitted.attack[0]


def test_an_artefact_gives_the_same_strengths_back():
    fitted = fit(double_round(list(range(6)), first=FIRST), FOOTBALL.strength, at=date(2026, 1, 1))

    assert from_content(fitted.as_content()) == fitted
    with pytest.raises(ValueError, match="train again"):
        from_content({**fitted.as_content(), "method": "0"})


def test_a_backtest_needs_two_days():
    results = double_round(list(range(3)), first=FIRST)

    with pytest.raises(ValueError, match="two days"):
        backtest(results[:3], FOOTBALL.strength)
    with pytest.raises(ValueError, match="no results"):
        fit(results, FOOTBALL.strength, at=FIRST)


def test_digest_tells_a_changed_result():
    results = double_round(list(range(4)), first=FIRST)
    other = double_round(list(range(4)), first=FIRST, seed=6)

    assert digest(results) == digest(double_round(list(range(4)), first=FIRST))
    assert digest(results) != digest(other)


def test_line_of_a_real_match_with_overtime(shared_data: Path):
    files = {
        f"0021600270.v2.{part}.json": gzip.decompress(
            (shared_data / "pbp" / "nba" / f"0021600270.v2.{part}.json.gz").read_bytes()
        )
        for part in ("box", "pbp")
    }
    (match,) = ADAPTER.parse(files).matches
    sides = {match.home: "home", match.away: "away"}
    facts = [
        FoldEvent(
            lineage=number,
            type=event.type,
            period=event.period,
            clock_ms=event.clock_ms,
            team=sides.get(event.team),
            payload=event.payload,
        )
        for number, event in enumerate(match.events)
    ]
    expected = Expectation(home=106.0, away=104.0, margin_sd=13.0)

    told = situations(BASKETBALL, facts)
    line = [win_probability(found, expected, BASKETBALL.strength) for _, found in told]

    last_of_q4 = max(i for i, (fact, _) in enumerate(told) if fact.period == "Q4")
    end = told[-1][1]
    assert (end.home_score, end.away_score, end.remaining) == (126, 115, 0)
    assert line[last_of_q4].home == pytest.approx(0.5, abs=0.01)
    assert line[-1].home == 1
    assert all(math.isclose(c.home + c.draw + c.away, 1, abs_tol=1e-9) for c in line)
    # No possession is worth more than that before the last two minutes.
    early = [c.home for (f, _), c in zip(told, line, strict=True) if f.period in ("Q1", "Q2")]
    assert max(abs(b - a) for a, b in pairwise(early)) < 0.1
