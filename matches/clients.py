"""Fetching vendors' documents over HTTP: bounded in time and size, conditional, no redirects.

Unless the settings allow private hosts, a name is looked up once, all its addresses must be public,
and the connection goes to one of these very addresses: a name that answers otherwise a moment later
leads nowhere.
"""

import ipaddress
import socket
import time
import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError

from matches.ingest.documents import Fetched

_CHUNK_BYTES = 65_536
# Of a name with many addresses, how many are tried.
_MOST_ADDRESSES = 3
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
    _check_url(url)
    headers = {"Accept": "application/json", "Accept-Encoding": "gzip"}
    if etag:
        headers["If-None-Match"] = etag
    if last_modified:
        headers["If-Modified-Since"] = last_modified
    started = time.monotonic()
    try:
        with checked_session().get(
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
def checked_session() -> requests.Session:
    """Return the session whose connections go to checked addresses only; threads may share it."""
    session = requests.Session()
    session.trust_env = False
    session.headers["User-Agent"] = "VEZEPySports"
    for scheme in ("http://", "https://"):
        session.mount(scheme, _CheckedAdapter())
    return session


class _CheckedAddress:
    """A connection that looks its host up itself and goes to an address that it has checked.

    Certificates are still those of the host's name.
    """

    _dns_host: str
    host: str
    port: int

    def _new_conn(self) -> socket.socket:
        if settings.FEED_ALLOW_PRIVATE_HOSTS:
            return self._connected()
        name, failure = self._dns_host, None
        try:
            for address in public_addresses(name, self.port):
                self._dns_host = address
                try:
                    return self._connected()
                except NewConnectionError as error:
                    failure = error
        finally:
            self._dns_host = name
        raise failure or FetchError(f"{name} has no address", code="network")

    def _connected(self) -> socket.socket:
        return super()._new_conn()  # type: ignore[misc,no-any-return]


class _CheckedHTTPConnection(_CheckedAddress, HTTPConnection):
    pass


class _CheckedHTTPSConnection(_CheckedAddress, HTTPSConnection):
    pass


class _CheckedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _CheckedHTTPConnection


class _CheckedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _CheckedHTTPSConnection


class _CheckedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _CheckedHTTPPool,
            "https": _CheckedHTTPSPool,
        }


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


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise FetchError("url: must start with http:// or https://", code="bad_url")


def public_addresses(host: str, port: int) -> Sequence[str]:
    """Look a host up and return its addresses. Raises FetchError unless all of them are public."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise FetchError(f"{host} has no address", code="network") from error
    addresses = [str(address[0]) for *_, address in found]
    if not all(_is_public(address) for address in addresses):
        raise FetchError(f"{host} is not a public address", code="private_host")
    return addresses[:_MOST_ADDRESSES]


def _is_public(address: str) -> bool:
    found = ipaddress.ip_address(address)
    # Reserved: other translations of IPv4, among others, that a network of ours may know.
    is_inside = found.is_multicast
    if isinstance(found, ipaddress.IPv6Address):
        # An IPv4 address in disguise is judged as what it is.
        if found in _NAT64:
            found = ipaddress.IPv4Address(int(found) & 0xFFFF_FFFF)
        else:
            is_inside |= found.is_site_local or (found.is_reserved and not found.ipv4_mapped)
            found = found.ipv4_mapped or found.sixtofour or found
    return found.is_global and not (is_inside or found.is_multicast)
