"""One request that waits for a topic to grow: no thread, no connection, one future."""

import asyncio
from dataclasses import dataclass

from streams.live.frames import Encoded
from streams.live.outlets import Keeper, Outlet


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """The frames after a position: the batch has them from `offset` on."""

    batch: Encoded
    offset: int

    @property
    def texts(self) -> tuple[bytes, ...]:
        return self.batch.texts[self.offset :]


class PollOutlet(Outlet):
    """Hears the first batch that leads beyond `after`, and then nothing more.

    `heard` comes to None where frames cannot lead on: the topic is not there, has another epoch or
    has forgotten the frames. Whoever asks then reads the log itself.
    """

    __slots__ = ("_after", "epoch", "heard")
    takes_replays = False
    takes_snapshots = False

    def __init__(self, hub: Keeper, *, after: int, epoch: str | None) -> None:
        super().__init__(hub)
        self._after = after
        self.epoch = epoch
        self.heard: asyncio.Future[Growth | None] = asyncio.get_running_loop().create_future()

    def push(self, batch: Encoded) -> None:
        place = batch.place
        if place is None:
            return
        if self.epoch not in {None, place.epoch} or place.first > self._after + 1:
            self._tell(None)
            return
        self.epoch = place.epoch
        if place.first + len(batch.texts) - 1 > self._after:
            self._tell(Growth(batch=batch, offset=self._after + 1 - place.first))

    def pass_over(self, epoch: str, seq: int) -> None:
        # A reader may be ahead: it has read the log, whose newest events are yet to be folded.
        if self.epoch not in {None, epoch} or seq > self._after:
            self._tell(None)
        elif epoch:
            self.epoch = epoch

    def _tell(self, growth: Growth | None) -> None:
        if not self.heard.done():
            self.heard.set_result(growth)

    def answer(self, text: bytes) -> None:
        """Ignore it: there is nobody to answer before the end."""

    def refuse(self, topic: str, text: bytes) -> None:
        self._tell(None)

    def close(self, code: int) -> None:
        self._tell(None)

    def _write(self, batch: Encoded) -> bool:
        return True

    def _unsent(self) -> int:
        return 0
