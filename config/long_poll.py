"""`wait=` on lists of what happened: the request sleeps on the hub of this process, and on nothing.

What comes is answered from the frames that sockets get. What frames cannot tell, such as a first
page or a log told anew, is asked of Django, whose answers have the same body.
"""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from json import JSONDecoder
from typing import Any, Final

import orjson
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse

from config import doors, keys
from config.clock import now
from config.conditional import content_tag
from config.rendering import only
from config.sight import Wish
from matches.api.serializers import EventSerializer, data_age_ms
from matches.api.views import EPOCH_HEADER
from matches.models import Match
from matches.selectors.fixtures import public_match
from streams.api.filters import LATEST
from streams.changes import public_topics
from streams.live.hub import AWAY, hub
from streams.live.limits import address_of
from streams.live.polls import Growth, PollOutlet
from streams.live.rights import has_scope, may_see
from streams.live.topics import kind_of

_EVENTS: Final = re.compile(
    r"/api/v1/(?:matches/(vz_match_[0-9A-Z]{26})|replays/(vz_replay_[0-9A-Z]{26}))/events", re.ASCII
)
_CHANGES: Final = "/api/v1/changes"
MAX_WAIT_S: Final = 30
_DEFAULT_LIMIT: Final = 50
_MAX_LIMIT: Final = 200
_MAX_SEQ: Final = 2**31 - 1
_NAMES: Final = frozenset({"after", "wait", "epoch", "limit", "type", "fields"})
_FIELDS: Final = frozenset(EventSerializer.Meta.fields)
_TYPE: Final = re.compile(r"[a-z0-9_.]{1,60}", re.ASCII)
# Of a match a UUID, of a replay a number.
_EPOCH: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]{1,9}", re.ASCII)
_EVENT_MARK: Final = '"data":{"event":'
# Nobody sees an age that is wrong by more, and a thousand who wait cost one query.
_HELD_FOR_S: Final = 1.0
_MOST_HELD: Final = 10_000
# When somebody who has too many waiting requests may come again.
_BUSY_FOR_S: Final = 5
_decode = JSONDecoder().raw_decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a client waits for: events after a `seq`, of a match or of a replay, then without id."""

    topic: str
    match_id: str | None
    after: int
    wait_s: int
    epoch: str | None
    limit: int
    type: str | None
    fields: frozenset[str] | None


def is_poll(scope: Mapping[str, Any]) -> bool:
    """Whether the request may want to wait; cheap, for every request comes by."""
    if b"wait=" not in scope["query_string"] or scope["method"] != "GET":
        return False
    return scope["path"] == _CHANGES or _EVENTS.fullmatch(scope["path"]) is not None


def parse(request: ASGIRequest) -> Wanted | None:
    """Return what is waited for; None for anything that Django answers at once, errors too."""
    place, query = _EVENTS.fullmatch(request.path), request.GET
    given = {name: values[0] for name, values in query.lists() if len(values) == 1}
    after = _whole(given.get("after", "0"), _MAX_SEQ)
    wait_s = _whole(given.get("wait", ""), MAX_WAIT_S)
    limit = _whole(given.get("limit", str(_DEFAULT_LIMIT)), _MAX_LIMIT)
    if place is None or after is None or not wait_s or not limit or not _is_known(request, given):
        return None
    return Wanted(
        topic=f"match:{place[1]}" if place[1] else f"replay:{place[2]}",
        match_id=place[1],
        after=after,
        wait_s=wait_s,
        epoch=given.get("epoch"),
        limit=limit,
        type=given.get("type"),
        fields=frozenset(given["fields"].split(",")) if "fields" in given else None,
    )


def _is_known(request: ASGIRequest, given: Mapping[str, str]) -> bool:
    """Whether every part of the request is of the plainest form."""
    accepted = request.headers.get("Accept", "*/*")
    return (
        len(given) == len(request.GET)
        and set(given) <= _NAMES
        and _EPOCH.fullmatch(given.get("epoch", "0")) is not None
        and _TYPE.fullmatch(given.get("type", "any")) is not None
        and set(given.get("fields", "seq").split(",")) <= _FIELDS
        and ("*/*" in accepted or "application/json" in accepted)
    )


def _whole(text: str, most: int) -> int | None:
    is_plain = text.isascii() and text.isdigit() and len(text) < 11
    return int(text) if is_plain and int(text) <= most else None


class LongPoll:
    """The door in front of Django for requests that wait."""

    def __init__(self, django: doors.App) -> None:
        self._django = django
        self._held: dict[str, tuple[float, asyncio.Future[Match | None]]] = {}
        self._waiting: Counter[str] = Counter()

    async def __call__(self, scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        request = doors.request_of(scope)
        with self._place(address_of(scope)) as has_place:
            if request is None or has_place:
                await self._serve(request, scope, receive, send)
                return
        told = "This address has too many requests that wait."
        await doors.answer(send, request, doors.rate_limited(request, _BUSY_FOR_S, told))

    @contextmanager
    def _place(self, address: str | None) -> Iterator[bool]:
        """Count a request while it waits; False where its address has too many already."""
        if address is None:
            yield True
        elif self._waiting[address] >= settings.LIVE_WAITS_PER_ADDRESS:
            yield False
        else:
            self._waiting[address] += 1
            try:
                yield True
            finally:
                self._waiting[address] -= 1
                if not self._waiting[address]:
                    del self._waiting[address]

    async def _serve(
        self, request: ASGIRequest | None, scope: Mapping[str, Any], receive: Any, send: Any
    ) -> None:
        if request is not None and scope["path"] == _CHANGES:
            await self._changes(request, scope, receive, send)
            return
        wanted = parse(request) if request else None
        if (
            request is None
            or wanted is None
            or not await self._is_let_in(request, wanted)
            or not await self._is_there(wanted)
        ):
            await self._django(scope, receive, send)
            return
        # A replay is no news.
        wish = await doors.wish_of_reader(hub(), request) if wanted.match_id else Wish()
        if wish.hides_scores:
            # Nothing will come, or what has been asked for: Django tells which.
            await self._django(scope, receive, send)
            return
        usage = await doors.spend(hub(), request)
        if usage is not None and usage.is_over:
            refusal = doors.rate_limited(request, usage.resets_in_s)
            await doors.answer(send, request, refusal, usage)
            return
        found = await _wait_for(wanted, receive, delay_s=wish.delay_s)
        if found is None:
            asked = await doors.ask_django(self._django, scope)
            await asked.pass_on(send)
            return
        match = await self._match(wanted.match_id) if wanted.match_id else None
        await doors.answer(send, request, _events_response(found, match), usage)

    async def _is_let_in(self, request: ASGIRequest, wanted: Wanted) -> bool:
        """Whether nothing is wrong with the key, or its lack; what is, Django tells."""
        await doors.recognise_key(hub(), request)
        if keys.refusal(request) is not None:
            return False
        partner, kind = keys.partner_of(request), kind_of(wanted.topic)
        if kind is None or not has_scope(partner, kind):
            return False
        if kind.may_see is None:
            return True
        return await hub().reader.in_thread(lambda: may_see(partner, [wanted.topic]))

    async def _is_there(self, wanted: Wanted) -> bool:
        # Of a replay the hub knows by itself.
        return wanted.match_id is None or await self._match(wanted.match_id) is not None

    async def _match(self, match_id: str) -> Match | None:
        """Return a public match as it was a moment ago; None also when the database is away."""
        until, found = self._held.get(match_id, (0.0, None))
        if found is None or (found.done() and until < time.monotonic()):
            if len(self._held) >= _MOST_HELD:
                self._held.clear()
            # Whoever comes while it is looked up waits for the same answer.
            found = asyncio.ensure_future(_read_match(match_id))
            self._held[match_id] = (time.monotonic() + _HELD_FOR_S, found)
        return await asyncio.shield(found)

    async def _changes(
        self, request: ASGIRequest, scope: Mapping[str, Any], receive: Any, send: Any
    ) -> None:
        """Ask Django, wait while there is nothing, ask again."""
        # A tag is compared at the end: "unchanged" would not say up to where.
        tag = b"if-none-match"
        bare = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != tag]}
        asked = await doors.ask_django(self._django, bare)
        if request.GET.get("after") == LATEST and (after := _empty_up_to(asked)) is not None:
            # Asked again, the newest position would be beyond what is waited for.
            scope, bare = _going_on(scope, request, after), _going_on(bare, request, after)
        until = time.monotonic() + (_whole(request.GET.get("wait", ""), MAX_WAIT_S) or 0)
        await doors.recognise_key(hub(), request)
        wish = await doors.wish_of_reader(hub(), request)
        while (after := _empty_up_to(asked)) is not None and time.monotonic() < until:
            if wish.delay_s:
                # What has grown is no news yet; whether some became it, the log itself knows.
                await doors.first_of(doors.gone(receive), timeout_s=_HELD_FOR_S)
            elif not await _wait_for_changes(request, receive, after=after, until=until):
                break
            asked = await doors.ask_django(self._django, bare)
        if asked.status == 200 and len(bare["headers"]) < len(scope["headers"]):
            asked = await doors.ask_django(self._django, scope)
        await asked.pass_on(send)


def _going_on(scope: Mapping[str, Any], request: ASGIRequest, after: int) -> dict[str, Any]:
    """Return the request as if it had asked for what comes after a position."""
    query = request.GET.copy()
    query["after"] = str(after)
    return {**scope, "query_string": query.urlencode().encode()}


async def _read_match(match_id: str) -> Match | None:
    try:
        return await hub().reader.in_thread(lambda: public_match(match_id))
    except AWAY:
        return None


async def _wait_for_changes(
    request: ASGIRequest, receive: Any, *, after: int, until: float
) -> bool:
    """Return whether there may be news; False when the time is over or nobody waits any more."""
    asked = request.GET.get("topics") or request.GET.get("kinds", "")
    named = frozenset(asked.split(",")) - {""}
    grown = asyncio.ensure_future(hub().tailing.grown(named or public_topics(), after))
    left_s = max(0.0, until - time.monotonic())
    await doors.first_of(grown, doors.gone(receive), timeout_s=left_s)
    return grown.done() and not grown.cancelled() and not hub().is_draining


def _empty_up_to(asked: doors.Captured) -> int | None:
    """Return the position up to which an answer found nothing; None where it has something."""
    if asked.status != 200 or not asked.body.startswith(b'{"results":[]'):
        return None
    return int(orjson.loads(asked.body)["next"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The answer to a poll: the body as the list of events has it."""

    body: bytes
    epoch: str


