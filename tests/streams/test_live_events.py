"""The event-stream form: cursors, bytes made once for all, the wait for the first answers."""

import re

import pytest

from streams.live.events import (
    WireEventOutlet,
    chunk,
    parse_cursor,
    topic_key,
)
from streams.live.frames import Encoded, Place, Resume
from streams.live.outlets import MAX_QUEUED_FRAMES
from streams.live.rights import RIGHTS_LOST


class Kernel:
    """Takes finished chunks while it has room, as `config.server` offers it."""

    on_drained = None

    def __init__(self, room=1_000_000):
        self.room = room
        self.taken = []
        self.closed = None

    def send_wire(self, data, *, is_whole=True):
        self.taken.append(bytes(data))
        self.room -= 1
        return self.room > 0

    def unsent_bytes(self):
        return 0

    def close_with(self, code):
        self.closed = code

    def drain(self):
        self.room = 1_000_000
        self.on_drained()

    @property
    def events(self):
        """What a reader makes of it: (id, data)."""
        raw, body = b"".join(self.taken), b""
        while raw:
            size, _, raw = raw.partition(b"\r\n")
            body, raw = body + raw[: int(size, 16)], raw[int(size, 16) + 2 :]
        blocks = [dict(re.findall(rb"^(id|data): (.*)$", b, re.M)) for b in body.split(b"\n\n")]
        return [(b.get(b"id", b"").decode(), b.get(b"data")) for b in blocks if b]


class Hub:
    def __init__(self):
        self.stalled, self.revived = [], []

    def stall(self, outlet):
        self.stalled.append(outlet)

    def revive(self, outlet):
        self.revived.append(outlet)


def outlet_of(kernel, *topics, started=True, **resumes):
    outlet = WireEventOutlet(Hub(), kernel, {**dict.fromkeys(topics), **resumes})
    if started:
        outlet.start()
    return outlet


def batch(topic, first, last, *, epoch="e"):
    texts = [b'{"seq":%d}' % seq for seq in range(first, last + 1)]
    return Encoded.of(texts, Place(topic, epoch, first))


def test_cursor_of_one_topic_is_its_place():
    kernel = Kernel()
    outlet_of(kernel, "match:1").push(batch("match:1", 4, 5))

    key = topic_key("match:1")
    assert kernel.events == [(f"{key}:e:4", b'{"seq":4}'), (f"{key}:e:5", b'{"seq":5}')]
    assert parse_cursor(f"{key}:e:5", ["match:1"]) == {"match:1": Resume(epoch="e", after=5)}


def test_cursor_of_many_topics_stays_small():
    kernel = Kernel()
    epoch = "6b0e41aa-3a3c-4f5e-9d0b-0d5f3c1b2a4e"
    topics = [f"match:{number}" for number in range(50)]
    outlet = outlet_of(kernel, *topics)
    for topic in topics:
        outlet.push(batch(topic, 1234, 1234, epoch=epoch))

    assert len(kernel.events[-1][0]) < 1200
    assert len(parse_cursor(kernel.events[-1][0], topics)) == 50


def test_cursor_says_of_each_topic_what_the_reader_has_by_then():
    kernel = Kernel()
    outlet = outlet_of(kernel, "match:1", "league:2")
    outlet.push(batch("match:1", 4, 4))
    outlet.push(batch("league:2", 9, 9, epoch="f"))
    outlet.push(batch("match:1", 5, 5))

    ids = [held for held, _ in kernel.events]
    topics = ["match:1", "league:2"]
    places = [parse_cursor(held, topics) for held in ids]
    assert places[0] == {"match:1": Resume(epoch="e", after=4)}
    assert places[2] == {
        "match:1": Resume(epoch="e", after=5),
        "league:2": Resume(epoch="f", after=9),
    }


def test_place_of_a_topic_that_is_silent_is_handed_on():
    kernel = Kernel()
    topics = {"match:1": Resume(epoch="e", after=3), "league:2": Resume(epoch="f", after=7)}
    outlet = WireEventOutlet(Hub(), kernel, topics)
    outlet.start()
    outlet.push(batch("match:1", 4, 4))

    assert parse_cursor(kernel.events[0][0], topics)["league:2"].after == 7


