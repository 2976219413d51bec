"""WebSocket as bytes: which handshakes open a socket, and which frames are frames."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.ws_protocol import (
    BrokenFrameError,
    check_good_bye,
    close_frame,
    read_frame,
    read_handshake,
)
from tests.streams.rude_clients import CLOSE, HANDSHAKE, MORE, PING, TEXT, frame

MOST = 65_536


def shaken(head):
    found = read_handshake(head)
    assert found is not None
    return found[0]


def test_handshake_is_answered_by_the_key_of_the_rfc():
    handshake, rest = read_handshake(HANDSHAKE + b"more")

    assert handshake.mistake() is None
    assert handshake.target == b"/ws/live"
    assert rest == b"more"
    # RFC 6455, section 1.3, has this key and this answer.
    assert b"\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in handshake.accepted()


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"GET /ws/live HTTP/1.1\r\nHost: a\r\n\r\n",
        HANDSHAKE[:-2],
        HANDSHAKE.replace(b"GET /ws/live ", b"GET /ws /live "),
        HANDSHAKE.replace(b"/ws/live", b"/ws/\xff"),
        HANDSHAKE.replace(b"Host:", b"Ho st:"),
        HANDSHAKE.replace(b"\r\nHost", b"\r\n folded\r\nHost"),
        HANDSHAKE.replace(b"127.0.0.1", b"127.0.0.1\0"),
        HANDSHAKE.replace(b"127.0.0.1", b"a" * 20_000),
    ],
    ids=[
        "nothing", "no upgrade", "not complete", "blank in the path", "not ASCII", "odd name",
        "folded", "zero", "long",
    ],
)  # fmt: skip
def test_what_is_not_plainly_a_handshake_is_left_to_http(head):
    assert read_handshake(head) is None


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ((b"GET", b"POST"), 400),
        ((b"HTTP/1.1", b"HTTP/1.0"), 400),
        ((b"Host: 127.0.0.1\r\n", b""), 400),
        ((b"Host: 127.0.0.1\r\n", b"Host: a\r\nHost: b\r\n"), 400),
        ((b"Connection: Upgrade", b"Connection: keep-alive"), 400),
        ((b"Version: 13", b"Version: 8"), 426),
        ((b"dGhlIHNhbXBsZSBub25jZQ==", b"c2hvcnQ="), 400),
        ((b"dGhlIHNhbXBsZSBub25jZQ==", b"no base64"), 400),
    ],
)
def test_handshake_with_a_mistake_is_refused(change, status):
    assert shaken(HANDSHAKE.replace(*change)).mistake()[0] == status


def test_connection_may_name_more_than_the_upgrade():
    head = HANDSHAKE.replace(b"Connection: Upgrade", b"Connection: keep-alive, upgrade")

    assert shaken(head).mistake() is None


def masked(opcode, payload, mask, *, is_last=True):
    data = frame(opcode, payload, is_last=is_last)
    at = len(data) - len(payload)
    mixed = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return data[: at - 4] + mask + mixed


@given(
    opcode=st.sampled_from([TEXT, 2, MORE]),
    payload=st.binary(max_size=300),
    mask=st.binary(min_size=4, max_size=4),
    is_last=st.booleans(),
    before=st.binary(max_size=5),
)
def test_frame_comes_back_as_it_was_masked(opcode, payload, mask, is_last, before):
    data = before + masked(opcode, payload, mask, is_last=is_last)

    found = read_frame(data + b"next", len(before), MOST)

    assert found == (opcode, is_last, payload, len(data))


@given(payload=st.binary(max_size=200))
def test_frame_of_which_some_is_yet_to_come_is_none(payload):
    data = frame(TEXT, payload)

    assert {read_frame(data[:size], 0, MOST) for size in range(len(data))} == {None}


def test_longest_frame_is_taken_and_one_byte_more_is_not():
    size = MOST.to_bytes(8, "big")
    longest = bytes((0x81, 0xFF)) + size + bytes(4) + b"x" * MOST
    assert read_frame(longest, 0, MOST).payload == b"x" * MOST

    with pytest.raises(BrokenFrameError) as broken:
        # The head alone tells: nothing is collected first.
        read_frame(bytes((0x81, 0xFF)) + (MOST + 1).to_bytes(8, "big"), 0, MOST)
    assert broken.value.code == 1009


@pytest.mark.parametrize(
    "data",
    [
        frame(TEXT, b"{}", is_masked=False),
        frame(3, b"reserved"),
        frame(11, b"reserved"),
        frame(PING, b"x" * 126),
        frame(CLOSE, is_last=False),
        bytes((0xC1, 0x80)) + bytes(4),
    ],
    ids=["no mask", "reserved", "reserved control", "long ping", "piece of a close", "extension"],
)
def test_head_that_breaks_the_protocol_is_refused(data):
    with pytest.raises(BrokenFrameError) as broken:
        read_frame(data, 0, MOST)

    assert broken.value.code == 1002


@pytest.mark.parametrize(
    "payload",
    [b"", *(code.to_bytes(2, "big") for code in (1000, 1003, 1007, 1014, 3000, 4999))],
)
def test_good_bye_may_have_a_code_of_the_rfc_or_of_an_application(payload):
    check_good_bye(payload)
    if payload:
        check_good_bye(payload + "Grüße".encode())


@pytest.mark.parametrize(
    "payload",
    [
        b"\x03",
        *(
            code.to_bytes(2, "big") + b"why"
            for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535)
        ),
    ],
)
def test_good_bye_without_a_code_that_may_be_sent_breaks_the_protocol(payload):
    with pytest.raises(BrokenFrameError) as broken:
        check_good_bye(payload)

    assert broken.value.code == 1002


def test_reason_of_a_good_bye_has_to_be_utf8():
    with pytest.raises(BrokenFrameError) as broken:
        check_good_bye(b"\x03\xe8\xff")

    assert broken.value.code == 1007


def test_good_bye_has_its_code():
    assert close_frame(1001) == b"\x88\x02\x03\xe9"
