"""The product as its operator runs it: worker and beat under the supervisor, servers under the
keeper, all in a data directory of a test's own. Looked at from outside, by SQL and Redis.
"""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psycopg
import redis

from config import embedded

ROOT = Path(__file__).resolve().parents[2]
_TEMPLATE = "veze_fresh"
_WAIT_S = 90
# As `manage.py up` without the web; ends when the test's process does.
_RUN = """
import ctypes, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGTERM)
from config import supervisor
from config.bootstrap import start_servers
from config.management.commands import up
sys.exit(supervisor.run([up.worker(count=2), up.beat()], every_second=start_servers))
"""
_MAKE = """
import django, sys
from config.bootstrap import start_servers
start_servers()
django.setup()
from django.core.management import call_command
from leagues.models import League, Season
from matches.models import Feed
call_command("migrate", interactive=False, verbosity=0)
for pair in sys.argv[1:]:
    path, sport = pair.split(":")
    league = League.objects.create(slug=path, name=path, sport=sport)
    season = Season.objects.create(league=league, name="2026-27", is_current=True)
    Feed.objects.create(name=path, adapter="veze", season=season, idle_interval_s=1)
"""


def until(condition, what, seconds=_WAIT_S):
    """Wait for a condition of other processes; return its value."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.01)
    return value


class Product:
    """Servers, and, between `start` and `stop`, the processes that use them."""

    program = (_RUN,)

    def __init__(self, folder: Path, leagues) -> None:
        self.data = folder / "data"
        self.env = {key: value for key, value in os.environ.items() if not key.startswith("VEZE_")}
        self.env |= {"VEZE_DATA_DIR": str(self.data), "LOG_LEVEL": "WARNING"}
        for name in ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "PYTEST_XDIST_WORKER"):
            self.env.pop(name, None)
        self.log = folder / "processes.log"
        self.driver: subprocess.Popen[bytes] | None = None
        self._run("-c", _MAKE, *(f"{path}:{sport}" for path, sport in leagues.items()))
        self.place = self._locate()
        self.redis = redis.Redis.from_url(self.place.urls.redis_url)
        self._admin(f"CREATE DATABASE {_TEMPLATE} TEMPLATE {embedded.DATABASE}")

    def _locate(self) -> embedded.Place:
        access = json.loads((self.data / "access.json").read_text())
        return embedded.Place(
            data=self.data, sockets=Path(access["sockets"]), secret=access["secret"], uid=0, gid=0
        )

    def _run(self, *arguments: str) -> None:
        env = {**self.env, "DJANGO_SETTINGS_MODULE": "config.settings"}
        subprocess.run([sys.executable, *arguments], cwd=ROOT, env=env, check=True)

    def _admin(self, *statements: str) -> None:
        url = self.place.urls.database_url.replace(f"/{embedded.DATABASE}?", "/postgres?")
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def make_fresh(self, vendor) -> None:
        """Forget everything but the leagues, and where the vendor now serves them."""
        name = embedded.DATABASE
        self._admin(
            f"DROP DATABASE {name} WITH (FORCE)", f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}"
        )
        self.redis.flushall()
        with psycopg.connect(self.place.urls.database_url) as connection:
            for path in vendor.feeds:
                connection.execute(
                    "UPDATE matches_feed SET url = %s, next_poll_at = now() WHERE name = %s",
                    (vendor.url(path), path),
                )

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.driver = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-c", *self.program],
                cwd=ROOT,
                env=self.env,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self) -> None:
        if self.driver is not None:
            self.driver.send_signal(signal.SIGTERM)
            self.driver.wait(60)
            self.driver = None

    def close(self) -> None:
        self.stop()
        self.redis.close()
        self._run("-m", "config.embedded", "reset")

    def ask(self, query: str, *values):
        """Return all rows, or None while the database is away."""
        try:
            with psycopg.connect(self.place.urls.database_url) as connection:
                return connection.execute(query, values).fetchall()
        except psycopg.OperationalError:
            return None

    def count(self, query: str) -> int | None:
        rows = self.ask(query)
        return None if rows is None else rows[0][0]

    def last_words(self) -> str:
        """Return the end of what the processes said."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-40:])

    # What a nemesis reaches for.

    def worker(self) -> int | None:
        """Return the worker's main process once it has its children."""
        for child in children_of(self.driver.pid):
            if " worker " in command_of(child) and len(children_of(child)) >= 2:
                return child
        return None

    def kill_worker(self) -> None:
        os.kill(until(self.worker, "a worker to kill"), signal.SIGKILL)

    def kill_pool_child(self, dice) -> None:
        """Kill a child that runs tasks."""

        def killed():
            main = self.worker()
            if main is None:
                return False
            with suppress(ProcessLookupError):
                os.kill(dice.choice(children_of(main)), signal.SIGKILL)
                return True

        until(killed, "a child to kill")

    def kill_server(self, name: str) -> None:
        os.kill(self.server_pid(name), signal.SIGKILL)

    def server_pid(self, name: str) -> int:
        return until(lambda: embedded.read_status(self.place).get(name), f"{name} to be up")

    def waiting(self) -> dict[str, int] | None:
        """Return what waits in Redis by group: pending entries and entries not delivered yet."""
        found = {}
        try:
            for key in self.redis.scan_iter("veze:stream:*"):
                for group in self.redis.xinfo_groups(key):
                    name = f"{key.decode()} {group['name'].decode()}"
                    found[name] = int(group["pending"]) + int(group["lag"] or 0)
        except redis.RedisError:
            return None
        return found


def children_of(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(word) for word in text.split()]


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
