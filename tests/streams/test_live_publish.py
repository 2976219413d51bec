"""Publishing: positions, epochs, fragments, and the word that reaches the hubs."""

import pytest
from channels.layers import get_channel_layer
from channels_redis.pubsub import RedisPubSubLoopLayer

from streams.live import store
from streams.live.frames import Frame, Snapshot
from streams.live.publish import Publication, keep_loaded, publish, publish_all, set_snapshot
from streams.live.topics import kind_of, register_snapshots
from streams.redis_client import client

pytestmark = pytest.mark.usefixtures("publishing")
register_snapshots("free:", None)


def frames(first, last):
    return [Frame(seq=seq, data={"n": seq}) for seq in range(first, last + 1)]


def head(topic):
    pipe = client().pipeline(transaction=True)
    store.queue_head(pipe, topic)
    return store.parse_head(topic, pipe.execute())


def kept(topic):
    return [seq for seq, _ in store.parse_frames(client().xrange(store.keys_of(topic)[1]))]


def news_of(topic, work):
    with client().pubsub() as listener:
        listener.subscribe(store.channel_of(topic))
        listener.get_message(timeout=5)
        work()
        layer = get_channel_layer()
        messages = []
        while (message := listener.get_message(timeout=0.2)) is not None:
            messages.append(layer.deserialize(message["data"]))
    return messages


def test_same_positions_again_change_nothing(topic):
    publish(topic, frames=frames(1, 4), epoch="1")

    news = news_of(topic, lambda: publish(topic, frames=frames(2, 4), epoch="1"))

    assert (kept(topic), news) == ([1, 2, 3, 4], [])


def test_overlapping_positions_add_the_new_ones_only(topic):
    publish(topic, frames=frames(1, 4), epoch="1")

    news = news_of(topic, lambda: publish(topic, frames=frames(3, 6), epoch="1"))

    assert kept(topic) == [1, 2, 3, 4, 5, 6]
    assert [(word["s"], word["h"], word["b"]) for word in news] == [(5, 6, ['{"n":5}', '{"n":6}'])]


def test_frames_are_stored_in_the_order_of_their_positions(topic):
    publish(topic, frames=list(reversed(frames(1, 3))), epoch="1")

    assert kept(topic) == [1, 2, 3]


def test_gap_drops_what_could_not_be_replayed_whole(topic):
    publish(topic, frames=frames(1, 4), epoch="1")
    publish(topic, frames=frames(7, 8), epoch="1")

    assert kept(topic) == [7, 8]
    assert (head(topic).floor, head(topic).seq) == (6, 8)


def test_older_epoch_is_ignored_and_newer_begins_anew(topic):
    publish(topic, frames=frames(1, 4), epoch="2")
    publish(topic, frames=frames(5, 6), epoch="1")
    assert (head(topic).epoch, head(topic).seq) == ("2", 4)

    publish(topic, frames=frames(1, 1), epoch="3")

    assert (head(topic).epoch, head(topic).seq, kept(topic)) == ("3", 1, [1])


def test_counting_topic_has_an_epoch_until_it_is_forgotten(topic):
    publish(topic, frames=[Frame(data={}), Frame(data={})])
    publish(topic, frames=[Frame(data={})])
    before = head(topic)
    client().delete(*store.keys_of(topic))
    publish(topic, frames=[Frame(data={})])

    assert before.seq == 3
    assert head(topic).seq == 1
    assert head(topic).epoch != before.epoch


def test_snapshot_of_a_counting_topic_belongs_to_its_last_frame(topic):
    publish(topic, frames=[Frame(data={}), Frame(data={})], snapshot=Snapshot(state={"a": 1}))

    assert (head(topic).snap_seq, head(topic).state) == (2, b'{"a":1}')


