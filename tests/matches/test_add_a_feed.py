"""The adapter in docs/how-to/add-a-feed.md works as it stands there."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings

from leagues.packs.loader import load_pack
from matches.ingest.documents import FeedError, FeedTeam

PAGE = Path(settings.BASE_DIR) / "docs" / "how-to" / "add-a-feed.md"
GOAL = {"id": "e1", "type": "GOAL", "period": "1H", "second": 61.5, "team": "7"}
DOCUMENT = {
    "id": "m1",
    "home": {"id": "7", "name": "Rovers"},
    "away": {"id": "8", "name": "United"},
    "events": [GOAL, {**GOAL, "id": "e2", "type": "CORNER_FLAG_MOVED"}],
}


@pytest.fixture(scope="module")
def adapter():
    [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    namespace: dict = {"__name__": "example"}
    exec(compile(code, str(PAGE), "exec"), namespace)
    return namespace["ADAPTER"]


def parse(adapter, document: object):
    return adapter.parse({"m1.json": json.dumps(document).encode()})


def test_example_reads_a_match(adapter):
    document = parse(adapter, DOCUMENT)

    [match] = document.matches
    assert document.teams == [FeedTeam(ref="7", name="Rovers"), FeedTeam(ref="8", name="United")]
    assert (match.ref, match.home, match.away, match.is_snapshot) == ("m1", "7", "8", True)
    [event] = match.events
    assert (event.type, event.period, event.clock_ms) == ("goal", "1H", 61_500)
    assert (event.team, event.vendor_event_id) == ("7", "e1")


def test_example_names_the_place_of_what_is_wrong(adapter):
    broken = {**DOCUMENT, "events": [{**GOAL, "team": None}]}

    with pytest.raises(FeedError, match=r"events.*0.*team"):
        parse(adapter, broken)


def test_example_uses_words_of_its_pack(adapter):
    document = parse(adapter, DOCUMENT)

    pack = load_pack(document.sport)
    assert {event.type for match in document.matches for event in match.events} <= set(pack.events)


def test_example_takes_the_files_it_knows(adapter):
    assert list(adapter.bundles(["a.json", "b.json.gz", "notes.txt"])) == [
        ("a.json", ("a.json",)),
        ("b.json.gz", ("b.json.gz",)),
    ]