@pytest.mark.parametrize(
    "cursor", ["x", "a:b", "a:b:c", "a:b:-1", "a:b:²", "a:b:1:2", "a:b:" + "9" * 19]
)
def test_what_is_no_cursor_is_refused(cursor):
    with pytest.raises(ValueError, match=r".*"):
        parse_cursor(cursor, ["match:1"])


def test_cursor_of_other_topics_says_nothing_of_these():
    assert parse_cursor(f"{topic_key('match:1')}:e:5", ["match:2"]) == {}


def test_readers_of_the_same_topics_get_the_same_object():
    kernels = [Kernel() for _ in range(3)]
    outlets = [outlet_of(kernel, "match:1", "league:2") for kernel in kernels]
    for news in (batch("match:1", 1, 3), batch("league:2", 1, 1)):
        for outlet in outlets:
            outlet.push(news)
        assert len(news.forms) == 1


def test_reader_who_has_everything_is_told_its_place_without_an_event():
    kernel = Kernel()
    outlet_of(kernel, "match:1").push(Encoded.of([], Place("match:1", "e", 6)))

    assert kernel.events == [(f"{topic_key('match:1')}:e:5", None)]


def test_reader_is_silent_until_every_topic_has_answered():
    kernel = Kernel()
    outlet = outlet_of(kernel, "match:1", "league:2", started=False)
    outlet.push(batch("match:1", 1, 2))
    assert not outlet.ready.is_set()
    outlet.push(batch("league:2", 1, 1))
    assert outlet.ready.is_set()
    assert kernel.taken == []

    outlet.start()

    assert [data for _, data in kernel.events] == [b'{"seq":1}', b'{"seq":2}', b'{"seq":1}']


def test_first_snapshots_are_held_back_whatever_their_size():
    kernel = Kernel()
    topics = [f"match:{number}" for number in range(50)]
    outlet = outlet_of(kernel, *topics, started=False)
    for topic in topics:
        outlet.push(Encoded.of([b"x" * 60_000], Place(topic, "e", 1)))
    outlet.start()

    assert not outlet.hub.stalled
    assert len(kernel.events) == 50


def test_topic_that_is_refused_counts_as_answered():
    outlet = outlet_of(Kernel(), "match:1", started=False)
    outlet.refuse("match:1", b"{}")

    assert outlet.ready.is_set()
    assert set(outlet.refused) == {"match:1"}


def test_slow_reader_is_left_out_until_it_has_caught_up():
    kernel = Kernel(room=1)
    outlet = outlet_of(kernel, "match:1")
    for seq in range(1, MAX_QUEUED_FRAMES + 3):
        outlet.push(batch("match:1", seq, seq))
    assert outlet.hub.stalled == [outlet]

    kernel.drain()
    outlet.push(Encoded.of([b'{"type":"snapshot"}'], Place("match:1", "e", 900)))

    assert outlet.hub.revived == [outlet]
    assert [held.rpartition(":")[2] for held, _ in kernel.events] == ["1", "900"]


def test_beat_is_no_event():
    kernel = Kernel()
    outlet_of(kernel, "match:1").beat(b'{"type":"ping"}')

    assert kernel.taken == [chunk(b":\n\n")]
    assert [data for _, data in kernel.events if data] == []


def test_reader_who_lost_a_right_is_told_before_the_end():
    kernel = Kernel()
    outlet_of(kernel, "match:1").close(RIGHTS_LOST)

    assert b'"rights_lost"' in kernel.events[0][1]
    assert kernel.closed == RIGHTS_LOST


@pytest.mark.parametrize("epoch", ["a\n\ndata", "a\rb", "\u2028", "a\0"])
def test_an_epoch_that_would_end_the_event_is_none(epoch):
    topic = "match:vz_match_01"

    with pytest.raises(ValueError, match="no place"):
        parse_cursor(f"{topic_key(topic)}:{epoch}:5", [topic])
