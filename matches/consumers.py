"""The socket `/ws/live`: hello, subscribe, unsubscribe. Frames go past it, from hub to socket.

A plain ASGI application: Channels' consumer base class subscribes a Redis channel per socket and
visits Django's one database thread for every message, and this consumer needs neither.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from config.clock import now
from streams.live import limits
from streams.live.frames import VERSION, Resume
from streams.live.hub import Hub, error_text, hub
from streams.live.outlets import Outlet
from streams.live.rights import may_see, who_of, wish_in
from streams.live.topics import hides, kind_of


class BadMessageError(ValueError):
    """What a client sent is not of the protocol.

    `field` names the part at fault; with `close_code` the socket is closed after the answer.
    """

    def __init__(
        self, code: str, detail: str, field: str = "", *, close_code: int | None = None
    ) -> None:
        super().__init__(detail)
        self.code, self.detail, self.field, self.close_code = code, detail, field, close_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribe:
    """Topics to watch, each with what the client has of it."""

    topics: Mapping[str, Resume | None]


class Nowhere:
    """Refuses sockets at paths that do not exist."""

    @classmethod
    def as_asgi(cls) -> Any:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await receive()
            await send({"type": "websocket.close", "code": 4404})

        return app


class LiveConsumer:
    """One socket from connect to disconnect."""

    @classmethod
    def as_asgi(cls) -> Any:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await cls(scope, receive, send).run()

        return app

    def __init__(self, scope: Any, receive: Any, send: Any) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._messages, self._topics = limits.of_messages(), limits.of_topics()
        self._hub: Hub = hub()
        self._wish = wish_in(scope)

    async def run(self) -> None:
        """Serve the socket until it is closed."""
        await self._receive()
        holder = limits.holder_of(self._scope)
        if not await limits.admit(self._hub, holder):
            await self._turn_away()
            return
        await self._send({"type": "websocket.accept"})
        outlet = self._hub.open(self._scope, self._send)
        outlet.who, outlet.delay_s = who_of(self._scope), self._wish.delay_s
        outlet.answer(_hello())
        watching = asyncio.create_task(self._close_idle(outlet))
        try:
            await self._listen(outlet)
        finally:
            watching.cancel()
            self._hub.forget(outlet)
            await limits.release(self._hub, holder)

    async def _turn_away(self) -> None:
        """Say why before closing: a page cannot see why a handshake was refused."""
        await self._send({"type": "websocket.accept"})
        told = "You have" if who_of(self._scope) else "This address has"
        text = error_text("too_many_sockets", f"{told} too many open sockets.")
        await self._send({"type": "websocket.send", "text": text.decode()})
        await self._send({"type": "websocket.close", "code": limits.TOO_MANY})

    async def _close_idle(self, outlet: Outlet) -> None:
        """Close the socket once it watches nothing for long: from the start, or ever after."""
        idle_since: float | None = time.monotonic()
        while idle_since is None or time.monotonic() - idle_since < limits.SUBSCRIBE_WITHIN_S:
            await asyncio.sleep(limits.SUBSCRIBE_WITHIN_S / 4)
            if outlet.topics:
                idle_since = None
            elif idle_since is None:
                idle_since = time.monotonic()
        self._hub.close_outlet(outlet, limits.IDLE)

    async def _listen(self, outlet: Outlet) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return
            try:
                await self._take(outlet, message.get("text"))
            except BadMessageError as error:
                outlet.answer(error_text(error.code, error.detail, field=error.field))
                if error.close_code is not None:
                    self._hub.close_outlet(outlet, error.close_code)

    async def _take(self, outlet: Outlet, text: str | None) -> None:
        if text is not None and len(text.encode()) > limits.MAX_INBOUND_BYTES:
            raise BadMessageError(
                "frame_too_large", "A message has at most 16 KiB.", close_code=limits.TOO_LARGE
            )
        if not self._messages.take():
            raise BadMessageError(
                "too_many_messages", "Too many messages.", close_code=limits.TOO_MANY
            )
        message = parse(text)
        kind = message["type"]
        if kind == "subscribe":
            await self._subscribe(outlet, parse_subscribe(message, outlet.topics))
        elif kind == "unsubscribe":
            for topic in parse_topics(message):
                self._hub.leave(outlet, topic)
        elif kind == "ping":
            outlet.answer(b'{"type":"pong"}')
        elif kind != "pong":
            raise BadMessageError(
                "unknown_type", "Send subscribe, unsubscribe, ping or pong.", "type"
            )

    async def _subscribe(self, outlet: Outlet, wanted: Subscribe) -> None:
        if not self._topics.take(len(wanted.topics)):
            raise BadMessageError(
                "too_many_subscriptions",
                "Too many subscriptions.",
                "topics",
                close_code=limits.TOO_MANY,
            )
        user = self._scope.get("user")
        for place, (topic, resume) in enumerate(wanted.topics.items()):
            field = f"topics[{place}]"
            kind = kind_of(topic)
            if kind is None:
                outlet.answer(
                    error_text("unknown_topic", "There is no such topic.", field=field, topic=topic)
                )
            elif kind.may_see is not None and not await self._may_see(user, topic):
                outlet.answer(
                    error_text("forbidden", "You may not see this.", field=field, topic=topic)
                )
            elif hides(self._wish, topic):
                outlet.answer(
                    error_text(
                        "scores_hidden",
                        "You want no scores; ask for those of this match first.",
                        field=field,
                        topic=topic,
                    )
                )
            else:
                self._hub.join(outlet, topic, resume)

    async def _may_see(self, user: Any, topic: str) -> bool:
        return await self._hub.reader.in_thread(lambda: may_see(user, [topic]))


def parse(text: str | None) -> dict[str, Any]:
    """Return a client's message. Raises BadMessageError."""
    if text is None:
        raise BadMessageError("not_text", "Messages are JSON in text frames.")
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadMessageError("not_json", f"Not JSON: {error}.") from error
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise BadMessageError("bad_message", "A message is an object with a type.", "type")
    if message.get("v", VERSION) != VERSION:
        raise BadMessageError("unknown_version", f"This server speaks version {VERSION}.", "v")
    return message


