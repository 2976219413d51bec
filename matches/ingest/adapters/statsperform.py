"""Stats Perform: a match's MA1 (line-ups) and MA3 (events), XML or JSON, through kloppy.

MA3 has the types and qualifiers of Opta's F24, so the definitions are Opta's.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from kloppy import statsperform as kloppy_statsperform

from matches.ingest.adapters import _football as football
from matches.ingest.adapters import _kloppy as kloppy
from matches.ingest.adapters._kloppy_match import match_document
from matches.ingest.adapters._opta_events import RawEvent
from matches.ingest.adapters._opta_words import Words, own_words
from matches.ingest.documents import FeedDocument, FeedError

_FEED = re.compile(r"ma([13])(?!\d)", re.IGNORECASE)


class StatsPerformAdapter:
    """Reads one match from two documents."""

    name = "statsperform"

    def bundles(self, names: Iterable[str]) -> Iterator[tuple[str, Sequence[str]]]:
        """Yield the MA1 and MA3 that have the same name but for the feed's."""
        matches: dict[str, list[str]] = {}
        for name in sorted(names):
            if _FEED.search(football.bare(name)):
                matches.setdefault(_FEED.sub("", football.bare(name)), []).append(name)
        yield from ((key, files) for key, files in matches.items() if len(files) == 2)

    def parse(self, files: Mapping[str, bytes]) -> FeedDocument:
        """Return the match. Raises FeedError."""
        with football.refusing(files):
            feeds = {}
            for name, body in files.items():
                found = _FEED.search(football.bare(name))
                feeds[found[1] if found else ""] = body
            names = ", ".join(files)
            if not {"1", "3"} <= feeds.keys():
                raise FeedError(f"{names}: expected an MA1 and an MA3 document")
            dataset = kloppy.load(
                names, kloppy_statsperform.load_event, ma1_data=feeds["1"], ma3_data=feeds["3"]
            )
            words = Words.of(_raw(event.raw_event) for event in dataset.records)
            ref = _FEED.sub("", football.bare(next(iter(files)))).partition(".")[0]
            return match_document(self.name, ref, dataset, lambda event: own_words(event, words))


def _raw(event: Any) -> RawEvent:
    return RawEvent(
        id=str(event.id),
        number=event.event_id,
        type=event.type_id,
        period=event.period_id,
        clock_ms=0,
        team=event.contestant_id or "",
        player=event.player_id or "",
        outcome=event.outcome == 1,
        qualifiers={number: value or "" for number, value in event.qualifiers.items()},
        at=event.timestamp,
        element=ET.Element("Event"),
    )


ADAPTER = StatsPerformAdapter()
