"""`GET /api/v1/stream`: the live protocol as server-sent events, from the hub of this process."""

import asyncio
import random
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse

from config import doors, keys
from config.doors import BadParametersError, Mistake
from config.limits import Usage
from config.problems import problem
from streams.live import limits
from streams.live.events import MEDIA_TYPE, EventOutlet, is_epoch, parse_cursor
from streams.live.frames import Resume
from streams.live.hub import Hub, hub
from streams.live.origins import is_allowed, normal_origin
from streams.live.rights import may_see, who_of, wish_in
from streams.live.topics import hides, kind_of

PATH: Final = "/api/v1/stream"
_NAMES: Final = frozenset({"topics", "after", "epoch"})
# Without an answer by then (Redis is away) the stream begins, and the topics follow.
_ANSWERS_WITHIN_S: Final = 5.0
_BUSY_FOR_S: Final = 10
_HEADERS: Final = {
    "Content-Type": MEDIA_TYPE,
    # A cache or a compressing proxy would hold events back.
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
}


async def serve(scope: Mapping[str, Any], receive: Any, send: Any, *, django: doors.App) -> None:
    """Answer with a stream or with a problem. The scope has the visitor's `user`."""
    request = doors.request_of(scope)
    if request is None:
        await django(scope, receive, send)
        return
    refusal = _refuse_origin(request)
    usage = None
    if refusal is None:
        await doors.recognise_key(hub(), request)
        usage = await doors.spend(hub(), request)
        if usage is not None and usage.is_over:
            refusal = doors.rate_limited(request, usage.resets_in_s)
        else:
            refusal = keys.refusal(request)
    if refusal is not None:
        await doors.answer(send, request, refusal, usage)
        return
    try:
        resumes = parse(request)
    except BadParametersError as error:
        await doors.answer(send, request, doors.invalid(request, error), usage)
        return
    partner = keys.partner_of(request)
    visited = scope if partner is None else {**scope, "user": partner}
    await _Reading(visited, send, request, usage).run(receive, resumes)


def _refuse_origin(request: ASGIRequest) -> HttpResponse | None:
    """Return the problem of a foreign page: it could hold its visitors' connections open."""
    origin = request.headers.get("Origin")
    if origin is None:
        # A browser names its page for every request to elsewhere that may read the answer.
        is_foreign = request.headers.get("Sec-Fetch-Site") == "cross-site"
    else:
        known = {normal_origin(known) for known in settings.CORS_ALLOWED_ORIGINS}
        is_foreign = normal_origin(origin) not in known and not is_allowed(request.scope["headers"])
    if not is_foreign:
        return None
    return problem(request, "forbidden", detail="Pages of this origin may not open a stream.")


def parse(request: ASGIRequest) -> dict[str, Resume | None]:
    """Return the topics in order, each with what the client has. Raises BadParametersError."""
    doors.check_names(request, _NAMES)
    topics = _topics(request.GET.get("topics", ""))
    cursor = request.headers.get("Last-Event-ID", "")
    after, epoch = request.GET.get("after", ""), request.GET.get("epoch")
    if not cursor and epoch is None:
        return _by_cursor(topics, "after", after)
    if cursor:
        # A browser comes again to the address it began with, and the header is newer.
        return _by_cursor(topics, "Last-Event-ID", cursor)
    return _by_place(topics, after, epoch or "")


def _topics(text: str) -> list[str]:
    topics = list(dict.fromkeys(filter(None, text.split(","))))
    if not topics:
        fix = "Name what to follow, such as match:vz_match_01K..., separated by commas."
        raise BadParametersError(Mistake(parameter="topics", code="required", detail=fix))
    if len(topics) > limits.MAX_TOPICS:
        fix = f"A stream has at most {limits.MAX_TOPICS} topics."
        raise BadParametersError(Mistake(parameter="topics", code="too_many_topics", detail=fix))
    unknown = [topic for topic in topics if kind_of(topic) is None]
    if unknown:
        raise BadParametersError(*map(_unknown, unknown))
    return topics


def _unknown(topic: str) -> Mistake:
    known = "match:ID, team:ID, league:ID and fantasy:ENTRY"
    fix = f"There is no topic {topic[:100]!r}; topics are {known}."
    return Mistake(parameter="topics", code="unknown_topic", detail=fix)


def _by_cursor(topics: list[str], name: str, cursor: str) -> dict[str, Resume | None]:
    try:
        places = parse_cursor(cursor, topics)
    except ValueError as error:
        fix = "Send the id of the last event, or a position as after=SEQ&epoch=EPOCH."
        raise BadParametersError(
            Mistake(parameter=name, code="invalid_cursor", detail=fix)
        ) from error
    return {topic: places.get(topic) for topic in topics}


