"""Topics as they were some seconds ago: what rooms of readers with a delay take for the present.

One timeline a topic, whatever the delays, tells when the topic came where. A delayed room is a
plain room whose reader answers out of it, so snapshots, resumptions and frames all come late, and
once a second the hub's comparison finds what has become due. The plain rooms are not involved.
"""

import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from config.clock import now
from config.sight import MAX_DELAY_S, Wish, seeing
from streams.live import store
from streams.live.frames import Snapshot
from streams.live.reader import Reader, Tail
from streams.live.topics import kind_of

_KEPT_FOR_S: Final = MAX_DELAY_S + 60.0
# Rooms of several delays ask within one tick of the hub.
_FRESH_FOR_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class _Mark:
    """The topic came to `seq` of the epoch at a moment; without a body frames do not lead there."""

    at: float
    epoch: str
    seq: int
    body: bytes | None


class Timeline:
    """When a topic came where, as far back as the longest delay, or as Redis keeps frames."""

    def __init__(self) -> None:
        self.read_at = 0.0
        self._marks: deque[_Mark] = deque()

    @property
    def epoch(self) -> str:
        return self._marks[-1].epoch if self._marks else ""

    @property
    def seq(self) -> int:
        return self._marks[-1].seq if self._marks else 0

    def take(
        self, epoch: str, seq: int, entries: Iterable[tuple[int, bytes, float | None]], *, at: float
    ) -> None:
        """Add what Redis holds beyond our last mark, seen at a moment."""
        for number, body, sent_at in entries:
            if epoch != self.epoch or number > self.seq:
                self._add(at if sent_at is None else sent_at, epoch, number, body)
        if epoch != self.epoch or seq > self.seq:
            # How long ago is unknown, so it counts from now.
            self._add(at, epoch, seq, None)
        while len(self._marks) > 1 and self._marks[1].at < at - _KEPT_FOR_S:
            self._marks.popleft()

    def _add(self, at: float, epoch: str, seq: int, body: bytes | None) -> None:
        # Clocks of workers differ a little: nothing may come before what it follows.
        latest = self._marks[-1].at if self._marks else at
        self._marks.append(_Mark(max(at, latest), epoch, seq, body))

    def position(self, at: float) -> tuple[str, int] | None:
        """Return where the topic was; before all we know, the beginning of what we know first."""
        held = None
        for mark in self._marks:
            if mark.at > at:
                break
            held = mark
        if held is not None:
            return held.epoch, held.seq
        return (self._marks[0].epoch, 0) if self._marks else None

    def frames(self, epoch: str, after: int, upto: int) -> list[tuple[int, bytes]]:
        """Return the frames after a position up to another, as far as they are kept here."""
        return [
            (mark.seq, mark.body)
            for mark in self._marks
            if mark.epoch == epoch and after < mark.seq <= upto and mark.body is not None
        ]


class Timelines:
    """The timelines of the topics that somebody watches with a delay."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self._held: dict[str, Timeline] = {}

    def of(self, topic: str) -> Timeline:
        return self._held.setdefault(topic, Timeline())

    def drop(self, topic: str) -> None:
        self._held.pop(topic, None)

    async def refresh(self, topics: Sequence[str], *, anew: bool = False) -> None:
        """Read what came since; one round trip for all topics."""
        due = time.monotonic() - _FRESH_FOR_S
        wanted = [topic for topic in topics if anew or self.of(topic).read_at < due]
        if not wanted:
            return
        # Taken before Redis is asked: a frame counts as no older than it is.
        answers = await self._ask([(topic, self.of(topic).seq) for topic in wanted])
        for topic, (head, entries) in zip(wanted, answers, strict=True):
            await self._take(topic, head, entries)

    async def _take(self, topic: str, head: Any, entries: Any) -> None:
        line = self.of(topic)
        line.read_at = time.monotonic()
        epoch, seq = head
        if epoch is None or seq is None:
            return
        if line.epoch and line.epoch != epoch.decode():
            # Told anew: what was asked for counted from another beginning.
            ((epoch, seq), entries) = (await self._ask([(topic, 0)]))[0]
            if epoch is None or seq is None:
                return
        line.take(epoch.decode(), int(seq), map(_entry, entries), at=now().timestamp())

    async def _ask(self, places: Sequence[tuple[str, int]]) -> list[tuple[Any, Any]]:
        pipe = self.reader.redis.pipeline(transaction=True)
        for topic, after in places:
            head, frames, _ = store.keys_of(topic)
            pipe.hmget(head, "epoch", "seq")
            pipe.xrange(frames, min=f"({after}-0" if after else "-", max="+")
        answers = await pipe.execute()
        return list(zip(answers[::2], answers[1::2], strict=True))


def _entry(entry: tuple[bytes, dict[bytes, bytes]]) -> tuple[int, bytes, float | None]:
    number, fields = entry
    sent_at = fields.get(b"a")
    return (
        int(number.partition(b"-")[0]),
        fields[b"b"],
        None if sent_at is None else float(sent_at),
    )


class DelayedReader:
    """Answers a room as `Reader` does, of the moment `delay_s` ago."""

    def __init__(self, timelines: Timelines, delay_s: int) -> None:
        self._timelines = timelines
        self._plain = timelines.reader
        self._delay_s = delay_s

    def _position(self, topic: str) -> tuple[str, int] | None:
        return self._timelines.of(topic).position(now().timestamp() - self._delay_s)

    async def positions(self, topics: Sequence[str]) -> list[tuple[str, int] | None]:
        await self._timelines.refresh(topics)
        return [self._position(topic) for topic in topics]

    async def head(self, topic: str) -> store.Head | None:
        """Return the position alone: the snapshot that Redis holds is of the present."""
        position = (await self.positions([topic]))[0]
        if position is None:
            return None
        epoch, seq = position
        return store.Head(epoch=epoch, seq=seq, floor=0, snap_seq=0, state=None, digest="")

    async def tail(self, topic: str, after: int) -> Tail | None:
        position = (await self.positions([topic]))[0]
        if position is None:
            return None
        epoch, seq = position
        frames = self._timelines.of(topic).frames(epoch, after, seq)
        if len(frames) < seq - after:
            kept = await self._plain.tail(topic, after)
            if kept is not None and kept.epoch == epoch:
                frames = [(number, body) for number, body in kept.frames if number <= seq]
        return Tail(epoch=epoch, seq=seq, frames=frames)

    async def load(self, topic: str, *, epoch: str, seq: int) -> Snapshot | None:
        """Have the topic's loader make the snapshot of then; it is kept nowhere.

        A topic that Redis does not know is begun for everybody first. Raises LookupError without a
        loader, TimeoutError where the tables are yet to say what frames have said.
        """
        kind = kind_of(topic)
        if kind is None or kind.load is None:
            return await self._plain.load(topic, epoch=epoch, seq=seq)
        load = kind.load
        await self._timelines.refresh([topic], anew=True)
        if not self._timelines.of(topic).epoch:
            if await self._plain.load(topic, epoch="", seq=0) is None:
                return None
            await self._timelines.refresh([topic], anew=True)

        def work() -> Snapshot | None:
            with seeing(Wish(delay_s=self._delay_s)):
                return load(topic)

        snapshot = await self._plain.in_thread(work)
        if snapshot is None or not snapshot.epoch:
            return snapshot and replace(snapshot, epoch=epoch, seq=seq)
        if snapshot.epoch == epoch and snapshot.seq < seq:
            raise TimeoutError(f"{topic} was folded after its frame {seq} was sent")
        return snapshot
