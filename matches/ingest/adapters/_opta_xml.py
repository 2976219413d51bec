"""Opta's feeds as XML trees: F24, F7 and F9 come as XML or as the same tree written in JSON.

In the JSON form `@attributes` holds an element's attributes, `@value` its text, and a list
repeated elements. kloppy reads the XML form only, so JSON is written back as the XML it stands for.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

from matches.ingest.documents import FeedError
from matches.ingest.reading import Node, parse_json

# The feeds' own times are those of London.
LONDON = ZoneInfo("Europe/London")
_ROOTS = {"OptaFeed": "SoccerFeed", "OptaDocument": "SoccerDocument"}


def tree(name: str, body: bytes) -> ET.Element:
    """Return the root of an XML or JSON document. Raises FeedError."""
    if not body.lstrip().startswith(b"<"):
        return _from_json(Node(parse_json(body, name), name))
    return parsed(name, body)


def parsed(name: str, body: bytes) -> ET.Element:
    """Return the root of an XML document. Raises FeedError."""
    if b"<!DOCTYPE" in body[:2000] or b"<!ENTITY" in body:
        raise FeedError(f"{name}: $: a document type is not allowed", code="bad_document")
    try:
        return ET.fromstring(body)  # noqa: S314 - entities were refused above
    except (ET.ParseError, LookupError, ValueError) as error:
        raise FeedError(f"{name}: $: not XML: {error}") from error


def _from_json(node: Node) -> ET.Element:
    for key, member in node.members():
        if isinstance(member.value, dict) and key in ("Games", "OptaFeed", "SoccerFeed"):
            return _element(key, member.value)
    raise node.refuse("an object with Games, SoccerFeed or OptaFeed")


def _element(tag: str, value: Any) -> ET.Element:
    element = ET.Element(_ROOTS.get(tag, tag))
    if not isinstance(value, dict):
        element.text = _text(value)
        return element
    for key, inner in value.items():
        if key == "@attributes":
            _set_attributes(element, inner)
        elif key == "@value":
            element.text = _text(inner)
        else:
            element.extend(_element(key, item) for item in _each(inner))
    return element


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    return "" if value is None or isinstance(value, bool) else str(value)


def _set_attributes(element: ET.Element, attributes: Any) -> None:
    if not isinstance(attributes, Mapping):
        return
    for key, value in attributes.items():
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            element.set(key, str(value))
        elif isinstance(value, Mapping) and isinstance(value.get("utc"), str):
            # `timestamp` as text is wrong in this form (months for minutes): `utc` is right.
            element.set(_time_name(element.tag, key), _london(value["utc"]))
        elif isinstance(value, Mapping):
            element.extend(_times(key, value))
        elif value is True:
            element.set(key, "1")


def _time_name(tag: str, key: str) -> str:
    return "timestamp" if tag == "Event" and key == "TimeStamp" else key


def _times(key: str, value: Mapping[str, Any]) -> Iterator[ET.Element]:
    """Return the periods' times, which the XML form has as statistics of the match."""
    if key != "period_timestamp":
        return
    for name, moment in value.items():
        if isinstance(moment, Mapping) and isinstance(moment.get("utc"), str):
            stat = ET.Element("Stat", {"Type": name.replace("_stop", "_end")})
            stat.text = f"{_utc(moment['utc']):%Y%m%dT%H%M%S%z}"
            yield stat


def _utc(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise FeedError(f"$: expected a time, found {text!r:.40}") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _london(text: str) -> str:
    return _utc(text).astimezone(LONDON).replace(tzinfo=None).isoformat(timespec="milliseconds")


def london_time(text: str | None) -> datetime | None:
    """Return an attribute's London time as aware UTC, None for what is no time."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    local = moment if moment.tzinfo else moment.replace(tzinfo=LONDON)
    return local.astimezone(UTC)