async def _wait_for(wanted: Wanted, receive: Any, *, delay_s: int) -> Found | None:
    """Return what came or that nothing came; None where Django has to be asked."""
    until = time.monotonic() + wanted.wait_s
    after, epoch = wanted.after, wanted.epoch
    while True:
        poll = hub().open_poll(wanted.topic, after=after, epoch=epoch, delay_s=delay_s)
        try:
            await _hear(poll, receive, until)
        finally:
            hub().forget(poll)
        if not poll.heard.done():
            # Without an epoch the hub knows nothing of the topic, for Redis is away.
            return None if poll.epoch is None else Found(body=_body(()), epoch=poll.epoch)
        growth = poll.heard.result()
        if growth is None:
            return None
        chosen = _chosen(growth, wanted)
        if len(chosen) > wanted.limit:
            return None  # a first page of several
        after, epoch = after + len(growth.texts), poll.epoch
        if chosen:
            return Found(body=_answer_body(growth, wanted), epoch=epoch or "")


async def _hear(poll: PollOutlet, receive: Any, until: float) -> None:
    left = max(0.0, until - time.monotonic())
    # Cancelling the shield leaves what was heard alone.
    await doors.first_of(asyncio.shield(poll.heard), doors.gone(receive), timeout_s=left)


def _documents(growth: Growth) -> list[bytes]:
    """Return the events of the frames as they were encoded, made once for all who wait."""
    batch = growth.batch
    made: list[bytes] | None = batch.forms.get("events")
    if made is None:
        made = batch.forms["events"] = [_document(text) for text in batch.texts]
    return made[growth.offset :]


