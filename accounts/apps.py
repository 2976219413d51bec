"""Registers the app and keeps the role groups in step with the rules."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


def _sync_roles(**_: object) -> None:
    from accounts.services import sync_roles

    sync_roles()


class AccountsConfig(AppConfig):
    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Permissions are made by a post_migrate of their own for each app, so the last app decides.
        post_migrate.connect(_sync_roles, dispatch_uid="accounts.sync_roles")
