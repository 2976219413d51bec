"""Workers of the streams: drain a group, relay what was left behind, mend what got stuck."""

from celery import shared_task

from streams import groups, relay, retention

_LINGER_S = 0.2


@shared_task(time_limit=60, soft_time_limit=50)
def drain_group(*, group: str) -> None:
    """Handle all that waits for one group."""
    groups.drain(group, linger_s=_LINGER_S)


@shared_task(queue="default", time_limit=60, soft_time_limit=50, expires=5)
def sweep() -> None:
    """Relay left-behind rows and put forgotten or stuck entries back to work."""
    relay.forget_lost_future()
    relay.relay()
    for subscription in groups.subscriptions():
        groups.reclaim(subscription)
    behind = {name for name, count in groups.lags().items() if count}
    groups.wake_groups({s.topic for s in groups.subscriptions() if s.group in behind})


@shared_task(queue="default", time_limit=60, soft_time_limit=50, expires=10)
def checkpoint() -> None:
    """Save how far the groups are and trim their streams."""
    groups.save_checkpoints()


@shared_task(time_limit=300, soft_time_limit=270)
def prune() -> None:
    """Forget announcements that are old and handled."""
    retention.prune_outbox()
