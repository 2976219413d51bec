"""`migrate` runs one at a time and does not make traffic queue."""

import pytest
from django.core.management import get_commands, load_command_class
from django.db import connection

from config.management.commands import migrate


def setting(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {name}")
        return cursor.fetchone()[0]


def test_the_command_of_the_project_is_the_one_that_runs() -> None:
    command = load_command_class(get_commands()["migrate"], "migrate")

    assert isinstance(command, migrate.Command)


@pytest.mark.django_db
def test_second_migration_waits_for_the_first() -> None:
    second = connection.copy()
    with migrate._locked(connection):
        during = migrate._try_lock(second)

    after = migrate._try_lock(second)

    second.close()
    assert (during, after) == (False, True)


@pytest.mark.django_db
def test_limits_hold_while_migrating_only() -> None:
    before = setting("lock_timeout"), setting("statement_timeout")
    with migrate._limits(connection):
        during = setting("lock_timeout"), setting("statement_timeout")

    assert during == ("3s", "0")
    assert (setting("lock_timeout"), setting("statement_timeout")) == before == ("10s", "1min")
