"""`migrate` runs one at a time, does not make traffic queue, and knows what made the database."""

import json
import os
import socket

import pytest
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.db import connection

from config.management.commands import migrate
from tests.race.processes import until


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

    # The server lets go of it a moment after the session has ended.
    until(lambda: migrate._try_lock(second), "the end of the first")

    second.close()
    assert not during


@pytest.mark.django_db
def test_limits_hold_while_migrating_only() -> None:
    before = setting("lock_timeout"), setting("statement_timeout")
    with migrate._limits(connection):
        during = setting("lock_timeout"), setting("statement_timeout")

    assert during == ("3s", "0")
    assert (setting("lock_timeout"), setting("statement_timeout")) == before == ("10s", "1min")


def note(told: dict[str, str] | None) -> None:
    with connection.cursor() as cursor:
        words = None if told is None else json.dumps(told)
        cursor.execute("COMMENT ON TABLE django_migrations IS %s", [words])


def noted() -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT obj_description('django_migrations'::regclass, 'pg_class')")
        return json.loads(cursor.fetchone()[0])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.django_db
def test_migrated_database_is_migrated_again_without_a_word() -> None:
    assert noted() == migrate._digests()
    assert "fantasy.0001_initial" in noted()

    call_command("migrate", verbosity=0)


@pytest.mark.django_db
@pytest.mark.parametrize("command", ["demo", "up", "migrate"])
def test_database_of_other_migrations_is_refused_with_the_fix(
    command: str, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VEZE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    note(migrate._digests() | {"fantasy.0001_initial": "older", "leagues.0001_initial": "older"})
    ports = {"demo": {"port": free_port(), "vendor_port": free_port()}, "up": {"port": free_port()}}

    with pytest.raises(CommandError) as refused:
        call_command(command, **ports.get(command, {}))

    words = str(refused.value)
    assert words.startswith("the database was made by another version of fantasy, leagues: ")
    assert "`make demo RESET=1`" in words
    assert "\n" not in words


@pytest.mark.django_db
def test_database_of_before_there_were_notes_is_refused() -> None:
    note(None)

    with pytest.raises(CommandError, match="made by another version of accounts, fantasy, "):
        call_command("migrate", verbosity=0)


@pytest.mark.django_db
def test_database_of_somebody_is_not_to_be_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "DATABASE_URL", "postgresql://db.example.org/veze")
    note({})

    with pytest.raises(CommandError, match="or migrate an empty database") as refused:
        call_command("migrate", verbosity=0)

    assert "reset" not in str(refused.value).lower()


@pytest.mark.django_db
def test_migrations_that_wait_and_those_whose_files_are_gone_do_not_count() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'fantasy'")
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES"
            " ('fantasy', '0002_squashed_since', now())"
        )
    told = migrate._digests() | {"fantasy.0001_initial": "never applied"}
    note(told)

    migrate._refuse_other_files(connection, migrate._digests())


def test_comments_of_a_migration_make_no_other_database(tmp_path, settings) -> None:
    folder = tmp_path / "fantasy" / "migrations"
    folder.mkdir(parents=True)
    settings.BASE_DIR = tmp_path
    digests = []
    for text in ("# of Monday\na = 1\n", "# of Tuesday\na = 1\n", "a = 2\n"):
        (folder / "0001_initial.py").write_text(text)
        digests.append(migrate._digests()["fantasy.0001_initial"])

    assert digests[0] == digests[1] != digests[2]
