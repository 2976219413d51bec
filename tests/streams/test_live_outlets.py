"""The bound of one socket: order, conflation, the way back."""

import time

import pytest

from streams.live.frames import Encoded
from streams.live.outlets import MAX_QUEUED_ANSWERS, MAX_QUEUED_FRAMES, WireOutlet


class Kernel:
    """Takes finished frames while it has room, as `config.server` offers it."""

    on_drained = None

    def __init__(self):
        self.room = 0
        self.taken = []
        self.closed = None
        self.left = 0

    def send_wire(self, data, *, is_whole=True):
        self.taken.append(data)
        self.room -= 1
        return self.room > 0

    def unsent_bytes(self):
        return self.left

    def close_with(self, code):
        self.closed = code

    def drain(self, room=1_000_000):
        self.room = room
        self.on_drained()


class Hub:
    def __init__(self):
        self.stalled, self.revived = [], []

    def stall(self, outlet):
        self.stalled.append(outlet)

    def revive(self, outlet):
        self.revived.append(outlet)


@pytest.fixture
def kernel():
    return Kernel()


@pytest.fixture
def outlet(kernel):
    return WireOutlet(Hub(), kernel)


def batch(number, size=0):
    return Encoded.of([b"%d" % number + b"x" * size])


def test_frames_beyond_the_kernel_wait_in_order(outlet, kernel):
    for number in range(10):
        outlet.push(batch(number))
    assert kernel.taken == [batch(0).wire]

    kernel.drain()

    assert kernel.taken == [batch(number).wire for number in range(10)]
    assert outlet.blocked_at is None


def test_queue_beyond_its_frames_is_replaced_by_a_snapshot(outlet, kernel):
    for number in range(MAX_QUEUED_FRAMES + 2):
        outlet.push(batch(number))

    assert outlet.hub.stalled == [outlet]
    outlet.push(batch(9999))
    kernel.drain()

    assert kernel.taken == [batch(0).wire]
    assert outlet.hub.revived == [outlet]


def test_queue_beyond_its_bytes_is_replaced_by_a_snapshot(outlet):
    for number in range(4):
        outlet.push(batch(number, size=600_000))

    assert outlet.stalled


def test_one_large_snapshot_is_no_reason_for_another(outlet):
    outlet.push(batch(0))
    outlet.push(batch(1, size=3_000_000))

    assert not outlet.stalled


def test_answers_survive_a_stalled_queue(outlet, kernel):
    for number in range(MAX_QUEUED_FRAMES + 2):
        outlet.push(batch(number))
    outlet.answer(b"sorry")
    kernel.drain()

    assert kernel.taken[-1] == Encoded.of([b"sorry"]).wire


def test_answers_survive_the_frames_that_overflow_after_them(outlet, kernel):
    outlet.push(batch(0))
    outlet.answer(b"sorry")
    for number in range(MAX_QUEUED_FRAMES + 2):
        outlet.push(batch(number))
    assert outlet.stalled
    kernel.drain()

    assert kernel.taken == [batch(0).wire, Encoded.of([b"sorry"]).wire]


def test_client_that_asks_but_never_reads_is_closed(outlet, kernel):
    outlet.push(batch(0))
    for _ in range(MAX_QUEUED_ANSWERS + 1):
        outlet.answer(b"pong")

    assert kernel.closed == 4408


def test_large_batch_goes_to_the_kernel_in_pieces(outlet, kernel):
    kernel.room = 3
    large = batch(0, size=1_000_000)
    outlet.push(large)
    outlet.push(batch(1))
    assert sum(map(len, kernel.taken)) < 250_000

    kernel.drain()

    assert b"".join(kernel.taken) == large.wire + batch(1).wire


def test_begun_batch_is_finished_before_the_snapshot(outlet, kernel):
    large = batch(0, size=300_000)
    outlet.push(large)
    for number in range(MAX_QUEUED_FRAMES + 2):
        outlet.push(batch(number))
    kernel.drain()

    assert b"".join(kernel.taken) == large.wire
    assert outlet.hub.revived == [outlet]


def test_socket_that_reads_slowly_is_not_stuck(outlet, kernel, settings):
    settings.LIVE_STUCK_S = 20
    kernel.left = 1000
    outlet.push(batch(0))
    outlet.is_stuck(time.monotonic())

    for waited_s in (15, 30, 45):
        kernel.left -= 1
        assert not outlet.is_stuck(time.monotonic() + waited_s)
    assert outlet.is_stuck(time.monotonic() + 70)


def test_socket_is_stuck_when_nothing_moves(outlet, kernel, settings):
    settings.LIVE_STUCK_S = 20
    outlet.push(batch(0))

    assert not outlet.is_stuck(time.monotonic() + 19)
    assert outlet.is_stuck(time.monotonic() + 21)
    kernel.drain()
    assert not outlet.is_stuck(time.monotonic() + 21)
