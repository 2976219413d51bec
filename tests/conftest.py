"""Fixtures of all tests: real servers, shared real data, a clock to move."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker

from tests.databases import use_template
from tests.official.summary import pytest_terminal_summary  # noqa: F401 - a hook, found by name

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real league and match data that lies beside the checkout."""
    if not SHARED_DATA.is_dir():
        message = (
            "REAL DATA IS ABSENT: ../shared/data beside the checkout. "
            "Set VEZE_NO_SHARED_DATA=1 to run without it."
        )
        if os.environ.get("VEZE_NO_SHARED_DATA") == "1":
            pytest.skip(message)
        pytest.fail(message)
    return SHARED_DATA


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None,
    django_db_blocker: DjangoDbBlocker,
) -> None:
    """Copy one migrated database instead of migrating each worker's own."""
    with django_db_blocker.unblock():
        use_template()


@pytest.fixture(autouse=True)
def _clean_redis(request: pytest.FixtureRequest) -> None:
    """Give each test that uses the database an empty Redis of its own worker."""
    uses_database = {"db", "transactional_db"} & set(request.fixturenames)
    if uses_database or request.node.get_closest_marker("django_db"):
        from streams.redis_client import client

        client().flushdb()


@pytest.fixture(autouse=True)
def _limits_begin_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the windows of all limits begin with the test: the clock's own might end within it."""
    from django_ratelimit import core

    begun_at, windows = int(time.time()), core._get_window

    def window_end(value: str, period: int) -> int:
        end = begun_at + period
        return end if end > time.time() else windows(value, period)

    monkeypatch.setattr(core, "_get_window", window_end)


@pytest.fixture(autouse=True, scope="session")
def _quick_flush() -> Iterator[None]:
    """Empty the tables after transactional tests without truncating each of them."""
    from django.test import TransactionTestCase

    from tests.race.committed import empty_tables

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: empty_tables())
        yield


@pytest.fixture(autouse=True, scope="session")
def _files_listed_once() -> Iterator[None]:
    """Let the handlers of all clients share the list of static files, which takes long to make."""
    from whitenoise.middleware import WhiteNoiseMiddleware

    list_files, listed = WhiteNoiseMiddleware.add_files_from_finders, {}

    def list_once(middleware: WhiteNoiseMiddleware) -> None:
        if not listed:
            list_files(middleware)
            listed.update(middleware.files)
        middleware.files.update(listed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", list_once)
        yield
