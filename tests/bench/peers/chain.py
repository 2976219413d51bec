"""The naive pipeline: a chain of three Celery tasks for each event, each working by the ORM."""

import time

from asgiref.sync import async_to_sync
from celery import chain, shared_task
from channels.layers import get_channel_layer
from django.db import transaction

from config.clock import now
from matches.models import Match, PlayEvent

_DONE = "veze:bench:chain-done"


@shared_task(queue="chain")
def ingest_event(event):
    """Insert one event."""
    with transaction.atomic():
        match = Match.objects.select_for_update().get(pk=event["match"])
        match.head_seq += 1
        match.save()
        row = PlayEvent(match=match, seq=match.head_seq, type=event["type"], source="chain")
        row.lineage_id = row.event_id
        row.team_id = match.home_id
        row.ingested_at = now()
        row.save()
    return event["match"]


@shared_task(queue="chain")
def aggregate_match(match_id):
    """Count the match's events anew."""
    with transaction.atomic():
        match = Match.objects.select_for_update().get(pk=match_id)
        events = PlayEvent.objects.filter(match=match, source="chain")
        match.home_score = events.filter(type="score.home").count()
        match.away_score = events.filter(type="score.away").count()
        match.save()
    return match_id


@shared_task(queue="chain")
def publish_match(match_id):
    """Tell the group of the match."""
    match = Match.objects.get(pk=match_id)
    layer = get_channel_layer()
    message = {"type": "score", "home": match.home_score, "away": match.away_score}
    async_to_sync(layer.group_send)(f"chain.{match_id}", message)
    from streams.redis_client import client

    client().incr(_DONE)


def run_chain(count):
    """Send events through the chain and return how many a second came out."""
    from streams.redis_client import client

    client().delete(_DONE)
    matches = list(Match.objects.values_list("pk", flat=True))
    started = time.monotonic()
    for place in range(count):
        event = {"match": matches[place % len(matches)], "type": "score.home"}
        chain(ingest_event.s(event), aggregate_match.s(), publish_match.s()).apply_async()
    while int(client().get(_DONE) or 0) < count:
        if time.monotonic() - started > 300:
            raise SystemExit("the chain of tasks did not end in 300 s")
        time.sleep(0.02)
    return count / (time.monotonic() - started)
