"""N clients of the live doors in one process, each with a state of its own.

The first line of stdin says who: {"ports": [8001], "seed": "...", "clients": [["socket",
["match:..."]], ...]}. Every other line asks for something and is answered by a line: `where` tells
how far the slowest client is in each topic, `cut` drops connections without a word, `report` tells
everything.
"""

import asyncio
import json
import random
import resource
import sys
import time
from collections import Counter

from tests.chaos.doors import PollDoor, SocketDoor, StreamDoor
from tests.chaos.mirror import Mirror, new_books

DOORS = {"socket": SocketDoor, "stream": StreamDoor, "poll": PollDoor}
_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 4.0
# A handshake or an answer that does not come: the process was killed at a bad moment.
_OPENS_WITHIN_S = 15.0


class Client:
    """One client: its door of the moment, its mirrors, and the way back when it is cut off."""

    def __init__(self, fleet, kind, topics):
        self.fleet = fleet
        self.kind = kind
        self.books = fleet.books
        self.mirrors = {topic: Mirror(topic, fleet.books) for topic in topics}
        self.last_id = ""
        self.door = None
        self.failures = 0

    def come(self):
        """Connect in a task of its own."""
        self.fleet.spawn(self.connect())

    async def connect(self):
        loop, port = asyncio.get_running_loop(), self.fleet.dice.choice(self.fleet.ports)
        door = DOORS[self.kind](self, port)
        self.books["connects"] += 1
        try:
            await loop.create_connection(lambda: door, "127.0.0.1", port)
        except OSError:
            self.lost(door, "refused")
            return
        self.door = door
        loop.call_later(_OPENS_WITHIN_S, self._give_up_on, door)

    def _give_up_on(self, door):
        if door is self.door and not door.is_open:
            door.leave("silent")

    def opened(self, _):
        self.failures = 0

    def lost(self, door, why):
        """Come back after a pause, with jitter."""
        self.books[f"lost {door.port if why == 'refused' else ''}{why}"] += 1
        self.door = None
        longest = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2**self.failures)
        self.failures += 1
        pause_s = longest * (0.5 + self.fleet.dice.random() / 2)
        asyncio.get_running_loop().call_later(pause_s, self.come)

    def cut(self):
        if self.door is not None:
            self.door.leave("cut by us")

    def note_age(self, frame):
        sent = frame.get("data", {}).get("event", {}).get("value", {}).get("sent")
        if sent is not None:
            self.fleet.ages[round(time.time() - sent, 2)] += 1


class Fleet:
    """All clients and their common books."""

    def __init__(self, options):
        self.ports = options["ports"]
        self.dice = random.Random(options["seed"])
        self.books = new_books()
        self.ages = Counter()
        self.tasks = set()
        self.clients = [Client(self, kind, topics) for kind, topics in options["clients"]]

    def spawn(self, work):
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task):
        self.tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            raise task.exception()

    async def run(self):
        """Connect everybody, then answer questions until stdin ends."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._fail)
        for number, client in enumerate(self.clients):
            client.come()
            if number % 20 == 19:
                await asyncio.sleep(0.02)
        questions = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(questions), sys.stdin)
        while line := await questions.readline():
            question = json.loads(line)
            answer = getattr(self, question.pop("ask"))(**question)
            print(json.dumps(answer), flush=True)

    def _fail(self, loop, context):
        """Note what a client tripped over: it counts as a fault of the run."""
        loop.default_exception_handler(context)
        self.books["faults"] += 1

    def where(self):
        """Return the lowest position of each topic, None while somebody has none."""
        lowest = {}
        for client in self.clients:
            for topic, mirror in client.mirrors.items():
                seq = mirror.seq if mirror.epoch or mirror.state else -1
                lowest[topic] = min(seq, lowest.get(topic, seq))
        return lowest

    def cut(self, *, share):
        """Drop a share of the connections."""
        chosen = self.dice.sample(self.clients, max(1, round(len(self.clients) * share)))
        for client in chosen:
            client.cut()
        return len(chosen)

    def state(self, *, topic, digest):
        """Return the state with this hash that somebody has of the topic."""
        held = (client.mirrors.get(topic) for client in self.clients)
        return next((m.state for m in held if m and m.hash() == digest), None)

    def report(self):
        """Return the books, the ages of what was applied, and who ended where with what."""
        ended = Counter(
            f"{topic} {mirror.epoch if client.kind != 'poll' else ''} {mirror.seq} {mirror.hash()}"
            for client in self.clients
            for topic, mirror in client.mirrors.items()
        )
        spent = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "books": self.books,
            "ages_s": {str(part): _part_of(self.ages, part) for part in (0.5, 0.9, 0.99, 1.0)},
            "ended": ended,
            "cpu_s": round(spent.ru_utime + spent.ru_stime, 1),
        }


def _part_of(counts, part):
    """Return what so large a part of all values does not exceed."""
    left = sum(counts.values()) * part
    for value, count in sorted(counts.items()):
        left -= count
        if left <= 0:
            return value
    return None


def main():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(Fleet(json.loads(sys.stdin.buffer.raw.readline())).run())


if __name__ == "__main__":
    main()
