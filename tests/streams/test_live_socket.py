"""The live protocol against a real server process and a real Valkey."""

import hashlib
import json

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from streams.live.frames import Frame, Snapshot
from streams.live.publish import publish, set_snapshot
from streams.live.topics import register_snapshots
from tests.streams.live_support import Fan

pytestmark = pytest.mark.usefixtures("publishing")
for _prefix in ("free:", "test:", "closed:"):
    register_snapshots(_prefix, None)


def play(topic, first, last, *, epoch="1", **options):
    frames = [Frame(seq=seq, data={"n": seq}) for seq in range(first, last + 1)]
    publish(topic, frames=frames, epoch=epoch, **options)


def test_socket_says_hello_with_its_limits(server):
    with Fan(server) as fan:
        hello = fan.hello

    assert (hello["type"], hello["v"]) == ("hello", 1)
    assert hello["limits"]["topics"] == 50
    assert hello["limits"]["frame_bytes"] == 16_384
    assert hello["server_time"].endswith("Z")


def test_subscription_gets_snapshot_with_hash_then_frames(server, topic):
    state = {"b": 1, "a": "ü"}
    play(topic, 1, 3, snapshot=Snapshot(epoch="1", seq=3, state=state))

    with Fan(server) as fan:
        fan.subscribe(topic)
        snapshot = fan.take()
        play(topic, 4, 4)
        frame = fan.take()

    encoded = json.dumps(state, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert snapshot == {
        "type": "snapshot",
        "topic": topic,
        "epoch": "1",
        "seq": 3,
        "state": state,
        "state_hash": hashlib.sha256(encoded.encode()).hexdigest(),
    }
    expected = {"type": "event", "topic": topic, "epoch": "1", "seq": 4, "data": {"n": 4}}
    assert frame == expected


def test_snapshot_is_followed_by_the_frames_since(server, topic):
    play(topic, 1, 3, snapshot=Snapshot(epoch="1", seq=3, state={"n": 3}))
    play(topic, 4, 9)

    with Fan(server) as fan:
        fan.subscribe(topic)
        fan.reach(topic, 9)

        assert fan.answers == ["hello", "snapshot", *["event"] * 6]


def test_resume_gets_the_missed_frames_in_order(server, topic):
    play(topic, 1, 20)

    with Fan(server) as fan:
        fan.subscribe(topic, resume={topic: {"epoch": "1", "after": 12}})
        replay = fan.take()
        play(topic, 21, 21)
        fan.reach(topic, 21)

    assert (replay["type"], replay["after"], replay["seq"]) == ("replay", 12, 20)
    assert [frame["seq"] for frame in replay["frames"]] == list(range(13, 21))
    assert replay["frames"][0]["data"] == {"n": 13}


def test_resume_at_the_head_gets_an_empty_replay(server, topic):
    play(topic, 1, 5)

    with Fan(server) as fan:
        fan.subscribe(topic, resume={topic: {"epoch": "1", "after": 5}})

        assert fan.take()["frames"] == []


def test_long_absence_is_replayed_from_redis_in_pieces(server, topic):
    play(topic, 1, 1800)

    with Fan(server) as fan:
        fan.subscribe(topic, resume={topic: {"epoch": "1", "after": 100}})
        fan.reach(topic, 1800)

        assert fan.answers == ["hello", *["replay"] * 4]
        assert len(fan.frames[topic]) == 1700


@pytest.mark.parametrize("had", [{"epoch": "0", "after": 3}, {"epoch": "1", "after": 99}])
def test_resume_from_elsewhere_gets_a_snapshot(server, topic, had):
    play(topic, 1, 5, snapshot=Snapshot(epoch="1", seq=5, state={"n": 5}))

    with Fan(server) as fan:
        fan.subscribe(topic, resume={topic: had})

        assert fan.take()["type"] == "snapshot"


def test_resume_below_the_kept_frames_gets_a_snapshot(server, topic):
    play(topic, 1, 5)
    play(topic, 8, 9, snapshot=Snapshot(epoch="1", seq=9, state={"n": 9}))

    with Fan(server) as fan:
        fan.subscribe(topic, resume={topic: {"epoch": "1", "after": 4}})

        assert fan.take()["seq"] == 9


def test_gap_between_publications_shows_everybody_a_snapshot(server, topic):
    play(topic, 1, 2)
    with Fan(server) as fan:
        fan.subscribe(topic)
        fan.reach(topic, 2)

        play(topic, 6, 7, snapshot=Snapshot(epoch="1", seq=7, state={"n": 7}))
        snapshot = fan.take_kind("snapshot")
        play(topic, 8, 8)
        fan.reach(topic, 8)

    assert (snapshot["seq"], snapshot["state"]) == (7, {"n": 7})


def test_new_epoch_shows_everybody_a_snapshot(server, topic):
    play(topic, 1, 9, snapshot=Snapshot(epoch="1", seq=9, state="old"))
    with Fan(server) as fan:
        fan.subscribe(topic)
        fan.reach(topic, 9)

        play(topic, 1, 2, epoch="2", snapshot=Snapshot(epoch="2", seq=2, state="new"))
        snapshot = fan.take_kind("snapshot")
        play(topic, 3, 3, epoch="1")  # a worker that slept through the change
        play(topic, 3, 3, epoch="2")
        frame = fan.take_kind("event")

    assert (snapshot["epoch"], snapshot["seq"], snapshot["state"]) == ("2", 2, "new")
    assert (frame["epoch"], frame["seq"]) == ("2", 3)


def test_snapshot_ahead_of_the_frames_reaches_everybody(server, topic):
    play(topic, 1, 2)
    with Fan(server) as fan:
        fan.subscribe(topic)
        fan.reach(topic, 2)

        set_snapshot(topic, epoch="1", seq=10, state="ten")

        assert fan.take_kind("snapshot")["state"] == "ten"


def test_topic_that_is_published_later_loses_nothing(server, topic):
    with Fan(server) as fan:
        fan.subscribe(topic)
        assert fan.take()["epoch"] == ""

        publish(topic, frames=[Frame(data={"first": True})])
        frame = fan.take_kind("event", "snapshot")

    assert (frame["seq"], frame["data"]) == (1, {"first": True})


def test_page_topic_sends_patches_and_merges_the_newest(server, topic):
    page = topic.replace("free:", "page:live")
    publish(page, frames=[Frame(data={"k": {"score": "<b>0</b>", "gone": "x"}})])
    publish(page, frames=[Frame(data={"k": {"score": "<b>1</b>", "gone": None}})])

    with Fan(server) as fan:
        fan.subscribe(page)
        snapshot = fan.take()
        publish(page, frames=[Frame(data={"k": {"score": "<b>2</b>"}})])
        patch = fan.take()

    assert snapshot["state"] == {"k": {"score": "<b>1</b>"}}
    assert (patch["type"], patch["seq"], patch["k"]) == ("patch", 3, {"score": "<b>2</b>"})


def test_frames_too_large_to_travel_along_are_read_by_the_hub(server, topic):
    play(topic, 1, 1)
    with Fan(server) as fan:
        fan.subscribe(topic)
        fan.reach(topic, 1)

        publish(topic, epoch="1", frames=[Frame(seq=2, data={"pad": "x" * 200_000})])
        fan.reach(topic, 2)

        assert len(fan.frames[topic][-1]["data"]["pad"]) == 200_000


def test_lost_snapshot_is_made_by_the_loader(server):
    server.knows("test:loaded", epoch="7", seq=41, state={"score": [2, 1]})

    with Fan(server) as fan:
        fan.subscribe("test:loaded")
        snapshot = fan.take()
        play("test:loaded", 42, 42, epoch="7")
        fan.reach("test:loaded", 42)

    assert (snapshot["epoch"], snapshot["seq"]) == ("7", 41)
    assert snapshot["state"] == {"score": [2, 1]}


def test_unknown_topics_are_errors_that_name_the_field(server, topic):
    with Fan(server) as fan:
        fan.subscribe("nonsense", topic, "test:nobody")
        answers = [fan.take() for _ in range(3)]

    errors = {answer["topic"]: answer for answer in answers if answer["type"] == "error"}
    assert set(errors) == {"nonsense", "test:nobody"}
    assert errors["nonsense"]["code"] == "unknown_topic"
    assert errors["nonsense"]["field"] == "topics[0]"


def test_topic_that_a_stranger_may_not_see_is_forbidden(server):
    play("closed:1", 1, 1)
    with Fan(server) as fan:
        fan.subscribe("closed:1")

        assert fan.take()["code"] == "forbidden"


def test_unsubscribed_topic_is_silent(server, topic):
    other = f"{topic}-other"
    with Fan(server) as fan:
        fan.subscribe(topic, other)
        fan.take(), fan.take()
        fan.send(type="unsubscribe", topics=[topic])
        fan.send(type="ping")
        assert fan.take_kind("pong")
        play(topic, 1, 1)
        play(other, 1, 1)

        assert fan.take_kind("event")["topic"] == other


def test_ping_carries_the_heads(server, topic):
    play(topic, 1, 6)
    with Fan(server) as fan:
        fan.subscribe(topic)
        fan.reach(topic, 6)

        assert fan.take_kind("ping")["heads"] == {topic: {"epoch": "1", "seq": 6}}


@pytest.mark.parametrize(
    ("message", "code", "field"),
    [
        ("{", "not_json", ""),
        ("[]", "bad_message", "type"),
        ('{"type":"shout"}', "unknown_type", "type"),
        ('{"v":2,"type":"subscribe","topics":["match:1"]}', "unknown_version", "v"),
        ('{"type":"subscribe"}', "bad_topics", "topics"),
        ('{"type":"subscribe","topics":[1]}', "bad_topics", "topics"),
        ('{"type":"subscribe","topics":["match:1"],"resume":[1]}', "bad_resume", "resume"),
        (
            '{"type":"subscribe","topics":["match:1"],"resume":{"match:1":{"epoch":"1"}}}',
            "bad_resume",
            "resume.match:1",
        ),
        (
            json.dumps({"type": "subscribe", "topics": [f"match:{n}" for n in range(51)]}),
            "too_many_topics",
            "topics",
        ),
        (b"bytes", "not_text", ""),
    ],
)
def test_bad_message_is_answered_and_the_socket_stays(server, message, code, field):
    with Fan(server) as fan:
        fan.socket.send(message)
        error = fan.take()
        fan.send(type="ping")

        assert (error["type"], error["code"], error["field"]) == ("error", code, field)
        assert fan.take()["type"] == "pong"


def test_message_beyond_16_kib_closes_the_socket(server):
    with Fan(server) as fan:
        fan.socket.send('{"type":"' + "x" * 16_384 + '"}')

        assert fan.take()["code"] == "frame_too_large"
        with pytest.raises(ConnectionClosed) as closed:
            fan.take()
    assert closed.value.rcvd.code == 4413


def test_flood_of_messages_closes_the_socket(server):
    with Fan(server) as fan, pytest.raises(ConnectionClosed) as closed:
        for _ in range(100):
            fan.send(type="pong")
        while True:
            fan.take()

    assert closed.value.rcvd.code == 4429


def test_foreign_page_is_refused_before_the_handshake(server):
    with pytest.raises(InvalidStatus) as refused:
        Fan(server, origin="https://evil.example")

    assert refused.value.response.status_code == 403


def test_page_of_this_host_is_let_in(server):
    with Fan(server, origin=f"http://127.0.0.1:{server.port}") as fan:
        assert fan.hello["type"] == "hello"
