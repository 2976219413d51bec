"""Python `websockets.broadcast`, for machines without Node."""

import asyncio
import json
import os

import redis.asyncio
from websockets.asyncio.server import broadcast, serve

clients = set()


async def take(client):
    clients.add(client)
    try:
        await client.send('{"type":"ready"}')
        await client.wait_closed()
    finally:
        clients.discard(client)


async def main():
    chosen = json.loads(os.environ["VEZE_BENCH_PEER"])
    listener = redis.asyncio.Redis.from_url(os.environ["VEZE_BENCH_REDIS"]).pubsub()
    await listener.subscribe(chosen["channel"])
    async with serve(take, "127.0.0.1", chosen["port"], compression=None, backlog=2048):
        async for message in listener.listen():
            if message["type"] == "message":
                broadcast(clients, message["data"].decode())


asyncio.run(main())
