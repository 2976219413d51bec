"""Workers of the notifications app: sending what is due."""

import time
from typing import Final

from celery import shared_task

from config.clock import now
from notifications import clients
from notifications.services import sending

_BUDGET_S: Final = 20.0


@shared_task(time_limit=60, soft_time_limit=50, expires=5)
def send_due() -> None:
    """Hand over the push messages that are due, those included that a dead worker held."""
    deadline = time.monotonic() + _BUDGET_S
    while time.monotonic() < deadline and (jobs := sending.claim_due(at=now())):
        outcomes = clients.send_all(jobs, at_s=int(now().timestamp()))
        sending.record_outcomes(outcomes, at=now())


@shared_task(time_limit=300, soft_time_limit=280)
def forget_old() -> None:
    """Drop what was told long ago."""
    sending.forget_old(at=now())
