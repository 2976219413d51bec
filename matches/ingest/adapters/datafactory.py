"""DataFactory: a match's JSON document (`incidences`, `players`, `teams`), read through kloppy."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from kloppy import datafactory as kloppy_datafactory

from matches.ingest.adapters import _football as football
from matches.ingest.adapters import _kloppy as kloppy
from matches.ingest.adapters._kloppy_match import match_document
from matches.ingest.documents import FeedDocument, FeedEvent
from matches.ingest.reading import Node, parse_json

_OWN_GOAL = 10


class DataFactoryAdapter:
    """Reads one match a document."""

    name = "datafactory"

    def bundles(self, names: Iterable[str]) -> Iterator[tuple[str, Sequence[str]]]:
        """Each JSON file is a match of its own."""
        for name in sorted(names):
            if football.bare(name).endswith(".json"):
                yield football.bare(name).removesuffix(".json"), (name,)

    def parse(self, files: Mapping[str, bytes]) -> FeedDocument:
        """Return the match. Raises FeedError."""
        with football.refusing(files):
            name, body = next(iter(files.items()))
            Node(parse_json(body, name), name).get("incidences")
            dataset = kloppy.load(name, kloppy_datafactory.load, event_data=body)
            return match_document(self.name, football.bare(name), dataset, _read)


def _read(event: Any) -> list[FeedEvent]:
    """Return kloppy's event; it takes own goals for goals and leaves out who set a goal up."""
    raw = event.raw_event
    if raw.get("type") == _OWN_GOAL:
        return [kloppy.fact(event, "own_goal")]
    told = kloppy.translate(event)
    passer = raw.get("assBy")
    return [
        replace(fact, related_player=str(passer)) if passer and fact.type == "goal" else fact
        for fact in told
    ]


ADAPTER = DataFactoryAdapter()
