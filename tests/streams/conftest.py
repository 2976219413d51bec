"""Servers of the live tests: one Valkey and one socket server for a module."""

import itertools

import pytest

from streams import redis_client
from tests.streams.live_support import Server, Valkey

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def valkey(tmp_path_factory):
    server = Valkey(tmp_path_factory.mktemp("valkey"))
    yield server
    server.close()


@pytest.fixture(scope="module")
def server(valkey):
    process = Server(valkey)
    yield process
    process.close()


@pytest.fixture
def publishing(valkey, settings):
    """Point this process, the publisher, to the module's Valkey."""
    settings.REDIS_URL = valkey.url
    redis_client.client.cache_clear()
    yield
    redis_client.client().close()
    redis_client.client.cache_clear()


@pytest.fixture
def topic():
    """A topic of this test alone, that counts by itself."""
    return f"free:{next(_numbers)}"
