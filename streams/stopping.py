"""Whether this process was told to stop: what would go on for seconds ends early.

A worker's parent process hears the signal, its children do the work: they share one byte.
"""

import mmap

_flag = mmap.mmap(-1, 1)


def is_stopping() -> bool:
    """Return whether this process, or its parent, was told to stop."""
    return _flag[0] == 1


def note_stopping(**_: object) -> None:
    """Tell this process and all children of it."""
    _flag[0] = 1