def _document(text: bytes) -> bytes:
    """Return the bytes of a frame's event."""
    frame = text.decode()
    start = frame.index(_EVENT_MARK) + len(_EVENT_MARK)
    return frame[start : _decode(frame, start)[1]].encode()


def _chosen(growth: Growth, wanted: Wanted) -> list[bytes]:
    documents = _documents(growth)
    if wanted.type is None:
        return documents
    return [told for told in documents if orjson.loads(told)["type"] == wanted.type]


def _answer_body(growth: Growth, wanted: Wanted) -> bytes:
    if wanted.fields is not None:
        told = [only(orjson.loads(event), wanted.fields) for event in _chosen(growth, wanted)]
        return _body([orjson.dumps(event) for event in told])
    key = ("body", growth.offset, wanted.type)
    made: bytes | None = growth.batch.forms.get(key)
    if made is None:
        made = growth.batch.forms[key] = _body(_chosen(growth, wanted))
    return made


def _body(documents: Any) -> bytes:
    return b'{"results":[%b],"next":null}' % b",".join(documents)


def _events_response(found: Found, match: Match | None) -> HttpResponse:
    response = HttpResponse(found.body, content_type="application/json")
    response["ETag"] = content_tag(found.body)
    # The same address means something else a moment later.
    response["Cache-Control"] = "no-store"
    response["Vary"] = "Cookie"
    response[EPOCH_HEADER] = found.epoch
    age_ms = data_age_ms(match, at=now()) if match else None
    if age_ms is not None:
        response["Data-Age-Ms"] = str(age_ms)
    return response
