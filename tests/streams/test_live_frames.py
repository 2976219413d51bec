"""The bytes of the protocol."""

import json

import pytest
from websockets.frames import Frame as WebSocketFrame
from websockets.streams import StreamReader

from streams.live.frames import Encoded, Envelope, canonical, replay_texts, snapshot_text, to_wire


def parsed(wire):
    reader = StreamReader()
    reader.feed_data(wire)
    steps = WebSocketFrame.parse(reader.read_exact, mask=False)
    try:
        while True:
            next(steps)
    except StopIteration as end:
        return end.value


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 100_000])
def test_wire_is_one_unmasked_text_frame(size):
    frame = parsed(to_wire(b"x" * size))

    assert (frame.opcode, frame.fin, len(frame.data)) == (1, True, size)


def test_frames_that_go_out_together_are_joined():
    batch = Encoded.of([b"one", b"two"])

    assert batch.texts == (b"one", b"two")
    assert batch.wire == to_wire(b"one") + to_wire(b"two")


def test_event_has_its_data_and_patch_its_fragments():
    event = Envelope("match:1", "7").text(12, b'{"a":1}')
    patch = Envelope("page:1", "ab").text(3, b'{"k":{"s":"<b>"}}')

    assert json.loads(event) == {
        "type": "event", "topic": "match:1", "epoch": "7", "seq": 12, "data": {"a": 1}
    }  # fmt: skip
    assert json.loads(patch) == {
        "type": "patch", "topic": "page:1", "epoch": "ab", "seq": 3, "k": {"s": "<b>"}
    }  # fmt: skip


def test_snapshot_and_replay_carry_encoded_parts_as_they_are():
    snapshot = snapshot_text("match:1", epoch="1", seq=2, state=b'{"a":1}', digest="ff")
    (replay,) = replay_texts("match:1", epoch="1", after=2, texts=[b'{"seq":3}', b'{"seq":4}'])

    assert json.loads(snapshot)["state"] == {"a": 1}
    assert [frame["seq"] for frame in json.loads(replay)["frames"]] == [3, 4]


def test_canonical_json_does_not_depend_on_the_order_of_keys():
    assert canonical({"b": 1, "a": {"d": 1, "c": 2}}) == canonical({"a": {"c": 2, "d": 1}, "b": 1})