def _by_place(topics: list[str], after: str, epoch: str) -> dict[str, Resume | None]:
    """Read positions and epochs that stand side by side with the topics; empty ones are unknown."""
    seqs, epochs = after.split(","), epoch.split(",")
    for name, values in (("after", seqs), ("epoch", epochs)):
        if len(values) != len(topics):
            fix = f"Give one for each of the {len(topics)} topics, empty where you have nothing."
            raise BadParametersError(Mistake(parameter=name, code="invalid", detail=fix))
    for seq in seqs:
        if seq and not (seq.isascii() and seq.isdigit() and len(seq) < 19):
            fix = "after is the `seq` of the last frame you have, a whole number from 0."
            raise BadParametersError(Mistake(parameter="after", code="invalid", detail=fix))
    if not all(map(is_epoch, epochs)):
        fix = "epoch is the `epoch` of the last frame you have."
        raise BadParametersError(Mistake(parameter="epoch", code="invalid", detail=fix))
    return {
        topic: Resume(epoch=held, after=int(seq)) if seq and held else None
        for topic, seq, held in zip(topics, seqs, epochs, strict=True)
    }


class _Reading:
    """One stream from the check of rights to its end."""

    def __init__(
        self, scope: Mapping[str, Any], send: Any, request: ASGIRequest, usage: Usage | None
    ) -> None:
        self._scope, self._send, self._request, self._usage = scope, send, request, usage
        self._hub: Hub = hub()
        self._wish = wish_in(scope)

    async def run(self, receive: Any, resumes: Mapping[str, Resume | None]) -> None:
        if any(hides(self._wish, topic) for topic in resumes):
            told = "You want no scores; ask for those of the match first."
            await self._answer(problem(self._request, "forbidden", detail=told))
            return
        refused = self._refuse_scope(resumes)
        if refused is not None:
            await self._answer(refused)
            return
        closed = [topic for topic in resumes if _is_private(topic)]
        if closed and not await self._may_see(closed):
            await self._answer(problem(self._request, "forbidden", detail="You may not see this."))
            return
        who = who_of(self._scope)
        holder = limits.holder_of(self._scope)
        if self._hub.is_draining or not await self._hub.turnstile.admit(holder):
            await self._turn_away()
            return
        if not self._hub.may_join(holder, resumes):
            self._hub.turnstile.leave(holder)
            told = "You ask for too many topics that nobody watches."
            await self._answer(doors.rate_limited(self._request, _BUSY_FOR_S, told))
            return
        outlet = self._hub.open_stream(self._scope, self._send, resumes, delay_s=self._wish.delay_s)
        outlet.who = who
        hung_up = asyncio.ensure_future(doors.gone(receive))
        try:
            await self._begin(outlet, hung_up)
        finally:
            hung_up.cancel()
            self._hub.forget(outlet)
            self._hub.turnstile.leave(holder)

    def _refuse_scope(self, topics: Iterable[str]) -> HttpResponse | None:
        """Return the problem of a key without the scope for a topic, or of no key at all."""
        kinds = list(filter(None, map(kind_of, topics)))
        for kind in kinds:
            ask = keys.demand if kind.needs_key else keys.lacks_scope
            if (refused := ask(self._request, kind.scope)) is not None:
                return refused
        return None

    async def _may_see(self, topics: list[str]) -> bool:
        user = self._scope.get("user")
        return await self._hub.reader.in_thread(lambda: may_see(user, topics))

    async def _turn_away(self) -> None:
        if self._hub.is_draining:
            wait = {"Retry-After": "1"}
            await self._answer(problem(self._request, "unavailable", headers=wait))
            return
        told = "You have" if who_of(self._scope) else "This address has"
        told = f"{told} too many open streams and sockets."
        await self._answer(doors.rate_limited(self._request, _BUSY_FOR_S, told))

    async def _begin(self, outlet: EventOutlet, hung_up: "asyncio.Future[None]") -> None:
        answered = asyncio.ensure_future(outlet.ready.wait())
        either: list[asyncio.Future[Any]] = [answered, hung_up]
        await asyncio.wait(either, timeout=_ANSWERS_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
        answered.cancel()
        if hung_up.done():
            return
        if outlet.refused:
            error = BadParametersError(*map(_unknown, outlet.refused))
            await self._answer(doors.invalid(self._request, error))
            return
        headers = doors.finish(self._request, HttpResponse(headers=_HEADERS), self._usage)
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        # After a restart all readers come again, but not all at once.
        hello = b"retry: %d\n\n" % random.randint(1000, 4000)
        await self._send({"type": "http.response.body", "body": hello, "more_body": True})
        outlet.start()
        await hung_up

    async def _answer(self, response: HttpResponse) -> None:
        await doors.answer(self._send, self._request, response, self._usage)


def _is_private(topic: str) -> bool:
    kind = kind_of(topic)
    return kind is not None and kind.may_see is not None
