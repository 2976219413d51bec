"""Saves line-ups over HTTP at a steady rate, whether or not earlier ones are done; then in a hurry.

    python -m tests.bench.peers.fantasy_saver < ORDER

The order is JSON: see `tests.bench.fantasy_saves`. Prints one line of JSON.
"""

import asyncio
import itertools
import json
import sys
import time
import uuid

TOKEN = "b" * 32
AT_ONCE = 16


class Saver:
    def __init__(self, order):
        self.order = order
        bodies = [json.dumps(lineup).encode() for lineup in order["lineups"]]
        self.requests = (
            self.request(body, *saver)
            for body in itertools.cycle(bodies)
            for saver in order["savers"]
        )
        self.idle = []
        self.saved = 0

    def request(self, body, entry, session, address):
        host = self.order["host"]
        lines = [
            f"PUT /api/v1/fantasy/teams/{entry}/lineup HTTP/1.1", f"Host: {host}",
            f"X-Forwarded-For: {address}", "X-Forwarded-Proto: https", f"Origin: https://{host}",
            f"Cookie: sessionid={session}; csrftoken={TOKEN}", f"X-CSRFToken: {TOKEN}",
            f"Idempotency-Key: {uuid.uuid4()}", "Accept: application/json",
            "Content-Type: application/json", f"Content-Length: {len(body)}", "", "",
        ]  # fmt: skip
        return "\r\n".join(lines).encode() + body

    async def save(self, due):
        """Send the next line-up; return the seconds from when it was due to its answer."""
        request = next(self.requests)
        if self.idle:
            reader, writer = self.idle.pop()
        else:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.order["port"])
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        sizes = [line for line in head.lower().split("\r\n") if line.startswith("content-length:")]
        body = await reader.readexactly(int(sizes[0].partition(":")[2]))
        if not head.startswith("HTTP/1.1 200") or "signature" not in body.decode():
            raise SystemExit(f"{head}{body.decode()[:2000]}")
        self.idle.append((reader, writer))
        self.saved += 1
        return time.perf_counter() - due

    async def paced(self, saves, rate):
        started = time.perf_counter()
        tasks = []
        async with asyncio.TaskGroup() as group:
            for place in range(saves):
                due = started + place / rate
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                tasks.append(group.create_task(self.save(due)))
        return sorted(task.result() for task in tasks), time.perf_counter() - started

    async def hurried(self, saves):
        """Always so many at once; return how long it took."""
        started = time.perf_counter()

        async def one_after_another(count):
            for _ in range(count):
                await self.save(time.perf_counter())

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(one_after_another(saves // AT_ONCE))
        return time.perf_counter() - started

    async def run(self):
        await self.hurried(self.order["warm_up"])
        took, elapsed_s = await self.paced(self.order["saves"], self.order["rate"])
        hurried = self.order["saves"] // AT_ONCE * AT_ONCE
        hurried_s = await self.hurried(hurried)
        return {
            "saves_per_s": round(len(took) / elapsed_s, 1),
            "save_p50_ms": round(took[len(took) // 2] * 1e3, 1),
            "save_p99_ms": round(took[int(len(took) * 0.99)] * 1e3, 1),
            "save_worst_ms": round(took[-1] * 1e3, 1),
            "saves_at_most_per_s": round(hurried / hurried_s, 1),
            "saved": self.saved,
        }


def main():
    print(json.dumps(asyncio.run(Saver(json.load(sys.stdin)).run())))


if __name__ == "__main__":
    main()
