"""The topic tables of docs/architecture.md and the code say the same."""

import re
from pathlib import Path

from django.conf import settings

from streams.groups import subscriptions
from streams.topics import topics

PAGE = Path(settings.BASE_DIR) / "docs" / "architecture.md"


def table(head: str) -> list[list[str]]:
    """The cells of the table with that head, back ticks taken off."""
    lines = PAGE.read_text().splitlines()
    start = lines.index(head) + 2
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().strip("`") for cell in line.strip("|").split("|")])
    return rows


def test_topics_are_those_of_the_code():
    written = [row[:3] for row in table("| Topic | Version | Declared in | Says |")]

    declared = [
        [topic.name, str(topic.version), topic.event.__module__] for topic in topics().values()
    ]
    assert written == sorted(declared)


def test_subscribers_are_those_of_the_code():
    written = table("| Topic | Group | Queue | Handler |")

    subscribed = [
        [s.topic, s.group, s.queue, f"{s.handler.__module__}.{s.handler.__name__}"]
        for s in subscriptions()
    ]
    assert written == sorted(subscribed)


def test_files_that_the_page_names_exist():
    root = Path(settings.BASE_DIR)
    named = set(re.findall(r"`([a-z_]+/[a-z_/]+(?:\.py|/))`", PAGE.read_text()))
    linked = set(re.findall(r"\]\(([^)#]+)\)", PAGE.read_text()))

    missing = {name for name in named if not (root / name).exists()}
    missing |= {name for name in linked if not (PAGE.parent / name).exists()}

    assert missing == set()
