"""Who won a match."""

Pair = tuple[int, int]


def decisive_pair(score: Pair, *, shootout: Pair | None, awarded: Pair | None) -> Pair:
    """Return the two numbers that decide: the awarded score, else a shoot-out after a draw."""
    if awarded is not None:
        return awarded
    if shootout is not None and score[0] == score[1]:
        return shootout
    return score


def winning_side(pair: Pair) -> str:
    """Return home, away or nothing for a draw."""
    if pair[0] == pair[1]:
        return ""
    return "home" if pair[0] > pair[1] else "away"
