"""Real Postgres and Valkey for a checkout whose environment names no servers.

`urls` says where they are and starts nothing; `ensure` returns when they answer. All processes
of a checkout share one *keeper* (`config.keeper`), a detached process that parents both servers
and leaves some seconds after its last client. A *client* is a process that holds a shared lock
on `clients.lock`. Why it is built this way: docs/decisions/0001-embedded-servers.md.

    python -m config.embedded up|status|stop|reset|psql-url|psql
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import pwd
import secrets
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

CHECKOUT: Final = Path(__file__).resolve().parent.parent
USER: Final = "veze"
DATABASE: Final = "veze"
# Names the socket file only (no TCP). Fixed, so that a URL outlives every restart.
PG_PORT: Final = 5432
EXIT_ALREADY_KEPT: Final = 75

_START_S: Final = 180.0
_MAX_SOCKET_DIR: Final = 80  # sun_path holds 108 bytes, `/.s.PGSQL.5432.lock` included
_SSL_REQUEST: Final = bytes.fromhex("0000000804d2162f")


class VezeSetupError(RuntimeError):
    """The product cannot start; the message is one line that names the cause and the fix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedUrls:
    """The same two servers, spelled for each library. All forms carry the password."""

    # For django-environ and psycopg.
    database_url: str = field(repr=False)
    # For redis-py, Django's cache and channels-redis; kombu knows no `unix://`.
    redis_url: str = field(repr=False)
    celery_broker_url: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the servers of one data directory live, and as whom they run."""

    data: Path
    sockets: Path
    secret: str = field(repr=False)
    uid: int
    gid: int

    @property
    def urls(self) -> EmbeddedUrls:
        host = quote(str(self.sockets), safe="/")
        valkey = quote(str(self.valkey_socket), safe="/")
        return EmbeddedUrls(
            database_url=f"postgresql://{USER}:{self.secret}@/{DATABASE}?host={host}&port={PG_PORT}",
            redis_url=f"unix://:{self.secret}@{valkey}?db=0",
            celery_broker_url=f"redis+socket://:{self.secret}@{valkey}?virtual_host=0",
        )

    @property
    def pg_socket(self) -> Path:
        return self.sockets / f".s.PGSQL.{PG_PORT}"

    @property
    def valkey_socket(self) -> Path:
        return self.sockets / "valkey.sock"

    @property
    def tag(self) -> str:
        return hashlib.sha256(str(self.data).encode()).hexdigest()[:12]

    def open(self, name: str, flags: int = 0) -> int:
        """Open a private file of the data directory; root gives it to the directory's owner."""
        fd = os.open(self.data / name, os.O_RDWR | os.O_CREAT | flags, 0o600)
        if os.geteuid() == 0:
            owner = self.data.stat()
            os.fchown(fd, owner.st_uid, owner.st_gid)
        return fd

    def holds_sockets(self) -> bool:
        """Whether the socket directory is ours: nobody else may plant one in a shared /tmp."""
        try:
            found = self.sockets.lstat()
        except FileNotFoundError:
            return False
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {self.uid, os.geteuid()}:
            raise VezeSetupError(
                f"{self.sockets} belongs to somebody else: remove it, or set TMPDIR to a"
                f" directory of your own and delete {self.data / 'access.json'}"
            )
        return True


def urls() -> EmbeddedUrls:
    """Return where the servers of this checkout are. Starts nothing; equal in every process."""
    return locate().urls


def ensure() -> EmbeddedUrls:
    """Return once both servers answer, starting them if nobody has.

    Idempotent, a few milliseconds when they run. From here until its end the process counts as
    a client: the servers stay up for it. Raises VezeSetupError.
    """
    place = locate()
    try:
        join(place)
        if not answers(place):
            with start_lock(place):
                _start(place)
    except OSError as error:
        raise VezeSetupError(
            f"embedded servers: {error}; make {place.data} writable or set VEZE_DATA_DIR"
        ) from error
    return place.urls


def locate() -> Place:
    """Find the data directory, creating it and its password when missing."""
    if sys.platform != "linux":
        raise VezeSetupError(
            "the embedded servers need Linux: set DATABASE_URL and REDIS_URL to servers of yours"
        )
    data = Path(os.environ.get("VEZE_DATA_DIR") or CHECKOUT / ".veze").expanduser().resolve()
    try:
        _make_data_dir(data)
        uid, gid = _server_identity(data)
        access = _access(data, uid)
    except (OSError, ValueError) as error:
        raise VezeSetupError(
            f"data directory {data} is unusable ({error}): run as its owner, repair it, or set"
            " VEZE_DATA_DIR to a directory you can write"
        ) from error
    return Place(
        data=data, sockets=Path(access["sockets"]), secret=access["secret"], uid=uid, gid=gid
    )


def _make_data_dir(data: Path) -> None:
    data.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        data.mkdir()
        # As root the servers run as somebody else, who has to pass through. What stood here
        # before keeps its mode.
        data.chmod(0o711 if os.geteuid() == 0 else 0o700)


