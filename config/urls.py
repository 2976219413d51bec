"""Every address of the site."""

from importlib.util import find_spec

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path

from config import api_docs, health, problems

urlpatterns: list[URLPattern | URLResolver] = [
    path("health", health.health, name="health"),
    path("ready", health.ready, name="ready"),
    path("metrics", health.metrics, name="metrics"),
    path("admin/", admin.site.urls),
    path("api/schema", api_docs.SchemaView.as_view(), name="schema"),
    path("api/docs", api_docs.docs, name="api-docs"),
    path("api/problems/<slug:code>", problems.problem_page, name="problem"),
    path("api/v1", api_docs.IndexView.as_view(), name="api-index"),
    path("api/v1/", include("leagues.api.urls")),
    path("api/v1/", include("matches.api.urls")),
    path("api/v1/", include("stats.api.urls")),
    path("api/v1/", include("mlmodels.api.urls")),
    path("api/v1/", include("fantasy.api.urls")),
    path("api/v1/", include("notifications.api.urls")),
    path("api/v1/", include("streams.api.urls")),
    re_path(r"^api(?:/.*)?$", problems.api_not_found),
]
# Pages of the apps that have some.
urlpatterns += [
    path("", include(f"{app}.urls"))
    for app in ("accounts", "stats", "matches", "leagues", "fantasy", "notifications")
    if find_spec(f"{app}.urls")
]

handler400 = "config.problems.bad_request"
handler403 = "config.problems.permission_denied"
handler404 = "config.problems.not_found"
handler500 = "config.problems.server_error"
