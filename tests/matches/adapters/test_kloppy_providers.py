"""Providers read by kloppy alone, on the sample documents that kloppy itself is tested with."""

from pathlib import Path

import kloppy
import pytest

from matches.ingest.adapters import get
from matches.ingest.documents import FeedDocument, FeedError
from tests.official.report import fold_match, players_of

SAMPLES = Path(kloppy.__file__).parent / "tests" / "files"


def document_of(adapter: str, names: dict[str, str]) -> FeedDocument:
    """Return the sample documents read; `names` gives each the name that its vendor gives it."""
    return get(adapter).parse(
        {name: (SAMPLES / sample).read_bytes() for sample, name in names.items()}
    )


@pytest.mark.parametrize("form", ["json", "xml"])
def test_stats_perform_match_folds_to_its_score(form):
    names = {f"statsperform_event_ma{n}.{form}": f"match1_ma{n}.{form}" for n in (1, 3)}

    document = document_of("statsperform", names)

    match = document.matches[0]
    fold = fold_match(document, match)
    assert [team.name for team in document.teams] == ["Hamburger SV", "Sandhausen"]
    assert (fold.status, fold.score) == ("finished", (2, 1))
    assert [sum(spot.is_starter for spot in sheet.spots) for sheet in match.sheets] == [11, 11]
    assert len({event.vendor_event_id for event in match.events}) == len(match.events)


def test_stats_perform_minutes_follow_the_match_clock():
    names = {f"statsperform_event_ma{n}.json": f"match1_ma{n}.json" for n in (1, 3)}
    document = document_of("statsperform", names)

    lines = players_of(fold_match(document, document.matches[0]))

    assert sum(line["minutes_begun"] for line in lines.values()) <= 22 * 90
    assert sum(line["red_cards"] for line in lines.values()) == 1


def test_datafactory_match_folds_to_its_score():
    document = document_of("datafactory", {"datafactory_events.json": "1111111.json"})

    match = document.matches[0]
    fold = fold_match(document, match)
    assert (fold.score, match.score) == ((4, 2), (4, 2))
    assert [sum(spot.is_starter for spot in sheet.spots) for sheet in match.sheets] == [11, 11]
    assert players_of(fold)["40975"]["own_goals"] == 1
    assert players_of(fold)["61457"]["assists"] == 1


def test_sportec_sample_is_read():
    document = document_of(
        "sportec",
        {
            "sportec_meta.xml": "DFL_02_01_matchinformation_DFL-COM-000001_DFL-MAT-003BN1.xml",
            "sportec_events.xml": "DFL_03_02_events_raw_DFL-COM-000001_DFL-MAT-003BN1.xml",
        },
    )

    match = document.matches[0]
    assert match.ref == "DFL-MAT-003BN1"
    assert [team.name for team in document.teams] == [
        "Sport-Club Freiburg",
        "Borussia Mönchengladbach",
    ]
    assert [sum(spot.is_starter for spot in sheet.spots) for sheet in match.sheets] == [11, 11]


def test_statsbomb_match_with_newer_fields_is_read():
    document = document_of(
        "statsbomb",
        {
            "statsbomb_3788741_event.json": "3788741_events.json",
            "statsbomb_3788741_lineup.json": "3788741_lineups.json",
        },
    )

    match = document.matches[0]
    assert fold_match(document, match).status == "finished"
    assert [sum(spot.is_starter for spot in sheet.spots) for sheet in match.sheets] == [11, 11]


def test_opta_sample_in_xml_is_read():
    document = document_of("opta", {"opta_f24.xml": "f24-1.xml", "opta_f7.xml": "f7-1.xml"})

    match = document.matches[0]
    assert [team.name for team in document.teams] == ["FC København", "FC Nordsjælland"]
    assert match.status == "finished_pens"
    assert len({event.vendor_event_id for event in match.events}) == len(match.events)


@pytest.mark.parametrize(
    ("adapter", "names"),
    [
        ("datafactory", ["a.json"]),
        ("statsperform", ["a_ma1.json", "a_ma3.json"]),
        ("sportec", ["DFL-MAT-1_a.xml", "DFL-MAT-1_b.xml"]),
    ],
)
@pytest.mark.parametrize("body", [b"{}", b"[]", b"<a/>", b"", b"\x00"])
def test_something_else_is_refused(adapter, names, body):
    with pytest.raises(FeedError):
        get(adapter).parse(dict.fromkeys(names, body))


@pytest.mark.parametrize(
    ("adapter", "names", "expected"),
    [
        ("datafactory", ["a.json", "b.txt"], [("a", ("a.json",))]),
        (
            "statsperform",
            ["x/m1_ma1.json", "x/m1_ma3.json.gz", "x/m2_ma1.json"],
            [("m1_.json", ["x/m1_ma1.json", "x/m1_ma3.json.gz"])],
        ),
        (
            "sportec",
            ["info_DFL-MAT-1.xml", "events_DFL-MAT-1.xml", "info_DFL-MAT-2.xml"],
            [("DFL-MAT-1", ["events_DFL-MAT-1.xml", "info_DFL-MAT-1.xml"])],
        ),
    ],
)
def test_documents_of_one_match_come_together(adapter, names, expected):
    assert list(get(adapter).bundles(names)) == expected
