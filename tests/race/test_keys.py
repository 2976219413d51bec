"""Keys of one owner that are made at the same time: never more than there may be."""

import pytest

from accounts import services
from accounts.enums import KeyMode, KeyScope
from config.clock import now
from tests.factories.accounts import make_user
from tests.race.processes import (
    is_somebody_waiting_for_a_lock,
    racers,
    until,
    without_row_locks,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(("locked", "made"), [(True, 1), (False, 2)])
def test_last_key_is_made_once(gate, settings, locked, made):
    settings.PARTNER_KEYS_PER_USER = 1
    owner = make_user()
    random = services._random

    def make(name="Quick"):
        if not locked:
            without_row_locks()
        wanted = {"mode": KeyMode.TEST, "scopes": [KeyScope.READ], "expires_at": None}
        services.make_key(owner, name=name, at=now(), **wanted)

    def make_slowly():
        def wait(*arguments):
            gate.wait()
            return random(*arguments)

        services._random = wait
        make("Slow")

    with racers(make_slowly) as (one,):
        # It has counted by now, and has made nothing yet.
        gate.await_arrival()
        with racers(make) as (other,):
            until(lambda: is_somebody_waiting_for_a_lock() or other.has_ended())
            gate.open()
            ends = (one.join(), other.join())

    assert ends == (0, 1 if locked else 0)
    assert owner.partner_keys.count() == made
