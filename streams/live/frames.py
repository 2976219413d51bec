"""Frames of the live protocol, version 1: what is published, and the bytes that travel.

A *body* is a frame's own JSON object as the publisher encoded it. A *text* is the whole JSON
message of a socket. A *wire* is the text as a finished WebSocket frame, the same for every socket.
"""

import hashlib
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

VERSION: Final = 1
_REPLAY_CHUNK: Final = 500
_TEXT_FRAME: Final = 0x81  # FIN, opcode 1; a server's frames carry no mask
_SORTED: Final = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One change of a topic.

    `seq` is its place in a topic that its owner counts (a match: the event's `seq`); None where
    the publisher counts. On a page topic `data` is `{"k": {name: html}}`.
    """

    data: Mapping[str, Any]
    seq: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The whole state of a topic after the frame `seq` of `epoch`.

    Of a topic that counts by itself `epoch` is empty and `seq` is whatever it has come to.
    """

    epoch: str = ""
    seq: int = 0
    state: Any


@dataclass(frozen=True, slots=True)
class Place:
    """Where a batch stands: its first text has position `first` of the epoch, the rest follow."""

    topic: str
    epoch: str
    first: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """What a client says it has: everything up to `after` in `epoch`, None: whichever it is now."""

    epoch: str | None
    after: int


def short_epoch(epoch: str) -> str:
    """Return what cursors have of an epoch: enough to tell it from the one before."""
    return epoch[:8]


@dataclass(frozen=True, slots=True)
class Encoded:
    """Texts that go out together, and all of them as bytes for the socket.

    `place` is None for answers, which are of no topic and come once only (`is_answer`), and for
    resumptions that are one message. `forms` keeps what other doors make of the
    texts, so that each form is made once, for all who take it.
    """

    texts: tuple[bytes, ...]
    wire: bytes
    place: Place | None = None
    is_answer: bool = False
    forms: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, texts: Sequence[bytes], place: Place | None = None) -> "Encoded":
        return cls(tuple(texts), b"".join(map(to_wire, texts)), place)


def canonical(value: Any) -> bytes:
    """Encode with sorted keys and no blanks, so that equal values have equal bytes."""
    return orjson.dumps(value, option=_SORTED)


def state_hash(state: bytes) -> str:
    """Return the SHA-256 of a state's canonical JSON."""
    return hashlib.sha256(state).hexdigest()


def to_wire(text: bytes) -> bytes:
    """Return the text as one unmasked WebSocket text frame (RFC 6455, section 5.2)."""
    size = len(text)
    if size < 126:
        return bytes((_TEXT_FRAME, size)) + text
    if size < 65_536:
        return struct.pack("!BBH", _TEXT_FRAME, 126, size) + text
    return struct.pack("!BBQ", _TEXT_FRAME, 127, size) + text


def is_page(topic: str) -> bool:
    """Whether the topic carries page fragments, of which the newest per name wins."""
    return topic.startswith("page:")


class Envelope:
    """Turns bodies of one topic and epoch into texts; what is constant is encoded once."""

    __slots__ = ("_head", "_page")

    def __init__(self, topic: str, epoch: str) -> None:
        self._page = is_page(topic)
        kind = "patch" if self._page else "event"
        place = orjson.dumps({"type": kind, "topic": topic, "epoch": epoch})
        self._head = place[:-1] + b',"seq":'

    def text(self, seq: int, body: bytes) -> bytes:
        """Return the message: an event has its `data`, a patch its fragments `k`."""
        if self._page:
            return b"%b%d,%b" % (self._head, seq, body[1:])
        return b'%b%d,"data":%b}' % (self._head, seq, body)


def snapshot_text(topic: str, *, epoch: str, seq: int, state: bytes, digest: str) -> bytes:
    """Return the answer to a subscription from nothing. `state` is canonical JSON."""
    head = orjson.dumps(
        {"type": "snapshot", "topic": topic, "epoch": epoch, "seq": seq, "state_hash": digest}
    )
    return b'%b,"state":%b}' % (head[:-1], state)


def replay_texts(topic: str, *, epoch: str, after: int, texts: Sequence[bytes]) -> list[bytes]:
    """Return the answer to a resumption: the texts of the frames from `after` + 1 on, in pieces."""
    chunks = [texts[at : at + _REPLAY_CHUNK] for at in range(0, len(texts), _REPLAY_CHUNK)]
    answers = []
    for chunk in chunks or [[]]:
        place = {"type": "replay", "topic": topic, "epoch": epoch, "after": after}
        after += len(chunk)
        head = orjson.dumps({**place, "seq": after})
        answers.append(b'%b,"frames":[%b]}' % (head[:-1], b",".join(chunk)))
    return answers
