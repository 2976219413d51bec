"""Importing vendors' documents from a file, a folder or an address."""

import gzip
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from config.clock import now
from leagues.models import Season
from matches.ingest import adapters
from matches.ingest.documents import FeedError
from matches.services.feeds import store_raw
from matches.services.ingest import apply_document
from matches.services.reports import IngestReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Files that belong together, by key; not read yet."""

    key: str
    names: tuple[str, ...]
    root: Path | None = None
    url: str = ""


def find_bundles(adapter_name: str, place: str) -> list[Bundle]:
    """Return what there is to import at a path or an http(s) address.

    Raises LookupError for an unknown adapter and FeedError when there is nothing to read.
    """
    adapter = adapters.get(adapter_name)
    if place.startswith(("http://", "https://")):
        return [Bundle(key=place, names=(place,), url=place)]
    path = Path(place)
    if path.is_dir():
        root = path
        names = sorted(p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file())
    elif path.is_file():
        root, names = path.parent, [path.name]
    else:
        raise FeedError(f"{place}: no such file or folder", code="not_found")
    bundles = [
        Bundle(key=key, names=tuple(members), root=root) for key, members in adapter.bundles(names)
    ]
    if not bundles:
        raise FeedError(
            f"{place}: holds nothing that the adapter {adapter_name} knows", code="nothing_known"
        )
    return bundles


def import_bundle(
    adapter_name: str, bundle: Bundle, *, season: Season | None, fetched: bytes | None = None
) -> IngestReport:
    """Parse and apply one bundle and keep its raw files; what a snapshot leaves out is retracted.

    A bundle with an address needs its answer as `fetched`. Raises FeedError.
    """
    files = {"": fetched} if fetched is not None else read_bundle(bundle)
    document = adapters.get(adapter_name).parse(files)
    at = now()
    report = apply_document(document, season=season, is_authoritative=True, at=at)
    store_raw(adapter_name, bundle.key, files, at=at)
    return report


def read_bundle(bundle: Bundle) -> dict[str, bytes]:
    """Return the bundle's files by name, un-gzipped. Raises FeedError."""
    files = {}
    for name in bundle.names:
        path = bundle.root / name  # type: ignore[operator]
        try:
            found = path.stat()
        except OSError as error:
            raise FeedError(f"{path.name}: cannot be read: {error}", code="unreadable") from error
        files[name.removesuffix(".gz")] = _read_file(path, found.st_mtime_ns, found.st_size)
    return files


@lru_cache(maxsize=8)
def _read_file(path: Path, _changed_ns: int, _size_bytes: int) -> bytes:
    limit = settings.FEED_MAX_INFLATED_BYTES
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            body = file.read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise FeedError(f"{path.name}: cannot be read: {error}", code="unreadable") from error
    if len(body) > limit:
        raise FeedError(f"{path.name}: larger than {limit} bytes", code="too_large")
    return bytes(body)
