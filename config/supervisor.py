"""Runs the processes of the product as one: together up, together down, nothing left behind.

    run(
        [
            Process(name="worker", argv=("celery", "-A", "config", "worker"), stop_s=25),
            Process(name="web", argv=("daphne", "config.asgi:application"), is_ready=answers),
        ],
        on_ready=print_addresses,
        every_second=embedded.ensure,
    )

Processes start in order, each when the one before is ready, and stop in reverse order. Their
lines are printed as they come, each under its process's name. One that ends is started again
after a pause; one that ends more than ten times a minute ends the whole, with exit status 1.
SIGINT, SIGTERM and SIGHUP end the whole with exit status 0, a second signal without waiting.
When the supervisor itself is killed, the kernel sends every child its stop signal.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TextIO

from config.processes import Crashes, die_with_parent

_COLOURS: Final = (36, 33, 35, 32, 34, 31)
_TICK_S: Final = 0.25
_KEPT_LINES: Final = 20
_MAX_LINE_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process of the product."""

    name: str
    argv: Sequence[str]
    stop_signal: signal.Signals = signal.SIGTERM
    # How long it may take to stop before its whole process group is killed.
    stop_s: float = 10.0
    # Added to the environment of the supervisor.
    env: Mapping[str, str] = field(default_factory=dict)
    # Asked several times a second after the start until it is True; the next process waits for
    # that. Must not raise, and takes milliseconds.
    is_ready: Callable[[], bool] | None = None


def run(
    processes: Sequence[Process],
    *,
    on_ready: Callable[[], None] | None = None,
    every_second: Callable[[], object] | None = None,
    out: TextIO | None = None,
) -> int:
    """Run until a signal or a crash loop; return the exit status. Call from the main thread.

    `on_ready` is called once, when the last process is ready. `every_second` repairs what the
    processes stand on, such as the embedded servers; what it raises is printed, not fatal.
    """
    return _Supervisor(processes, on_ready, every_second, out or sys.stdout).run()


class _Child:
    """A process, its current incarnation, and what it last said."""

    def __init__(self, process: Process, *, label: str) -> None:
        self.process = process
        self.label = label
        self.popen: subprocess.Popen[bytes] | None = None  # None: not started, or buried
        self.ended_with = "no start"
        self.crashes = Crashes()
        self.restart_at_s: float | None = None
        self.is_ready = False
        self.rest = b""
        self.last_lines: deque[str] = deque(maxlen=_KEPT_LINES)

    def spawn(self) -> None:
        self.restart_at_s = None
        self.popen = subprocess.Popen(  # noqa: S603 - the caller's own command
            self.process.argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **self.process.env},
            start_new_session=True,
            # The supervisor starts no threads, as preexec_fn needs.
            preexec_fn=die_with_parent(self.process.stop_signal),  # noqa: PLW1509
        )
        os.set_blocking(self.pipe(), False)

    def pipe(self) -> int:
        if self.popen is None or self.popen.stdout is None:
            raise RuntimeError(f"{self.process.name} was never started")
        return self.popen.stdout.fileno()

    def is_running(self) -> bool:
        return self.popen is not None and self.popen.poll() is None

    def signal(self, number: signal.Signals) -> None:
        if self.popen is not None and self.is_running():
            self.popen.send_signal(number)

    def kill_group(self) -> None:
        """End what is left of its children, which would work beside the next incarnation."""
        if self.popen is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.popen.pid, signal.SIGKILL)

    def read_lines(self) -> tuple[list[str], bool]:
        """Return the complete lines that came, and whether the pipe ended."""
        ended = False
        try:
            while not ended and len(self.rest) < _MAX_LINE_BYTES:
                part = os.read(self.pipe(), _MAX_LINE_BYTES)
                self.rest += part
                ended = not part
        except BlockingIOError:
            pass
        *lines, self.rest = self.rest.split(b"\n")
        if self.rest and (ended or len(self.rest) >= _MAX_LINE_BYTES):
            lines.append(self.rest)
            self.rest = b""
        texts = [line.decode(errors="replace").rstrip("\r") for line in lines]
        self.last_lines.extend(texts)
        return texts, ended


