"""The keeper: the one process that starts, watches and stops the servers of a data directory."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from config import embedded
from config.embedded import EXIT_ALREADY_KEPT, Place, VezeSetupError
from config.processes import Crashes
from config.server_files import delete_stale_homes, find_home, make_private
from config.servers import Postgres, Server, Valkey

_TICK_S: Final = 0.5
_MAX_STARTS: Final = 5
_PREDECESSOR_S: Final = 120.0


def keep(place: Place) -> int:
    """Become the keeper in the background; return its exit status, in the caller 0.

    Whatever stops a start before the first server is said on stderr, and 75 is returned where
    another keeper is at work.
    """
    linger_s = _linger_s()
    lock = _take_lock(place)
    if lock is None:
        sys.stderr.write(f"another keeper holds {place.data}\n")
        return EXIT_ALREADY_KEPT
    servers: list[Server]
    try:
        home = find_home(place)
        servers = [Postgres(place, home), Valkey(place, home)]
        for server in servers:
            server.install()
    except OSError as error:
        raise VezeSetupError(f"{error}: free space or repair {place.data}") from error
    if os.fork() != 0:
        os._exit(0)  # the lock lives on in the child
    _detach(place)
    return Keeper(place, home, servers, lock=lock, linger_s=linger_s).run()


def _linger_s() -> float:
    value = os.environ.get("VEZE_EMBEDDED_LINGER_S", "10")
    try:
        return float(value)
    except ValueError:
        raise VezeSetupError(
            f"VEZE_EMBEDDED_LINGER_S is {value!r}: give a number of seconds"
        ) from None


def _take_lock(place: Place) -> int | None:
    fd = place.open("keeper.lock")
    deadline = time.monotonic() + 1
    while True:  # clients that ask for a keeper hold the lock for an instant
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(fd)
                return None
            time.sleep(0.01)
        else:
            return fd


def _detach(place: Place) -> None:
    log = place.open("keeper.log", os.O_APPEND)
    if os.fstat(log).st_size > 1_000_000:
        os.truncate(log, 0)
    for standard in (1, 2):
        os.dup2(log, standard)
    os.close(log)
    os.chdir("/")


class _StopAskedError(Exception):
    """A signal asked the keeper to end."""


class Keeper:
    """Parent of both servers. Single-threaded: the parent-death signal needs that."""

    def __init__(
        self, place: Place, home: Path, servers: list[Server], *, lock: int, linger_s: float
    ) -> None:
        self.place = place
        self.home = home
        self.servers = servers
        self.lock = lock
        self.linger_s = linger_s
        self.clients = place.open("clients.lock")
        self.deserted_at_s: float | None = None
        self.crashes = {server.name: Crashes() for server in servers}
        self.stop_asked = False
        self.wake, self.waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def run(self) -> int:
        """Start, watch, stop; return the exit status."""
        self._catch_signals()
        error = ""
        try:
            self._start_all()
            self._watch()
        except _StopAskedError:
            pass
        except (VezeSetupError, OSError) as failure:
            error = str(failure)
        self._say("stopping")
        self._report("stopping")
        for server in self.servers:
            server.ask_to_stop()
        for server in self.servers:
            server.wait_stopped()
        self._tidy()
        self._say(error or "stopped")
        self._report("failed" if error else "stopped", error=error)
        return 1 if error else 0

    def _tidy(self) -> None:
        """Remove what is of no use to a successor."""
        deleted = os.fstat(self.lock).st_nlink == 0  # and not merely out of sight
        if self._owns_files() or (deleted and not self.place.data.exists()):
            shutil.rmtree(self.place.sockets, ignore_errors=True)
        if deleted and self.home != self.place.data:
            shutil.rmtree(self.home, ignore_errors=True)

    def _catch_signals(self) -> None:
        def ask(number: int, _: Any) -> None:
            if number != signal.SIGCHLD:
                self.stop_asked = True

        signal.set_wakeup_fd(self.waker)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, ask)

    def _start_all(self) -> None:
        self._report("starting")
        self._make_socket_dir()
        for server in self.servers:
            server.rotate_log()
            self._start(server)
        delete_stale_homes(self.place, self.home)
        self._report("ready")
        self._say("ready")

    def _make_socket_dir(self) -> None:
        self.place.holds_sockets()  # raises when somebody planted one
        make_private(self.place, self.place.sockets)
        if not self.place.holds_sockets():
            raise VezeSetupError(f"{self.place.sockets} cannot be kept: set TMPDIR")

    def _start(self, server: Server) -> None:
        """Return when the server is ready; give up when it ends several times before that."""
        for attempt in range(_MAX_STARTS):
            lock = self._lock_of(server)
            try:
                server.start(lock)
            finally:
                os.close(lock)  # from here on the process tree alone holds it
            while server.is_running():
                if server.is_ready():
                    return
                self._pause(0.02)
            self._say(f"{server.name} ended before it was ready")
            self._pause(0.1 * 2**attempt)
        raise VezeSetupError(
            f"{server.name} does not start ({server.last_words()}): see"
            f" {self.place.data / server.name}.log"
        )

    def _lock_of(self, server: Server) -> int:
        deadline = time.monotonic() + _PREDECESSOR_S
        while (lock := server.try_lock()) is None:
            if time.monotonic() > deadline:
                raise VezeSetupError(
                    f"the {server.name} of an earlier keeper does not end: see"
                    f" {self.place.data / server.name}.log"
                )
            self._pause(0.02)
        return lock

    def _watch(self) -> None:
        """Return when the servers are no longer wanted."""
        while self._owns_files() and not self._is_deserted():
            for server in self.servers:
                if server.is_running() and not server.socket.exists():
                    self._say(f"{server.name} lost its socket file")
                    server.ask_to_stop()
                    server.wait_stopped()
                if not server.is_running():
                    self._restart(server)
            self._pause(_TICK_S)

    def _restart(self, server: Server) -> None:
        self._say(f"{server.name} ended, {server.last_words()}")
        self._report("restarting")
        delay_s = self.crashes[server.name].record(at_s=time.monotonic())
        if delay_s is None:
            raise VezeSetupError(
                f"{server.name} crashes in a loop ({server.last_words()}): see"
                f" {self.place.data / server.name}.log"
            )
        self._pause(delay_s)
        self._make_socket_dir()
        self._start(server)
        if all(each.is_running() for each in self.servers):
            self._report("ready")

    def _owns_files(self) -> bool:
        """Whether the data directory is still the one we locked; somebody may delete it."""
        return embedded.same_file(self.lock, self.place.data / "keeper.lock") and (
            embedded.same_file(self.clients, self.place.data / "clients.lock")
        )

    def _is_deserted(self) -> bool:
        """Whether no client was there for the linger time. If so, newcomers wait for our end."""
        now_s = time.monotonic()
        try:
            fcntl.flock(self.clients, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.deserted_at_s = None
            return False
        if self.deserted_at_s is None:
            self.deserted_at_s = now_s
        if now_s - self.deserted_at_s >= self.linger_s:
            return True
        fcntl.flock(self.clients, fcntl.LOCK_UN)
        return False

    def _pause(self, seconds: float) -> None:
        """Sleep until the time is over, a child ends, or a signal asks to stop."""
        select.select([self.wake], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            os.read(self.wake, 512)
        if self.stop_asked:
            raise _StopAskedError

    def _report(self, state: str, *, error: str = "") -> None:
        if not self._owns_files():
            return
        postgres = self.servers[0]
        status: dict[str, Any] = {"state": state, "keeper": os.getpid(), "home": str(self.home)}
        if isinstance(postgres, Postgres):
            status["psql"] = str(postgres.bin / "psql")
        for server in self.servers:
            if server.process is not None and server.is_running():
                status[server.name] = server.process.pid
        if error:
            status["error"] = error
        fd, temporary = tempfile.mkstemp(dir=self.place.data, prefix="status.")
        with os.fdopen(fd, "w") as out:
            json.dump(status, out)
        os.replace(temporary, self.place.data / "status.json")

    def _say(self, text: str) -> None:
        at = datetime.now(UTC)
        sys.stdout.write(f"{at:%Y-%m-%d %H:%M:%S} keeper {os.getpid()}: {text}\n")
        sys.stdout.flush()
