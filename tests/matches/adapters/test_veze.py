"""The platform's own format: team sheets with who is missing, and what is wrong with one."""

import json
from typing import Any

import pytest

from matches.ingest.adapters.veze import ADAPTER
from matches.ingest.documents import FeedAbsence, FeedError, FeedSheet


def sheet_of(**more: Any) -> FeedSheet:
    sheet = {"team": "h", "players": [{"id": "h1", "starter": True}], **more}
    match = {"id": "m1", "home": "h", "away": "a", "sheets": [sheet]}
    document = {"sport": "football", "matches": [match]}
    return ADAPTER.parse({"f": json.dumps(document).encode()}).matches[0].sheets[0]


def test_sheet_names_who_is_missing_and_why():
    missing = [{"player": "h2", "reason": "Knee injury"}, {"player": "h3"}]

    sheet = sheet_of(missing=missing, coach="Ana Duarte", confirmed=False)

    assert sheet.missing == [
        FeedAbsence(player="h2", reason="Knee injury"),
        FeedAbsence(player="h3", reason=""),
    ]
    assert (sheet.coach, sheet.is_confirmed) == ("Ana Duarte", False)


@pytest.mark.parametrize(("more", "missing"), [({}, None), ({"missing": []}, [])])
def test_saying_nothing_of_absences_is_not_saying_that_there_are_none(more, missing):
    assert sheet_of(**more).missing == missing


@pytest.mark.parametrize(
    ("missing", "place"),
    [
        ("h2", "missing: expected"),
        ([{"reason": "x"}], "missing[0].player"),
        ([{"player": "h2", "reason": {}}], "missing[0].reason"),
    ],
)
def test_broken_list_of_absences_names_its_place(missing, place):
    with pytest.raises(FeedError) as error:
        sheet_of(missing=missing)

    assert place in str(error.value)
