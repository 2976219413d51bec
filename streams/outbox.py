"""Announcing: a domain event becomes a row in the transaction that made it true."""

from collections.abc import Sequence
from typing import Any

import orjson
import structlog
from django.db import connection, transaction

from config.clock import now
from streams.relay import relay_after_commit
from streams.topics import to_payload, topic_of

_INSERT = (
    "INSERT INTO streams_outboxevent (topic, topic_version, payload, trace, created_at) "
    "SELECT told.topic, told.version, told.payload, %s, %s FROM json_to_recordset(%s) "
    "AS told (topic text, version int, payload jsonb, place int) ORDER BY told.place"
)


def announce(*events: Any) -> None:
    """Write the events to the outbox and relay them after commit.

    Needs an open transaction, so that an event is announced if and only if its fact is committed.
    Raises LookupError for an undeclared event class.
    """
    if not events:
        return
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("announce() needs an open transaction")
    _write(events)
    waiting = {entry[1] for entry in connection.run_on_commit}
    if relay_after_commit not in waiting:
        transaction.on_commit(relay_after_commit)


def _write(events: Sequence[Any]) -> None:
    trace = {
        name: value
        for name, value in structlog.contextvars.get_contextvars().items()
        if name in {"request_id", "trace_id", "traceparent"}
    }
    told = []
    for place, event in enumerate(events):
        topic = topic_of(event)
        payload = to_payload(event)
        told.append(
            {"topic": topic.name, "version": topic.version, "payload": payload, "place": place}
        )
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [orjson.dumps(trace).decode(), now(), orjson.dumps(told).decode()])
