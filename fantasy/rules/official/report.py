"""What a comparison with official numbers gives: how many agree, and which do not."""

from dataclasses import dataclass, field
from typing import Any

SHOWN_MISSES = 50


@dataclass(slots=True, kw_only=True)
class Check:
    """One kind of number. `notes` say what was not compared, and why.

    `bounded` counts those whose exact value the data do not give: they had to lie within bounds.
    """

    matched: int = 0
    total: int = 0
    bounded: int = 0
    misses: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def tell(self, got: Any, want: Any, **where: Any) -> bool:
        """Count one comparison and keep where it failed."""
        return self.count(got == want, got=got, want=want, **where)

    def count(self, agrees: bool, *, got: Any, want: Any, **where: Any) -> bool:
        """Count one comparison whose outcome is known."""
        self.total += 1
        self.matched += agrees
        if not agrees and len(self.misses) < SHOWN_MISSES:
            self.misses.append({**where, "got": got, "want": want})
        return agrees

    def note(self, text: str) -> None:
        """Say something about the check as a whole, once."""
        if text not in self.notes:
            self.notes.append(text)

    def document(self) -> dict[str, Any]:
        """Return the check as JSON; `missed` counts also misses that are not listed."""
        told: dict[str, Any] = {
            "matched": self.matched,
            "total": self.total,
            "missed": self.total - self.matched,
            "misses": self.misses,
        }
        if self.bounded:
            told["bounded"] = self.bounded
        return told | ({"note": "; ".join(self.notes)} if self.notes else {})
