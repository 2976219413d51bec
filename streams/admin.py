"""The outbox to look at, and dead letters to retry."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from streams.enums import DeadLetterStatus
from streams.groups import dismiss_dead_letter, retry_dead_letter
from streams.models import DeadLetter, GroupCheckpoint, OutboxEvent
from streams.read_only import ReadOnlyAdmin


@admin.register(OutboxEvent)
class OutboxEventAdmin(ReadOnlyAdmin):
    list_display = ("id", "position", "topic", "payload", "created_at")
    list_filter = ("topic", ("position", admin.EmptyFieldListFilter))
    search_fields = ("topic", "payload")
    ordering = ("-id",)
    date_hierarchy = "created_at"


@admin.register(GroupCheckpoint)
class GroupCheckpointAdmin(ReadOnlyAdmin):
    list_display = ("topic", "group", "position", "saved_at")
    list_filter = ("group",)


@admin.register(DeadLetter)
class DeadLetterAdmin(ReadOnlyAdmin):
    list_display = ("topic", "group", "position", "short_error", "failures", "status", "created_at")
    list_filter = ("status", "group", "topic")
    search_fields = ("error", "payload")
    date_hierarchy = "created_at"
    actions = ("retry", "dismiss")
    readonly_fields = ("full_error",)
    exclude = ("error",)

    @admin.display(description="Error")
    def short_error(self, letter: DeadLetter) -> str:
        return letter.error.partition("\n")[0][:120]

    @admin.display(description="Error")
    def full_error(self, letter: DeadLetter) -> str:
        return format_html("<pre>{}</pre>", letter.error)

    def has_resolve_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("streams.change_deadletter")

    @admin.action(description="Hand to the group once more", permissions=["resolve"])
    def retry(self, request: HttpRequest, letters: QuerySet[DeadLetter]) -> None:
        went_well = failed = 0
        for letter in letters.exclude(status=DeadLetterStatus.RETRIED):
            try:
                is_handled = retry_dead_letter(letter.pk)
            except KeyError:
                gone = f"No group {letter.group} hears {letter.topic} any more."
                self.message_user(request, gone, messages.ERROR)
                continue
            went_well, failed = went_well + is_handled, failed + (not is_handled)
        level = messages.WARNING if failed else messages.SUCCESS
        self.message_user(request, f"{went_well} handled, {failed} failed again.", level)

    @admin.action(description="Dismiss: nothing will be done", permissions=["resolve"])
    def dismiss(self, request: HttpRequest, letters: QuerySet[DeadLetter]) -> None:
        for pk in letters.filter(status=DeadLetterStatus.OPEN).values_list("pk", flat=True):
            dismiss_dead_letter(pk)
        self.message_user(request, "Dismissed.", messages.SUCCESS)
