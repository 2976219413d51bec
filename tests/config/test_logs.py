"""What the logs keep to themselves."""

import logging

import pytest
from django.test import Client
from structlog.stdlib import ProcessorFormatter

pytestmark = pytest.mark.django_db

SECRET = "A1b2" * 10
KEY = f"vz_test_abcdefghi0_{SECRET}"


@pytest.mark.parametrize(
    "query", [f"key={KEY}", f"q=%76%7a{KEY.removeprefix('vz')}", f"{KEY}=1", f"a=1+{KEY}"]
)
def test_no_key_of_an_address_is_logged(client: Client, query, caplog):
    answer = client.get(f"/api/v1/leagues?{query}")

    assert answer.json()["code"] == "key_in_url"
    assert "GET (an address with a key)" in caplog.text
    assert SECRET not in caplog.text


def written(records):
    """What our handler makes of log records."""
    formatters = (handler.formatter for handler in logging.getLogger().handlers)
    ours = next(one for one in formatters if isinstance(one, ProcessorFormatter))
    return "\n".join(ours.format(record) for record in records)


@pytest.mark.parametrize("path", ["/api/v1/leagues/{}", "/api/v1/{}/x y", "/leagues/{}/", "/{}"])
def test_no_key_within_a_path_is_written_down(client: Client, path, caplog):
    assert client.get(path.format(KEY)).status_code == 404

    lines = written(caplog.records)
    assert "Not Found: (an address with a key)" in lines
    assert SECRET not in lines


def test_other_addresses_are_logged_whole(client: Client, caplog):
    client.get("/api/v1/leagues?limit=vz_test_none")

    assert "GET /api/v1/leagues?limit=vz_test_none" in caplog.text
