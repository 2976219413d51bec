"""Addresses of matches in the API."""

from django.urls import path

from matches.api import views

urlpatterns = [
    path("matches", views.MatchList.as_view(), name="api-matches"),
    path("matches/<slug:public_id>", views.MatchDetail.as_view(), name="api-match"),
    path("matches/<slug:public_id>/events", views.EventList.as_view(), name="api-events"),
    path(
        "matches/<slug:public_id>/events/<uuid:event_id>/revisions",
        views.RevisionList.as_view(),
        name="api-revisions",
    ),
    path(
        "matches/<slug:public_id>/corrections",
        views.CorrectionList.as_view(),
        name="api-corrections",
    ),
]
