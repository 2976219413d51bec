"""What goes through an ingest: our keys of what a document names, and the report of changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, kw_only=True)
class IngestReport:
    """What applying documents changed. `refs`: the vendor's own ids of the matches, by our keys.

    `unfolded` counts those of the matches whose news of before nobody had folded yet.
    """

    added: int = 0
    amended: int = 0
    retracted: int = 0
    unplaced: list[dict[str, Any]] = field(default_factory=list)
    match_ids: list[int] = field(default_factory=list)
    refs: dict[int, str] = field(default_factory=dict)
    fixtures_changed: int = 0
    unfolded: int = 0

    def include(self, other: "IngestReport") -> None:
        """Add another report's figures to this one."""
        self.added += other.added
        self.amended += other.amended
        self.retracted += other.retracted
        self.unplaced += other.unplaced
        self.match_ids += [key for key in other.match_ids if key not in self.match_ids]
        self.refs |= other.refs
        self.fixtures_changed += other.fixtures_changed
        self.unfolded += other.unfolded

    @property
    def is_ahead(self) -> bool:
        """Whether most of the matches wait to be folded already."""
        return self.unfolded * 2 > len(self.match_ids)

    @property
    def has_news(self) -> bool:
        """Whether anything was written."""
        return bool(self.added or self.amended or self.retracted or self.fixtures_changed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Our keys of everything one document names."""

    source: str
    teams: Mapping[str, int]
    players: Mapping[str, int]
    matches: Mapping[str, int]
