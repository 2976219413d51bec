"""Limits: exact, told in headers, open for reads and closed for logins when nobody can count."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import caches
from django.test import Client, RequestFactory
from django.urls import reverse
from redis.exceptions import ConnectionError as RedisConnectionError

from accounts.models import User
from config.limits import Bucket, network, refund, spend
from tests.factories.leagues import make_league

pytestmark = pytest.mark.django_db

BUCKET = Bucket(name="test", limit=10, window_s=86_400, refund_tenths=9)


@pytest.fixture
def redis_away(monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise RedisConnectionError("connection refused")

    backend = type(caches["default"])
    for name in ("add", "incr", "get", "set"):
        monkeypatch.setattr(backend, name, fail)


def test_headers_tell_what_is_left(client: Client, settings):
    settings.API_REQUESTS_PER_MINUTE = {"read": 5, "live": 5}

    response = client.get("/api/v1/leagues")

    assert response["RateLimit-Policy"] == '"read";q=5;w=60'
    assert re.fullmatch(r'"read";r=4;t=\d+', response["RateLimit"])
    assert response["X-RateLimit-Limit"] == "5"
    assert response["X-RateLimit-Remaining"] == "4"
    assert 1 <= int(response["X-RateLimit-Reset"]) <= 60


def test_request_beyond_the_limit_is_refused_with_a_time_to_come_back(client: Client, settings):
    settings.API_REQUESTS_PER_MINUTE = {"read": 2, "live": 9}
    statuses = [client.get("/api/v1/leagues").status_code for _ in range(2)]

    refused = client.get("/api/v1/leagues")

    assert statuses == [200, 200]
    assert refused.status_code == 429
    assert refused.json()["code"] == "rate_limited"
    assert refused["Retry-After"] == refused["X-RateLimit-Reset"]
    assert refused["X-RateLimit-Remaining"] == "0"
    # Live resources have a bucket of their own.
    assert client.get("/api/v1/matches").status_code == 200


def test_answer_of_304_costs_a_tenth(client: Client, settings):
    settings.API_REQUESTS_PER_MINUTE = {"read": 20, "live": 20}
    make_league()
    etag = client.get("/api/v1/leagues")["ETag"]
    for _ in range(10):
        assert client.get("/api/v1/leagues", headers={"If-None-Match": etag}).status_code == 304

    left = client.get("/api/v1/leagues")["X-RateLimit-Remaining"]

    assert left == str(20 - 1 - 1 - 1)


def test_limit_is_exact_under_concurrency():
    with ThreadPoolExecutor(8) as pool:
        usages = list(pool.map(lambda _: spend(BUCKET, "198.51.100.7"), range(40)))

    assert sorted(usage.spent for usage in usages if usage) == list(range(1, 41))
    assert sum(not usage.is_over for usage in usages if usage) == BUCKET.limit


def test_refund_gives_back_nine_tenths():
    for _ in range(10):
        spend(BUCKET, "a")
        refund(BUCKET, "a")

    usage = spend(BUCKET, "a")

    assert usage
    assert usage.spent == 11 - 9


def test_reads_go_on_without_a_counter(client: Client, redis_away):
    response = client.get("/api/v1/leagues")

    assert response.status_code == 200
    assert "RateLimit" not in response


def test_login_is_closed_without_a_counter(client: Client, redis_away):
    response = client.post(reverse("admin:login"), {"username": "a@example.org", "password": "x"})

    assert response.status_code == 503
    assert response["Retry-After"] == "10"


@pytest.mark.parametrize("name", ["admin:login", "accounts:login"])
def test_guesses_end_after_five_failures_of_an_account(client: Client, name: str):
    User.objects.create_user("ann@example.org", "right-horse-battery", is_staff=True)
    form = {"username": "Ann@example.org", "password": "wrong"}
    statuses = [client.post(reverse(name), form).status_code for _ in range(5)]

    right = {"username": "ann@example.org", "password": "right-horse-battery"}
    refused = client.post(reverse(name), right)

    assert 429 not in statuses
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) <= 900


def test_one_account_has_one_bucket_however_it_is_spelt(client: Client):
    """The admin's form reads full-width letters as plain ones: each spelling was a bucket."""
    User.objects.create_user("ann@example.org", "right-horse-battery", is_staff=True)
    spellings = ["ann@example.org", "\uff41nn@example.org", "a\uff4en@example.org"]
    spellings += [" ann@example.org", "an\uff4e@example.org", "\uff41\uff4en@example.org"]

    path = reverse("admin:login")
    right = {"username": spellings[1], "password": "right-horse-battery"}
    assert Client().post(path, right).status_code == 302
    guesses = [
        client.post(path, {"username": name, "password": "wrong"}).status_code for name in spellings
    ]

    assert guesses == [200] * 5 + [429]


def test_successful_logins_cost_nothing(client: Client):
    User.objects.create_user("ann@example.org", "right-horse-battery", is_staff=True)
    form = {"username": "ann@example.org", "password": "right-horse-battery"}

    statuses = {client.post(reverse("admin:login"), form).status_code for _ in range(8)}

    assert statuses == {302}


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("", "local"),
    ],
)
def test_network_of_an_address(address: str, expected: str):
    request = RequestFactory().get("/", REMOTE_ADDR=address, HTTP_X_FORWARDED_FOR="1.2.3.4")

    assert network(request) == expected
