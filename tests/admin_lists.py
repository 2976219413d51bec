"""What every list of the admin keeps to."""

from collections.abc import Callable

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

_MOST_QUERIES = 14


def assert_no_query_for_a_row(curator: Client, address: str, add: Callable[[], object]) -> None:
    """Insist that the list of five rows needs no more queries than the list of one."""
    add()
    curator.get(address)
    of_one = _queries(curator, address)
    assert of_one <= _MOST_QUERIES
    for _ in range(4):
        add()

    assert _queries(curator, address) <= of_one


def _queries(curator: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert curator.get(address).status_code == 200
    return len(asked)
