"""What the notifications app hears: folded matches are compared with what was told of them."""

from collections.abc import Sequence

from config.clock import now
from notifications import tasks
from notifications.services import planning
from streams.groups import Delivery, subscribe


@subscribe("stat.update", group="notifications", queue="notify", gather_s=0.25)
def plan_folded(deliveries: Sequence[Delivery]) -> None:
    """Plan each folded match once, however often it was folded, and send what is due at once."""
    if planning.plan_matches({delivery.event.match_id for delivery in deliveries}, at=now()):
        tasks.send_due.delay()
