"""Token buckets: how much one may ask at once, and how fast he may go on."""

import time


class Allowance:
    """So much at once, so much a second after that."""

    __slots__ = ("_at", "_burst", "_left", "_per_s")

    def __init__(self, *, burst: int, per_s: float) -> None:
        self._burst, self._per_s = burst, per_s
        self._left = float(burst)
        self._at = time.monotonic()

    def take(self, count: int = 1) -> bool:
        """Use so much; False when there is not so much left."""
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_s)
        self._at = now
        if self._left < count:
            return False
        self._left -= count
        return True

    @property
    def is_whole(self) -> bool:
        """As much is left as at the beginning."""
        return self._left + (time.monotonic() - self._at) * self._per_s >= self._burst


class Allowances:
    """An allowance for each name; one that is whole again is forgotten."""

    def __init__(self, *, burst: int, per_s: float) -> None:
        self._burst, self._per_s = burst, per_s
        self._held: dict[str, Allowance] = {}

    def __len__(self) -> int:
        return len(self._held)

    def take(self, name: str, count: int) -> bool:
        """Use so much of the name's; False when there is not so much left."""
        if name not in self._held:
            self._held[name] = Allowance(burst=self._burst, per_s=self._per_s)
        return self._held[name].take(count)

    def tidy(self) -> None:
        """Forget those that are whole."""
        self._held = {name: held for name, held in self._held.items() if not held.is_whole}
