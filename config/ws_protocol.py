"""WebSocket as bytes (RFC 6455): handshakes, and the frames that clients send. Pure."""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Final, NamedTuple

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
PROTOCOL_ERROR: Final = 1002
NOT_UTF8: Final = 1007
TOO_BIG: Final = 1009
_LAST: Final = 0x80
_RESERVED: Final = 0x70
_MASKED: Final = 0x80
_MAX_CONTROL_BYTES: Final = 125
_MAX_HEAD_BYTES: Final = 16_384
# RFC 6455, section 7.4, and those that IANA has added: 1004 to 1006 and 1015 are never sent.
_SENDABLE: Final = frozenset({1000, 1001, 1002, 1003, *range(1007, 1015)})
_OF_APPLICATIONS: Final = range(3000, 5000)
# RFC 6455, section 1.3.
_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_UPGRADE: Final = re.compile(rb"\r\nupgrade:[ \t]*websocket[ \t]*\r\n", re.IGNORECASE)
_TOKEN: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TARGET: Final = re.compile(rb"/[\x21-\x7e]*")

Header = tuple[bytes, bytes]


class BrokenFrameError(ValueError):
    """A client broke the protocol; `code` says how (RFC 6455, section 7.4.1)."""

    def __init__(self, code: int) -> None:
        super().__init__(f"broken frame ({code})")
        self.code = code


class Frame(NamedTuple):
    """One frame of a client, unmasked, and where the next one begins."""

    opcode: int
    is_last: bool
    payload: bytes
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """A request to become a WebSocket. Names of headers are in lower case."""

    method: bytes
    target: bytes
    version: bytes
    headers: list[Header]

    def values(self, name: bytes) -> list[bytes]:
        return [value for held, value in self.headers if held == name]

    def words(self, name: bytes) -> list[bytes]:
        """Return the members of a header that is a list, in lower case."""
        members = b",".join(self.values(name)).lower().split(b",")
        return [member.strip() for member in members]

    def protocols(self) -> list[bytes]:
        """Return the subprotocols that the client speaks, the best first."""
        members = b",".join(self.values(b"sec-websocket-protocol")).split(b",")
        return [member.strip() for member in members if member.strip()]

    def mistake(self) -> tuple[int, str] | None:
        """Return status and reason of the refusal of what cannot be a WebSocket."""
        keys = self.values(b"sec-websocket-key")
        if self.method != b"GET" or self.version != b"HTTP/1.1":
            return 400, "A WebSocket begins by GET of HTTP/1.1."
        if len(self.values(b"host")) != 1:
            return 400, "Name one host."
        if b"upgrade" not in self.words(b"connection"):
            return 400, "Connection: Upgrade is missing."
        if self.values(b"sec-websocket-version") != [b"13"]:
            return 426, "This server speaks version 13 of WebSocket."
        if len(keys) != 1 or not _is_key(keys[0]):
            return 400, "Sec-WebSocket-Key has to be 16 bytes in base64."
        return None

    def accepted(self, *further: Header) -> bytes:
        """Return the answer that opens the socket."""
        key = self.values(b"sec-websocket-key")[0]
        digest = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
        answer: list[Header] = [
            (b"Upgrade", b"WebSocket"),
            (b"Connection", b"Upgrade"),
            (b"Sec-WebSocket-Accept", digest),
            *further,
        ]
        lines = (b"%b: %b\r\n" % header for header in answer)
        return b"HTTP/1.1 101 Switching Protocols\r\n%b\r\n" % b"".join(lines)


def _is_key(key: bytes) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except binascii.Error:
        return False


def read_handshake(data: bytes) -> tuple[Handshake, bytes] | None:
    """Return the handshake that the bytes begin with and what follows it.

    None for anything else, also for a request that is not complete or not plainly well-formed.
    """
    end = data.find(b"\r\n\r\n", 0, _MAX_HEAD_BYTES)
    if end < 0 or not _UPGRADE.search(data, 0, end + 2):
        return None
    first, *lines = data[:end].split(b"\r\n")
    parts = first.split(b" ")
    if len(parts) != 3 or not _TARGET.fullmatch(parts[1]):
        return None
    headers = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not (colon and _TOKEN.fullmatch(name)) or b"\0" in value or b"\r" in value:
            return None
        headers.append((name.lower(), value.strip(b" \t")))
    shake = Handshake(method=parts[0], target=parts[1], version=parts[2], headers=headers)
    return shake, data[end + 4 :]


def refusal(status: int, reason: str, text: str, *further: Header) -> bytes:
    """Return a whole answer that refuses a handshake."""
    body = f"{text}\n".encode()
    answer: list[Header] = [
        (b"Content-Type", b"text/plain; charset=utf-8"),
        (b"Content-Length", b"%d" % len(body)),
        (b"Connection", b"close"),
        *further,
    ]
    lines = (b"%b: %b\r\n" % header for header in answer)
    return f"HTTP/1.1 {status} {reason}\r\n".encode() + b"".join(lines) + b"\r\n" + body


def read_frame(data: bytes | bytearray, at: int, most_bytes: int) -> Frame | None:
    """Return the frame that begins at a place, None while some of it is yet to come.

    Raises BrokenFrameError as soon as the head of the frame shows it.
    """
    if len(data) - at < 2:
        return None
    first, second = data[at], data[at + 1]
    opcode, size = first & 0x0F, second & 0x7F
    is_last = bool(first & _LAST)
    is_control = opcode >= CLOSE
    if (
        first & _RESERVED
        or not second & _MASKED
        or opcode not in {CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG}
        or (is_control and (size > _MAX_CONTROL_BYTES or not is_last))
    ):
        raise BrokenFrameError(PROTOCOL_ERROR)
    start = at + 2
    if size > _MAX_CONTROL_BYTES:
        width = 2 if size == 126 else 8
        if len(data) < start + width:
            return None
        size = int.from_bytes(data[start : start + width], "big")
        start += width
    if size > most_bytes:
        raise BrokenFrameError(TOO_BIG)
    end = start + 4 + size
    if len(data) < end:
        return None
    payload = _unmasked(bytes(data[start + 4 : end]), bytes(data[start : start + 4]))
    return Frame(opcode, is_last, payload, end)


def _unmasked(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    repeated = (mask * (size // 4 + 1))[:size]
    number = int.from_bytes(payload, "little") ^ int.from_bytes(repeated, "little")
    return number.to_bytes(size, "little")


def check_good_bye(payload: bytes) -> None:
    """Insist on a code that an endpoint may send and a reason in UTF-8; both may be missing.

    Raises BrokenFrameError.
    """
    if not payload:
        return
    code = int.from_bytes(payload[:2], "big")
    if len(payload) < 2 or not (code in _SENDABLE or code in _OF_APPLICATIONS):
        raise BrokenFrameError(PROTOCOL_ERROR)
    try:
        payload[2:].decode()
    except UnicodeDecodeError as error:
        raise BrokenFrameError(NOT_UTF8) from error


def control_frame(opcode: int, payload: bytes = b"") -> bytes:
    """Return a server's ping, pong or good-bye."""
    return bytes((_LAST | opcode, len(payload))) + payload


def close_frame(code: int) -> bytes:
    """Return a server's good-bye."""
    return control_frame(CLOSE, code.to_bytes(2, "big"))
