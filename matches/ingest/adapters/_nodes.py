"""Members that a vendor may leave out or send as null."""

from collections.abc import Iterator

from matches.ingest.reading import Node


def has(node: Node, key: str) -> bool:
    """Say whether an object has a value under `key`."""
    return node.get(key, None).value is not None


def members(node: Node, key: str) -> Iterator[tuple[str, Node]]:
    """Return the members of the object under `key`, none when it is absent."""
    inner = node.get(key, None)
    return iter(()) if inner.value is None else inner.members()


def items(node: Node, key: str) -> Iterator[Node]:
    """Return the elements of the list under `key`, none when it is absent."""
    inner = node.get(key, None)
    return iter(()) if inner.value is None else inner.items()
