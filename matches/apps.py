"""Registers the app and loads what it announces and hears."""

from django.apps import AppConfig


class MatchesConfig(AppConfig):
    name = "matches"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from leagues.enums import ExternalKind
        from leagues.services import tell_ids_by
        from matches import topics  # noqa: F401 - declares the topics
        from matches.selectors.fixtures import told_matches
        from matches.services.curation import tell_ids_edited
        from streams.changes import show

        show("match.ingested", told_matches)
        tell_ids_by(ExternalKind.MATCH, tell_ids_edited)
