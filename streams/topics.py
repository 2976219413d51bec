"""Topics: what apps announce. A topic is declared once, as a frozen dataclass of plain values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

Event = TypeVar("Event")


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic's wire name, version and the dataclass of its events; `key` names the field that
    tells which thing an event is about, for logs.
    """

    name: str
    version: int
    event: type[Any]
    key: str


_BY_NAME: dict[str, Topic] = {}
_BY_EVENT: dict[type[Any], Topic] = {}


def topic(name: str, *, version: int = 1, key: str) -> Callable[[type[Event]], type[Event]]:
    """Declare the decorated dataclass as a topic's events. Raises ValueError on a second one."""

    def declare(event: type[Event]) -> type[Event]:
        if name in _BY_NAME:
            raise ValueError(f"topic {name!r} is declared twice")
        if key not in {field.name for field in fields(event)}:  # type: ignore[arg-type]
            raise ValueError(f"topic {name!r}: its key {key!r} is no field of {event.__name__}")
        _BY_NAME[name] = _BY_EVENT[event] = Topic(name=name, version=version, event=event, key=key)
        return event

    return declare


def topics() -> Mapping[str, Topic]:
    """All declared topics by name."""
    return dict(_BY_NAME)


def topic_of(event: object) -> Topic:
    """Return the topic of an event. Raises LookupError for an undeclared class."""
    try:
        return _BY_EVENT[type(event)]
    except KeyError:
        raise LookupError(f"{type(event).__name__} is not declared as a topic") from None


def to_payload(event: Any) -> dict[str, Any]:
    """Return the event as JSON-ready values."""
    # Plain values already: `asdict` would copy each of them.
    return {field.name: getattr(event, field.name) for field in fields(event)}


def from_payload(name: str, payload: Mapping[str, Any]) -> Any:
    """Return the event of a stored payload; fields that a newer version dropped are left out."""
    event = _BY_NAME[name].event
    known = {field.name for field in fields(event)}
    return event(**{key: _plain(value) for key, value in payload.items() if key in known})


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
