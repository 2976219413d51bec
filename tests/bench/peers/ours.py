"""The site as it is served, with one more kind of live topic for the benchmark to publish to."""

from config.asgi import application
from streams.live.topics import register_snapshots

register_snapshots("bench:", None)

__all__ = ["application"]
