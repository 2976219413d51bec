"""Liveness, readiness and metrics."""

from datetime import timedelta

import pytest
import redis
from django.core.cache import cache
from django.db import OperationalError, connection
from django.test import Client

from config import health, metrics
from config.beat import BEAT_SEEN_KEY
from config.clock import now
from streams import stopping
from streams.models import DeadLetter, OutboxEvent
from tests.factories.matches import make_event, make_feed, make_live_match


@pytest.fixture
def beat():
    cache.set(BEAT_SEEN_KEY, now())


def test_health_answers_without_any_server(client: Client):
    response = client.get("/health")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_ready_when_every_part_works(client: Client, beat):
    response = client.get("/ready")

    assert response.status_code == 200, response.json()
    assert response.json()["status"] == "ok"
    assert set(response.json()["checks"]) == {
        "process",
        "database",
        "redis",
        "migrations",
        "streams",
        "beat",
    }


@pytest.mark.django_db
def test_not_ready_once_the_process_was_told_to_stop(client: Client, beat):
    stopping.note_stopping()
    try:
        response = client.get("/ready")
    finally:
        stopping._flag[0] = 0

    assert response.status_code == 503
    assert response.json()["checks"]["process"] == {
        "ok": False,
        "error": "the process was told to stop",
    }
    assert client.get("/health").status_code == 200


@pytest.mark.django_db
def test_not_ready_without_beat(client: Client):
    response = client.get("/ready")

    assert response.status_code == 503
    assert response.json()["checks"]["beat"]["ok"] is False


@pytest.mark.django_db
def test_not_ready_when_beat_has_stopped(client: Client):
    cache.set(BEAT_SEEN_KEY, now() - timedelta(minutes=5))

    beat = client.get("/ready").json()["checks"]["beat"]

    assert beat == {"ok": False, "error": "beat was last seen 300 s ago"}


@pytest.mark.django_db
def test_not_ready_while_an_event_waits_for_the_relay(client: Client, beat):
    OutboxEvent.objects.create(
        topic="match.ingested", payload={}, created_at=now() - timedelta(minutes=2)
    )

    response = client.get("/ready")

    assert response.status_code == 503
    assert "waits for the relay since 120 s" in response.json()["checks"]["streams"]["error"]


@pytest.mark.django_db
def test_not_ready_when_a_group_is_far_behind(client: Client, beat, monkeypatch):
    monkeypatch.setattr(health, "lags", lambda: {"stats": 50_001})

    response = client.get("/ready")

    assert response.status_code == 503
    assert response.json()["checks"]["streams"]["error"] == "group stats is 50001 entries behind"


@pytest.mark.django_db
def test_not_ready_without_redis(client: Client, beat, monkeypatch):
    def away() -> None:
        raise redis.ConnectionError("unix:/run/secret.sock refused")

    monkeypatch.setattr(health, "client", away)

    response = client.get("/ready")

    assert response.status_code == 503
    assert response.json()["checks"]["redis"] == {"ok": False, "error": "ConnectionError"}


@pytest.mark.django_db
def test_not_ready_without_database(client: Client, beat, monkeypatch):
    def away() -> None:
        raise OperationalError("password=secret")

    monkeypatch.setattr(connection, "cursor", away)

    response = client.get("/ready")

    assert response.status_code == 503
    assert response.json()["checks"]["database"] == {"ok": False, "error": "OperationalError"}


@pytest.mark.django_db
def test_metrics_are_open_in_development(client: Client):
    response = client.get("/metrics")

    assert response.status_code == 200
    assert b"django_http_requests_total" in response.content


@pytest.mark.django_db
def test_metrics_tell_of_feeds_streams_and_matches(client: Client):
    make_feed(name="North", last_good_at=now() - timedelta(seconds=90), failures=2)
    make_feed(name="Off", is_enabled=False, last_good_at=now())
    match = make_live_match(score_mismatch=True)
    make_event(match)
    OutboxEvent.objects.create(topic="match.ingested", payload={})
    DeadLetter.objects.create(
        topic="match.ingested", group="stats", entry_id="1-0", position=1, payload={}, error="x"
    )

    lines = client.get("/metrics").content.decode().splitlines()

    silence = next(line for line in lines if line.startswith("feed_silence_seconds{"))
    assert silence.startswith('feed_silence_seconds{feed="North"} 9')
    assert not any("Off" in line for line in lines)
    assert 'feed_failures{feed="North"} 2.0' in lines
    assert 'dead_letters_open{group="stats"} 1.0' in lines
    assert {"outbox_unrelayed 1.0", "matches_behind 1.0", "score_mismatch 1.0"} <= set(lines)


@pytest.mark.django_db
def test_metrics_tell_how_late_events_are_logged_and_how_old_live_data_is(client: Client):
    at = now()
    match = make_live_match(data_at=at - timedelta(seconds=42))
    for lag_s in (1, 2, 3, 30):
        make_event(match, vendor_at=at - timedelta(seconds=lag_s), ingested_at=at)
    make_event(match, occurred_at=at - timedelta(days=900), ingested_at=at)
    make_event(match, vendor_at=at - timedelta(seconds=999), ingested_at=at - timedelta(minutes=6))

    lines = client.get("/metrics").content.decode().splitlines()

    lags = [line for line in lines if line.startswith("ingest_lag_seconds{")]
    assert lags == [
        'ingest_lag_seconds{quantile="0.5",source="veze"} 3.0',
        'ingest_lag_seconds{quantile="0.95",source="veze"} 30.0',
        'ingest_lag_seconds{quantile="1",source="veze"} 30.0',
    ]
    age = next(line for line in lines if line.startswith("live_data_age_seconds{"))
    assert age.startswith(f'live_data_age_seconds{{league="{match.season.league.slug}"}} 42')


@pytest.mark.django_db
def test_metrics_leave_out_what_cannot_be_read(client: Client, monkeypatch):
    def away() -> None:
        raise redis.ConnectionError

    monkeypatch.setattr(metrics, "lags", away)

    text = client.get("/metrics").content.decode()

    assert "stream_consumer_lag" not in text
    assert "outbox_unrelayed 0.0" in text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("token", "sent", "status"),
    [("", "", 404), ("t0ken", "", 404), ("t0ken", "wrong", 404), ("t0ken", "t0ken", 200)],
)
def test_metrics_of_production_need_the_token(client: Client, settings, token, sent, status):
    settings.PRODUCTION, settings.METRICS_TOKEN = True, token

    response = client.get("/metrics", headers={"Authorization": f"Bearer {sent}"})

    assert response.status_code == status
