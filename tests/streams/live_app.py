"""The site with a kind of topic whose truth is a file: what Postgres is to match topics."""

import json
import os
from pathlib import Path

from config.asgi import application
from streams.live import hub
from streams.live.frames import Snapshot
from streams.live.topics import register_snapshots

_TRUTH = Path(os.environ["VEZE_TEST_TRUTH"])


def load(topic: str) -> Snapshot | None:
    held = json.loads(_TRUTH.read_text() or "{}").get(topic)
    return Snapshot(**held) if held else None


hub.RECHECK_S = int(os.environ.get("VEZE_TEST_RECHECK_S", hub.RECHECK_S))
hub.LINGER_S = float(os.environ.get("VEZE_TEST_LINGER_S", hub.LINGER_S))
hub.SUBSCRIBE_WITHIN_S = float(os.environ.get("VEZE_TEST_SUBSCRIBE_S", hub.SUBSCRIBE_WITHIN_S))
register_snapshots("test:", load)
register_snapshots("free:", None)
register_snapshots("closed:", None, may_see=lambda user, topic: user.is_authenticated)

__all__ = ["application"]
