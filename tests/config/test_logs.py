"""What the logs keep to themselves."""

import pytest
from django.test import Client

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


def test_other_addresses_are_logged_whole(client: Client, caplog):
    client.get("/api/v1/leagues?limit=vz_test_none")

    assert "GET /api/v1/leagues?limit=vz_test_none" in caplog.text
