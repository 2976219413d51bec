"""Fetching vendors' documents over HTTP: bounded in time and size, conditional, no redirects."""

import ipaddress
import socket
import time
import zlib
from functools import lru_cache
from urllib.parse import urlsplit

import requests
import urllib3
from django.conf import settings

from matches.ingest.documents import Fetched

_CHUNK_BYTES = 65_536
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class FetchError(Exception):
    """The vendor could not be asked or gave no usable answer; `code` is stable."""

    def __init__(self, message: str, *, code: str, http_status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.http_status = http_status


def fetch(url: str, *, etag: str = "", last_modified: str = "", after: str = "") -> Fetched:
    """Ask a vendor and return the answer. Raises FetchError.

    `after` asks for the part of the vendor's log behind a cursor, as `?after=`.
    """
    _check_address(url)
    headers = {"Accept": "application/json", "Accept-Encoding": "gzip"}
    if etag:
        headers["If-None-Match"] = etag
    if last_modified:
        headers["If-Modified-Since"] = last_modified
    started = time.monotonic()
    try:
        with _session().get(
            url,
            headers=headers,
            params={"after": after} if after else None,
            timeout=(2, settings.FEED_TIMEOUT_S),
            stream=True,
            allow_redirects=False,
        ) as response:
            body = _body(response, started + settings.FEED_TIMEOUT_S)
    except zlib.error as error:
        raise FetchError("answered what is no gzip", code="bad_gzip") from error
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise FetchError(f"no answer: {type(error).__name__}", code="network") from error
    return Fetched(
        http_status=response.status_code,
        body=body,
        etag=response.headers.get("ETag", "")[:200],
        last_modified=response.headers.get("Last-Modified", "")[:60],
        latency_ms=round((time.monotonic() - started) * 1000),
    )


@lru_cache(maxsize=1)
def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.headers["User-Agent"] = "VEZEPySports"
    return session


def _body(response: requests.Response, deadline: float) -> bytes | None:
    if response.status_code == requests.codes.not_modified:
        return None
    if response.status_code != requests.codes.ok:
        raise FetchError(
            f"answered {response.status_code}", code="http", http_status=response.status_code
        )
    inflate = (
        zlib.decompressobj(wbits=31)
        if response.headers.get("Content-Encoding", "").lower() == "gzip"
        else None
    )
    raw_bytes, parts, size = 0, [], 0
    # Whatever has come, not a full chunk: a vendor that drips must not outlive the deadline.
    while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=False):
        raw_bytes += len(chunk)
        if time.monotonic() > deadline:
            raise FetchError(f"took longer than {settings.FEED_TIMEOUT_S} s", code="slow")
        part = chunk
        if inflate is not None:
            part = inflate.decompress(chunk, settings.FEED_MAX_INFLATED_BYTES - size + 1)
        parts.append(part)
        size += len(part)
        if raw_bytes > settings.FEED_MAX_RAW_BYTES or size > settings.FEED_MAX_INFLATED_BYTES:
            raise FetchError(
                f"larger than {settings.FEED_MAX_RAW_BYTES} bytes, or "
                f"{settings.FEED_MAX_INFLATED_BYTES} inflated",
                code="too_large",
            )
    if inflate is not None and not inflate.eof:
        raise zlib.error("cut short")
    return b"".join(parts)


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise FetchError("url: must start with http:// or https://", code="bad_url")
    if settings.FEED_ALLOW_PRIVATE_HOSTS:
        return
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except OSError as error:
        raise FetchError(f"{parts.hostname} has no address", code="network") from error
    for *_, address in found:
        if not _is_public(str(address[0])):
            raise FetchError(f"{parts.hostname} is not a public address", code="private_host")


def _is_public(address: str) -> bool:
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        # An IPv4 address in disguise is judged as what it is.
        if found in _NAT64:
            found = ipaddress.IPv4Address(int(found) & 0xFFFF_FFFF)
        else:
            found = found.ipv4_mapped or found.sixtofour or found
    return found.is_global and not found.is_multicast
