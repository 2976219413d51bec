"""Workers of the accounts app."""

from celery import shared_task

from accounts import services
from config.clock import now


@shared_task(time_limit=120, soft_time_limit=100)
def forget_sessions() -> None:
    """Drop sessions that are over."""
    services.forget_sessions()


@shared_task(time_limit=120, soft_time_limit=100)
def forget_answers() -> None:
    """Drop what programs were answered more than a day ago."""
    services.forget_answers(at=now())


@shared_task(time_limit=120, soft_time_limit=100)
def forget_keys() -> None:
    """Drop partners' keys that were revoked or expired long ago."""
    services.forget_keys(at=now())
