"""A storm over the live pipeline: a vendor tells events at a pace while whatever runs is killed.

Clients at all doors apply what they hear to states of their own. At the end each has to hold what
the server holds, by the hash of its state, and must have seen no gap.
"""

import hashlib
import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from types import SimpleNamespace

from config.management.commands.up import listens
from streams.live.store import keys_of
from tests.bench.vendor import Vendor, pace
from tests.chaos.live_product import LiveProduct
from tests.chaos.mirror import Mirror, new_books
from tests.chaos.product import ROOT, until
from tests.streams.live_support import Fan

# What no client may ever meet.
_NEVER = ("gaps", "set_back", "wrong_hashes", "wrong_headers", "different", "faults")
_SAMPLE_S = 0.25
_SETTLES_WITHIN_S = 120
_PLAYERS = 10
_RETRACTS_EVERY = 15
_FOLDED = (
    "SELECT count(*) FROM matches_match m JOIN stats_boxscore b ON b.match_id = m.id "
    "WHERE m.folded_seq = m.head_seq AND b.folded_seq = m.head_seq AND m.head_seq > %s"
)
_HEADS = "SELECT 'match:' || public_id, head_seq FROM matches_match"
_NUMBERS = (
    "SELECT 'match:' || m.public_id, substr(x.value, 2)::int FROM matches_match m "
    "JOIN leagues_externalid x ON x.kind = 'match' AND x.object_id = m.id"
)
_TRUTH = (
    "SELECT 'match:' || m.public_id, m.epoch::text, b.folded_seq, b.document "
    "FROM matches_match m JOIN stats_boxscore b ON b.match_id = m.id"
)


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much of a storm it is to be."""

    clients: int
    seconds: float
    webs: int = 2
    matches: int = 10
    rate_per_s: int = 50
    # From one blow to the next, on average.
    pause_s: float = 5.0
    seed: str = "storm"


class StormVendor(Vendor):
    """Gives points to all players in turn, and takes some back a while later."""

    def event(self, place, at):
        before = place - 2 * _PLAYERS * self.matches
        if place % _RETRACTS_EVERY == 0 and before > 0 and before % _RETRACTS_EVERY:
            return {**self.log[before - 1], "rev": 2, "retracted": True, "reason": "VAR"}
        side = 2 * (place % self.matches) + (place // self.matches) % 2
        player = 1 + place // (2 * self.matches) % _PLAYERS
        told = super().event(place, at)
        points = {"points": 1 + place % 3, "sent": at}
        return {**told, "team": f"t{side}", "player": f"t{side}-{player}", "payload": points}

    def warm_up(self):
        """Let every player score, so that all of them are in the first boxscores."""
        self.add(2 * _PLAYERS * self.matches)

    def finish(self):
        """End all matches."""
        place = len(self.log)
        self.log += [
            {"match": n, "id": f"end{n}", "type": "match_end", "order": place, "clock_ms": place}
            for n in range(self.matches)
        ]


class Fleet:
    """The process with the clients."""

    def __init__(self, ports, clients, seed):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.fleet"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._tell({"ports": ports, "clients": clients, "seed": seed})

    def _tell(self, document):
        self.process.stdin.write(json.dumps(document).encode() + b"\n")
        self.process.stdin.flush()

    def ask(self, what, **options):
        self._tell({"ask": what, **options})
        line = self.process.stdout.readline()
        assert line, "the clients ended early"
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        finally:
            self.process.kill()
            self.process.stdout.close()


class Blows:
    """What is done to the product, dealt from a deck that is shuffled again and again."""

    def __init__(self, product, fleet, dice):
        self.product, self.fleet, self.dice = product, fleet, dice
        self.deck = []

    def names(self):
        return ("sockets", "web killed", "web stopped", "worker", "task", "redis", "redis flushed")

    def strike(self):
        """Do the next deed and return its name."""
        if not self.deck:
            self.deck = list(self.names())
            self.dice.shuffle(self.deck)
        name = self.deck.pop()
        self._do(name)
        return name

    def _do(self, name):
        if name == "sockets":
            self.fleet.ask("cut", share=0.1 + 0.3 * self.dice.random())
        elif name == "web killed":
            self.product.end_web(self.dice, signal.SIGKILL)
        elif name == "web stopped":
            self.product.end_web(self.dice, signal.SIGTERM)
        elif name == "worker":
            self.product.kill_worker()
        elif name == "task":
            self.product.kill_pool_child(self.dice)
        else:
            if name == "redis flushed":
                self.product.redis.flushall()
            self.product.kill_server("valkey")


class Storm:
    """One run."""

    def __init__(self, folder, size):
        self.size = size
        self.dice = random.Random(size.seed)
        self.product = LiveProduct(folder, webs=size.webs)
        self.vendor = StormVendor(matches=size.matches)
        self.thread = threading.Thread(target=self.vendor.serve_forever, daemon=True)
        self.fleet = None
        # Each blow: its name, when, and how much the vendor had told at that moment.
        self.blows = []
        self.samples = []

    def run(self):
        """Return what happened, as JSON-ready values."""
        try:
            self._begin()
            self._rage()
            return self._end()
        except AssertionError as error:
            error.add_note(self.product.last_words())
            raise
        finally:
            if self.fleet:
                self.fleet.close()
            self.product.close()
            self.vendor.shutdown()
            self.vendor.server_close()

    def _begin(self):
        self.thread.start()
        self.vendor.warm_up()
        self.product.start()
        until(self._are_up, "all web processes")
        self.product.poll(self.vendor.url)
        until(lambda: self._is_folded(2 * _PLAYERS), "all players in the boxscores")
        self.fleet = Fleet(self.product.ports, self._clients(), self.size.seed)
        until(lambda: min(self.fleet.ask("where").values()) > -1, "all clients to be served")

    def _clients(self):
        """Return each client's door and topics: eight in ten a socket, one a stream, one polls."""
        matches = [topic for topic, _ in self.product.ask(_HEADS)]
        league = f"league:{self.product.count('SELECT public_id FROM leagues_league')}"
        chosen = []
        for number in range(self.size.clients):
            topics = self.dice.sample(matches, 2)
            if number % 10 == 0:
                chosen.append(["poll", topics[:1]])
                continue
            extra = {1: [league], 2: ["page:scores"], 3: [league]}.get(number % 20, [])
            chosen.append(["stream" if number % 10 == 1 else "socket", [*topics, *extra]])
        return chosen

    def _are_up(self):
        return all(listens("127.0.0.1", port) for port in self.product.ports)

    def _is_folded(self, least):
        return self.product.ask(_FOLDED, least) == [(self.size.matches,)]

    def _rage(self):
        pacer = threading.Thread(
            target=pace, args=(self.vendor, self.size.rate_per_s, self.size.seconds)
        )
        blows = Blows(self.product, self.fleet, self.dice)
        pacer.start()
        began = time.monotonic()
        next_at = began + self.size.pause_s / 2
        while pacer.is_alive():
            if time.monotonic() >= next_at:
                self._strike(blows)
                next_at = time.monotonic() + self.size.pause_s * (0.5 + self.dice.random())
            self._sample()
            time.sleep(_SAMPLE_S)

    def _strike(self, blows):
        at, told = time.monotonic(), len(self.vendor.log)
        self.blows.append((blows.strike(), at, told))

    def _sample(self):
        self.samples.append((time.monotonic(), self.fleet.ask("where")))

    def _end(self):
        """Let all matches end, wait until nothing moves any more, compare."""
        ended_at = time.monotonic()
        self.vendor.finish()
        told = len({(e["id"], e.get("rev")) for e in self.vendor.log}) + self.size.matches
        total = "SELECT coalesce(sum(head_seq), 0) FROM matches_match"
        until(lambda: self.product.count(total) == told, "the whole log", _SETTLES_WITHIN_S)
        until(lambda: self._is_folded(0), "all folds", _SETTLES_WITHIN_S)
        truth = {
            topic: (epoch, seq, hashlib.sha256(bytes(document)).hexdigest())
            for topic, epoch, seq, document in self.product.ask(_TRUTH)
        }
        heads = {topic: seq for topic, (_, seq, _) in truth.items()}
        until(lambda: self._has_reached(heads), "all clients at the end", _SETTLES_WITHIN_S)
        settled_s = time.monotonic() - ended_at
        until(self._are_up, "all web processes again")
        report = until(lambda: self._quiet_report(truth), "an end of all frames", 30)
        return report | {"events": told, "settled_s": round(settled_s, 1), **self._recovery()}

    def _has_reached(self, heads):
        self._sample()
        where = self.samples[-1][1]
        return all(where[topic] >= seq for topic, seq in heads.items() if topic in where)

    def _quiet_report(self, truth):
        """Return the clients' report compared with the server, None while frames are on the way.

        Topics that are not matches have no truth but what a new subscriber gets, at each process.
        """
        topics = sorted(self.samples[-1][1])
        served = [self._served(port, topics) for port in self.product.ports]
        report = self.fleet.ask("report")
        if served[0] is None or any(answer != served[0] for answer in served):
            return None
        known = served[0]
        differing = {}
        for ended, count in report.pop("ended").items():
            topic, epoch, seq, digest = ended.split(" ")
            if (epoch or known[topic][0], int(seq), digest) != known[topic]:
                differing[ended] = count
        if any(not topic.startswith("match:") for topic in differing) and not self._waited():
            return None
        wrong = [topic for topic in topics if truth.get(topic, known[topic]) != known[topic]]
        return {
            "clients": self.size.clients,
            "seconds": self.size.seconds,
            "differing": differing,
            "served_wrong": wrong,
            **report,
        }

    def _waited(self):
        """Whether the quiet after the end has lasted long enough for the last fragments."""
        self.quiet_at = getattr(self, "quiet_at", time.monotonic())
        return time.monotonic() - self.quiet_at > 10

    def _served(self, port, topics):
        """Return where a new subscriber at the port ends: epoch, seq and hash of each topic.

        None while Redis does not know a topic again yet after it lost its memory.
        """
        mirrors = {topic: Mirror(topic, new_books()) for topic in topics}
        heads = {topic: self._head(topic) for topic in topics}
        if None in heads.values():
            return None
        with Fan(SimpleNamespace(port=port)) as fan:
            fan.subscribe(*topics)
            while any((m.epoch, m.seq) != heads[topic] for topic, m in mirrors.items()):
                told = fan.take_kind("snapshot", "event", "patch")
                mirrors[told["topic"]].take(told)
        return {t: (m.epoch, m.seq, str(m.hash())) for t, m in mirrors.items()}

    def _head(self, topic):
        epoch, seq = self.product.redis.hmget(keys_of(topic)[0], "epoch", "seq")
        return None if epoch is None else (epoch.decode(), int(seq))

    def _recovery(self):
        """Return how long after each kind of blow all had news of each match from after it."""
        numbers = dict(self.product.ask(_NUMBERS))
        took = {}
        for name, at, told in self.blows:
            heads = self._heads_with(told + 2 * self.size.matches, numbers)
            caught_up = (
                seen
                for seen, where in self.samples
                if seen > at and all(where.get(t, seq) >= seq for t, seq in heads.items())
            )
            took.setdefault(name, []).append(round(next(caught_up, float("inf")) - at, 2))
        return {
            "blows": {name: len(times) for name, times in took.items()},
            "recovered_s": {
                name: {"median": sorted(times)[len(times) // 2], "max": max(times)}
                for name, times in took.items()
            },
        }

    def _heads_with(self, told, numbers):
        """Return where each match's log ends that has so much of what the vendor told."""
        counts = Counter(event["match"] for event in self.vendor.log[:told])
        return {topic: 1 + counts[number] for topic, number in numbers.items()}


def faults_of(report):
    """Return what of a report should not be there; nothing after a good run."""
    books = {name: report["books"].get(name, 0) for name in _NEVER}
    found = {**books, "differing": report["differing"], "served_wrong": report["served_wrong"]}
    return {name: what for name, what in found.items() if what}
