"""Announcing: a domain event becomes a row in the transaction that made it true."""

from collections.abc import Sequence
from typing import Any

import structlog
from django.db import connection, transaction

from streams.models import OutboxEvent
from streams.relay import relay_after_commit
from streams.topics import to_payload, topic_of


def announce(*events: Any) -> None:
    """Write the events to the outbox and relay them after commit.

    Needs an open transaction, so that an event is announced if and only if its fact is committed.
    Raises LookupError for an undeclared event class.
    """
    if not events:
        return
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("announce() needs an open transaction")
    OutboxEvent.objects.bulk_create(_rows(events))
    waiting = {entry[1] for entry in connection.run_on_commit}
    if relay_after_commit not in waiting:
        transaction.on_commit(relay_after_commit)


def _rows(events: Sequence[Any]) -> list[OutboxEvent]:
    trace = {
        name: value
        for name, value in structlog.contextvars.get_contextvars().items()
        if name in {"request_id", "trace_id", "traceparent"}
    }
    rows = []
    for event in events:
        topic = topic_of(event)
        rows.append(
            OutboxEvent(
                topic=topic.name,
                topic_version=topic.version,
                payload=to_payload(event),
                trace=trace,
            )
        )
    return rows
