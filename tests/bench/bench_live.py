"""What a live server costs and how soon all are back, beside its peers and in one run.

    python -m tests.bench.bench_live [--sockets 1000 5000] [--seconds 6] [--resuming 1000]

The server is measured as `bench_fanout` does it, beside Node `ws`, Python's `websockets.broadcast`
and, at the fewest sockets, naive Channels: deliveries a second and CPU seconds a million
deliveries, p99 at 5 frames a second, memory a connection, connections a second.

Then a server with clients that keep their place is ended and started again, once by SIGTERM and
once by SIGKILL, while 5 frames a second are published: `all_current_s` is the time from the signal
until the last client has everything, `after_up_s` that from the moment the new process answers.
Nobody may miss a frame; the peers have nothing to compare, for who comes back to them has lost all
in between. The last line is one JSON object.
"""

import argparse
import json
import os
import signal
import threading
import time
from contextlib import ExitStack

import django

from config.bootstrap import start_servers
from tests.bench.bench_fanout import PACE_PER_S, measure, p99_ratio, paced_ratio, ratio
from tests.bench.contenders import FIRST_SEQ, broadcast, free_port, naive, ours, peer, served
from tests.chaos.storm import Fleet

_NEVER = ("gaps", "wrong_hashes", "faults", "set_back")
_LOOK_S = 0.05
_SETTLES_WITHIN_S = 60


class Resuming:
    """Clients of one topic that hold on to their place, whatever becomes of the server."""

    def __init__(self, sockets):
        self.port = free_port()
        self.contender = ours(self.port)
        self.publisher = self.contender.publisher()
        self.sockets = sockets
        self.is_over = threading.Event()

    def run(self):
        """Return times and counts."""
        pace = threading.Thread(target=self._publish)
        with ExitStack() as stack:
            stack.callback(self.publisher.close)
            stack.callback(pace.join)
            stack.callback(self.is_over.set)
            process = stack.enter_context(served(self.contender, self.port))
            clients = [["socket", [self.publisher.topic]]] * self.sockets
            self.fleet = Fleet([self.port], clients, "resuming")
            stack.callback(self.fleet.close)
            pace.start()
            self._until_current()
            result = {}
            for name, number in (("stopped", signal.SIGTERM), ("killed", signal.SIGKILL)):
                result[name], process = self._restart(process, number, stack)
            books = self.fleet.ask("report")["books"]
            # Before the servers, which they would come back to.
            self.fleet.close()
        counted = {"replays": books["replays"], "snapshots": books["snapshots"] - self.sockets}
        return result | counted | {"missed": sum(books.get(name, 0) for name in _NEVER)}

    def _publish(self):
        while not self.is_over.wait(1 / PACE_PER_S):
            self.publisher.send()

    def _restart(self, process, number, stack):
        """End the server, start another one at its port, wait until all clients are current."""
        began = time.monotonic()
        process.send_signal(number)
        process.wait()
        ended_s = time.monotonic() - began
        process = stack.enter_context(served(self.contender, self.port))
        up_at = time.monotonic()
        self._until_current()
        at = time.monotonic()
        times = {"ended_s": ended_s, "all_current_s": at - began, "after_up_s": at - up_at}
        return {name: round(value, 2) for name, value in times.items()}, process

    def _until_current(self):
        """Wait until all have a frame that was yet to be published."""
        until, wanted = time.monotonic() + _SETTLES_WITHIN_S, FIRST_SEQ + self.publisher.count
        while min(self.fleet.ask("where").values()) < wanted:
            if time.monotonic() > until:
                raise SystemExit(f"not all clients are current after {_SETTLES_WITHIN_S} s")
            time.sleep(_LOOK_S)


def rounds_of(chosen):
    """Measure everybody at each number of sockets; ours comes first."""
    rounds = []
    for sockets in chosen.sockets:
        makers = [ours, peer, broadcast]
        if sockets == min(chosen.sockets):
            makers.append(naive)
        results = {}
        for make in makers:
            found = measure(make, sockets, chosen.seconds, with_burst=False)
            found["connects_per_s"] = round(sockets / max(found["connected_s"], 0.01))
            results[found["contender"]] = found
        rounds.append(results)
    return rounds


def compared(results):
    """Return the ratios of one number of sockets to each peer; above 1 we are the better one."""
    us = results["ours"]
    return {
        name: {
            **ratio(us, them),
            "paced_cpu": paced_ratio(us, them),
            "p99": p99_ratio(us, them),
            "memory": round(them["kb_per_socket"] / max(0.1, us["kb_per_socket"]), 2),
            "connects": round(us["connects_per_s"] / max(1, them["connects_per_s"]), 2),
        }
        for name, them in results.items()
        if name != "ours"
    }


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_live")
    parser.add_argument("--sockets", type=int, nargs="+", default=[1000, 5000])
    parser.add_argument("--seconds", type=float, default=6.0, help="of each measured phase")
    parser.add_argument("--resuming", type=int, default=1000, help="clients that come back")
    chosen = parser.parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    start_servers()
    django.setup()
    rounds = rounds_of(chosen)
    resumed = Resuming(chosen.resuming).run()
    print(
        json.dumps(
            {
                "ours": {str(n): r["ours"] for n, r in zip(chosen.sockets, rounds, strict=True)},
                "ratios": {
                    str(n): compared(r) for n, r in zip(chosen.sockets, rounds, strict=True)
                },
                "resume": resumed,
                "peers": [
                    them for results in rounds for name, them in results.items() if name != "ours"
                ],
            }
        )
    )


if __name__ == "__main__":
    main()
