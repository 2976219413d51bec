"""An application that takes a second to answer, to be terminated meanwhile."""

import asyncio


async def application(scope, receive, send):
    await asyncio.sleep(1)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"done"})
