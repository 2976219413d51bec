"""A client that watches live topics and tells how old the events in the frames were.

    python -m tests.bench.peers.watcher PORT TOPIC [TOPIC ...]

Prints "ready" once subscribed; a line on stdin asks for {"latencies": [seconds, ...]} since the
last one.
"""

import json
import sys
import threading
import time

import orjson
from websockets.sync.client import connect


def main():
    port, *topics = sys.argv[1:]
    latencies = []
    socket = connect(f"ws://127.0.0.1:{port}/ws/live", max_size=None, compression=None)
    waiting = set(topics)
    socket.send(json.dumps({"type": "subscribe", "topics": topics}))

    def read():
        for text in socket:
            now = time.time()
            frame = orjson.loads(text)
            if frame["type"] == "event":
                event = frame["data"]["event"]
                if "sent" in event["value"]:
                    latencies.append(now - event["value"]["sent"])
            elif frame["type"] in {"snapshot", "replay"} and waiting:
                waiting.discard(frame["topic"])
                if not waiting:
                    print("ready", flush=True)

    threading.Thread(target=read, daemon=True).start()
    for _ in sys.stdin:
        told, latencies[:] = list(latencies), []
        print(json.dumps({"latencies": told}), flush=True)


if __name__ == "__main__":
    main()
