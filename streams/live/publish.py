"""Publishes frames of live topics: sync, for workers, after their transaction has committed.

One call is one Redis round trip: it stores the frames, moves the topic's position, keeps the
snapshot and tells every hub. Publishing the same positions again changes nothing, so a task that
is run twice is harmless.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
from redis.exceptions import NoScriptError

from config.clock import now
from streams.live import store
from streams.live.frames import Frame, Snapshot, canonical, is_page, state_hash
from streams.live.topics import kind_of
from streams.redis_client import client

_AS_COUNTED: Final = -1
_SHA: Final = hashlib.sha1(store.PUBLISH.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """Frames of one topic. `epoch` is given where the topic's owner counts the positions."""

    topic: str
    frames: Sequence[Frame] = ()
    epoch: str | None = None
    snapshot: Snapshot | None = None


def publish(
    topic: str,
    *,
    frames: Sequence[Frame],
    epoch: str | None = None,
    snapshot: Snapshot | None = None,
) -> None:
    """Send frames to all who watch the topic.

    With `epoch` every frame has a `seq` and frames at or below the topic's position are dropped;
    without, the topic counts by itself. `snapshot` is the state after the last frame.
    Raises ValueError for frames that do not fit the topic, RedisError when Redis does not answer.
    """
    publish_all([Publication(topic=topic, frames=frames, epoch=epoch, snapshot=snapshot)])


def publish_all(publications: Sequence[Publication]) -> None:
    """Send frames of many topics in one round trip; otherwise as `publish`."""
    if not publications:
        return
    _run([_arguments(publication, loaded=False) for publication in _gathered(publications)])


def _gathered(publications: Sequence[Publication]) -> list[Publication]:
    """Make one of those that send to one topic which counts by itself, as a league's does."""
    by_topic: dict[str, Publication] = {}
    whole = []
    for publication in publications:
        held = by_topic.get(publication.topic)
        if publication.epoch is not None or publication.snapshot is not None:
            whole.append(publication)
        elif held is None:
            by_topic[publication.topic] = publication
        else:
            frames = [*held.frames, *publication.frames]
            by_topic[publication.topic] = replace(held, frames=frames)
    return [*whole, *by_topic.values()]


def set_snapshot(topic: str, *, epoch: str, seq: int, state: Any) -> None:
    """Keep the topic's state after frame `seq`. A position ahead of the frames shows it to all."""
    publish(topic, frames=(), epoch=epoch, snapshot=Snapshot(epoch=epoch, seq=seq, state=state))


def keep_loaded(topic: str, snapshot: Snapshot) -> None:
    """Keep a snapshot that was read from the database; never moves a position that is known.

    Frames up to it may be on their way from the worker that wrote them. An empty epoch means a
    topic that counts by itself.
    """
    publication = Publication(topic=topic, epoch=snapshot.epoch or None, snapshot=snapshot)
    _run([_arguments(publication, loaded=True)])


def head_positions(topics: Sequence[str]) -> list[tuple[str, int] | None]:
    """Return (epoch, seq) of each topic, None where Redis knows of none.

    A publisher that starts behind it leaves no gap, whoever else publishes meanwhile.
    """
    pipe = client().pipeline(transaction=False)
    for topic in topics:
        pipe.hmget(store.keys_of(topic)[0], ["epoch", "seq"])
    return [
        None if epoch is None or seq is None else (epoch.decode(), int(seq))
        for epoch, seq in pipe.execute()
    ]


