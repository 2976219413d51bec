"""The periodic work that beat wakes. Rows are made once and then belong to the admin."""

from collections.abc import Mapping

from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

# Task, seconds between runs, queue.
_WORK: Mapping[str, tuple[str, int, str]] = {
    "Poll feeds that are due": ("matches.tasks.poll_due_feeds", 1, "ingest"),
    "Relay and mend the streams": ("streams.tasks.sweep", 1, "default"),
    "Save how far the streams are": ("streams.tasks.checkpoint", 10, "default"),
    "Fold matches that are behind": ("stats.tasks.sweep_behind", 5, "fold"),
    "Tell pages how old their data is": ("stats.tasks.tell_ages", 10, "default"),
    "Make results final that stand": ("matches.tasks.confirm_unchanged", 60, "default"),
    "Forget what programs were answered": ("accounts.tasks.forget_answers", 3600, "default"),
    "Forget keys that are long dead": ("accounts.tasks.forget_keys", 86_400, "default"),
    "Forget sessions that are over": ("accounts.tasks.forget_sessions", 3600, "default"),
    "Forget old announcements": ("streams.tasks.prune", 86_400, "default"),
    "Forget what matches said": ("matches.tasks.prune_pasts", 60, "default"),
    "Forget old polls": ("matches.tasks.prune_polls", 3600, "ingest"),
    "Lock rounds of fantasy games": ("fantasy.tasks.lock_due_rounds", 1, "fantasy"),
    "Score fantasy games that are behind": ("fantasy.tasks.score_behind", 5, "fantasy"),
    "Publish live ranks of fantasy games": ("fantasy.tasks.publish_ranks", 10, "fantasy"),
    "Tell pages of fantasy games how old their data is": ("fantasy.tasks.tell_ages", 10, "fantasy"),
    "Settle rounds of fantasy games": ("fantasy.tasks.settle_rounds", 15, "fantasy"),
    "Let fantasy games follow their seasons": ("fantasy.tasks.sync_games", 300, "fantasy"),
    "Send push messages that are due": ("notifications.tasks.send_due", 1, "notify"),
    "Forget old notices": ("notifications.tasks.forget_old", 86_400, "notify"),
    "Forecast coming matches": ("mlmodels.tasks.forecast_matches", 3600, "ml"),
}
# Task, hour and minute in UTC, queue.
_NIGHTLY: Mapping[str, tuple[str, int, int, str]] = {
    "Train models": ("mlmodels.tasks.train_models", 4, 30, "ml"),
}


def make_schedule() -> None:
    """Create the rows that are missing; what an admin changed stays as it is."""
    for name, (task, every_s, queue) in _WORK.items():
        if PeriodicTask.objects.filter(name=name).exists():
            continue
        interval, _ = IntervalSchedule.objects.get_or_create(
            every=every_s, period=IntervalSchedule.SECONDS
        )
        PeriodicTask.objects.create(
            name=name,
            task=task,
            interval=interval,
            queue=queue,
            # A run that nobody took in time is worth nothing: the next one does its work.
            expire_seconds=max(5, 2 * every_s),
        )
    for name, (task, hour, minute, queue) in _NIGHTLY.items():
        if not PeriodicTask.objects.filter(name=name).exists():
            crontab, _ = CrontabSchedule.objects.get_or_create(
                hour=str(hour), minute=str(minute), timezone="UTC"
            )
            # A worker that comes back in the night still does it.
            PeriodicTask.objects.create(
                name=name, task=task, crontab=crontab, queue=queue, expire_seconds=6 * 3600
            )