def _server_identity(data: Path) -> tuple[int, int]:
    """Return uid and gid for the servers: never root.

    Root gives way to the owner of the data directory, so that a checkout once run with sudo
    still works without, and to `nobody` where root owns it.
    """
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    owner = data.stat()
    with contextlib.suppress(KeyError):
        if owner.st_uid != 0:
            pwd.getpwuid(owner.st_uid)  # initdb refuses a user without a name
            return owner.st_uid, owner.st_gid
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _access(data: Path, uid: int) -> dict[str, str]:
    """Read the password and the socket directory, writing them first where they are missing.

    The socket directory is recorded because TMPDIR may differ between two processes.
    """
    file = data / "access.json"
    for _ in range(2):
        with contextlib.suppress(FileNotFoundError):
            access: dict[str, str] = json.loads(file.read_text())
            if Path(access["sockets"]).parent.is_dir() and access["secret"].isalnum():
                return access
            if access["secret"].isalnum():
                return _write_access(file, uid, secret=access["secret"], replace=True)
            raise ValueError(f"{file.name} is damaged")
        _write_access(file, uid, secret=secrets.token_hex(24), replace=False)
    raise ValueError(f"{file.name} cannot be kept")


def _write_access(file: Path, uid: int, *, secret: str, replace: bool) -> dict[str, str]:
    tag = hashlib.sha256(str(file.parent).encode()).hexdigest()[:12]
    base = Path(tempfile.gettempdir()).resolve()
    name = f"veze-{uid}-{tag}"
    if len(str(base / name).encode()) > _MAX_SOCKET_DIR:
        base = Path("/tmp")  # noqa: S108 - its owner is checked before every use
    access = {"sockets": str(base / name), "secret": secret}
    fd, temporary = tempfile.mkstemp(dir=file.parent, prefix="access.")  # 0600
    try:
        with os.fdopen(fd, "w") as out:
            json.dump(access, out)
        if os.geteuid() == 0:
            owner = file.parent.stat()
            os.chown(temporary, owner.st_uid, owner.st_gid)
        if replace:
            os.replace(temporary, file)
        else:
            with contextlib.suppress(FileExistsError):  # another process was faster
                os.link(temporary, file)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
    return access


# Held until the process ends; forked children hold it along with their parent.
_client_locks: dict[Path, int] = {}
_joining = threading.Lock()


def join(place: Place) -> int:
    """Become a client of the servers; return the descriptor that holds the lock."""
    with _joining:
        held = _client_locks.get(place.data)
        if held is not None and same_file(held, place.data / "clients.lock"):
            return held
        fd = place.open("clients.lock")
        fcntl.flock(fd, fcntl.LOCK_SH)  # waits while a keeper that found no client stops
        _client_locks[place.data] = fd
        if held is not None:
            os.close(held)
        return fd


def same_file(fd: int, path: Path) -> bool:
    """Whether the path still leads to the open file; a deleted one guards nothing."""
    try:
        found = path.stat()
    except OSError:
        return False
    opened = os.fstat(fd)
    return (opened.st_dev, opened.st_ino) == (found.st_dev, found.st_ino)


@contextlib.contextmanager
def start_lock(place: Place) -> Iterator[None]:
    fd = place.open("start.lock")
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _start(place: Place) -> None:
    """Wait for the keeper, spawning one when there is none. Needs the start lock."""
    deadline = time.monotonic() + _START_S
    spawned = 0
    while not answers(place):
        if not is_kept(place):
            error = read_status(place).get("error")
            if spawned and error:
                raise VezeSetupError(str(error))
            if spawned == 5:
                raise VezeSetupError(f"the keeper ends at once: see {place.data / 'keeper.log'}")
            _spawn_keeper(place)
            spawned += 1
        if time.monotonic() > deadline:
            raise VezeSetupError(
                f"embedded servers gave no answer within {_START_S:.0f} s: see the logs in"
                f" {place.data}"
            )
        time.sleep(0.02)


def _spawn_keeper(place: Place) -> None:
    (place.data / "status.json").unlink(missing_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "config.embedded", "keep"],
        cwd=CHECKOUT,
        env={**os.environ, "VEZE_DATA_DIR": str(place.data)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        check=False,
    )
    if done.returncode not in {0, EXIT_ALREADY_KEPT}:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise VezeSetupError(lines[-1])


def answers(place: Place) -> bool:
    """Whether a living keeper reports both servers ready and both take a connection."""
    return (
        read_status(place).get("state") == "ready"
        and is_kept(place)
        and place.holds_sockets()
        and _postgres_answers(place)
        and valkey_answers(place)
    )


def read_status(place: Place) -> dict[str, Any]:
    """Return what the keeper last said of itself: state, pids, error."""
    try:
        status = json.loads((place.data / "status.json").read_text())
    except (OSError, ValueError):
        return {}
    return status if isinstance(status, dict) else {}


def is_kept(place: Place) -> bool:
    """Whether a keeper lives: asks its lock, so a reused process id cannot deceive."""
    fd = place.open("keeper.lock")
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def _postgres_answers(place: Place) -> bool:
    """Ask for TLS, which a Unix socket refuses: an answer without a log-in."""
    return _ask(place.pg_socket, _SSL_REQUEST) == b"N"


def valkey_answers(place: Place) -> bool:
    """Log in and ping."""
    return _ask(place.valkey_socket, f"AUTH {place.secret}\r\nPING\r\n".encode()).endswith(
        b"+PONG\r\n"
    )


def _ask(path: Path, question: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(2)
        try:
            client.connect(str(path))
            client.sendall(question)
            answer = client.recv(64)
            # Valkey may answer two commands in two parts.
            return answer + client.recv(64) if answer == b"+OK\r\n" else answer
        except OSError:
            return b""


if __name__ == "__main__":
    from config.embedded_cli import main  # which imports this module once more, by its name

    sys.exit(main(sys.argv[1:]))
