"""Sportec Solutions (DFL): a match's information and its raw events, both XML, through kloppy."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from kloppy import sportec as kloppy_sportec

from matches.ingest.adapters import _football as football
from matches.ingest.adapters import _kloppy as kloppy
from matches.ingest.adapters._kloppy_match import match_document
from matches.ingest.adapters._opta_xml import parsed
from matches.ingest.documents import FeedDocument, FeedError

_MATCH = re.compile(r"DFL-MAT-\w+", re.IGNORECASE)


class SportecAdapter:
    """Reads one match from two documents."""

    name = "sportec"

    def bundles(self, names: Iterable[str]) -> Iterator[tuple[str, Sequence[str]]]:
        """Yield the pairs of documents that name the same match."""
        matches: dict[str, list[str]] = {}
        for name in sorted(names):
            found = _MATCH.search(name)
            if found and football.bare(name).endswith(".xml"):
                matches.setdefault(found[0].upper(), []).append(name)
        yield from ((match, files) for match, files in matches.items() if len(files) > 1)

    def parse(self, files: Mapping[str, bytes]) -> FeedDocument:
        """Return the match. Raises FeedError."""
        with football.refusing(files):
            kinds = {_kind(name, body): body for name, body in files.items()}
            names = ", ".join(files)
            if kinds.keys() != {"events", "information"}:
                raise FeedError(f"{names}: expected a match's information and its events")
            dataset = kloppy.load(
                names,
                kloppy_sportec.load_event,
                event_data=kinds["events"],
                meta_data=kinds["information"],
            )
            found = _MATCH.search(names)
            return match_document(self.name, found[0] if found else "match", dataset)


def _kind(name: str, body: bytes) -> str:
    root = parsed(name, body)
    return "information" if root.find("MatchInformation") is not None else "events"


ADAPTER = SportecAdapter()