def parse_topics(message: Mapping[str, Any]) -> list[str]:
    """Return the topics of a message, each once. Raises BadMessageError."""
    topics = message.get("topics")
    if not isinstance(topics, list) or not topics or not all(isinstance(t, str) for t in topics):
        raise BadMessageError("bad_topics", "topics is a list of names such as match:ID.", "topics")
    return list(dict.fromkeys(topics))


def parse_subscribe(message: Mapping[str, Any], held: set[str]) -> Subscribe:
    """Return a checked subscription of a socket that holds some already. Raises BadMessageError."""
    topics = parse_topics(message)
    if len(held.union(topics)) > limits.MAX_TOPICS:
        raise BadMessageError(
            "too_many_topics", f"A socket has at most {limits.MAX_TOPICS} topics.", "topics"
        )
    resume = message.get("resume") or {}
    if not isinstance(resume, dict):
        raise BadMessageError("bad_resume", "resume maps topics to {epoch, after}.", "resume")
    return Subscribe(topics={topic: _resume(topic, resume.get(topic)) for topic in topics})


def _resume(topic: str, had: Any) -> Resume | None:
    if had is None:
        return None
    field = f"resume.{topic}"
    if not isinstance(had, dict):
        raise BadMessageError("bad_resume", "resume maps topics to {epoch, after}.", field)
    epoch, after = had.get("epoch"), had.get("after")
    if not isinstance(epoch, str) or type(after) is not int or after < 0:
        raise BadMessageError("bad_resume", "epoch is text, after a whole number from 0.", field)
    return Resume(epoch=epoch, after=after)


def _hello() -> bytes:
    return orjson.dumps(
        {
            "type": "hello",
            "v": VERSION,
            "server_time": now().isoformat().replace("+00:00", "Z"),
            "limits": limits.as_document(),
        }
    )