class _Supervisor:
    def __init__(
        self,
        processes: Sequence[Process],
        on_ready: Callable[[], None] | None,
        every_second: Callable[[], object] | None,
        out: TextIO,
    ) -> None:
        self.out = out
        self.on_ready = on_ready
        self.every_second = every_second
        self.checked_at_s = time.monotonic()
        self.signals = 0
        self.selector = selectors.DefaultSelector()
        width = max((len(process.name) for process in processes), default=0)
        self.children = [
            _Child(process, label=self._label(process.name, width, index))
            for index, process in enumerate(processes)
        ]

    def _label(self, name: str, width: int, index: int) -> str:
        text = f"{name:{width}} |"
        if not self.out.isatty() or os.environ.get("NO_COLOR"):
            return text
        return f"\x1b[{_COLOURS[index % len(_COLOURS)]}m{text}\x1b[0m"

    def run(self) -> int:
        wake, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.selector.register(wake, selectors.EVENT_READ)
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)
        former = {number: signal.signal(number, self._count) for number in numbers}
        former_waker = signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        try:
            failed = self._work()
            self._stop_all()
        finally:
            for child in self.children:
                child.kill_group()
            signal.set_wakeup_fd(former_waker)
            for number, handler in former.items():
                signal.signal(number, handler)
            os.close(wake)
            os.close(waker)
        if failed is not None:
            self._explain(failed)
        return 0 if failed is None else 1

    def _count(self, number: int, _: object) -> None:
        self.signals += number != signal.SIGCHLD

    def _work(self) -> _Child | None:
        """Start everything and watch over it; return the child that crashes in a loop."""
        waiting = list(self.children)
        while not self.signals:
            if waiting and self._is_up_to(waiting[0]):
                child = waiting.pop(0)
                self._spawn(child)
            elif not waiting and self.on_ready and all(map(self._is_ready, self.children)):
                self.on_ready()
                self.on_ready = None
            self._pump(_TICK_S)
            for child in self.children:
                if child not in waiting and not self._keep_alive(child):
                    return child
            self._check()
        return None

    def _is_up_to(self, child: _Child) -> bool:
        return all(map(self._is_ready, self.children[: self.children.index(child)]))

    def _is_ready(self, child: _Child) -> bool:
        if not child.is_ready and child.is_running():
            is_ready = child.process.is_ready
            child.is_ready = is_ready is None or is_ready()
        return child.is_ready

    def _spawn(self, child: _Child) -> None:
        try:
            child.spawn()
        except OSError as error:
            child.restart_at_s = None
            child.last_lines.append(str(error))
            self.out.write(f"{child.label} {error}\n")
        else:
            self.selector.register(child.pipe(), selectors.EVENT_READ, child)

    def _keep_alive(self, child: _Child) -> bool:
        """Restart the child when it has ended and its pause is over; False to give up."""
        if child.is_running():
            return True
        now_s = time.monotonic()
        if child.restart_at_s is None:
            self._bury(child)
            delay_s = child.crashes.record(at_s=now_s)
            if delay_s is None:
                return False
            child.restart_at_s = now_s + delay_s
            self._say(child, f"ended with {child.ended_with}, starts again in {delay_s:.1f} s")
        elif now_s >= child.restart_at_s:
            self._spawn(child)
        return True

    def _bury(self, child: _Child) -> None:
        """Print the last words of an ended child and forget it, its own children killed."""
        if child.popen is None or child.popen.stdout is None:
            return
        child.kill_group()
        self._read(child)
        with contextlib.suppress(KeyError):
            self.selector.unregister(child.pipe())
        child.popen.stdout.close()
        code = child.popen.returncode
        child.ended_with = signal.Signals(-code).name if code < 0 else f"status {code}"
        child.popen = None

    def _pump(self, seconds: float) -> None:
        """Print what the children say until something happens or the time is over."""
        for key, _ in self.selector.select(seconds):
            if isinstance(key.data, _Child):
                self._read(key.data)
            else:
                with contextlib.suppress(BlockingIOError):
                    os.read(key.fd, 512)

    def _read(self, child: _Child) -> None:
        lines, ended = child.read_lines()
        for line in lines:
            self.out.write(f"{child.label} {line}\n")
        if ended:  # it closed its output; its end is seen elsewhere
            with contextlib.suppress(KeyError):
                self.selector.unregister(child.pipe())
        if lines:
            self.out.flush()

    def _say(self, child: _Child, text: str) -> None:
        self.out.write(f"{child.label} ({text})\n")
        self.out.flush()

    def _check(self) -> None:
        now_s = time.monotonic()
        if self.every_second is None or now_s - self.checked_at_s < 1:
            return
        self.checked_at_s = now_s
        try:
            self.every_second()
        except Exception as error:  # the processes go on, the next second may heal it
            self.out.write(f"{error}\n")
            self.out.flush()

    def _stop_all(self) -> None:
        asked = self.signals
        for child in reversed(self.children):
            if child.popen is None:
                continue
            child.signal(child.process.stop_signal)
            deadline = time.monotonic() + child.process.stop_s
            while child.is_running() and time.monotonic() < deadline and self.signals <= asked:
                self._pump(_TICK_S)
            if child.is_running():
                self._say(child, f"still running after {child.process.stop_s:.0f} s, killed")
                child.kill_group()
                child.popen.wait()
            self._bury(child)
            self._say(child, "stopped")

    def _explain(self, child: _Child) -> None:
        self.out.write(f"{child.process.name} crashes in a loop; its last lines:\n")
        for line in child.last_lines:
            self.out.write(f"  {line}\n")
        self.out.flush()
