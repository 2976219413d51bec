"""The supervisor: order, restarts, clean stops, and nothing left behind."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.embedded import CHECKOUT
from config.processes import Crashes
from config.supervisor import Process, run

pytestmark = pytest.mark.slow

SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
# With a child of its own, as a Celery worker has.
FAMILY = f"""
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {SLEEPER!r}])
print("pids", os.getpid(), child.pid, flush=True)
time.sleep(600)
"""
SLOW = """
import signal, sys, time
def stop(*_):
    print("stopping", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("up", flush=True)
time.sleep(600)
"""
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}"


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


class Driver:
    """A supervisor in a process of its own, and what it prints."""

    def __init__(self, *processes: str) -> None:
        code = f"""
import sys
from config.supervisor import Process, run
def python(code): return (sys.executable, "-c", code)
sys.exit(run([{", ".join(processes)}], on_ready=lambda: print("all ready", flush=True)))
"""
        self.popen = subprocess.Popen(
            python(code), cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        self.lines: list[str] = []

    def read(self, text: str, *, times: int = 1) -> str:
        """Read on until the text has come that often; return the last line that has it."""
        while sum(text in line for line in self.lines) < times:
            line = self.popen.stdout.readline()
            assert line, f"no {text!r} in {self.lines}"
            self.lines.append(line.rstrip())
        return [line for line in self.lines if text in line][-1]

    def finish(self) -> int:
        self.lines += self.popen.stdout.read().splitlines()
        return self.popen.wait(20)


@pytest.fixture
def drive() -> Iterator[Callable[..., Driver]]:
    drivers: list[Driver] = []

    def start(*processes: str) -> Driver:
        drivers.append(Driver(*processes))
        return drivers[-1]

    yield start
    for driver in drivers:
        if driver.popen.poll() is None:
            driver.popen.terminate()
            driver.popen.wait(30)
        driver.popen.stdout.close()


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition: Callable[[], bool], *, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_stops_in_reverse_order_with_status_zero(drive, number: signal.Signals) -> None:
    driver = drive(
        f"Process(name='first', argv=python({SLOW!r}))",
        f"Process(name='second', argv=python({SLOW!r}))",
    )
    driver.read("| up", times=2)
    driver.read("all ready")

    driver.popen.send_signal(number)

    assert driver.finish() == 0
    stopped = [line for line in driver.lines if "stopp" in line]
    assert stopped[-2:] == ["first  | stopping", "first  | (stopped)"]
    assert "second | (stopped)" in stopped[:-2]


def test_next_process_waits_until_the_one_before_is_ready(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    begin = f"import time, pathlib; time.sleep(0.3); pathlib.Path({str(flag)!r}).touch()"
    check = f"import pathlib; print('flag', pathlib.Path({str(flag)!r}).exists())"
    out = io.StringIO()

    run(
        [
            Process(name="a", argv=python(f"{begin}; {SLEEPER}"), is_ready=flag.exists),
            Process(name="b", argv=python(f"{check}; {SLEEPER}")),
        ],
        every_second=lambda: "flag True" in out.getvalue() and os.kill(os.getpid(), signal.SIGTERM),
        out=out,
    )

    assert "b | flag True" in out.getvalue()


def test_killed_process_starts_again_without_its_old_children(drive) -> None:
    driver = drive(f"Process(name='family', argv=python({FAMILY!r}))")
    parent, child = map(int, driver.read("pids ").split()[-2:])

    os.kill(parent, signal.SIGKILL)
    again, _ = map(int, driver.read("pids ", times=2).split()[-2:])

    assert again != parent
    assert "family | (ended with SIGKILL, starts again in 0.1 s)" in driver.lines
    assert not is_alive(child)


def test_kill_nine_of_the_supervisor_ends_its_children(drive) -> None:
    driver = drive(
        f"Process(name='one', argv=python({SLEEPER!r}))",
        f"Process(name='two', argv=python({'import os; print(os.getpid()); ' + SLEEPER!r}))",
    )
    pid = int(driver.read("two | ").rsplit(maxsplit=1)[-1])

    driver.popen.kill()

    assert wait_until(lambda: not is_alive(pid))


def test_process_that_ignores_its_signal_is_killed_after_its_time(drive) -> None:
    driver = drive(f"Process(name='deaf', argv=python({STUBBORN!r}), stop_s=0.3)")
    driver.read("| up")

    driver.popen.terminate()

    assert driver.finish() == 0
    assert "deaf | (still running after 0 s, killed)" in driver.lines


def test_second_signal_does_not_wait(drive) -> None:
    driver = drive(f"Process(name='deaf', argv=python({STUBBORN!r}), stop_s=60)")
    driver.read("| up")

    driver.popen.send_signal(signal.SIGINT)
    time.sleep(0.3)
    driver.popen.send_signal(signal.SIGINT)

    assert driver.finish() == 0


@pytest.mark.parametrize("code", ["print('no such table'); raise SystemExit(3)", None])
def test_crash_loop_ends_with_the_last_lines(
    monkeypatch: pytest.MonkeyPatch, code: str | None
) -> None:
    monkeypatch.setattr("config.processes._MAX_DELAY_S", 0.01)
    out = io.StringIO()
    argv = python(code) if code else ("/no/such/program",)

    status = run([Process(name="sick", argv=argv)], out=out)

    assert status == 1
    last = out.getvalue().rpartition("sick crashes in a loop; its last lines:\n")[2]
    assert ("no such table" if code else "/no/such/program") in last


def test_lines_are_prefixed_whole_even_when_long_or_unfinished() -> None:
    code = "import sys; sys.stdout.write('x' * 200_000 + '\\n' + 'tail'); sys.stdout.flush()"
    out = io.StringIO()

    run(
        [Process(name="talker", argv=python(f"{code}; import time; time.sleep(600)"))],
        every_second=lambda: os.kill(os.getpid(), signal.SIGTERM),
        out=out,
    )

    lines = out.getvalue().splitlines()
    assert all(line.startswith("talker | ") for line in lines)
    assert sum(line.count("x") for line in lines) == 200_000
    assert lines[-2:] == ["talker | tail", "talker | (stopped)"]
    assert "\x1b" not in out.getvalue()


def test_failing_repair_is_printed_and_the_processes_go_on() -> None:
    calls: list[int] = []
    out = io.StringIO()

    def repair() -> None:
        calls.append(1)
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        raise RuntimeError("servers gone")

    status = run([Process(name="one", argv=python(SLEEPER))], every_second=repair, out=out)

    assert status == 0
    assert out.getvalue().count("servers gone") >= 2


def test_handlers_of_the_caller_are_restored() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    run(
        [Process(name="one", argv=python(SLEEPER))],
        on_ready=lambda: os.kill(os.getpid(), signal.SIGTERM),
        out=io.StringIO(),
    )

    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_eleventh_crash_within_a_minute_is_one_too_many() -> None:
    crashes = Crashes()

    delays = [crashes.record(at_s=float(second)) for second in range(11)]

    assert delays[:4] == [0.1, 0.2, 0.4, 0.8]
    assert delays[9] == 5.0
    assert delays[10] is None


def test_crashes_more_than_a_minute_ago_are_forgotten() -> None:
    crashes = Crashes()

    delays = [crashes.record(at_s=float(second * 61)) for second in range(20)]

    assert set(delays) == {0.1}
