"""Processes of a race: forked from the test, each with a connection of its own."""

import os
import select
import signal
import time
import traceback
from contextlib import contextmanager

from django.db import connection, connections
from django.db.models import Manager, QuerySet

WAIT_S = 30


def until(condition, what="it", seconds=WAIT_S):
    """Wait for a condition of other processes; return its value."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"{what} did not happen within {seconds} s"
        time.sleep(0.005)
    return value


class Gate:
    """Holds whoever passes until it is opened, from whichever process."""

    def __init__(self):
        self._arrived = os.pipe()
        self._opened = os.pipe()

    def wait(self):
        os.write(self._arrived[1], b".")
        select.select([self._opened[0]], [], [], WAIT_S)

    def await_arrival(self):
        ready, _, _ = select.select([self._arrived[0]], [], [], WAIT_S)
        assert ready, "nobody came to the gate"
        os.read(self._arrived[0], 1)

    def open(self):
        os.write(self._opened[1], b".")

    def close(self):
        for end in (*self._arrived, *self._opened):
            os.close(end)


class Racer:
    """A forked process that runs one function; tells how it ended."""

    def __init__(self, work):
        connections.close_all()
        self.pid = os.fork()
        self._status = None
        if self.pid == 0:
            self._run(work)

    def _run(self, work):
        status = 1
        try:
            work()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)

    def has_ended(self):
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status is not None

    def join(self):
        """Return 0 when all went well, 1 after an exception, the negative signal when killed."""
        until(self.has_ended, "the end of a racer")
        return self._status

    def kill(self):
        if not self.has_ended():
            os.kill(self.pid, signal.SIGKILL)
            self.join()


@contextmanager
def racers(*works):
    """Run the functions at once; nobody is left behind."""
    running = []
    try:
        running += [Racer(work) for work in works]
        yield running
    finally:
        for racer in running:
            racer.kill()


def race(*works):
    """Run the functions at once and return how each ended."""
    with racers(*works) as running:
        return [racer.join() for racer in running]


def die():
    """End this process as `kill -9` does."""
    os.kill(os.getpid(), signal.SIGKILL)


def is_somebody_waiting_for_a_lock():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone()[0] > 0


def without_row_locks():
    """Switch the locks of rows that are read off in this process: what a control needs."""
    raw = QuerySet.raw
    QuerySet.select_for_update = lambda self, *args, **kwargs: self.all()
    for owner in (QuerySet, Manager):
        owner.raw = lambda self, query, *args: raw(
            self.all(), query.removesuffix(" FOR NO KEY UPDATE"), *args
        )
