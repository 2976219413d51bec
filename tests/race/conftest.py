"""What races begin with."""

from collections.abc import Iterator

import pytest

from tests.race.processes import Gate


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.close()
