"""The event-stream form of the live protocol (SSE): cursors as ids, and the two outlets.

`data` is the text that a socket gets, byte for byte. `id` is a cursor, which says of every topic of
the stream how far the reader is once it has taken the event: `<key>:<epoch>:<seq>`, joined by
commas, the event's own topic first. Readers with the same topics share the finished bytes.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import orjson

from streams.live.frames import Encoded, Place, Resume, short_epoch
from streams.live.outlets import AsgiOutlet, Keeper, Outlet, Send, WireOutlet, Writer
from streams.live.rights import RIGHTS_LOST

MEDIA_TYPE: Final = "text/event-stream"
# A comment, which no reader hands on.
_BEAT: Final = b":\n\n"
_FAREWELL: Final = Encoded.of(
    [
        orjson.dumps(
            {
                "type": "error",
                "code": "rights_lost",
                "detail": "You are signed out, or may not see a topic any more.",
                "field": "",
            }
        )
    ]
)

Form = Callable[[bytes], bytes]


def plain(events: bytes) -> bytes:
    """Return the events as they are, for servers that frame them."""
    return events


def chunk(events: bytes) -> bytes:
    """Return the events as one chunk of an HTTP/1.1 response (RFC 9112, section 7.1)."""
    return b"%x\r\n%b\r\n" % (len(events), events)


@lru_cache(maxsize=4096)
def topic_key(topic: str) -> str:
    """Return the short name that a topic has in cursors."""
    return hashlib.blake2b(topic.encode(), digest_size=4).hexdigest()


def is_epoch(text: str) -> bool:
    """Whether a client's epoch may be told again in an id: an end of line would end the event."""
    return text.isascii() and text.isprintable()


def parse_cursor(cursor: str, topics: Iterable[str]) -> dict[str, Resume]:
    """Return what a cursor says of the topics; raises ValueError for what is no cursor."""
    places: dict[str, Resume] = {}
    for entry in filter(None, cursor.split(",")):
        key, epoch, after = entry.split(":")
        if not (after.isascii() and after.isdigit() and len(after) < 19 and is_epoch(epoch)):
            raise ValueError(f"{entry!r} is no place")
        places[key] = Resume(epoch=epoch, after=int(after))
    found = {topic: places.get(topic_key(topic)) for topic in topics}
    return {topic: place for topic, place in found.items() if place is not None and place.epoch}


class Places:
    """How far one reader is in each of its topics."""

    __slots__ = ("_entries", "_form", "_is_alone")

    def __init__(self, form: Form, resumes: Mapping[str, Resume | None]) -> None:
        self._form = form
        self._is_alone = len(resumes) == 1
        self._entries = {
            topic: _entry(topic, had.epoch or "", had.after)
            for topic, had in resumes.items()
            if had is not None
        }

    def encode(self, batch: Encoded) -> bytes:
        """Return the batch as events and take note of where it leads."""
        place = batch.place
        if place is None:
            return self._form(b"".join(b"data: %b\n\n" % text for text in batch.texts))
        others = b"" if self._is_alone else self._others(place.topic)
        key = (self._form, others)
        made: tuple[bytes, bytes] | None = batch.forms.get(key)
        if made is None:
            events, last = _events(place, batch.texts, others)
            made = batch.forms[key] = (self._form(events), last)
        self._entries[place.topic] = made[1]
        return made[0]

    def _others(self, topic: str) -> bytes:
        return b",".join(held for other, held in self._entries.items() if other != topic)


def _entry(topic: str, epoch: str, seq: int) -> bytes:
    return f"{topic_key(topic)}:{short_epoch(epoch)}:{seq}".encode()


def _events(place: Place, texts: Sequence[bytes], others: bytes) -> tuple[bytes, bytes]:
    """Return the texts as events, and the topic's entry after the last of them."""
    rest = b"," + others if others else b""
    entry = _entry(place.topic, place.epoch, place.first - 1)
    events = []
    for seq, text in enumerate(texts, place.first):
        entry = _entry(place.topic, place.epoch, seq)
        events.append(b"id: %b%b\ndata: %b\n\n" % (entry, rest, text))
    # Without data a reader takes the id and hands nothing on: it has all there is.
    return b"".join(events) or b"id: %b%b\n\n" % (entry, rest), entry


class EventOutlet(Outlet):
    """A reader of an event stream. It holds back until `start`, when every topic has answered."""

    takes_replays = False
    places: Places
    ready: asyncio.Event
    refused: dict[str, bytes]
    unanswered: set[str]
    is_held: bool

    def prepare(self, form: Form, resumes: Mapping[str, Resume | None]) -> None:
        """Set the topics and what the reader has of them."""
        self.places = Places(form, resumes)
        self.ready = asyncio.Event()
        self.refused = {}
        self.unanswered = set(resumes)
        self.is_held = True
        self.blocked_at = time.monotonic()

    def start(self) -> None:
        """Send what was held back, and from now on what comes."""
        self.unanswered.clear()
        self.is_held = False
        self._drained()

    def push(self, batch: Encoded) -> None:
        if self.unanswered and batch.place is not None:
            self._note_answer(batch.place.topic)
        super().push(batch)

    def refuse(self, topic: str, text: bytes) -> None:
        if self.unanswered:
            self.refused[topic] = text
            self._note_answer(topic)
        else:
            self.answer(text)

    def _hold(self, batch: Encoded) -> None:
        if self.is_held:
            # All first snapshots together may be beyond the bound, and are but one of each topic.
            self._queue.append(batch)
        else:
            super()._hold(batch)

    def is_stuck(self, now_s: float) -> bool:
        """Whether the reader has read nothing for too long, of what it could have read."""
        return not self.is_held and super().is_stuck(now_s)

    def _note_answer(self, topic: str) -> None:
        self.unanswered.discard(topic)
        if not self.unanswered:
            self.ready.set()

    def beat(self, text: bytes) -> None:
        if self.blocked_at is None and not self._put_form(_BEAT):
            self.blocked_at = time.monotonic()

    def _put_form(self, events: bytes) -> bool:
        raise NotImplementedError


class WireEventOutlet(EventOutlet, WireOutlet):
    """A reader at our own server."""

    def __init__(self, hub: Keeper, writer: Writer, resumes: Mapping[str, Resume | None]) -> None:
        super().__init__(hub, writer)
        self.prepare(chunk, resumes)

    def _write(self, batch: Encoded) -> bool:
        return self._put(self.places.encode(batch))

    def _put_form(self, events: bytes) -> bool:
        return self._put(chunk(events))

    def close(self, code: int) -> None:
        if code == RIGHTS_LOST and self.blocked_at is None:
            self._write(_FAREWELL)
        super().close(code)


class AsgiEventOutlet(EventOutlet, AsgiOutlet):
    """A reader at any ASGI server."""

    def __init__(self, hub: Keeper, send: Send, resumes: Mapping[str, Resume | None]) -> None:
        super().__init__(hub, send)
        self.prepare(plain, resumes)

    def _write(self, batch: Encoded) -> bool:
        return self._put_form(self.places.encode(batch))

    def _put_form(self, events: bytes) -> bool:
        self._texts.append(events)
        self._ready.set()
        return False

    def close(self, code: int) -> None:
        if code == RIGHTS_LOST:
            self._write(_FAREWELL)
        super().close(code)

    def _message(self, text: bytes) -> Mapping[str, Any]:
        return {"type": "http.response.body", "body": text, "more_body": True}

    def _good_bye(self, code: int) -> Mapping[str, Any]:
        return {"type": "http.response.body", "body": b"", "more_body": False}
