"""The socket `/ws/live`: hello, subscribe, unsubscribe. Frames go past it, from hub to socket.

A plain ASGI application: Channels' consumer base class subscribes a Redis channel per socket and
visits Django's one database thread for every message, and this consumer needs neither.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from config.clock import now
from streams.live import limits
from streams.live.frames import VERSION, Resume
from streams.live.hub import Hub, error_text, hub
from streams.live.outlets import EXTENSION, Outlet, SocketWriter
from streams.live.rights import has_scope, may_see, who_of, wish_in
from streams.live.topics import hides, kind_of
from streams.live.turnstile import Holder

_FAILED: Final = 1011
# Spoken by clients that cannot send headers: they offer it beside their key.
SUBPROTOCOL: Final = "veze.live.1"


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
        self._hub: Hub = hub()

    async def run(self) -> None:
        """Let the visitor in and serve him, or hand him to a server that does so without us."""
        await self._receive()
        holder = limits.holder_of(self._scope)
        if not await self._hub.turnstile.admit(holder):
            await self._turn_away()
            return
        try:
            await self._accept()
        except BaseException:
            self._hub.turnstile.leave(holder)
            raise
        visit = Visit(self._hub, self._hub.open(self._scope, self._send), self._scope, holder)
        writer: SocketWriter | None = (self._scope.get("extensions") or {}).get(EXTENSION)
        if writer is not None:
            # Thousands of tasks and scopes that only wait would be most of what sockets cost.
            writer.listen(visit)
            return
        try:
            await self._listen(visit)
        finally:
            visit.gone()

    async def _accept(self) -> None:
        offered = self._scope.get("subprotocols") or ()
        spoken = {"subprotocol": SUBPROTOCOL} if SUBPROTOCOL in offered else {}
        await self._send({"type": "websocket.accept", **spoken})

    async def _turn_away(self) -> None:
        """Say why before closing: a page cannot see why a handshake was refused."""
        await self._accept()
        told = "You have" if who_of(self._scope) else "This address has"
        text = error_text("too_many_sockets", f"{told} too many open sockets.")
        await self._send({"type": "websocket.send", "text": text.decode()})
        await self._send({"type": "websocket.close", "code": limits.TOO_MANY})

    async def _listen(self, visit: "Visit") -> None:
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return
            visit.take(message.get("text"))


class Visit:
    """One visitor's messages, obeyed in their order."""

    __slots__ = (
        "_holder", "_hub", "_is_busy", "_is_gone", "_messages", "_outlet", "_topics", "_user",
        "_waiting", "_wish",
    )  # fmt: skip

    def __init__(self, of: Hub, outlet: Outlet, scope: Any, holder: Holder | None) -> None:
        self._hub, self._outlet, self._holder = of, outlet, holder
        self._messages, self._topics = limits.of_messages(), limits.of_topics()
        self._user, self._wish = scope.get("user"), wish_in(scope)
        # While the database is asked for rights, what comes waits.
        self._is_busy = self._is_gone = False
        self._waiting: list[str | None] = []
        outlet.who, outlet.delay_s = who_of(scope), self._wish.delay_s
        outlet.answer(_hello())

    def gone(self) -> None:
        """Forget the visitor."""
        self._is_gone = True
        self._hub.forget(self._outlet)
        self._hub.turnstile.leave(self._holder)

    def take(self, text: str | None) -> None:
        """Obey a message, or answer why not; None is a binary one."""
        try:
            self._check(text)
        except BadMessageError as error:
            self._complain(error)
            return
        self._waiting.append(text)
        if not self._is_busy:
            self._obey_all()

    def _obey_all(self) -> None:
        while self._waiting and not self._is_busy:
            try:
                self._obey(parse(self._waiting.pop(0)))
            except BadMessageError as error:
                self._complain(error)

    def _complain(self, error: BadMessageError) -> None:
        self._outlet.answer(error_text(error.code, error.detail, field=error.field))
        if error.close_code is not None:
            self._hub.close_outlet(self._outlet, error.close_code)

    def _check(self, text: str | None) -> None:
        if text is not None and len(text.encode()) > limits.MAX_INBOUND_BYTES:
            raise BadMessageError(
                "frame_too_large", "A message has at most 16 KiB.", close_code=limits.TOO_LARGE
            )
        if not self._messages.take():
            raise BadMessageError(
                "too_many_messages", "Too many messages.", close_code=limits.TOO_MANY
            )

    def _obey(self, message: Mapping[str, Any]) -> None:
        kind = message["type"]
        if kind == "subscribe":
            self._subscribe(parse_subscribe(message, self._outlet.topics))
        elif kind == "unsubscribe":
            for topic in parse_topics(message):
                self._hub.leave(self._outlet, topic)
        elif kind == "ping":
            self._outlet.answer(b'{"type":"pong"}')
        elif kind != "pong":
            raise BadMessageError(
                "unknown_type", "Send subscribe, unsubscribe, ping or pong.", "type"
            )

    def _subscribe(self, wanted: Subscribe) -> None:
        topics = wanted.topics
        if not self._topics.take(len(topics)) or not self._hub.may_join(self._holder, topics):
            raise BadMessageError(
                "too_many_subscriptions",
                "Too many subscriptions.",
                "topics",
                close_code=limits.TOO_MANY,
            )
        private = [topic for topic in wanted.topics if _is_private(topic)]
        if private:
            self._is_busy = True
            self._hub.spawn(self._ask_and_join(wanted, private))
        else:
            self._join(wanted, forbidden=frozenset())

    async def _ask_and_join(self, wanted: Subscribe, private: list[str]) -> None:
        user = self._user

        def unseen() -> frozenset[str]:
            return frozenset(topic for topic in private if not may_see(user, [topic]))

        try:
            forbidden = await self._hub.reader.in_thread(unseen)
        except Exception:
            self._hub.close_outlet(self._outlet, _FAILED)
            raise
        if self._is_gone:
            return
        self._join(wanted, forbidden=forbidden)
        self._is_busy = False
        self._obey_all()

    def _join(self, wanted: Subscribe, *, forbidden: frozenset[str]) -> None:
        for place, (topic, resume) in enumerate(wanted.topics.items()):
            mistake, kind = None, kind_of(topic)
            if kind is None:
                mistake = ("unknown_topic", "There is no such topic.")
            elif not has_scope(self._user, kind):
                mistake = ("forbidden", f"Come with a key that has the scope {kind.scope!r}.")
            elif topic in forbidden:
                mistake = ("forbidden", "You may not see this.")
            elif hides(self._wish, topic):
                mistake = (
                    "scores_hidden",
                    "You want no scores; ask for those of this match first.",
                )
            if mistake is None:
                self._hub.join(self._outlet, topic, resume)
            else:
                self._outlet.answer(error_text(*mistake, field=f"topics[{place}]", topic=topic))


def _is_private(topic: str) -> bool:
    kind = kind_of(topic)
    return kind is not None and kind.may_see is not None


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
