"""A clock that several processes share: its moment stands in a file that a test rewrites."""

import os
from datetime import UTC, datetime
from pathlib import Path


def moment() -> datetime:
    return datetime.fromtimestamp(float(Path(os.environ["VEZE_TEST_MOMENT"]).read_text()), UTC)
