"""Handing messages to push services: bounded in time, no redirects, to public addresses only.

The answers' bodies are not read: nobody needs them, and they may be of any size.
"""

import ipaddress
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import urlsplit

import requests
import urllib3
from django.conf import settings

from matches.clients import FetchError, checked_session, public_addresses
from notifications.rules import push
from notifications.services.sending import Address, Job, Outcome, sender

# Of a batch of jobs, how many are handed over at once.
_AT_ONCE: Final = 16
_TIMEOUT_S: Final = (2, 5)
# How long a service keeps what it cannot deliver at once.
_TTL_S: Final = 1800
_MOST_WAIT_S: Final = 600
_GONE: Final = frozenset((404, 410))
_AGAIN: Final = frozenset((408, 425, 429))


def check_endpoint(endpoint: str) -> None:
    """Refuse what is no address of a push service. Raises ValueError; asks no network.

    Names are looked up, and their addresses checked, when a message goes there.
    """
    parts = urlsplit(endpoint)
    allowed = {"https", "http"} if settings.FEED_ALLOW_PRIVATE_HOSTS else {"https"}
    if parts.scheme not in allowed or not parts.hostname or parts.username is not None:
        raise ValueError("Give the https:// address that the browser's subscription has.")
    if settings.FEED_ALLOW_PRIVATE_HOSTS:
        return
    try:
        ipaddress.ip_address(parts.hostname)
    except ValueError:
        is_public = "." in parts.hostname.strip(".")
    else:
        try:
            is_public = bool(public_addresses(parts.hostname, parts.port or 443))
        except FetchError:
            is_public = False
    if not is_public:
        raise ValueError("Give a public address: messages go to no network of our own.")


def send_all(jobs: list[Job], *, at_s: int) -> list[tuple[Job, Outcome]]:
    """Hand each job to the push services of its devices and return how it went; never raises."""
    tokens = _tokens(jobs, at_s=at_s)
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        outcomes = list(pool.map(lambda job: _send(job, tokens), jobs))
    return list(zip(jobs, outcomes, strict=True))


def _origin(endpoint: str) -> str:
    parts = urlsplit(endpoint)
    return f"{parts.scheme}://{parts.netloc}"


def _tokens(jobs: list[Job], *, at_s: int) -> dict[str, str]:
    """Return the sender's signature for each push service of the batch."""
    origins = {_origin(address.endpoint) for job in jobs for address in job.addresses}
    return {origin: push.authorization(sender(), origin, at_s=at_s) for origin in origins}


def _send(job: Job, tokens: dict[str, str]) -> Outcome:
    outcome = Outcome()
    for address in job.addresses:
        try:
            answer = _post(job, address, tokens[_origin(address.endpoint)])
        except ValueError as error:
            # Keys that are none, or an address that is none: it will not get better.
            outcome.gone.append(address.device_id)
            outcome.error = f"{type(error).__name__}: {error}"
        except FetchError as error:
            where = outcome.gone if error.code == "private_host" else outcome.later
            where.append(address.device_id)
            outcome.error = f"{error.code}: {error}"
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            outcome.later.append(address.device_id)
            outcome.error = type(error).__name__
        else:
            _note(outcome, address, *answer)
    return outcome


def _post(job: Job, address: Address, token: str) -> tuple[int, str]:
    body = push.encrypted(job.body, p256dh=address.p256dh, auth=address.auth)
    headers = {
        "Authorization": token,
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(_TTL_S),
        "Urgency": "high",
        # A service replaces what it has not delivered yet by what has the same topic.
        "Topic": job.tag,
    }
    with checked_session().post(
        address.endpoint,
        data=body,
        headers=headers,
        timeout=_TIMEOUT_S,
        stream=True,
        allow_redirects=False,
    ) as answer:
        return answer.status_code, answer.headers.get("Retry-After", "")


def _note(outcome: Outcome, address: Address, status: int, retry_after: str) -> None:
    if 200 <= status < 300:
        outcome.reached.append(address.device_id)
        return
    outcome.error = f"answered {status}"
    if status in _GONE:
        outcome.gone.append(address.device_id)
    elif status in _AGAIN or status >= 500:
        outcome.later.append(address.device_id)
        is_number = retry_after.isascii() and retry_after.isdigit() and len(retry_after) < 8
        wait_s = min(int(retry_after), _MOST_WAIT_S) if is_number else 0
        outcome.wait_s = max(outcome.wait_s, wait_s)
    else:
        outcome.refused.append(address.device_id)