def test_older_snapshot_does_not_replace_a_newer_one(topic):
    publish(
        topic, frames=frames(1, 5), epoch="1", snapshot=Snapshot(epoch="1", seq=5, state="five")
    )
    set_snapshot(topic, epoch="1", seq=3, state="three")

    assert head(topic).state == b'"five"'


def test_loaded_snapshot_never_moves_a_known_position(topic):
    publish(topic, frames=frames(1, 5), epoch="1")
    keep_loaded(topic, Snapshot(epoch="1", seq=9, state="nine"))
    publish(topic, frames=frames(6, 6), epoch="1")

    assert (head(topic).seq, head(topic).snap_seq, kept(topic)) == (6, 9, [1, 2, 3, 4, 5, 6])


def test_loaded_fragments_do_not_replace_published_ones():
    publish("page:loaded", frames=[Frame(data={"k": {"score": "new"}})])
    keep_loaded("page:loaded", Snapshot(state={"k": {"score": "old", "bar": "b"}}))

    assert head("page:loaded").state == b'{"k":{"bar":"b","score":"new"}}'


def test_many_topics_are_one_round_trip(topic):
    names = [f"{topic}-{number}" for number in range(3)]
    publish(names[0], frames=[Frame(data={})])  # the script is known from here
    before = client().info("stats")["total_reads_processed"]
    publish_all([Publication(topic=name, frames=[Frame(data={})]) for name in names])
    after = client().info("stats")["total_reads_processed"]

    # The second reading is the question itself.
    assert after - before == 2
    assert [head(name).seq for name in names] == [2, 1, 1]


def test_counting_topic_hears_once_of_what_is_published_together(topic):
    news = news_of(
        topic,
        lambda: publish_all(
            [Publication(topic=topic, frames=[Frame(data={"n": n})]) for n in "ab"]
        ),
    )

    assert [word["b"] for word in news] == [['{"n":"a"}', '{"n":"b"}']]


def test_forgotten_script_is_loaded_again(topic):
    client().script_flush()
    publish(topic, frames=frames(1, 1), epoch="1")

    assert head(topic).seq == 1


def test_large_frames_are_announced_without_their_bytes(topic):
    big = Frame(seq=1, data={"pad": "x" * store.INLINE_BYTES})
    news = news_of(topic, lambda: publish(topic, frames=[big], epoch="1"))

    assert [(word["h"], "b" in word) for word in news] == [(1, False)]


def test_frames_of_a_page_are_kept_for_a_short_absence_only():
    publish("page:long", frames=[Frame(data={"k": {"n": str(n)}}) for n in range(1000)])

    # Redis trims by whole nodes of a hundred entries.
    assert len(kept("page:long")) <= store.MAX_PATCHES + 100


def test_script_publishes_where_the_channel_layer_listens(topic, settings):
    prefix = settings.CHANNEL_LAYERS["default"]["CONFIG"]["prefix"]
    layer = RedisPubSubLoopLayer(hosts=[], prefix=prefix)

    assert store.channel_of(topic) == layer._get_group_channel_name(store.group_of(topic))


@pytest.mark.parametrize(
    ("name", "given", "epoch"),
    [
        ("elsewhere:1", [Frame(data={})], None),
        ("match", [Frame(data={})], None),
        ("match:a b", [Frame(data={})], None),
        ("match:1", [Frame(data={})], "1"),
        ("match:1", [Frame(seq=1, data={})], None),
        ("match:1", [Frame(seq=0, data={})], "1"),
        ("page:1", [Frame(data={"score": "x"})], None),
    ],
)
def test_frames_that_do_not_fit_are_refused(name, given, epoch):
    with pytest.raises(ValueError, match=name):
        publish(name, frames=given, epoch=epoch)


def test_kind_is_that_of_the_longest_prefix():
    register_snapshots("free:special:", None)

    assert kind_of("free:special:1").prefix == "free:special:"
    assert kind_of("free:other").prefix == "free:"
    assert kind_of("free:" + "x" * 100) is None
