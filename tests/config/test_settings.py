"""Settings from the environment: a bad value stops the start with its name and the fix."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from redis.connection import parse_url

from config.settings import _redis_database

PRODUCTION = {
    "VEZE_ENV": "production",
    "SECRET_KEY": "0123456789" * 5,
    "ALLOWED_HOSTS": "scores.example.org",
    "TRUSTED_ORIGINS": "https://scores.example.org",
    "DATABASE_URL": "postgresql://veze:secret@db.example.org/veze",
    "REDIS_URL": "redis://:secret@redis.example.org:6379/0",
}


def load(environment: dict[str, str], expression: str = "") -> subprocess.CompletedProcess[str]:
    code = "import config.settings as s\n" + (f"print({expression})" if expression else "")
    clean = {
        name: os.environ[name] for name in ("PATH", "HOME", "VEZE_DATA_DIR") if name in os.environ
    }
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=settings.BASE_DIR,
        env={**clean, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_production_starts_with_everything_set():
    loaded = load(PRODUCTION, "s.DEBUG, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE")

    assert loaded.stdout.strip() == "False True True", loaded.stderr


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY: set a secret of at least 40 characters"),
        (
            {"SECRET_KEY": "development-only-key-that-production-refuses"},
            "SECRET_KEY: set a secret of at least 40 characters",
        ),
        ({"SECRET_KEY": "short"}, "SECRET_KEY: set a secret of at least 40 characters"),
        ({"DEBUG": "1"}, "DEBUG: must be off when VEZE_ENV=production"),
        ({"DATABASE_URL": ""}, "DATABASE_URL: must be set when VEZE_ENV=production"),
        ({"REDIS_URL": ""}, "REDIS_URL: must be set when VEZE_ENV=production"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS: must be set when VEZE_ENV=production"),
        ({"TRUSTED_ORIGINS": ""}, "TRUSTED_ORIGINS: must be set when VEZE_ENV=production"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS: name the hosts; * is refused in production"),
        ({"VEZE_ENV": "prod"}, "VEZE_ENV='prod': set it to one of development, test, production"),
        ({"DEBUG": "maybe"}, "DEBUG='maybe': set it to 1 or 0"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL='loud': set it to one of DEBUG, INFO"),
        (
            {"API_READS_PER_MINUTE": "0"},
            "API_READS_PER_MINUTE='0': set it to a whole number of at least 1",
        ),
        (
            {"FEED_TIMEOUT_S": "ten"},
            "FEED_TIMEOUT_S='ten': set it to a whole number of at least 1",
        ),
    ],
)
def test_bad_value_stops_the_start_with_its_name_and_the_fix(changed, message):
    loaded = load({**PRODUCTION, **changed})

    assert loaded.returncode != 0
    assert f"ImproperlyConfigured: {message}" in loaded.stderr
    assert "secret@" not in loaded.stderr


def test_development_needs_no_environment():
    loaded = load({}, "s.ENVIRONMENT, s.DATABASES['default']['ENGINE'].split('.')[-1]")

    assert loaded.stdout.strip() == "development postgresql", loaded.stderr


def test_pool_excludes_persistent_connections():
    pooled = load({**PRODUCTION, "DATABASE_POOL": "1"}, "s.DATABASES['default']['CONN_MAX_AGE']")

    assert pooled.stdout.strip() == "0", pooled.stderr


def test_sites_that_share_a_redis_by_number_do_not_hear_each_other():
    ours = settings.CHANNEL_LAYERS["default"]["CONFIG"]["prefix"]
    number = parse_url(settings.REDIS_URL)["db"]

    assert number > 0
    assert ours == f"veze-live-{number}"


@pytest.mark.parametrize(
    ("url", "number"),
    [
        ("redis://:secret@redis.example.org:6379", "0"),
        ("redis://:secret@redis.example.org:6379/", "0"),
        ("rediss://:secret@redis.example.org:6379/3", "3"),
        ("redis://redis.example.org?db=4", "4"),
        ("redis://redis.example.org/3?db=4", "4"),
        ("unix://:secret@/run/valkey.sock", "0"),
        ("unix://:secret@/run/valkey.sock?db=12", "12"),
    ],
)
def test_number_of_the_database_is_the_one_redis_is_asked_for(url, number):
    assert _redis_database(url) == number == str(parse_url(url).get("db", 0))


def test_tasks_end_before_the_broker_would_give_them_away_again():
    assert settings.CELERY_TASK_ACKS_LATE
    assert settings.CELERY_TASK_REJECT_ON_WORKER_LOST
    visibility_s = settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]
    assert visibility_s / 2 > settings.CELERY_TASK_TIME_LIMIT > settings.CELERY_TASK_SOFT_TIME_LIMIT


def test_sign_up_is_open_unless_it_is_closed():
    assert load({}, "s.SIGN_UP_OPEN").stdout.strip() == "True"
    assert load({"SIGN_UP": "closed"}, "s.SIGN_UP_OPEN").stdout.strip() == "False"
    refused = load({"SIGN_UP": "maybe"})
    assert "SIGN_UP='maybe': set it to one of open, closed." in refused.stderr
