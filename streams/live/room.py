"""One topic in one process: the position every local socket has, and how a socket gets there.

A socket is in exactly one of four places: *live* (has all up to the position), *ahead* (its
snapshot is newer than the position), *waiting* (for a snapshot or replay), *stalled* (reads too
slowly). Frames arrive in order and without a gap, or the room reads them again; moving a socket to
live and the position it was given happen without an await between, so no frame is missed or sent
twice.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from config.clock import now
from streams.live.delayed import DelayedReader
from streams.live.frames import (
    Encoded,
    Envelope,
    Place,
    Resume,
    Snapshot,
    canonical,
    is_page,
    replay_texts,
    short_epoch,
    snapshot_text,
    state_hash,
)
from streams.live.metrics import FANOUT, RESUMED
from streams.live.outlets import Outlet
from streams.live.reader import Reader

_RECENT_FRAMES: Final = 512
_RECENT_PATCHES: Final = 32
# A snapshot is used again for the next socket while no more than this came after it.
_SNAPSHOT_AGE_FRAMES: Final = 64
# Replaying more than this costs more than making the snapshot anew.
_SNAPSHOT_LAG_FRAMES: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    seq: int
    text: bytes


class Room:
    """The local sockets of one topic."""

    def __init__(
        self, topic: str, reader: Reader | DelayedReader, refuse: Callable[[Outlet, str], None]
    ) -> None:
        self.topic = topic
        self.epoch = ""
        self.seq = 0
        self.is_known = False
        self.is_missing = False
        self.empty_since: float | None = None
        self.rest_until = 0.0
        self.reader = reader
        self._refuse = refuse
        self._heard: tuple[str, int] | None = None
        self._envelope = Envelope(topic, "")
        self._recent: deque[tuple[int, bytes]] = deque(
            maxlen=_RECENT_PATCHES if is_page(topic) else _RECENT_FRAMES
        )
        self._pending: list[bytes] = []
        self._pending_sent_at = 0.0
        self._kept: _Kept | None = None
        self._live: dict[Outlet, None] = {}
        self._ahead: dict[Outlet, int] = {}
        self._waiting: dict[Outlet, Resume | None] = {}
        self._stalled: set[Outlet] = set()

    # Sockets come and go.

    def join(self, outlet: Outlet, resume: Resume | None) -> None:
        """Let the socket wait for its snapshot or replay; `work` serves it."""
        self.leave(outlet)
        if outlet.stalled:
            self._stalled.add(outlet)
        else:
            self._waiting[outlet] = resume
        self.empty_since = None

    def leave(self, outlet: Outlet) -> None:
        self._live.pop(outlet, None)
        self._ahead.pop(outlet, None)
        self._waiting.pop(outlet, None)
        self._stalled.discard(outlet)
        if self.empty_since is None and self.is_empty:
            self.empty_since = time.monotonic()

    def stall(self, outlet: Outlet) -> None:
        """Send the socket nothing until it is revived."""
        self.leave(outlet)
        self._stalled.add(outlet)
        self.empty_since = None

    @property
    def is_empty(self) -> bool:
        return not (self._live or self._ahead or self._waiting or self._stalled)

    @property
    def has_work(self) -> bool:
        return not self.is_known or self._is_behind or bool(self._waiting)

    @property
    def _is_behind(self) -> bool:
        return self._heard is not None and (
            self._heard[0] != self.epoch or self._heard[1] > self.seq
        )

    def outlets(self) -> list[Outlet]:
        """Return every socket of the room."""
        return [*self._live, *self._ahead, *self._waiting, *self._stalled]

    # News from publishers.

    def hear(self, news: Mapping[str, Any]) -> bool:
        """Take a notification; return whether it leaves something to flush."""
        epoch, head = news["e"], int(news["h"])
        first, bodies = news.get("s"), news.get("b", ())
        if self.is_known and not self.epoch and first == 1:
            self._begin(epoch)
        if not self.is_known or epoch != self.epoch or first is None or first > self.seq + 1:
            self.heard(epoch, head)
            return False
        if not self._pending:
            self._pending_sent_at = float(news["at"])
        for body in bodies[self.seq + 1 - first :]:
            self._append(body.encode())
        return bool(self._pending)

    def heard(self, epoch: str, seq: int) -> None:
        """Note where the topic is said to be, by word that may be older than what we know."""
        if self._heard is not None and self._heard[0] == epoch:
            seq = max(seq, self._heard[1])
        self._heard = (epoch, seq)

    def lost(self) -> None:
        """Redis holds nothing of the topic any more."""
        if self.epoch:
            self.is_known = False

    def _begin(self, epoch: str) -> None:
        """Take the epoch of a topic that had never been published: nothing was missed."""
        self.epoch = epoch
        self._envelope = Envelope(self.topic, epoch)
        self._kept = None
        self.is_missing = False

    def _append(self, body: bytes) -> None:
        self.seq += 1
        text = self._envelope.text(self.seq, body)
        self._recent.append((self.seq, text))
        self._pending.append(text)

    def flush(self) -> None:
        """Write what came since the last flush to every live socket."""
        if not self._pending:
            return
        texts, self._pending = self._pending, []
        batch = Encoded.of(texts, self._place(self.seq - len(texts) + 1))
        for outlet in tuple(self._live):
            outlet.push(batch)
        for outlet, seq in tuple(self._ahead.items()):
            if seq < self.seq:
                outlet.push(Encoded.of(texts[seq - self.seq :], self._place(seq + 1)))
            if seq <= self.seq and self._ahead.pop(outlet, None) is not None:
                self._live[outlet] = None
        if self._pending_sent_at:
            FANOUT.observe(max(0.0, now().timestamp() - self._pending_sent_at))
            self._pending_sent_at = 0.0

    def _place(self, first: int) -> Place:
        return Place(self.topic, self.epoch, first)

    # Work that has to ask Redis; one task a room.

    async def work(self) -> None:
        """Find the position, catch up, serve who waits, until nothing is left."""
        while self.has_work:
            if not self.is_known:
                await self._find()
            elif self._is_behind:
                await self._catch_up()
            else:
                await self._serve()

    async def _find(self) -> None:
        position = (await self.reader.positions([self.topic]))[0]
        if position is None:
            position = await self._make()
        heard, self._heard = self._heard, None
        self.is_known = True
        if position != (self.epoch, self.seq):
            self._jump(*position)
        if heard is not None and heard[0] == self.epoch and heard[1] > self.seq:
            self._heard = heard

    async def _make(self) -> tuple[str, int]:
        """Let the loader make what Redis lost; without one it begins when it is published."""
        try:
            made = await self.reader.load(self.topic, epoch="", seq=0)
        except LookupError:
            return "", 0
        self.is_missing = made is None
        position = (await self.reader.positions([self.topic]))[0]
        return position or ("", 0)

    def _jump(self, epoch: str, seq: int) -> None:
        """Go to a position that no frames lead to: every socket needs a snapshot."""
        self.flush()
        self._waiting = dict.fromkeys((*self._live, *self._ahead)) | self._waiting
        self._live.clear()
        self._ahead.clear()
        self._recent.clear()
        self._kept = None
        self.is_missing = self.is_missing and not epoch
        self.epoch, self.seq = epoch, seq
        self._envelope = Envelope(self.topic, epoch)

    async def _catch_up(self) -> None:
        before = self.seq
        tail = await self.reader.tail(self.topic, before if self._same_epoch() else 0)
        self._heard = None
        if tail is None:
            self.lost()
            return
        if not self.epoch and len(tail.frames) == tail.seq:
            self._begin(tail.epoch)
        if tail.epoch == self.epoch and before < self.seq >= tail.seq:
            return  # notifications were faster
        fresh = [body for seq, body in tail.frames if seq > self.seq]
        if tail.epoch != self.epoch or tail.seq < self.seq or len(fresh) != tail.seq - self.seq:
            self._jump(tail.epoch, tail.seq)
            return
        for body in fresh:
            self._append(body)
        self.flush()

    def _same_epoch(self) -> bool:
        return self._heard is not None and self._heard[0] == self.epoch

    async def _serve(self) -> None:
        """Answer those who wait. Whoever could not be answered waits on."""
        if self.is_missing:
            for outlet in tuple(self._waiting):
                self.leave(outlet)
                self._refuse(outlet, self.topic)
            return
        waiting = dict(self._waiting)
        if await self._is_behind_clients(waiting):
            return
        resuming = {outlet: had for outlet, had in waiting.items() if had and self._can_have(had)}
        if resuming:
            await self._replay(resuming)
        rest = [outlet for outlet in waiting if outlet in self._waiting]
        shown = [outlet for outlet in rest if outlet.takes_snapshots]
        self._pass_over([outlet for outlet in rest if not outlet.takes_snapshots])
        if shown:
            await self._show(shown)

    def _pass_over(self, outlets: list[Outlet]) -> None:
        """Tell those who want no snapshot where the topic is; they hear what comes from now on."""
        self.flush()
        for outlet in outlets:
            del self._waiting[outlet]
            self._live[outlet] = None
            outlet.pass_over(self.epoch, self.seq)

    async def _is_behind_clients(self, waiting: Mapping[Outlet, Resume | None]) -> bool:
        """Whether a client has frames from another process that have yet to reach this one."""
        known = [had.after for had in waiting.values() if had and self._is_ours(had)]
        if not known or max(known) <= self.seq:
            return False
        position = (await self.reader.positions([self.topic]))[0]
        if position is None:
            # What this process had heard is older than what Redis knew before it lost all.
            self.lost()
            return not self.is_known
        self.heard(*position)
        return self._is_behind

    def _is_ours(self, resume: Resume) -> bool:
        return resume.epoch in {None, self.epoch, short_epoch(self.epoch)}

    def _can_have(self, resume: Resume) -> bool:
        return bool(self.epoch) and self._is_ours(resume) and resume.after <= self.seq

    async def _replay(self, resuming: Mapping[Outlet, Resume]) -> None:
        older: list[tuple[int, bytes]] = []
        lowest = min(resume.after for resume in resuming.values())
        if self._since(lowest, older) is None:
            older = await self._older(lowest)
        # After a restart many come back with the same position.
        batches: dict[tuple[int, bool], Encoded | None] = {}
        for outlet, resume in resuming.items():
            form = (resume.after, outlet.takes_replays)
            if form not in batches:
                batches[form] = self._replay_batch(
                    resume.after, older, wrapped=outlet.takes_replays
                )
            batch = batches[form]
            if batch is None or self._waiting.get(outlet) is not resume:
                continue
            self.flush()
            del self._waiting[outlet]
            outlet.push(batch)
            self._live[outlet] = None
            RESUMED.labels("replay").inc()

    def _replay_batch(
        self, after: int, older: list[tuple[int, bytes]], *, wrapped: bool
    ) -> Encoded | None:
        texts = self._since(after, older)
        if texts is None:
            return None
        if wrapped:
            return Encoded.of(replay_texts(self.topic, epoch=self.epoch, after=after, texts=texts))
        return Encoded.of(texts, self._place(after + 1))

    async def _older(self, after: int) -> list[tuple[int, bytes]]:
        tail = await self.reader.tail(self.topic, after)
        if tail is None or tail.epoch != self.epoch:
            return []
        return [(seq, self._envelope.text(seq, body)) for seq, body in tail.frames]

    def _since(self, after: int, older: list[tuple[int, bytes]]) -> list[bytes] | None:
        """Return the texts after a position up to ours, None where some are missing."""
        need = self.seq - after
        start = self._recent[0][0] if self._recent else self.seq + 1
        texts = [text for seq, text in older if after < seq < start]
        texts += [text for seq, text in self._recent if seq > after]
        return texts if len(texts) == need else None

    async def _show(self, outlets: list[Outlet]) -> None:
        """Give each a snapshot and the frames since, encoded once for all of them."""
        older: list[tuple[int, bytes]] = []
        if self._kept is None or self.seq - self._kept.seq > _SNAPSHOT_AGE_FRAMES:
            self._kept, older = await self._snapshot()
        if self._is_short_of(outlets):
            self._kept, older = await self._loaded(self.seq), []
        kept = self._kept
        if kept is None or self._is_behind:
            return
        texts = [] if kept.seq >= self.seq else self._since(kept.seq, older)
        if texts is None:
            self._kept = None
            return
        self.flush()
        batch = Encoded.of([kept.text, *texts], self._place(kept.seq))
        for outlet in outlets:
            if outlet not in self._waiting:
                continue
            del self._waiting[outlet]
            outlet.push(batch)
            if kept.seq > self.seq:
                self._ahead[outlet] = kept.seq
            else:
                self._live[outlet] = None
            RESUMED.labels("snapshot").inc()

    def _is_short_of(self, outlets: list[Outlet]) -> bool:
        """Whether a client has more than it would be shown: then only the loader knows it all.

        After Redis lost its memory a slow publisher may have been the first to tell it something.
        """
        if self._kept is None or not self.epoch:
            return False
        waiting = (self._waiting.get(outlet) for outlet in outlets)
        known = [had.after for had in waiting if had and self._is_ours(had)]
        return max(known, default=0) > max(self._kept.seq, self.seq)

    async def _snapshot(self) -> tuple[_Kept | None, list[tuple[int, bytes]]]:
        """Return a snapshot of our epoch and the frames since; None to look at all anew."""
        if not self.epoch:
            return self._text(Snapshot(epoch="", seq=self.seq, state=None)), []
        head = await self.reader.head(self.topic)
        if head is None:
            self.lost()
            return None, []
        if head.epoch != self.epoch:
            self.heard(head.epoch, head.seq)
            return None, []
        if head.state is not None and head.seq - head.snap_seq <= _SNAPSHOT_LAG_FRAMES:
            kept = self._kept_of(head.snap_seq, head.state, head.digest)
            older = await self._older(head.snap_seq) if head.snap_seq < self.seq else []
            if head.snap_seq >= self.seq or self._since(head.snap_seq, older) is not None:
                return kept, older
        return await self._loaded(head.seq), []

    async def _loaded(self, seq: int) -> _Kept | None:
        try:
            made = await self.reader.load(self.topic, epoch=self.epoch, seq=seq)
        except LookupError:
            # Nobody can say what the state is: the client starts here and asks the API.
            return self._text(Snapshot(epoch=self.epoch, seq=self.seq, state=None))
        if made is not None and made.epoch == self.epoch:
            return self._text(made)
        position = (await self.reader.positions([self.topic]))[0]
        if position is not None and position[0] != self.epoch:
            self.heard(*position)
            return None
        return self._text(Snapshot(epoch=self.epoch, seq=self.seq, state=made and made.state))

    def _text(self, snapshot: Snapshot) -> _Kept:
        state = canonical(snapshot.state)
        return self._kept_of(snapshot.seq, state, state_hash(state))

    def _kept_of(self, seq: int, state: bytes, digest: str) -> _Kept:
        text = snapshot_text(self.topic, epoch=self.epoch, seq=seq, state=state, digest=digest)
        return _Kept(seq=seq, text=text)
