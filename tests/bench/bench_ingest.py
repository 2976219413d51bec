"""Ingest to socket: an event in the vendor's answer until its frame is in a client, whole pipeline.

    python -m tests.bench.bench_ingest [--rates 50 500 2000] [--seconds 10]

A vendor in this process tells invented events of twenty live matches at a given rate. The product
(worker and socket server, started here on servers of their own) polls it over HTTP, appends,
relays, folds and publishes; a client in another process watches all twenty topics. An event's
latency runs from the moment it is in the vendor's answer to the moment its frame is read.

- `p50_ms_R`, `p99_ms_R` at R events a second;
- `max_events_per_s`: a backlog of 30,000 events, from the first poll to the last fold;
- `ratio_to_chain`: that, against a chain of Celery tasks per event (insert, aggregate, publish,
  each by the ORM) with the same worker, in the same run.

The last line is one JSON object.
"""

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from tests.bench.vendor import Vendor, pace

MATCHES = 20
BACKLOG = 30_000
CHAIN_EVENTS = 300
POLL_EVERY_MS = 5
ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def product(port):
    """Worker and socket server on servers of their own."""
    commands = {
        "worker": [
            *(sys.executable, "-m", "celery", "-q", "-A", "config", "worker", "-l", "WARNING"),
            *("-Q", "default,ingest,fold,chain", "-c", "3", "-P", "prefork"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
            *("-I", "tests.bench.peers.chain"),
        ],
        "web": [sys.executable, "-m", "config.server", "-b", "127.0.0.1", "-p", str(port)],
    }
    children = []
    try:
        for name, command in commands.items():
            log = (Path(os.environ["VEZE_DATA_DIR"]) / f"{name}.log").open("wb")
            children.append(
                subprocess.Popen(
                    command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
                )
            )
        yield children
    finally:
        for child in children:
            os.killpg(child.pid, signal.SIGTERM)
        for child in children:
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()


class Watcher:
    """The client: another process that prints the latencies of what it received."""

    def __init__(self, port, topics):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.peers.watcher", str(port), *topics],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        line = self.process.stdout.readline()
        if line.strip() != "ready":
            raise SystemExit(f"the watcher did not start: {line!r}")

    def report(self):
        self.process.stdin.write("report\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.kill()
        self.process.wait()


def wait_until(condition, what, timeout_s=120):
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"waited {timeout_s} s for {what}")
        time.sleep(0.05)


def percentile(values, share):
    return round(statistics.quantiles(values, n=1000)[round(share * 1000) - 1] * 1000, 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rates", type=int, nargs="*", default=[50, 500, 2000])
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="veze-bench-")
    os.environ["VEZE_DATA_DIR"] = folder
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    try:
        _run(options)
    finally:
        reset = [sys.executable, "-m", "config.embedded", "reset"]
        subprocess.run(reset, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def _run(options):
    from config.bootstrap import start_servers

    start_servers()
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    vendor = Vendor(matches=MATCHES)
    threading.Thread(target=vendor.serve_forever, daemon=True).start()
    port = 18_000 + os.getpid() % 1000
    result = {}
    with product(port):
        _start_polling(vendor)
        _measure_latency(vendor, port, options, result)
        _measure_throughput(vendor, result)
        _measure_chain(result)
    print(json.dumps(result))


def _start_polling(vendor):
    from leagues.services import season_for
    from matches.models import Feed, Match
    from matches.tasks import poll_feed

    feed = Feed.objects.create(
        name="bench",
        adapter="veze",
        url=vendor.url,
        season=season_for(sport="generic", league="Bench", season="1"),
        live_interval_ms=POLL_EVERY_MS,
        idle_interval_s=1,
    )
    poll_feed.delay(feed_id=feed.pk)
    wait_until(lambda: Match.objects.filter(folded_seq__gt=0).count() == MATCHES, "the matches")


def _measure_latency(vendor, port, options, result):
    from matches.models import Match

    topics = [f"match:{key}" for key in Match.objects.values_list("public_id", flat=True)]
    watcher = Watcher(port, topics)
    for rate in options.rates:
        pace(vendor, rate, 2)
        wait_until(_is_folded, "the warm-up to be folded")
        time.sleep(1)
        watcher.report()
        added = pace(vendor, rate, options.seconds)
        wait_until(_is_folded, f"{rate} events/s to be folded")
        time.sleep(1)
        latencies = watcher.report()["latencies"]
        result[f"p50_ms_{rate}"] = percentile(latencies, 0.5)
        result[f"p99_ms_{rate}"] = percentile(latencies, 0.99)
        result[f"lost_{rate}"] = added - len(latencies)
        print(f"{rate} events/s: {json.dumps(result)}", flush=True)
    watcher.close()


def _measure_throughput(vendor, result):
    from matches.models import Feed, PlayEvent

    wanted = PlayEvent.objects.count() + BACKLOG
    vendor.is_open.clear()
    vendor.add(BACKLOG)
    started = time.monotonic()
    vendor.is_open.set()
    wait_until(lambda: PlayEvent.objects.count() >= wanted and _is_folded(), "the backlog", 300)
    result["max_events_per_s"] = round(BACKLOG / (time.monotonic() - started))
    Feed.objects.update(is_enabled=False)
    # The poller notices within its loop of five seconds and leaves the worker to the chain.
    time.sleep(6)


def _measure_chain(result):
    from tests.bench.peers.chain import run_chain

    chain_per_s = run_chain(CHAIN_EVENTS)
    result["chain_events_per_s"] = round(chain_per_s, 1)
    result["ratio_to_chain"] = round(result["max_events_per_s"] / chain_per_s, 1)


def _is_folded():
    from django.db.models import F

    from matches.models import Match

    return not Match.objects.filter(folded_seq__lt=F("head_seq")).exists()


if __name__ == "__main__":
    main()
