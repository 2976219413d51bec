"""Two activations at once queue up behind the league's row, and the lock is what makes them."""

from datetime import date

import pytest

from leagues.models import League
from mlmodels.enums import ModelState
from mlmodels.models import ModelVersion
from mlmodels.services import registry
from tests.factories.leagues import make_league
from tests.race.processes import (
    is_somebody_waiting_for_a_lock,
    racers,
    until,
    without_row_locks,
)

pytestmark = pytest.mark.django_db(transaction=True)


def make_version(league: League, version: int) -> ModelVersion:
    return ModelVersion.objects.create(
        name="strength",
        league=league,
        sport=league.sport,
        version=version,
        method="1",
        pack_version="1.0.0",
        trained_on_count=100,
        trained_through_on=date(2026, 11, 20),
        data_sha256="a" * 64,
        artefact_sha256="b" * 64,
    )


def activation(version, *, locked, at_end=None):
    """An activation that does `at_end` before it commits."""

    class Log:
        def info(self, *_, **__):
            if at_end:
                at_end()

    def work():
        if not locked:
            without_row_locks()
        registry.log = Log()
        registry.activate(version.pk)

    return work


def activate_both(gate, *, locked) -> tuple[int, int]:
    league = make_league(sport="football")
    first, second = make_version(league, 1), make_version(league, 2)
    with racers(activation(first, locked=locked, at_end=gate.wait)) as (slow,):
        gate.await_arrival()
        with racers(activation(second, locked=locked)) as (quick,):
            until(lambda: is_somebody_waiting_for_a_lock() or quick.has_ended())
            gate.open()
            return slow.join(), quick.join()


def test_the_later_of_two_activations_wins(gate):
    ended = activate_both(gate, locked=True)

    assert ended == (0, 0)
    assert dict(ModelVersion.objects.values_list("version", "state")) == {
        1: ModelState.RETIRED,
        2: ModelState.ACTIVE,
    }


def test_without_the_lock_one_of_them_fails(gate, capfd):
    ended = activate_both(gate, locked=False)

    assert ended == (0, 1)
    assert "model_version_one_active" in capfd.readouterr().err
