"""The outbox of domain events and the entries that consumer groups gave up on."""

from django.db import models

from config.clock import now
from streams.enums import DeadLetterStatus


class OutboxEvent(models.Model):
    """A domain event, written in the transaction that made it true.

    `position` is its place in the one gapless global order; the relay gives it after commit, alone.
    """

    id = models.BigAutoField(primary_key=True)
    position = models.BigIntegerField(null=True, unique=True, editable=False)
    topic = models.CharField(max_length=64)
    topic_version = models.PositiveSmallIntegerField(default=1)
    payload = models.JSONField()
    trace = models.JSONField(default=dict, help_text="W3C trace context and ids for the logs.")
    created_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["position", "id"]
        indexes = [
            models.Index(
                fields=["id"], condition=models.Q(position__isnull=True), name="outbox_unrelayed"
            ),
            models.Index(fields=["topic", "position"], name="outbox_topic_position"),
        ]

    def __str__(self) -> str:
        return f"{self.topic} @ {self.position if self.position is not None else 'unrelayed'}"


class GroupCheckpoint(models.Model):
    """How far a group had come for certain: where it goes on when Redis lost everything."""

    topic = models.CharField(max_length=64)
    group = models.CharField(max_length=64)
    position = models.BigIntegerField(default=0)
    saved_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["topic", "group"], name="group_checkpoint_once")
        ]

    def __str__(self) -> str:
        return f"{self.group} on {self.topic} at {self.position}"


class DeadLetter(models.Model):
    """A stream entry which one consumer group failed to handle five times."""

    topic = models.CharField(max_length=64)
    group = models.CharField(max_length=64)
    entry_id = models.CharField(max_length=40)
    position = models.BigIntegerField()
    payload = models.JSONField()
    error = models.TextField()
    failures = models.PositiveIntegerField(default=0)
    status = models.CharField(
        max_length=10, choices=DeadLetterStatus.choices, default=DeadLetterStatus.OPEN
    )
    created_at = models.DateTimeField(default=now)
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["topic", "group", "position"], name="dead_letter_once")
        ]

    def __str__(self) -> str:
        return f"{self.topic} @ {self.position} for {self.group}"
