"""The bytes behind a row of a log are found again, by the moment at which they were read."""

import hashlib
import json
from copy import deepcopy

import pytest

from leagues.models import Season
from matches.ingest.documents import Fetched
from matches.models import FeedPoll, PlayEvent, RawDocument
from matches.selectors.payloads import payload_hashes
from matches.services.curation import documents_about
from matches.services.feeds import pack_files, record_answer
from matches.services.files import find_bundles, import_bundle
from matches.services.rerun import rerun_from_raw
from tests.factories.leagues import make_league, make_season
from tests.factories.matches import make_feed
from tests.matches.test_rerun import DOCUMENT, GOAL

pytestmark = pytest.mark.django_db


def hashes():
    rows = PlayEvent.objects.order_by("seq")
    seasons = set(Season.objects.values_list("pk", flat=True))
    found = payload_hashes({row.ingested_at for row in rows}, season_ids=seasons)
    return {row.vendor_event_id: found.get(row.ingested_at) for row in rows}


def sha256(body):
    return hashlib.sha256(body).hexdigest()


def answer(feed, *more):
    document = deepcopy(DOCUMENT)
    document["matches"][0]["events"] += more
    body = json.dumps(document).encode()
    record_answer(
        feed, Fetched(http_status=200, body=body, etag="", last_modified="", latency_ms=1)
    )
    return sha256(body)


def test_each_row_leads_to_the_answer_that_told_it():
    feed = make_feed(make_season(make_league("Sunday League", sport="generic")), adapter="veze")
    first = answer(feed)
    second = answer(feed, {**GOAL, "id": "e4", "clock_ms": 95_000})

    assert hashes() == {"e1": first, "e2": first, "e3": first, "e4": second}
    # Also once polls are forgotten.
    FeedPoll.objects.all().delete()
    assert hashes()["e4"] == second


def test_moment_at_which_several_documents_were_read_leads_nowhere():
    feed = make_feed(make_season(make_league("Sunday League", sport="generic")), adapter="veze")
    first = answer(feed)
    FeedPoll.objects.all().delete()
    document = RawDocument.objects.get()
    assert set(hashes().values()) == {first}

    document.pk, document.sha256 = None, "0" * 64
    document.save()

    assert set(hashes().values()) == {None}


def test_row_of_an_imported_file_leads_to_it(tmp_path):
    body = json.dumps(DOCUMENT).encode()
    (tmp_path / "m1.json").write_bytes(body)

    for bundle in find_bundles("veze", str(tmp_path / "m1.json")):
        import_bundle("veze", bundle, season=None)

    assert RawDocument.objects.get().sha256 == sha256(pack_files({"m1.json": body}))
    assert set(hashes().values()) == {RawDocument.objects.get().sha256}


def test_log_that_was_told_anew_leads_nowhere(tmp_path):
    (tmp_path / "m1.json").write_bytes(json.dumps(DOCUMENT).encode())
    for bundle in find_bundles("veze", str(tmp_path / "m1.json")):
        import_bundle("veze", bundle, season=None)
    match = PlayEvent.objects.first().match

    rerun_from_raw(match, documents_about(match))

    assert set(hashes().values()) == {None}
