"""Users for the people who curate, and who of them changed what."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from accounts.models import PartnerKey, User
from accounts.services import revoke_key
from config.clock import now

# Roles are data in `accounts.rules`; a group edited by hand would be undone by the next migration.
admin.site.unregister(Group)


class LowerEmailMixin:
    """Keeps addresses in lower case, as the login looks for them."""

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]  # type: ignore[attr-defined]
        return email.lower()


class NewUserForm(LowerEmailMixin, AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email",)


class UserForm(LowerEmailMixin, UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    form = UserForm
    add_form = NewUserForm
    ordering = ("email",)
    list_display = ("email", "display_name", "roles", "is_active", "last_login", "joined_at")
    list_filter = ("groups", "is_staff", "is_active")
    search_fields = ("email", "display_name", "public_id")
    readonly_fields = ("public_id", "last_login", "joined_at")
    filter_horizontal = ("groups",)
    date_hierarchy = "joined_at"
    fieldsets = (
        (None, {"fields": ("email", "password", "public_id")}),
        ("Profile", {"fields": ("display_name", "time_zone")}),
        ("Roles", {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        ("Dates", {"fields": ("last_login", "joined_at")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "usable_password", "password1", "password2")}),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        rows: QuerySet[User] = super().get_queryset(request)
        return rows.prefetch_related("groups")

    @admin.display(description="Roles")
    def roles(self, user: User) -> str:
        names = sorted(group.name for group in user.groups.all())
        return ", ".join(["superuser", *names] if user.is_superuser else names) or "none"

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        # Whoever can set a superuser's password is one.
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        # Only a superuser makes superusers, and hands out roles.
        if request.user.is_superuser:
            return fields
        return (*fields, "is_superuser", "is_staff", "groups")


class StandingFilter(admin.SimpleListFilter):
    title = "standing"
    parameter_name = "standing"

    def lookups(self, *_: Any) -> list[tuple[str, str]]:
        return [("good", "Good"), ("revoked", "Revoked"), ("expired", "Expired")]

    def queryset(self, _request: HttpRequest, keys: QuerySet[Any]) -> QuerySet[Any]:
        is_expired = Q(expires_at__lte=now())
        wanted = {
            "good": Q(revoked_at=None) & ~is_expired,
            "revoked": ~Q(revoked_at=None),
            "expired": Q(revoked_at=None) & is_expired,
        }
        return keys.filter(wanted.get(self.value() or "", Q()))


@admin.register(PartnerKey)
class PartnerKeyAdmin(admin.ModelAdmin):
    """Keys of partners' programs: looked at and revoked. The secret is nowhere to be shown."""

    list_display = (
        *("prefix", "name", "owner", "mode", "good_for", "created_at", "last_used_at"),
        *("expires_at", "revoked_at"),
    )
    list_filter = (StandingFilter, "mode")
    list_select_related = ("owner",)
    search_fields = ("prefix", "name", "owner__email")
    date_hierarchy = "created_at"
    actions = ("revoke",)
    fields = readonly_fields = (
        *("owner", "name", "mode", "good_for", "prefix", "created_at", "last_used_at"),
        *("expires_at", "revoked_at"),
    )

    @admin.display(description="Good for")
    def good_for(self, key: PartnerKey) -> str:
        return ", ".join(key.scopes)

    @admin.action(description="Revoke the chosen keys", permissions=["change"])
    def revoke(self, request: HttpRequest, keys: QuerySet[PartnerKey]) -> None:
        for key in keys:
            revoke_key(key, at=now())
            self.log_change(request, key, "Revoked.")
        self.message_user(request, "Revoked: their sockets close within a minute.")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: PartnerKey | None = None) -> bool:
        return False


@admin.register(LogEntry)
class ChangeAdmin(admin.ModelAdmin):
    """What people did here; nobody edits it."""

    list_display = ("action_time", "user", "action_flag", "content_type", "object_repr")
    list_filter = ("action_flag", "content_type")
    list_select_related = ("user", "content_type")
    search_fields = ("object_repr", "change_message", "user__email")
    date_hierarchy = "action_time"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: LogEntry | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: LogEntry | None = None) -> bool:
        return False
