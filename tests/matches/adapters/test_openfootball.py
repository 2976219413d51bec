"""The openfootball adapter on a small season of our own."""

import json

import pytest

from matches.ingest.adapters import get
from matches.ingest.documents import FeedError
from tests.matches.adapters.football import document_of, files_of
from tests.official.report import fold_match

SEASON = "2030-31/en.1.json"


def test_season_is_read_with_local_times_as_utc():
    document = document_of("openfootball")

    assert (document.league, document.season) == ("Premier League", "2030-31")
    assert [match.kickoff_at.isoformat() for match in document.matches[:2]] == [
        "2030-08-10T14:00:00+00:00",
        "2030-12-26T12:30:00+00:00",
    ]
    assert [match.matchday for match in document.matches] == [1, 2, None, 3, 4]


def test_fold_gives_the_stated_scores():
    document = document_of("openfootball")

    folds = [fold_match(document, match) for match in document.matches]

    assert [(f.status, f.score, f.shootout) for f in folds[:3]] == [
        ("finished", (2, 1), None),
        ("finished", (0, 3), None),
        ("finished_pens", (2, 2), (4, 3)),
    ]
    assert folds[0].periods == (("1H", 1, 0), ("2H", 1, 1))


def test_score_without_half_time_belongs_to_no_period():
    document = document_of("openfootball")

    assert fold_match(document, document.matches[1]).periods == ()


def test_match_not_played_has_a_status_and_no_events():
    document = document_of("openfootball")

    assert [(m.status, m.score, len(m.events)) for m in document.matches[3:]] == [
        ("scheduled", None, 0),
        ("postponed", None, 0),
    ]


def test_refs_are_the_same_when_the_match_moves_to_another_day():
    files = files_of("openfootball")
    before = [match.ref for match in document_of("openfootball", files).matches]

    moved = {SEASON: files[SEASON].replace(b"2030-12-26", b"2031-02-02")}

    assert [match.ref for match in document_of("openfootball", moved).matches] == before


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda m: m.update(score={"ft": [1]}), "matches[0].score.ft"),
        (lambda m: m.update(date="10/08/2030"), "matches[0]"),
        (lambda m: m.pop("team2"), "matches[0].team2"),
    ],
)
def test_broken_match_is_refused_with_its_place(change, place):
    root = json.loads(files_of("openfootball")[SEASON])
    change(root["matches"][0])

    with pytest.raises(FeedError) as refused:
        get("openfootball").parse({SEASON: json.dumps(root).encode()})

    assert f"{SEASON}.{place}" in str(refused.value)
