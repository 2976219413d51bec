"""Addresses of streams in the API."""

from django.urls import path

from streams.api import views

urlpatterns = [
    path("changes", views.ChangeList.as_view(), name="api-changes"),
    path("stream", views.Stream.as_view(), name="api-stream"),
]
