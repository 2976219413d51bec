"""Addresses of forecasts in the API."""

from django.urls import path

from mlmodels.api import views

urlpatterns = [
    path(
        "matches/<slug:public_id>/forecast",
        views.ForecastDetail.as_view(),
        name="api-forecast",
    ),
    path(
        "matches/<slug:public_id>/win-probability",
        views.WinProbability.as_view(),
        name="api-win-probability",
    ),
]