def state_hashes(topics: Sequence[str]) -> list[str | None]:
    """Return the hash of the state that is kept of each topic, None where there is none."""
    pipe = client().pipeline(transaction=False)
    for topic in topics:
        pipe.hget(store.keys_of(topic)[0], "snap_hash")
    return [None if found is None else found.decode() for found in pipe.execute()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What is kept of a page topic: the value of one part, and the names of all."""

    value: Any
    names: tuple[str, ...]


def held_parts(topics: Sequence[str], name: str) -> list[Held]:
    """Return of each page topic the part of that name, None without one, and the names of all."""
    pipe = client().pipeline(transaction=False)
    for topic in topics:
        parts = store.keys_of(topic)[2]
        pipe.hget(parts, name)
        pipe.hkeys(parts)
    answers = pipe.execute()
    return [
        Held(
            value=None if value is None else orjson.loads(value),
            names=tuple(sorted(found.decode() for found in names)),
        )
        for value, names in zip(answers[::2], answers[1::2], strict=True)
    ]


def watched_topics(topics: Sequence[str]) -> frozenset[str]:
    """Return those of the topics that any socket of any process listens to right now."""
    channels = {store.channel_of(topic): topic for topic in topics}
    heard = client().pubsub_numsub(*channels) if channels else []
    pairs = dict(heard)  # type: ignore[arg-type]
    return frozenset(channels[name.decode()] for name, count in pairs.items() if count)


def forget(topics: Sequence[str]) -> None:
    """Drop what is kept of topics that count by themselves; their next reader starts afresh."""
    keys = [key for topic in topics for key in store.keys_of(topic)]
    if keys:
        client().delete(*keys)


def _run(calls: Sequence[list[Any]]) -> None:
    answers = _attempt(calls)
    if any(isinstance(answer, NoScriptError) for answer in answers):
        client().script_load(store.PUBLISH)
        answers = _attempt(calls)
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer


def _attempt(calls: Sequence[list[Any]]) -> list[Any]:
    pipe = client().pipeline(transaction=False)
    for call in calls:
        pipe.evalsha(_SHA, 3, *call)
    answers: list[Any] = pipe.execute(raise_on_error=False)
    return answers


def _arguments(publication: Publication, *, loaded: bool) -> list[Any]:
    _check(publication)
    topic = publication.topic
    arguments: list[Any] = [
        *store.keys_of(topic),
        publication.epoch or "",
        secrets.token_hex(4),
        store.max_frames(topic),
        store.FRAMES_TTL_MS,
        store.HEAD_TTL_MS,
        store.channel_of(topic),
        topic,
        now().timestamp(),
        store.INLINE_BYTES,
        len(publication.frames),
    ]
    for frame in _in_order(publication.frames):
        arguments += ["" if frame.seq is None else frame.seq, orjson.dumps(frame.data)]
    arguments += _snapshot_arguments(publication, loaded=loaded)
    return arguments + _parts(publication) if is_page(topic) else arguments


def _in_order(frames: Sequence[Frame]) -> list[Frame]:
    return sorted(frames, key=lambda frame: frame.seq or 0)


def _snapshot_arguments(publication: Publication, *, loaded: bool) -> list[Any]:
    snapshot = publication.snapshot
    if snapshot is None or is_page(publication.topic):
        return ["", "", "", "1" if loaded else "0"]
    state = canonical(snapshot.state)
    seq = snapshot.seq if snapshot.epoch or loaded else _AS_COUNTED
    return [seq, state, state_hash(state), "1" if loaded else "0"]


def _parts(publication: Publication) -> list[Any]:
    newest: dict[str, Any] = dict(publication.snapshot.state["k"]) if publication.snapshot else {}
    for frame in publication.frames:
        newest |= frame.data["k"]
    return [item for name, html in newest.items() for item in (name, orjson.dumps(html))]


def _check(publication: Publication) -> None:
    topic, epoch = publication.topic, publication.epoch
    if kind_of(topic) is None:
        raise ValueError(f"{topic!r} is no live topic: register its prefix by register_snapshots")
    if publication.snapshot is not None and publication.snapshot.epoch != (epoch or ""):
        raise ValueError(f"{topic}: a snapshot needs the epoch of its frames")
    for frame in publication.frames:
        if (frame.seq is None) != (epoch is None) or (frame.seq is not None and frame.seq < 1):
            raise ValueError(f"{topic}: give an epoch and positions from 1, or neither")
        if is_page(topic) and set(frame.data) != {"k"}:
            raise ValueError(f"{topic}: a page frame is {{'k': {{name: html}}}}")
