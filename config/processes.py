"""Child processes that never outlive their parent, and how often one may crash."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections import deque
from collections.abc import Callable
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_CRASH_WINDOW_S: Final = 60.0
_MAX_CRASHES: Final = 10
_MAX_DELAY_S: Final = 5.0


def die_with_parent(stop_signal: signal.Signals) -> Callable[[], None]:
    """Return a `preexec_fn` after which the kernel sends `stop_signal` when the parent dies.

    The flag belongs to the thread that spawns and is cleared by setuid: spawn from the main
    thread, and let `subprocess` change the user (it does so before `preexec_fn`).
    """
    parent = os.getpid()
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def before_exec() -> None:
        if libc is not None:
            libc.prctl(_PR_SET_PDEATHSIG, int(stop_signal), 0, 0, 0)
        if os.getppid() != parent:  # it died before the flag was set
            os._exit(1)

    return before_exec


class Crashes:
    """The crashes of one child within the last minute."""

    def __init__(self) -> None:
        self._at_s: deque[float] = deque()

    def record(self, *, at_s: float) -> float | None:
        """Count one crash; return the seconds to wait before a restart, None for giving up."""
        self._at_s.append(at_s)
        while self._at_s[0] < at_s - _CRASH_WINDOW_S:
            self._at_s.popleft()
        if len(self._at_s) > _MAX_CRASHES:
            return None
        return float(min(_MAX_DELAY_S, 0.05 * 2 ** len(self._at_s)))
